"""The developer's window: what was asked and answered, where each error points to, hints, and a line for a shell."""

import html
import json
import re

import pytest
from starlette.testclient import TestClient

from kolli.account.requests import Wanted, list_requests
from kolli.app import web
from kolli.operations.request_log import RequestLog
from kolli.panel.developer.request_log import MOST_ROWS
from tests.factories import NOW, a_caller, an_installation, an_order
from tests.people import person, text_of
from tests.unit.panel.test_curl import given_to_curl

SYNC = "/api/v3/orders/create-label-sync"
PATH = "/panel/requests/"
ROWS = re.compile(r'<tr data-id="(\d+)"')
MARKED = re.compile(r'<li value="(\d+)" class="marked ([a-z-]+)"><i>\d+</i><code>(.*?)</code><b>(.*?)</b>')


class Programs:
    """A program that asks the API, and the log of what it asks."""

    def __init__(self, caller):
        self.installation = caller.installation
        self.log = RequestLog(caller.installation.database, 10_000, lambda: NOW, "full")
        self.client = TestClient(
            web(caller.installation, self.log.note), "http://kolli.test", raise_server_exceptions=False
        )
        self.client.auth = caller.client.auth

    def ask(self, method, path, **options):
        """Asks, and gives the id of the request in the log."""
        self.client.request(method, path, **options)
        self.log.flush()
        with self.installation.database.read() as transaction:
            return list_requests(transaction, Wanted(), 1)[0].id

    def ship(self, **body):
        wanted = {"integration_id": 70, "order": {"order_number": "ORDER-1"}, **body}
        return self.ask("POST", SYNC, json=wanted)


@pytest.fixture
def programs(caller):
    caller.store(an_order())
    return Programs(caller)


def marked(page, kind):
    """The lines that are marked: number, text and mark."""
    found = MARKED.findall(page.text)
    return [(int(number), html.unescape(text), mark) for number, of_kind, text, mark in found if of_kind == kind]


def curl_of(page):
    (line,) = re.findall(r'<pre id="curl" tabindex="0">(.*?)</pre>', page.text, re.DOTALL)
    return html.unescape(line)


def test_requests_are_listed_with_the_newest_first(developer, programs):
    first = programs.ask("GET", "/api/v3/orders")
    second = programs.ship(order={"order_number": "NOT-THERE"})

    page = developer.get(PATH)

    assert page.status_code == 200
    assert [int(number) for number in ROWS.findall(page.text)] == [second, first]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["spoiled", "bad", "good"]),
        ("failed=1", ["bad"]),
        ("tampered=1", ["spoiled"]),
        ("path=label-sync", ["bad", "good"]),
        ("path=%25", []),
        ("key=first", ["good"]),
        ("key=nonsense&path=statuses", ["spoiled"]),
        ("failed=1&path=statuses", []),
    ],
)
def test_the_log_is_filtered(developer, programs, query, shown):
    key = {"Idempotency-Key": "a"}
    wanted = {"integration_id": 70, "order": {"order_number": "ORDER-1"}}
    names = {
        programs.ask("POST", SYNC, json=wanted, headers=key): "good",
        programs.ship(integration_id="x"): "bad",
        programs.ask("GET", "/api/v3/parcels/statuses", headers={"Sandbox-Scenario": "slow:1ms"}): "spoiled",
    }

    page = developer.get(f"{PATH}?{query}")

    assert [names[int(number)] for number in ROWS.findall(page.text)] == shown


def test_only_what_is_new_is_asked_for_again(developer, programs):
    known = programs.ask("GET", "/api/v3/orders")
    fresh = programs.ask("GET", "/api/v3/brands")

    rows = developer.get(f"{PATH}rows/?path=&after={known}")

    assert ROWS.findall(rows.text) == [str(fresh)]
    assert "<html" not in rows.text


def test_nothing_new_is_nothing(developer, programs):
    known = programs.ask("GET", "/api/v3/orders")

    assert developer.get(f"{PATH}rows/?after={known}").text.strip() == ""


def test_a_long_log_has_pages(developer, programs):
    numbers = [programs.ask("GET", "/api/v3/parcels/statuses") for _ in range(MOST_ROWS + 1)]

    newest = developer.get(PATH)
    older = developer.get(f"{PATH}?before={numbers[1]}")

    assert len(ROWS.findall(newest.text)) == MOST_ROWS
    assert len(newest.content) < 80_000
    assert ROWS.findall(older.text) == [str(numbers[0])]
    assert "data-polls" not in older.text


def test_an_error_is_shown_with_the_value_that_it_points_to(developer, programs):
    number = programs.ship(integration_id="seventy")

    page = developer.get(f"{PATH}{number}/")

    assert marked(page, "is-error") == [(2, '  "integration_id": "seventy",', "E1")]
    assert "E1 Input should be a valid integer" in text_of(page)
    assert '/data/attributes/integration_id This was sent: "seventy"' in text_of(page)


