"""The public tracking page, asked in process: what it tells whom, and in which words and headers."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from kolli.account.brands import Brand, add_brand
from kolli.account.contracts import Contract, add_contract
from kolli.account.number_ranges import add_number_range
from kolli.account.sender_addresses import SenderAddress, add_sender_address
from kolli.operations.import_events import get_tracked
from kolli.operations.track import record_all, set_status_of_all
from kolli.shipments.model import ParcelStatus
from kolli.shipments.tracking import DECIDED_HERE, Event
from tests.factories import NOW, an_address, an_order

RECIPIENT = {
    "name": "Recipient Name",
    "company_name": "Recipient Company",
    "address_line_1": "Recipient Street",
    "address_line_2": "Recipient Floor",
    "house_number": "4711",
    "postal_code": "1012 GJ",
    "city": "Amsterdam",
    "state_province_code": "NL-NH",
    "country_code": "NL",
    "phone_number": "+31209999999",
    "email": "recipient@example.org",
}
SENDER = {
    "name": "Sender Name",
    "company_name": "Sender Company",
    "address_line_1": "Sender Street",
    "house_number": "4712",
    "postal_code": "3511 ZZ",
    "city": "Sender Town",
    "phone_number": "+31308888888",
    "email": "sender@example.org",
}

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><b>bold',
    "'><i>italic",
    "&lt;script&gt;",
    "{{ 7 * 7 }}",
    "</dd></dl></main>",
    "<!-- comment",
]


@pytest.fixture
def tracking_number(caller) -> str:
    """The number of a parcel from SENDER to RECIPIENT."""
    with caller.installation.database.write() as transaction:
        add_sender_address(transaction, 1, SenderAddress(5, an_address(**SENDER)))
    return shipped(caller)


def shipped(caller, order_number="SECRET-NUMBER", *, city=RECIPIENT["city"], **body) -> str:
    order = an_order(
        order_id=f"ID-OF-{order_number}",
        order_number=order_number,
        shipping_address={**RECIPIENT, "city": city},
        customer_details={"name": "Customer Name", "phone_number": "+31207777777", "email": "customer@example.org"},
    )
    caller.store(order)
    answer = caller.ship(order={"order_number": order_number}, **{"sender_address_id": 5, **body})
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["data"][0]["tracking_number"]
    return number


def track(caller, number, postal_code="1012 GJ", **more):
    return caller.client.get("/tracking/", params={"tracking_number": number, "postal_code": postal_code, **more})


class Elements(HTMLParser):
    """The elements of a page and the names of their attributes, and its text, as a browser would see them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, ...]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, *(name for name, _ in attributes)))

    def handle_data(self, data):
        self.text += data


def test_who_knows_the_number_and_the_postal_code_sees_where_the_parcel_is(caller, tracking_number):
    answer = track(caller, tracking_number)

    text = Elements(answer.text).text
    expected = ["Ready to send", "Sendcloud", "Unstamped letter", "Amsterdam", "Netherlands", "24 November 2026"]
    assert answer.status_code == 200
    assert [word for word in expected if word not in text] == []


@pytest.mark.parametrize(
    "secret",
    [
        *(value for name, value in RECIPIENT.items() if name not in {"city", "country_code", "postal_code"}),
        *SENDER.values(),
        *("Customer Name", "+31207777777", "customer@example.org"),
        *("ID-OF-SECRET-NUMBER", "SECRET-NUMBER", "1012"),
    ],
)
def test_nothing_else_about_anybody_is_on_the_page(caller, tracking_number, secret):
    assert secret not in track(caller, tracking_number).text


def test_a_wrong_postal_code_and_an_unknown_number_get_the_same_answer(caller, tracking_number):
    """Otherwise the page would tell strangers which numbers exist."""
    wrong = track(caller, tracking_number, "9999 XX")
    unknown = track(caller, "SCTEST00000000", "9999 XX")

    assert wrong.status_code == unknown.status_code == 404
    assert wrong.headers == unknown.headers
    assert wrong.text == unknown.text.replace("SCTEST00000000", tracking_number)


@pytest.mark.parametrize("postal_code", ["", " ", "1", "101", "1012", "GJ", "1012 GK", "%", "....", "1" * 500])
def test_only_the_whole_postal_code_will_do(caller, tracking_number, postal_code):
    assert track(caller, tracking_number, postal_code).status_code == 404


def test_a_number_without_a_postal_code_finds_nothing(caller, tracking_number):
    assert caller.client.get("/tracking/", params={"tracking_number": tracking_number}).status_code == 404


