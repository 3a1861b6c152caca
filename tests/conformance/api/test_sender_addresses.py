"""The Sender addresses section does what its published description says, and what was decided where it says nothing."""

from dataclasses import asdict

import pytest

from kolli.account.accounts import revision_of
from kolli.account.sender_addresses import (
    SenderAddress,
    SenderDetails,
    Signature,
    TaxNumber,
    add_sender_address,
    find_sender_address,
)
from kolli.values import Address
from tests.factories import a_caller, an_address, an_order
from tests.vendor import section

PATH = "/addresses/sender-addresses"
URL = f"/api/v3{PATH}"
ONE = f"{PATH}/{{id}}"

OURS = {"po_box": None, "is_default": False, "brand_id": None}
"""What answers have beyond the documented examples."""


@pytest.fixture(scope="module")
def description(vendor_descriptions):
    return section(vendor_descriptions, "sender-addresses")


def from_document(document):
    """A sender address that answers as this document."""
    address = Address.from_document(document)
    numbers = tuple(TaxNumber(**number) for number in document["tax_numbers"])
    return SenderAddress(document["id"], address, details=SenderDetails(Signature(**document["signature"]), numbers))


def add(caller, *senders):
    with caller.installation.database.write() as transaction:
        for sender in senders:
            add_sender_address(transaction, caller.context.account_id, sender)


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [entry["id"] for entry in answer.json()["data"]]


def test_every_documented_address_is_answered_as_documented(caller, description):
    documented = description.example("GET", PATH, 200)["data"]
    add(caller, *map(from_document, documented))

    answer = caller.client.get(URL)

    assert answer.json()["data"] == [{**OURS, **each} for each in documented] + [answer.json()["data"][-1]]
    assert description.deviations("GET", PATH, answer) == []


def test_the_documented_address_is_answered_by_its_id(caller, description):
    documented = description.example("GET", ONE, 200)["data"]
    add(caller, from_document(documented))

    answer = caller.client.get(f"{URL}/{documented['id']}")

    assert answer.json() == {"data": {**OURS, **documented}}
    assert description.deviations("GET", ONE, answer) == []


def test_what_an_address_does_not_have_is_empty_and_an_email_left_out(caller, description):
    add(caller, SenderAddress(5, an_address()))

    answer = caller.client.get(f"{URL}/5")

    assert answer.json()["data"] == {
        **{name: value for name, value in asdict(an_address()).items() if name != "email"},
        "id": 5,
        **OURS,
        "signature": {"full_name": "", "initials": ""},
        "tax_numbers": [],
    }
    assert description.deviations("GET", ONE, answer) == []


def test_an_address_that_does_not_exist_is_the_documented_404(caller, description):
    answer = caller.client.get(f"{URL}/404")

    assert answer.status_code == 404
    (found,), (documented,) = answer.json()["errors"], description.example("GET", ONE, 404)["errors"]
    assert found.items() >= documented.items()
    assert description.deviations("GET", ONE, answer) == []


@pytest.mark.parametrize("number", ["0", "9" * 30])
def test_a_number_that_is_no_id_is_a_404_too(caller, number):
    assert caller.client.get(f"{URL}/{number}").status_code == 404


def test_nobody_sees_the_addresses_of_another_account(caller):
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)

    assert ids(stranger.client.get(URL)) == [2017]
    assert stranger.client.get(f"{URL}/1017").status_code == 404
    assert caller.client.get(f"{URL}/2017").status_code == 404


def test_pages_hold_every_address_once_and_lead_back_and_forth(caller):
    add(caller, *(SenderAddress(number, an_address()) for number in range(1, 5)))

    first = caller.client.get(URL, params={"page_size": 2})
    second = caller.client.get(first.links["next"]["url"])
    third = caller.client.get(second.links["next"]["url"])
    back = caller.client.get(third.links["prev"]["url"])

    assert [ids(page) for page in (first, second, third, back)] == [[1, 2], [3, 4], [1017], [3, 4]]
    assert [sorted(page.links) for page in (first, second, third)] == [["next"], ["next", "prev"], ["prev"]]
    assert first.links["next"]["url"].startswith(f"http://kolli.test{URL}?page_size=2&cursor=")


