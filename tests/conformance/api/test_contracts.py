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
            "is_default": False,
            "is_active": True,
            "is_live": False,
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
    fields = {field["name"]: (field["required"], field["type"]) for field in carrier["fields"]}
    assert fields.items() >= {"name": (False, "string"), "customer_code": (True, "string")}.items()
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


# Making a contract


def wanted(**changes):
    """A body that is taken; a keyword replaces a member, None removes it."""
    body = {"carrier_code": "postnl", "contract_data": {"customer_code": "KOLL", "country": "NL"}, **changes}
    return {name: value for name, value in body.items() if value is not None}


def made(caller, **changes):
    answer = caller.client.post(URL, json=wanted(**changes))
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def patched(caller, contract_id, **changes):
    answer = caller.client.patch(f"{URL}/{contract_id}", json=changes)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def problems(answer):
    assert answer.status_code == 400, answer.text
    return [(found["code"], found["detail"], found.get("source")) for found in answer.json()["errors"]]


def defaults(caller, carrier_code="postnl"):
    listed = caller.client.get(URL, params={"carrier_code": carrier_code}).json()["data"]
    return [contract["id"] for contract in listed if contract["is_default_per_carrier"]]


def shipped(caller, contract_id, name="ORDER-1"):
    """Ships an order under a contract, and gives what the answer says."""
    weight = {"measurement": {"weight": {"value": 1, "unit": "kg"}}}
    caller.store(an_order(order_id=name, order_number=name, shipping_details=weight))
    properties = {"shipping_option_code": "postnl:standard", "contract_id": contract_id}
    return caller.ship(
        order={"order_number": name}, ship_with={"type": "shipping_option_code", "properties": properties}
    )


def give(caller, contract_id, first, last, **changes):
    return caller.client.post(f"{URL}/{contract_id}/number-ranges", json={"first": first, "last": last, **changes})


def numbers(answer):
    assert answer.status_code == 201, answer.text
    return [parcel["tracking_number"] for parcel in answer.json()["data"]]


def test_a_contract_is_made_inactive_and_beside_the_default(caller, description):
    answer = caller.client.post(URL, json=wanted())

    assert answer.status_code == 201
    assert (
        answer.json()["data"].items()
        >= {
            "carrier": {"code": "postnl", "name": "PostNL"},
            "name": "PostNL",
            "country_code": "NL",
            "is_default_per_carrier": False,
            "is_active": False,
            "is_live": False,
            "state": "inactive",
            "type": "direct",
            "error": None,
        }.items()
    )
    assert description.deviations("POST", "/contracts", answer) == []
    documented = description.example("POST", "/contracts", 201)["data"]
    assert answer.json()["data"].keys() >= documented.keys()


def test_a_contract_can_be_made_active_and_the_default_at_once(caller):
    contract = made(caller, is_active=True, is_default_per_carrier=True)

    assert (contract["state"], defaults(caller)) == ("active", [contract["id"]])


def test_the_first_contract_with_a_carrier_is_the_default_there(caller):
    caller.client.delete(f"{URL}/1517")

    contract = made(caller)

    assert defaults(caller) == [contract["id"]]


def test_a_contract_is_called_as_its_data_say(caller):
    contract = made(caller, contract_data={"customer_code": "KOLL", "name": "Summer", "country": "be"})

    assert (contract["name"], contract["country_code"]) == ("Summer", "BE")


def test_what_a_contract_says_is_not_readable_in_the_database(caller):
    made(caller, contract_data={"customer_code": "QQZZ"})

    with caller.installation.database.read() as transaction:
        bodies = transaction.exec_driver_sql("SELECT body FROM contracts").scalars().all()
    assert len(bodies) == 2
    assert "QQZZ" not in "".join(bodies)