def test_an_error_that_points_to_what_is_not_there_says_so(developer, programs):
    number = programs.ship(order={})

    page = developer.get(f"{PATH}{number}/")

    assert "This member is missing in the body that was sent: order_id" in text_of(page)
    assert marked(page, "is-error") == [(3, '  "order": {}', "E1 E2")]


def test_an_error_about_the_stored_order_says_that_it_is_not_in_the_body(developer, programs):
    wanted = {"integration_id": 70, "order": {"order_number": "ORDER-1"}}
    number = programs.ask("POST", SYNC, json=wanted, headers={"Sandbox-Scenario": "reject:address"})

    page = developer.get(f"{PATH}{number}/")

    assert "what counts comes from the stored order or from a default: shipping_address" in text_of(page)


def test_an_error_about_a_header_is_shown_with_the_header(developer, programs):
    number = programs.ask("GET", "/api/v3/orders", headers={"Sandbox-Scenario": "time-out"})

    assert "Sandbox-Scenario This was sent: time-out" in text_of(developer.get(f"{PATH}{number}/"))


def test_an_error_about_a_parameter_is_shown_with_the_parameter(developer, programs):
    number = programs.ask("GET", "/api/v3/orders?order_created_at=soon")

    assert "order_created_at This was sent: soon" in text_of(developer.get(f"{PATH}{number}/"))


def test_a_body_that_is_no_json_is_shown_with_the_line_at_which_it_breaks(developer, programs):
    number = programs.ask("POST", "/api/v3/orders", content=b'[\n  {"a": 1}\n  {"b": 2}\n]')

    page = developer.get(f"{PATH}{number}/")

    assert marked(page, "is-error") == [(3, '  {"b": 2}', "E1")]


def test_hints_are_shown_with_the_lines_that_they_are_about(developer, programs):
    number = programs.ship(order={"order_number": "ORDER-1", "apply_shiping_rules": True})

    page = developer.get(f"{PATH}{number}/")

    assert marked(page, "is-hint") == [(5, '    "apply_shiping_rules": true', "H1")]
    assert "Did you mean apply_shipping_rules ?" in text_of(page)


def test_a_second_try_without_a_key_is_hinted_at(developer, programs):
    for _ in range(2):
        number = programs.ship()

    assert "The same body came 0 s before" in text_of(developer.get(f"{PATH}{number}/"))


def test_what_the_sandbox_has_spoiled_says_so(developer, programs):
    number = programs.ask(
        "POST",
        SYNC,
        json={"integration_id": 70, "order": {"order_number": "ORDER-1"}},
        headers={"Sandbox-Scenario": "timeout-after"},
    )

    page = text_of(developer.get(f"{PATH}{number}/"))

    assert "The sandbox has spoiled this on purpose: timeout-after." in page
    assert "that finds the label, and buys none" in page


def test_a_label_is_shown_as_its_size_and_checksum(developer, programs):
    number = programs.ship()

    page = developer.get(f"{PATH}{number}/")

    assert re.search(r"‹file: [0-9,]+ bytes, sha256 [0-9a-f]{64}›", html.unescape(page.text))
    assert len(page.content) < 100_000


HOSTILE = ["'; touch owned; '", "</pre><script>alert(1)</script>", "$(id)`id`\\", "é\u202e漢\n\t", "{{ 7 * 7 }}"]


@pytest.mark.parametrize("text", HOSTILE)
def test_the_line_for_a_shell_sends_what_was_sent_whatever_that_is(developer, programs, text):
    number = programs.ship(order={"order_number": text})

    page = developer.get(f"{PATH}{number}/")

    *_, option, body = given_to_curl(curl_of(page))
    assert (option, json.loads(body)["order"]) == ("--data-raw", {"order_number": text})
    assert "<script>alert" not in page.text


def test_a_request_can_be_taken_along_as_files(developer, programs):
    number = programs.ship()

    asked, line = (developer.get(f"{PATH}{number}/{part}.txt") for part in ("asked", "curl"))

    assert json.loads(asked.text)["order"] == {"order_number": "ORDER-1"}
    assert asked.headers["content-disposition"] == f'attachment; filename="request-{number}-asked.txt"'
    assert line.text.startswith("curl --globoff")


@pytest.mark.parametrize("count", [90, 200])
def test_a_very_long_body_makes_no_heavy_page(developer, programs, count):
    number = programs.ask("POST", "/api/v3/orders", json=[an_order(order_id="") for each in range(count)])

    page = developer.get(f"{PATH}{number}/")

    assert len(page.content) < 80_000
    assert "lines are not shown" in text_of(page)


def test_of_very_many_errors_the_rest_is_counted(developer, programs):
    number = programs.ask("POST", "/api/v3/orders", json=[{}] * 50)

    assert "more, which are in the answer below" in text_of(developer.get(f"{PATH}{number}/"))