@pytest.mark.parametrize(
    ("page_size", "count"), [("100", 100), ("101", 100), ("1", 1), ("0", 1), ("-3", 1), ("many", 100), ("", 100)]
)
def test_a_page_has_at_most_a_hundred_addresses(caller, page_size, count):
    add(caller, *(SenderAddress(number, an_address()) for number in range(1, 102)))

    assert len(ids(caller.client.get(URL, params={"page_size": page_size}))) == count


@pytest.mark.parametrize("cursor", ["nonsense", "cD14", "cj0yJnA9MQ==", "cD0xJnA9Mg==", "cD0tMQ=="])
def test_a_cursor_that_leads_nowhere_is_the_documented_404(caller, cursor):
    answer = caller.client.get(URL, params={"cursor": cursor})

    assert answer.status_code == 404
    assert answer.json()["errors"][0].items() >= {"code": "not_found", "detail": "Invalid cursor"}.items()


def test_the_documented_cursor_is_understood(caller):
    """`r=1&p=300`: what lies before the id 300, backwards."""
    add(caller, SenderAddress(7, an_address()), SenderAddress(299, an_address()), SenderAddress(300, an_address()))

    assert ids(caller.client.get(URL, params={"cursor": "cj0xJnA9MzAw", "page_size": 1})) == [299]


def test_what_was_stored_before_addresses_had_details_still_reads(caller):
    with caller.installation.database.write() as transaction:
        transaction.exec_driver_sql("UPDATE sender_addresses SET details = '{}'")
    with caller.installation.database.read() as transaction:
        sender = find_sender_address(transaction, 1, None)

    assert sender is not None
    assert sender.details == SenderDetails()


# What is ours: changing them

NEW = {
    "name": "Lumen & Was",
    "address_line_1": "Kanaalweg",
    "house_number": "14",
    "postal_code": "3526 KL",
    "city": "Utrecht",
    "country_code": "NL",
}


def create(caller, **changes):
    answer = caller.client.post(URL, json={**NEW, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def defaults(caller):
    return [entry["id"] for entry in caller.client.get(URL).json()["data"] if entry["is_default"]]


def revision(caller):
    with caller.installation.database.read() as transaction:
        return revision_of(transaction, 1)


def refused(answer):
    assert answer.status_code == 400, answer.text
    (mistake,) = answer.json()["errors"]
    return mistake["code"], mistake.get("source", {}).get("pointer")


def test_an_address_can_be_added_with_everything_it_has(caller, description):
    details = {
        "company_name": "Magazijn",
        "email": "magazijn@example.nl",
        "phone_number": "+31302345678",
        "signature": {"full_name": "Femke de Vries", "initials": "FV"},
        "tax_numbers": [{"name": "VAT", "country_code": "NL", "value": "NL123456789B01"}],
        "brand_id": 1042,
    }

    added = create(caller, **details)

    assert added.items() >= {**NEW, **details, "is_default": False}.items()
    answer = caller.client.get(f"{URL}/{added['id']}")
    assert answer.json()["data"] == added
    assert description.deviations("GET", ONE, answer) == []


def test_the_first_address_of_an_account_is_its_default(caller):
    assert caller.client.delete(f"{URL}/1017").status_code == 204

    first, second = create(caller), create(caller)

    assert (first["is_default"], second["is_default"]) == (True, False)


def test_there_is_one_default_whoever_becomes_it(caller):
    added = create(caller, is_default=True)
    after_adding = defaults(caller)
    caller.client.patch(f"{URL}/1017", json={"is_default": True})

    assert (after_adding, defaults(caller)) == ([added["id"]], [1017])


def test_the_default_cannot_be_unset_nor_go_while_there_are_others(caller):
    added = create(caller)

    unset = caller.client.patch(f"{URL}/1017", json={"is_default": False})
    removed = caller.client.delete(f"{URL}/1017")

    assert refused(unset) == refused(removed) == ("validation_error", "/is_default")
    assert caller.client.delete(f"{URL}/{added['id']}").status_code == 204
    assert caller.client.delete(f"{URL}/1017").status_code == 204
    assert ids(caller.client.get(URL)) == []


def test_a_change_leaves_alone_what_it_does_not_name(caller):
    added = create(caller, company_name="Magazijn", brand_id=1042)

    answer = caller.client.patch(
        f"{URL}/{added['id']}", json={"city": "Houten", "company_name": None, "brand_id": None}
    )

    assert answer.json()["data"] == {**added, "city": "Houten", "company_name": "", "brand_id": None}


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"name": ""}, "invalid", "/name"),
        ({"name": "x" * 36}, "invalid", "/name"),
        ({"city": ""}, "invalid", "/city"),
        ({"address_line_1": ""}, "required", "/address_line_1"),
        ({"address_line_1": "x" * 61}, "invalid", "/address_line_1"),
        ({"postal_code": ""}, "required", "/postal_code"),
        ({"postal_code": "99999"}, "invalid", "/postal_code"),
        ({"house_number": ""}, "required", "/house_number"),
        ({"country_code": "XX"}, "invalid", "/country_code"),
        ({"country_code": "IT", "postal_code": "00100"}, "required", "/state_province_code"),
        (
            {"country_code": "IT", "postal_code": "00100", "state_province_code": "Nowhere"},
            "invalid",
            "/state_province_code",
        ),
        ({"email": "nobody"}, "invalid", "/email"),
        ({"phone_number": 31}, "invalid", "/phone_number"),
        ({"city": "A\u0007"}, "invalid", "/city"),
        ({"brand_id": 404}, "invalid", "/brand_id"),
        ({"brand_id": 2042}, "invalid", "/brand_id"),
        ({"is_default": "yes"}, "invalid", "/is_default"),
        ({"signature": "FV"}, "invalid", "/signature"),
        ({"tax_numbers": [{"name": "VAT", "country_code": "NL"}]}, "required", "/tax_numbers/0/value"),
        ({"tax_numbers": [{"name": "VAT", "country_code": "NL", "value": "1"}] * 51}, "invalid", "/tax_numbers"),
    ],
)
def test_a_mistake_is_pointed_to_when_it_is_added_and_when_it_is_changed(caller, change, code, pointer):
    a_caller(caller.installation, account_id=2, integration_id=71)

    added = caller.client.post(URL, json={**NEW, **change})

    assert refused(added) == (code, pointer)
    assert ids(caller.client.get(URL)) == [1017]


