"""The Sender addresses section does what its published description says, and what was decided where it says nothing."""

from dataclasses import asdict

import pytest

from kolli.account.sender_addresses import (
    SenderAddress,
    SenderDetails,
    Signature,
    TaxNumber,
    add_sender_address,
    find_sender_address,
)
from kolli.values import Address
from tests.factories import a_caller, an_address
from tests.vendor import section

PATH = "/addresses/sender-addresses"
URL = f"/api/v3{PATH}"
ONE = f"{PATH}/{{id}}"


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

    assert answer.json()["data"] == [{"po_box": None, **each} for each in documented] + [answer.json()["data"][-1]]
    assert description.deviations("GET", PATH, answer) == []


def test_the_documented_address_is_answered_by_its_id(caller, description):
    documented = description.example("GET", ONE, 200)["data"]
    add(caller, from_document(documented))

    answer = caller.client.get(f"{URL}/{documented['id']}")

    assert answer.json() == {"data": {"po_box": None, **documented}}
    assert description.deviations("GET", ONE, answer) == []


def test_what_an_address_does_not_have_is_empty_and_an_email_left_out(caller, description):
    add(caller, SenderAddress(5, an_address()))

    answer = caller.client.get(f"{URL}/5")

    assert answer.json()["data"] == {
        **{name: value for name, value in asdict(an_address()).items() if name != "email"},
        "id": 5,
        "po_box": None,
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