def test_what_a_contract_says_is_in_no_answer(caller):
    contract = made(caller, contract_data={"customer_code": "QQZZ", "name": "Main"})
    answers = [
        caller.client.get(URL),
        caller.client.get(f"{URL}/{contract['id']}"),
        caller.client.patch(f"{URL}/{contract['id']}", json={"is_active": True}),
        caller.client.patch(f"{URL}/{contract['id']}", json={"contract_data": {"customer_code": "QQZZ", "x": "QQZZ"}}),
        caller.client.get(f"{URL}/schemas"),
    ]

    assert contract.get("contract_data") is None
    assert not any("contract_data" in answer.text or "QQZZ" in answer.text for answer in answers)


def test_an_unknown_carrier_has_the_documented_text(caller):
    (found,) = problems(caller.client.post(URL, json=wanted(carrier_code="x")))

    assert found == ("validation_error", "Value error, Carrier x does not exist.", {"pointer": "/data/carrier_code"})


def test_a_carrier_without_contracts_takes_none(caller):
    (found,) = problems(caller.client.post(URL, json=wanted(carrier_code="sendcloud")))

    assert found[0] == "validation_error"
    assert "takes none" in found[1]


def test_what_is_missing_is_the_documented_400(caller, description):
    (documented,) = description.example("POST", "/contracts", 400)["errors"]

    (found,) = caller.client.post(URL, json=wanted(contract_data={})).json()["errors"]

    assert found.items() >= {**documented, "source": {"pointer": "/data/customer_code"}}.items()


@pytest.mark.parametrize("member", ["carrier_code", "contract_data"])
def test_a_member_of_the_body_that_is_missing_is_required(caller, member):
    (found,) = problems(caller.client.post(URL, json=wanted(**{member: None})))

    assert found == ("required", "This field is required.", {"pointer": f"/data/{member}"})


@pytest.mark.parametrize(
    ("data", "code", "pointer"),
    [
        ({"customer_code": ""}, "required", "/data/customer_code"),
        ({"customer_code": "  "}, "required", "/data/customer_code"),
        ({"customer_code": None}, "required", "/data/customer_code"),
        ({"customer_code": 1234}, "invalid", "/data/customer_code"),
        ({"customer_code": "KO\nLL"}, "invalid", "/data/customer_code"),
        ({"customer_code": "KO\u0007LL"}, "invalid", "/data/customer_code"),
        ({"customer_code": "K" * 4_001}, "invalid", "/data/customer_code"),
        ({"customer_code": "KOLL", "password": "x"}, "unknown_field", "/data/password"),
        ({"customer_code": "KOLL", "name": "n" * 51}, "invalid", "/data/name"),
        ({"customer_code": "KOLL", "country": "XX"}, "invalid_choice", "/data/country"),
    ],
)
def test_what_is_wrong_with_the_data_is_found_at_its_name(caller, data, code, pointer):
    (found,) = problems(caller.client.post(URL, json=wanted(contract_data=data)))

    assert (found[0], found[2]) == (code, {"pointer": pointer})


def test_every_mistake_in_the_data_is_told_at_once(caller):
    found = problems(caller.client.post(URL, json=wanted(contract_data={"x": "1", "y": "2"})))

    assert [pointer for _, _, pointer in found] == [
        {"pointer": "/data/x"},
        {"pointer": "/data/y"},
        {"pointer": "/data/customer_code"},
    ]


@pytest.mark.parametrize("data", [[], "KOLL", 1, True])
def test_data_that_are_no_object_are_refused(caller, data):
    (found,) = problems(caller.client.post(URL, json=wanted(contract_data=data)))

    assert found[2] == {"pointer": "/data/contract_data"}


def test_a_name_has_fifty_characters(caller):
    assert made(caller, contract_data={"customer_code": "KOLL", "name": "n" * 50})["name"] == "n" * 50


@pytest.mark.parametrize("name", ["", "   ", "\n\t", "a\u0007b", "a\u202eb", "n" * 51])
def test_a_name_that_nobody_can_read_is_refused(caller, name):
    (found,) = problems(caller.client.post(URL, json=wanted(name=name)))

    assert (found[0], found[2]) == ("invalid", {"pointer": "/data/name"})


