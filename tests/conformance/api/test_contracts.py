"""The Contracts section does what its published description says, and what was decided where it says nothing."""

import pytest

from kolli.account.contracts import Contract, add_contract
from tests.factories import a_caller, an_order
from tests.vendor import section

URL = "/api/v3/contracts"


@pytest.fixture(scope="module")
def description(vendor_descriptions):
    return section(vendor_descriptions, "contracts")


def add(caller, *contracts):
    with caller.installation.database.write() as transaction:
        for contract in contracts:
            add_contract(transaction, caller.context.account_id, contract)


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [entry["id"] for entry in answer.json()["data"]]


def test_a_contract_has_every_documented_member(caller, description):
    contract = Contract(
        60,
        "postnl",
        "Main",
        country_code="NL",
        client_id="1234",
        sealed_data=caller.installation.vault.seal({"customer_code": "KOLL"}),
    )
    add(caller, contract)

    answer = caller.client.get(f"{URL}/60")

    assert answer.json() == {
        "data": {
            "id": 60,
            "client_id": "1234",
            "carrier": {"code": "postnl", "name": "PostNL"},
            "name": "Main",
            "country_code": "NL",
            "country": "NL",
            "is_default_per_carrier": False,
            "state": "active",
            "type": "direct",
            "error": None,
        }
    }
    assert description.deviations("GET", "/contracts/{id}", answer) == []
    assert description.deviations("GET", "/contracts", caller.client.get(URL)) == []


def test_every_member_of_the_documented_example_is_answered(caller, description):
    """The examples print `country` where the schema has `country_code`."""
    (documented, *_) = description.example("GET", "/contracts", 200)["data"]

    (answered,) = caller.client.get(URL).json()["data"]

    assert answered.keys() >= documented.keys()


def test_the_data_of_a_contract_stay_here(caller):
    add(
        caller,
        Contract(
            60,
            "postnl",
            "Main",
            sealed_data=caller.installation.vault.seal({"customer_code": "KOLL", "password": "hunter2"}),
        ),
    )

    assert "hunter2" not in caller.client.get(URL).text


def test_a_contract_whose_validation_failed_says_why(caller):
    add(caller, Contract(60, "postnl", "Main", state="validation_failed", error="Missing or invalid shipper number"))

    answered = caller.client.get(f"{URL}/60").json()["data"]

    assert (answered["state"], answered["error"]) == ("validation_failed", "Missing or invalid shipper number")


def test_a_contract_with_a_carrier_that_is_not_installed_any_more_is_still_there(caller):
    add(caller, Contract(60, "gone", "Old"))

    assert caller.client.get(f"{URL}/60").json()["data"]["carrier"] == {"code": "gone", "name": "gone"}


def test_a_contract_that_does_not_exist_is_a_404(caller):
    answer = caller.client.get(f"{URL}/404")

    assert answer.status_code == 404
    assert answer.json()["errors"][0].items() >= {"status": "404", "code": "not_found"}.items()


def test_nobody_sees_the_contracts_of_another_account(caller):
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)

    assert ids(stranger.client.get(URL)) == [2517]
    assert stranger.client.get(f"{URL}/1517").status_code == 404


CONTRACTS = (
    Contract(1, "postnl", "Main", country_code="NL", client_id="1234"),
    Contract(2, "postnl", "main", country_code="BE", client_id="5678"),
    Contract(3, "sendcloud", "Main", country_code="NL", state="inactive"),
    Contract(4, "sendcloud", "Other", state="validating"),
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"carrier_code": "sendcloud"}, [3, 4]),
        ({"is_active": "true"}, [1, 2, 1517]),
        ({"is_active": "false"}, [3, 4]),
        ({"is_active": "False"}, [3, 4]),
        ({"is_active": ""}, [1, 2, 3, 4, 1517]),
        ({"client_id": "1234"}, [1]),
        ({"client_id": "123"}, []),
        ({"name": "Main"}, [1, 3]),
        ({"name": "MAIN"}, []),
        ({"country_code": "NL"}, [1, 3]),
        ({"country_code": "be"}, [2]),
        ({"carrier_code": "postnl", "name": "Main", "is_active": "true"}, [1]),
    ],
)
def test_each_filter_leaves_what_it_asks_for(caller, query, found):
    add(caller, *CONTRACTS)

    assert ids(caller.client.get(URL, params=query)) == found