def test_the_postal_code_of_the_sender_finds_nothing(caller, tracking_number):
    assert track(caller, tracking_number, SENDER["postal_code"]).status_code == 404


def test_a_wrong_country_finds_nothing(caller, tracking_number):
    assert track(caller, tracking_number, country="BE").status_code == 404


@pytest.mark.parametrize(
    "typed",
    [
        (str.lower, "1012GJ", "NL"),
        (str.upper, "1012gj", "nl"),
        ("  {}  ".format, "1012-GJ", ""),
        (str.lower, " 1012  gj ", "NL"),
        (str.upper, "10 12 GJ", ""),
    ],
    ids=lambda typed: typed[1],
)
def test_case_and_spaces_do_not_matter(caller, tracking_number, typed):
    number, postal_code, country = typed

    assert track(caller, number(tracking_number), postal_code, country=country).status_code == 200


def test_the_number_may_be_typed_as_it_stands_on_the_label(caller, tracking_number):
    printed = caller.sandbox.printed(tracking_number)

    assert " " in printed
    assert track(caller, printed).status_code == 200


def test_the_link_in_the_label_answer_leads_to_the_parcel(caller):
    caller.store(an_order())
    link = caller.ship().json()["data"][0]["tracking_url"]

    assert caller.client.get(link).status_code == 200


def test_a_cancelled_parcel_says_so(caller):
    caller.store(an_order())
    label = caller.ship().json()["data"][0]
    assert caller.client.post(f"/api/v3/shipments/{label['shipment_id']}/cancel").status_code == 200

    assert "Cancelled" in caller.client.get(label["tracking_url"]).text


def test_a_test_label_says_so(caller, tracking_number):
    assert "test label" in track(caller, tracking_number).text


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_a_town_is_never_markup(caller, tracking_number, text):
    page = Elements(track(caller, shipped(caller, "HOSTILE", city=text)).text)

    assert text in page.text
    assert page.elements == Elements(track(caller, tracking_number).text).elements


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_a_brand_is_never_markup(caller, tracking_number, text):
    with caller.installation.database.write() as transaction:
        add_brand(transaction, 1, Brand(6, text))
    page = Elements(track(caller, shipped(caller, "HOSTILE", brand_id=6)).text)

    assert text in page.text
    assert page.elements == Elements(track(caller, tracking_number).text).elements


@pytest.mark.parametrize(
    "text", [*HOSTILE, "\0", "\ud83d", "a" * 3000, "٣", "\u202eevil", "%00", "\r\nSet-Cookie: a=b"]
)
def test_what_was_typed_is_never_markup(caller, text):
    typed = text.encode("utf-8", "surrogatepass")
    answer = track(caller, typed, typed)

    assert answer.status_code == 404
    assert Elements(answer.text).elements == Elements(track(caller, "1", "1").text).elements
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "address", ["/tracking/", "/tracking", "/tracking/?tracking_number=", "/tracking/?tracking_number=+"]
)
def test_without_a_number_there_is_a_form(caller, address):
    answer = caller.client.get(address)

    elements = Elements(answer.text).elements
    assert answer.status_code == 200
    assert [element[0] for element in elements if element[0] in {"h1", "p", "form", "input", "button"}] == [
        *("h1", "p"),  # what the page is, and what to enter
        *("form", "input", "input", "button"),
    ]


def test_the_form_keeps_what_was_typed(caller):
    answer = track(caller, "SCTEST1", "1012")

    assert 'value="SCTEST1"' in answer.text
    assert 'value="1012"' in answer.text


def test_strangers_need_no_key(caller):
    caller.client.auth = None

    assert caller.client.get("/tracking/").status_code == 200


@pytest.mark.parametrize("address", ["/tracking/", "/tracking/?tracking_number=none&postal_code=none"])
def test_every_answer_keeps_browsers_and_search_engines_in_bounds(caller, address):
    headers = caller.client.get(address).headers

    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-robots-tag"] == "noindex"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "set-cookie" not in headers


def test_the_page_needs_no_script_and_nothing_from_elsewhere(caller, tracking_number):
    page = track(caller, tracking_number).text + caller.client.get("/tracking/").text

    assert "<script" not in page
    assert "style=" not in page
    assert "//" not in page.replace("<!doctype html>", "")


def test_the_style_sheet_is_there(caller):
    answer = caller.client.get("/static/tracking.css")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")
    assert "url(" not in answer.text


# What has happened