def test_a_name_stands_on_one_line(caller):
    assert made(caller, name=" Main\n contract ")["name"] == "Main contract"


def test_nothing_of_a_refused_contract_stays(caller):
    caller.client.post(URL, json=wanted(contract_data={}))

    assert ids(caller.client.get(URL)) == [1517]


# Changing a contract


def test_a_contract_is_renamed_and_switched_in_place(caller, description):
    contract = made(caller)

    answer = caller.client.patch(f"{URL}/{contract['id']}", json={"name": "Main", "is_active": True})

    assert answer.json()["data"].items() >= {"id": contract["id"], "name": "Main", "state": "active"}.items()
    assert description.deviations("PATCH", "/contracts/{id}", answer) == []
    documented = description.example("PATCH", "/contracts/{id}", 200)["data"]
    assert answer.json()["data"].keys() >= documented.keys()
    assert patched(caller, contract["id"], is_active=False)["state"] == "inactive"


def test_the_default_moves_to_another_contract(caller):
    contract = made(caller)

    assert patched(caller, contract["id"], is_default_per_carrier=True)["is_default_per_carrier"] is True
    assert defaults(caller) == [contract["id"]]


def test_the_default_cannot_be_unset(caller):
    (found,) = problems(caller.client.patch(f"{URL}/1517", json={"is_default_per_carrier": False}))

    assert found[2] == {"pointer": "/data/is_default_per_carrier"}
    assert defaults(caller) == [1517]


def test_what_is_no_default_may_stay_none(caller):
    assert patched(caller, made(caller)["id"], is_default_per_carrier=False)["is_default_per_carrier"] is False


@pytest.mark.parametrize("kind", ["broker", "subbroker"])
def test_somebody_else_s_contract_is_never_the_default(caller, kind):
    add(caller, Contract(60, "postnl", "Broker", type=kind))

    (found,) = problems(caller.client.patch(f"{URL}/60", json={"is_default_per_carrier": True}))

    assert found[2] == {"pointer": "/data/is_default_per_carrier"}
    caller.client.delete(f"{URL}/1517")
    assert defaults(caller) == []


def test_data_of_a_contract_that_nothing_was_shipped_under_are_changed_in_place(caller):
    contract = made(caller)

    assert patched(caller, contract["id"], contract_data={"customer_code": "NEW"})["id"] == contract["id"]


def test_the_same_data_change_nothing(caller):
    contract = made(caller, is_active=True)
    give(caller, contract["id"], 1, 1_000)
    numbers(shipped(caller, contract["id"]))

    again = patched(caller, contract["id"], contract_data={"customer_code": "KOLL"})

    assert again == contract


def test_other_data_of_a_contract_that_was_shipped_under_make_a_new_one(caller):
    contract = made(caller, is_active=True, is_default_per_carrier=True, contract_data={"customer_code": "KOLL"})
    give(caller, contract["id"], 1, 1_000)
    (before,) = numbers(shipped(caller, contract["id"]))

    new = patched(caller, contract["id"], contract_data={"customer_code": "NEW"})

    assert new == {**contract, "id": new["id"]} != contract
    assert caller.client.get(f"{URL}/{contract['id']}").status_code == 404
    assert ids(caller.client.get(URL)) == [1517, new["id"]]
    assert defaults(caller) == [new["id"]]
    (after,) = numbers(shipped(caller, new["id"], "ORDER-2"))
    assert (before[:6], after[:5], after[-3:] > before[-3:]) == ("3SKOLL", "3SNEW", True)


def test_what_was_shipped_under_a_replaced_contract_can_be_cancelled(caller):
    contract = made(caller, is_active=True)
    give(caller, contract["id"], 1, 1_000)
    answer = shipped(caller, contract["id"])
    patched(caller, contract["id"], contract_data={"customer_code": "NEW"})

    cancelled = caller.client.post(f"/api/v3/shipments/{answer.json()['data'][0]['shipment_id']}/cancel")

    assert cancelled.status_code in {200, 202}, cancelled.text