@pytest.mark.parametrize("path", ["", "/schemas"])
def test_an_unknown_carrier_is_the_documented_400(caller, description, path):
    answer = caller.client.get(URL + path, params={"carrier_code": "x"})

    assert answer.status_code == 400
    (found,), (documented,) = answer.json()["errors"], description.example("GET", f"/contracts{path}", 400)["errors"]
    assert found.items() >= documented.items()
    assert description.deviations("GET", f"/contracts{path}", answer) == []


def test_a_truth_that_is_none_is_refused(caller):
    answer = caller.client.get(URL, params={"is_active": "maybe"})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["source"] == {"parameter": "is_active"}


def test_pages_of_a_filtered_list_hold_every_contract_once(caller):
    add(caller, *(Contract(number, "postnl", "AB"[number % 2], country_code="NL") for number in range(1, 11)))

    first = caller.client.get(URL, params={"name": "B", "page_size": 2})
    second = caller.client.get(first.links["next"]["url"])
    third = caller.client.get(second.links["next"]["url"])
    back = caller.client.get(third.links["prev"]["url"])

    assert [ids(page) for page in (first, second, third, back)] == [[1, 3], [5, 7], [9], [5, 7]]
    assert sorted(third.links) == ["prev"]


@pytest.mark.parametrize(("page_size", "count"), [("100", 100), ("101", 100), ("0", 1), ("none", 100)])
def test_a_page_has_at_most_a_hundred_contracts(caller, page_size, count):
    add(caller, *(Contract(number, "postnl", "Contract") for number in range(1, 102)))

    assert len(ids(caller.client.get(URL, params={"page_size": page_size}))) == count


def test_a_cursor_that_leads_nowhere_is_the_documented_404(caller):
    answer = caller.client.get(URL, params={"cursor": "nonsense"})

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["detail"] == "Invalid cursor"


def test_what_carriers_ask_for_in_a_contract_is_told(caller, description):
    answer = caller.client.get(f"{URL}/schemas")

    ((carrier),) = answer.json()["data"]
    assert carrier["carrier_code"] == "postnl"
    assert [(field["name"], field["required"], field["type"]) for field in carrier["fields"]] == [
        ("customer_code", True, "string")
    ]
    assert description.deviations("GET", "/contracts/schemas", answer) == []


@pytest.mark.parametrize(("code", "count"), [("postnl", 1), ("sendcloud", 0)])
def test_what_one_carrier_asks_for_can_be_asked_for(caller, code, count):
    answer = caller.client.get(f"{URL}/schemas", params={"carrier_code": code})

    assert len(answer.json()["data"]) == count


# What the state of a contract means for shipping


def test_nothing_is_shipped_under_a_contract_that_is_not_active(caller):
    add(
        caller,
        Contract(
            60, "postnl", "Off", state="inactive", sealed_data=caller.installation.vault.seal({"customer_code": "OFF"})
        ),
    )
    caller.store(an_order())
    properties = {"shipping_option_code": "postnl:standard", "contract_id": 60}

    answer = caller.ship(ship_with={"type": "shipping_option_code", "properties": properties})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["detail"].startswith("Invalid contract.")


def test_a_default_contract_that_is_not_active_is_passed_over(caller):
    add(
        caller,
        Contract(
            1,
            "postnl",
            "Off",
            is_default=True,
            state="inactive",
            sealed_data=caller.installation.vault.seal({"customer_code": "OFF"}),
        ),
    )
    caller.store(an_order(shipping_details={"measurement": {"weight": {"value": 1, "unit": "kg"}}}))
    wanted = {"type": "shipping_option_code", "properties": {"shipping_option_code": "postnl:standard"}}

    answer = caller.ship(ship_with=wanted)

    assert answer.status_code == 201, answer.text
    assert answer.json()["data"][0]["ship_with"]["properties"]["contract_id"] == 1517