@pytest.mark.parametrize("path", ["", "asked.txt", "answered.txt", "curl.txt"])
def test_nobody_sees_a_request_of_another_account(programs, path):
    a_caller(programs.installation, account_id=2, integration_id=71)
    other = person(programs.installation, "owner", account_id=2)
    number = programs.ship()

    page = other.get(f"{PATH}{number}/{path}")

    assert (page.status_code, page.text.count("ORDER-1")) == (404, 0)
    assert page.status_code == other.get(f"{PATH}{number + 1}/{path}").status_code


def test_nobody_sees_another_accounts_requests_in_the_list(programs):
    a_caller(programs.installation, account_id=2, integration_id=71)
    other = person(programs.installation, "owner", account_id=2)
    programs.ship()

    assert [ROWS.findall(other.get(path).text) for path in (PATH, f"{PATH}rows/?after=0")] == [[], []]


@pytest.mark.parametrize("path", [PATH, f"{PATH}rows/", f"{PATH}1/", "/panel/sandbox/", "/panel/explorer/"])
def test_who_packs_has_no_window_for_developers(packer, path):
    assert packer.get(path).status_code == 403


def test_a_log_without_bodies_says_that_it_has_none(tmp_path):
    caller = a_caller(an_installation(tmp_path, request_log_bodies="off"))
    number = Programs(caller).ship()

    page = text_of(person(caller.installation, "developer").get(f"{PATH}{number}/"))

    assert "The bodies of this request are not kept. KOLLI_REQUEST_LOG_BODIES is off." in page
    assert "The order could not be found" in page


@pytest.mark.parametrize("number", ["0", "999999", "9" * 30])
def test_a_request_that_is_not_there_is_told(developer, number):
    assert developer.get(f"{PATH}{number}/").status_code == 404


def test_who_has_wrong_credentials_is_seen_where_they_can_only_mean_this_account(developer, programs):
    """The first mistake that everybody makes."""
    number = programs.ask("GET", "/api/v3/orders", auth=("somebody", "hush"))

    listed, page = developer.get(PATH), text_of(developer.get(f"{PATH}{number}/"))

    assert "unknown caller" in text_of(listed)
    assert "its credentials were missing or wrong" in page
    assert "Invalid username/password." in page


def test_strangers_are_seen_by_no_account_where_there_are_several(developer, programs):
    a_caller(programs.installation, account_id=2, integration_id=71)
    number = programs.ask("GET", "/api/v3/orders", auth=("somebody", "hush"))

    assert ROWS.findall(developer.get(PATH).text) == []
    assert developer.get(f"{PATH}{number}/").status_code == 404


def test_what_strangers_look_at_beside_the_api_is_not_listed(developer, programs):
    programs.ask("GET", "/tracking/")

    assert ROWS.findall(developer.get(PATH).text) == []


# The explorer


def own_of(page):
    (own,) = re.findall(r'data-own="(.*?)"', page.text)
    return json.loads(html.unescape(own))


def test_the_explorer_holds_what_the_account_has(developer, programs):
    programs.ship()
    programs.ask("POST", "/api/v3/orders", json=[an_order(order_id="next", order_number="NEXT")])

    own = own_of(developer.get("/panel/explorer/"))

    assert own["members"] == {
        "order_number": "NEXT",
        "order_id": "next",
        "integration_id": 70,
        "integration.id": 70,
        "sender_address_id": 1017,
        "brand_id": 1042,
        "contract_id": 1517,
        "label.parcels": [own["ids"]["parcels"]],
    }
    assert {"orders", "shipments", "parcels", "tracking_number", "integrations", "brands"} <= own["ids"].keys()


def test_the_explorer_of_a_new_account_holds_what_there_is(developer):
    own = own_of(developer.get("/panel/explorer/"))

    assert own["ids"].keys() == {"integrations", "addresses/sender-addresses", "brands", "contracts"}


def test_the_explorer_holds_nothing_of_another_account(programs):
    a_caller(programs.installation, account_id=2, integration_id=71)
    other = person(programs.installation, "owner", account_id=2)
    number = programs.ship()

    own = own_of(other.get(f"/panel/explorer/?request={number}"))

    assert (own["members"].get("order_number"), own["members"]["integration_id"], "request" in own) == (None, 71, False)


def test_a_request_of_the_log_is_opened_in_the_explorer(developer, programs):
    number = programs.ask("GET", "/api/v3/parcels/7/documents/label?dpi=300", headers={"Accept": "image/png"})

    request = own_of(developer.get(f"/panel/explorer/?request={number}"))["request"]

    assert request["operation"] == "get-parcels-id-documents-type"
    assert request["path"] == {"id": "7", "type": "label"}
    assert request["query"] == [["dpi", "300"]]


def test_the_page_of_a_request_leads_to_its_form_in_the_explorer(developer, programs):
    number = programs.ship()

    page = developer.get(f"{PATH}{number}/")

    assert f'href="/panel/explorer/?request={number}#post-orders-create-label-sync"' in page.text