def test_a_change_that_the_form_refuses_changes_nothing(caller):
    contract = made(caller)

    (found,) = problems(caller.client.patch(f"{URL}/{contract['id']}", json={"contract_data": {}, "name": "New"}))

    assert found == ("required", "This field is required.", {"pointer": "/data/customer_code"})
    assert caller.client.get(f"{URL}/{contract['id']}").json()["data"] == contract


def test_a_contract_whose_data_were_refused_is_not_switched_on(caller):
    add(caller, Contract(60, "postnl", "Main", state="validation_failed", error="Wrong"))

    (found,) = problems(caller.client.patch(f"{URL}/60", json={"is_active": True}))

    assert (found[0], found[2]) == ("validation_error", {"pointer": "/data/is_active"})
    corrected = patched(caller, 60, contract_data={"customer_code": "KOLL"}, is_active=True)
    assert (corrected["state"], corrected["error"]) == ("active", None)


# Removing a contract


def test_a_removed_contract_is_nowhere(caller):
    contract = made(caller, is_active=True)

    answer = caller.client.delete(f"{URL}/{contract['id']}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert ids(caller.client.get(URL)) == [1517]
    assert caller.client.get(f"{URL}/{contract['id']}").status_code == 404
    assert caller.client.patch(f"{URL}/{contract['id']}", json={"name": "x"}).status_code == 404
    assert caller.client.delete(f"{URL}/{contract['id']}").status_code == 404
    assert caller.client.get(f"{URL}/{contract['id']}/number-ranges").status_code == 404
    refused = shipped(caller, contract["id"])
    assert (refused.status_code, refused.json()["errors"][0]["detail"][:17]) == (400, "Invalid contract.")


def test_the_first_that_was_added_becomes_the_default_when_that_is_removed(caller):
    first, second, _ = (made(caller, is_active=is_active)["id"] for is_active in (False, True, True))

    caller.client.delete(f"{URL}/1517")

    assert defaults(caller) == [second]
    assert first < second


def test_without_its_last_contract_a_carrier_is_not_shipped_with(caller):
    numbers(shipped(caller, 1517))
    asked = {"from_country_code": "NL", "to_country_code": "NL", "carrier_code": "postnl"}
    offered = caller.client.post("/api/v3/shipping-options", json=asked).json()["data"]

    caller.client.delete(f"{URL}/1517")

    left = caller.client.post("/api/v3/shipping-options", json=asked).json()["data"]
    assert offered
    assert not left
    assert shipped(caller, None, "ORDER-2").status_code == 400


def test_what_was_shipped_under_a_removed_contract_can_be_cancelled_and_followed(caller):
    answer = shipped(caller, 1517)
    (number,) = numbers(answer)
    caller.client.delete(f"{URL}/1517")

    followed = caller.client.get(f"/api/v3/parcels/tracking/{number}")
    label = caller.client.get(answer.json()["data"][0]["documents"][0]["link"])
    cancelled = caller.client.post(f"/api/v3/shipments/{answer.json()['data'][0]['shipment_id']}/cancel")

    assert (followed.status_code, label.status_code, cancelled.status_code in {200, 202}) == (200, 200, True)


# Numbers, and going live


def test_a_contract_gets_its_numbers(caller):
    contract = made(caller, is_active=True)

    answer = give(caller, contract["id"], 1, 1_000)

    assert answer.status_code == 201
    assert answer.json() == {"data": {"first": 1, "last": 1_000, "is_live": False, "used": 0, "left": 1_000}}
    numbers(shipped(caller, contract["id"]))
    (listed,) = caller.client.get(f"{URL}/{contract['id']}/number-ranges").json()["data"]
    assert (listed["used"] > 0, listed["used"] + listed["left"]) == (True, 1_000)


def test_a_second_range_is_used_when_the_first_is_used_up(caller):
    contract = made(caller, is_active=True)
    give(caller, contract["id"], 11, 12)
    first = [numbers(shipped(caller, contract["id"], f"ORDER-{place}"))[0] for place in (1, 2)]
    used_up = shipped(caller, contract["id"], "ORDER-3")

    give(caller, contract["id"], 1, 2)

    then = [numbers(shipped(caller, contract["id"], f"ORDER-{place}"))[0] for place in (4, 5)]
    assert used_up.status_code == 400
    assert [int(number[6:]) for number in first + then] == [11, 12, 1, 2]


@pytest.mark.parametrize("body", [{"first": 5, "last": 4}, {"first": 0, "last": 4}, {"first": 1}, {"last": 2}, {}])
def test_a_range_that_is_none_is_refused(caller, body):
    answer = caller.client.post(f"{URL}/1517/number-ranges", json=body)

    assert answer.status_code == 400


@pytest.mark.parametrize(("last", "status"), [(10**9 - 1, 201), (10**12, 400), (10**18, 400), (10**18 + 1, 400)])
def test_a_range_of_which_no_tracking_number_can_be_made_is_refused(caller, last, status):
    contract = made(caller)

    assert give(caller, contract["id"], last, last).status_code == status


def test_a_range_that_another_contract_of_the_same_customer_has_is_refused(caller):
    first, second = made(caller), made(caller)
    give(caller, first["id"], 1, 1_000)

    (found,) = problems(give(caller, second["id"], 1_000, 2_000))

    assert "overlap" in found[1]
    assert found[2] == {"pointer": "/data/first"}


def test_data_that_would_make_two_contracts_share_their_numbers_are_refused(caller):
    first, second = made(caller), made(caller, contract_data={"customer_code": "NEW"})
    give(caller, first["id"], 1, 1_000)
    give(caller, second["id"], 1, 1_000)

    (found,) = problems(caller.client.patch(f"{URL}/{second['id']}", json={"contract_data": {"customer_code": "KOLL"}}))

    assert "overlap" in found[1]
    assert found[2] == {"pointer": "/data/contract_data"}
    give(caller, second["id"], 1_001, 2_000)
    assert numbers(shipped(caller, 1517))


def test_a_carrier_that_numbers_its_parcels_itself_gets_no_numbers(caller):
    add(caller, Contract(60, "sendcloud", "Main"))

    (found,) = problems(give(caller, 60, 1, 10))

    assert found[0] == "validation_error"


def test_a_contract_goes_live_with_numbers_for_live_parcels(caller):
    contract = made(caller, is_active=True)
    (refused,) = problems(caller.client.patch(f"{URL}/{contract['id']}", json={"is_live": True}))

    give(caller, contract["id"], 501, 1_000, is_live=True)

    assert refused[2] == {"pointer": "/data/is_live"}
    assert patched(caller, contract["id"], is_live=True)["is_live"] is True
    (number,) = numbers(shipped(caller, contract["id"]))
    assert number.endswith("501")


# What belongs to others


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"name": "Mine"}),
        ("PATCH", "", {"contract_data": {"customer_code": "MINE"}}),
        ("DELETE", "", None),
        ("GET", "/number-ranges", None),
        ("POST", "/number-ranges", {"first": 1, "last": 2}),
    ],
)
def test_nobody_touches_the_contracts_of_another_account(caller, method, path, body):
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)
    before = caller.client.get(f"{URL}/1517").json()

    foreign = stranger.client.request(method, f"{URL}/1517{path}", json=body)
    missing = stranger.client.request(method, f"{URL}/404404{path}", json=body)

    assert foreign.status_code == missing.status_code == 404
    assert foreign.json() == missing.json()
    assert caller.client.get(f"{URL}/1517").json() == before


def test_each_account_has_a_default_of_its_own(caller):
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)

    made(stranger, is_default_per_carrier=True)

    assert defaults(caller) == [1517]