def test_a_change_is_checked_as_a_whole(caller):
    before = caller.client.get(f"{URL}/1017").json()

    answer = caller.client.patch(f"{URL}/1017", json={"country_code": "DE"})

    assert refused(answer) == ("invalid", "/postal_code")
    assert caller.client.get(f"{URL}/1017").json() == before


def test_what_must_be_there_is_said_at_once(caller):
    answer = caller.client.post(URL, json={})

    assert [mistake["source"]["pointer"] for mistake in answer.json()["errors"]] == ["/name", "/city", "/country_code"]
    assert {mistake["detail"] for mistake in answer.json()["errors"]} == {"This field is required."}


def test_nobody_changes_the_addresses_of_another_account(caller):
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)

    answers = [
        stranger.client.patch(f"{URL}/1017", json={"city": "Elsewhere"}),
        stranger.client.patch(f"{URL}/1017", json={"is_default": True}),
        stranger.client.delete(f"{URL}/1017"),
        caller.client.patch(f"{URL}/404", json={}),
        caller.client.delete(f"{URL}/404"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert {answer.json()["errors"][0]["detail"] for answer in answers} == {"No sender address found."}
    assert defaults(caller) == [1017]
    assert defaults(stranger) == [2017]


def test_every_change_tells_that_decisions_have_to_be_made_anew(caller):
    revisions = [revision(caller)]
    added = create(caller)
    revisions.append(revision(caller))
    caller.client.patch(f"{URL}/{added['id']}", json={"city": "Houten"})
    revisions.append(revision(caller))
    caller.client.delete(f"{URL}/{added['id']}")
    revisions.append(revision(caller))

    assert revisions == sorted(set(revisions))


def test_an_order_ships_from_the_new_default_at_once(caller):
    caller.store(an_order(order_id="1", order_number="ONE"), an_order(order_id="2", order_number="TWO"))
    caller.ship(order={"order_number": "ONE"})  # now the old one is known by heart
    create(caller, city="Houten", is_default=True)

    caller.ship(order={"order_number": "TWO"})

    shipments = caller.client.get("/api/v3/shipments").json()["data"]
    assert sorted(shipment["from_address"]["city"] for shipment in shipments) == ["Houten", "Utrecht"]