def seen(caller, number, status, at=NOW, source="carrier", **more):
    with caller.installation.database.write() as transaction:
        tracked = get_tracked(transaction, 1, number)
        record_all(transaction, [(tracked, Event(status, at, source, **more))], NOW)


def test_the_history_is_shown_the_newest_first_with_time_and_place(caller, tracking_number):
    seen(caller, tracking_number, ParcelStatus.PICKED_UP_BY_DRIVER, NOW - timedelta(hours=1))
    door = {"city": "Amsterdam", "country": "NL"}
    seen(caller, tracking_number, ParcelStatus.DELIVERED, description="Left with a neighbour", details=door)

    text = " ".join(Elements(track(caller, tracking_number).text).text.split())

    history = text[text.index("What has happened") :]
    assert "24 November 2026, 13:00 Delivered Left with a neighbour Amsterdam, Netherlands" in history
    assert history.index("Delivered") < history.index("Shipment picked up by driver") < history.index("Ready to send")
    assert "Being announced" in history
    assert "Times are in local time of the destination." in history


@pytest.mark.parametrize("status", sorted(set(ParcelStatus) - DECIDED_HERE - {ParcelStatus.UNKNOWN}))
def test_every_status_that_can_be_seen_stands_in_large(caller, tracking_number, status):
    seen(caller, tracking_number, status)

    page = track(caller, tracking_number).text

    assert re.search(rf'<p class="status \w+"><span aria-hidden="true">.</span> {re.escape(status.message)}</p>', page)


def test_why_kolli_did_something_is_nothing_for_strangers(caller, tracking_number):
    with caller.installation.database.write() as transaction:
        tracked = get_tracked(transaction, 1, tracking_number)
        event = Event(ParcelStatus.READY_TO_SEND, NOW, "kolli", "The contract's secret is wrong.")
        set_status_of_all(transaction, tracked.shipped, event, NOW)

    assert "secret" not in track(caller, tracking_number).text


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_an_event_is_never_markup(caller, tracking_number, text):
    for number, words in ((tracking_number, "Sorted"), (shipped(caller, "HOSTILE"), text)):
        seen(caller, number, ParcelStatus.SORTED, description=words, details={"city": words})

    page = Elements(track(caller, caller.sandbox.ledger.entries()[-1].tracking_number).text)

    assert page.text.count(text) == 2
    assert page.elements == Elements(track(caller, tracking_number).text).elements


def test_a_parcel_that_is_not_scanned_yet_says_so(caller):
    properties = {"shipping_option_code": "postnl:standard", "contract_id": 9}
    with caller.installation.database.write() as transaction:
        live = Contract(
            9,
            "postnl",
            "Live",
            is_default=False,
            is_live=True,
            sealed_data=caller.installation.vault.seal({"customer_code": "KOLL"}),
        )
        add_contract(transaction, 1, live)
        add_number_range(transaction, 1, live.id, 1, 99, is_live=True, vault=caller.installation.vault)
    caller.store(an_order())
    number = caller.ship(ship_with={"type": "shipping_option_code", "properties": properties}).json()["data"][0][
        "tracking_number"
    ]

    page = track(caller, number).text

    assert "The sender has told PostNL about this parcel. It has not been scanned yet." in page


REGISTRATION = {
    "announced_at": "2026-11-24T08:00:00Z",
    "from_address": {"country_code": "NL", "postal_code": SENDER["postal_code"], "city": "Sender Town"},
    "to_address": {"country_code": "ES", "postal_code": "28013", "city": "Madrid", "name": "Recipient Name"},
    "ship_with": {"type": "contract", "properties": {"contract_id": 1}},
    "shipment": {"source_id": "SECRET-SHIPMENT"},
    "source_id": "SECRET-NUMBER",
    "tracking_number": {"carrier_code": "dhl", "tracking_number": "Track-1"},
}


def test_a_registered_parcel_is_shown_to_who_knows_its_postal_code_and_to_nobody_else(caller):
    assert caller.client.post("/api/v3/parcels/tracking", json=REGISTRATION).status_code == 200

    page = track(caller, "track-1", "28013")

    text = Elements(page.text).text
    assert page.status_code == 200
    assert [word for word in ("Announced", "dhl", "Madrid", "Spain", "Track-1") if word not in text] == []
    assert [word for word in ("Sender Town", "Recipient", "SECRET") if word in page.text] == []
    assert "Times are in UTC." in text  # the Canary Islands have another time
    assert track(caller, "track-1", SENDER["postal_code"]).status_code == 404
    assert track(caller, "track-1", "28013", country="NL").status_code == 404
