"""What goes wrong on purpose, by each way in. The oracle is the sandbox's own ledger, never our database."""

from base64 import b64decode
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from kolli.account.accounts import Pending, get_account
from kolli.account.contracts import Contract, add_contract
from kolli.account.number_ranges import add_number_range
from kolli.account.pending import MOST_NOTED, add_pending
from kolli.app import web
from kolli.carriers.sandbox.lives import LIVES
from kolli.operations.contracts import ContractChange, change_contract
from kolli.operations.late_answers import LateAnswers
from kolli.scenarios import SCENARIOS
from tests.conformance.api.test_shipments import ANNOUNCE, FROM, LETTER, TO
from tests.factories import a_caller, an_installation, an_order

HEADER = "Sandbox-Scenario"
LABEL = "/api/v3/orders/create-label-sync"
BATCH = "/api/v3/orders/create-labels-async"

ASKED = {
    "ok": (201, 1),
    "slow:20ms": (201, 1),
    "timeout-before": (400, 0),
    "timeout-after": (400, 1),
    "reject:address": (400, 0),
    "reject:weight": (400, 0),
    "reject:hs": (400, 0),
    "reject:point": (400, 0),
    "reject:contract": (400, 0),
    "order-late:5s": (404, 0),
    "busy": (400, 0),
    "limit": (429, 0),
    "http:500": (500, 1),
    "http:502-html": (502, 1),
    "garbage-pdf": (201, 1),
    "hook:twice": (201, 1),
    "hook:shuffle": (201, 1),
    "hook:late:1h": (201, 1),
    "hook:none": (201, 1),
    "hook:badsig": (201, 1),
    "track:delivered": (201, 1),
    "track:service-point": (201, 1),
    "track:returned": (201, 1),
    "track:lost": (201, 1),
    "track:stuck": (201, 1),
    "cancel:late": (201, 1),
    "cancel:async": (201, 1),
    "cancel:refused": (201, 1),
    "numbers:last": (201, 1),
    "numbers:none": (400, 0),
    "carrier:html": (400, 1),
    "carrier:half": (400, 1),
    "carrier:pdf": (400, 1),
    "carrier:huge": (400, 1),
    "carrier:number": (400, 1),
    "carrier:count": (400, 1),
}
"""Scenario → the status that the request for a label is answered with, and how many labels are bought by then."""

ELSEWHERE = {"partial", "truncate"}
"""Those that need several parcels, or a real connection."""

FOR_EVER = {"reject", "numbers", "order-late"}
"""Families that an order whose number ends in them meets each time: it has to be corrected, or to grow older."""

SHIPPED_ONLY = {"cancel", "hook", "track", "numbers", "ok"}


@pytest.fixture
def caller(installation):
    """The account, with a client that does not hold answers to the description: some are no answers of ours."""
    caller = a_caller(installation)
    return caller._replace(client=client_of(caller.client.app, caller))


def client_of(application, caller):
    """A client that calls as this one does."""
    client = TestClient(application, "http://kolli.test", raise_server_exceptions=False)
    assert caller.client.auth
    client.auth = caller.client.auth
    return client


def booked(caller):
    """How many labels the sandbox has really booked, and not taken back."""
    return sum(not entry.is_cancelled for entry in caller.sandbox.ledger.entries())


def wait(caller, *pending):
    with caller.installation.database.write() as transaction:
        assert add_pending(transaction, 1, pending)


def waiting(caller):
    with caller.installation.database.read() as transaction:
        return [each.scenario for each in get_account(transaction, 1).pending if each.until is None]


def label(caller, number="ORDER-1", scenario=None, **headers):
    if scenario is not None:
        headers[HEADER] = scenario
    wanted = {"integration_id": 70, "order": {"order_number": number}}
    return caller.client.post(
        LABEL, json=wanted, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def by_header(caller, scenario):
    caller.store(an_order())
    return "ORDER-1", label(caller, scenario=scenario)


def by_order_number(caller, scenario):
    number = f"ORDER-1~{scenario}"
    caller.store(an_order(order_number=number))
    return number, label(caller, number)


def beforehand(caller, scenario):
    caller.store(an_order())
    wait(caller, Pending(scenario, route="create-label-sync"))
    return "ORDER-1", label(caller)


def the_error(answer):
    (error,) = answer.json()["errors"]
    return error


def live_contract(caller):
    """Marks a contract of the account live."""
    contract = Contract(
        1900, "postnl", "Live", is_live=True, sealed_data=caller.installation.vault.seal({"customer_code": "TEL"})
    )
    with caller.installation.database.write() as transaction:
        add_contract(transaction, 1, contract)
        add_number_range(transaction, 1, 1900, 1, 99, is_live=True, vault=caller.installation.vault)


def ship_live(caller, number="ORDER-1", **headers):
    way = {
        "type": "shipping_option_code",
        "properties": {"shipping_option_code": "postnl:standard", "contract_id": 1900},
    }
    wanted = {"integration_id": 70, "order": {"order_number": number}, "ship_with": way}
    return caller.client.post(LABEL, json=wanted, headers=headers)


def test_every_scenario_is_tried_here_or_elsewhere():
    tried = {name if name in SCENARIOS else name.rpartition(":")[0] for name in ASKED}

    assert tried | ELSEWHERE == set(SCENARIOS)


def test_the_lives_are_those_of_the_sandbox():
    assert {f"track:{life}" for life in LIVES} == {name for name in SCENARIOS if name.startswith("track:")}


# Each scenario, each way in


@pytest.mark.parametrize("way", [by_header, by_order_number, beforehand])
@pytest.mark.parametrize("scenario", ASKED)
def test_a_label_is_bought_or_not_as_the_table_says_and_a_retry_finds_or_buys_exactly_one(caller, way, scenario):
    number, answer = way(caller, scenario)

    assert (answer.status_code, booked(caller)) == ASKED[scenario], answer.text
    assert answer.headers[HEADER] == scenario
    assert waiting(caller) == (["numbers:none"] if scenario == "numbers:last" else [])
    if scenario == "limit":
        caller = later(caller, timedelta(minutes=1))
    if scenario == "order-late:5s":
        caller = later(caller, timedelta(seconds=6))
    again = label(caller, number)
    is_for_ever = way is by_order_number and scenario.partition(":")[0] in {"reject", "numbers"} and not booked(caller)
    assert booked(caller) == (0 if is_for_ever else 1), again.text
    if again.status_code == 201:
        assert HEADER not in again.headers


def later(caller, by):
    """The same installation, some time later."""
    now = caller.installation.clock() + by
    installation = replace(caller.installation, clock=lambda: now)
    return caller._replace(installation=installation, client=client_of(web(installation), caller))


@pytest.mark.parametrize("scenario", [name for name, (status, _) in ASKED.items() if status in {400, 404, 429, 500}])
def test_an_error_that_was_wanted_says_so(caller, scenario):
    _, answer = by_header(caller, scenario)

    assert the_error(answer)["meta"]["sandbox_scenario"] == scenario
    assert scenario in the_error(answer)["detail"]


def test_the_attempt_says_so_too(caller):
    by_header(caller, "timeout-after")

    (shipment,) = caller.client.get("/api/v3/shipments").json()["data"]
    assert shipment["errors"][0]["detail"].startswith("Sandbox scenario timeout-after: ")


@pytest.mark.parametrize(
    ("scenario", "pointer"),
    [
        ("reject:address", "/data/attributes/order/shipping_address"),
        ("reject:weight", "/data/attributes/order/shipping_details/measurement/weight"),
        ("reject:hs", "/data/attributes/order/order_items/0/hs_code"),
        ("reject:point", "/data/attributes/order/service_point_details"),
        ("reject:contract", "/data/attributes/ship_with/properties/contract_id"),
    ],
)
def test_a_refusal_points_to_what_the_carrier_finds_wrong(caller, scenario, pointer):
    _, answer = by_header(caller, scenario)

    assert the_error(answer)["code"] == "parcel_announcement_error"
    assert the_error(answer)["source"]["pointer"] == pointer


def test_the_limit_holds_for_every_request_of_the_account_until_the_minute_is_over(caller):
    other = a_caller(caller.installation, account_id=2, integration_id=71)
    _, answer = by_header(caller, "limit")

    meanwhile = caller.client.get("/api/v3/orders")

    assert answer.headers["Retry-After"] == "60"
    assert (meanwhile.status_code, meanwhile.headers[HEADER], meanwhile.headers["Retry-After"]) == (429, "limit", "60")
    assert other.client.get("/api/v3/orders").status_code == 200
    assert later(caller, timedelta(seconds=60)).client.get("/api/v3/orders").status_code == 200


def test_a_label_that_is_no_pdf_is_fetched_again(caller):
    _, answer = by_header(caller, "garbage-pdf")
    (data,) = answer.json()["data"]

    link = f"/api/v3/parcels/{data['parcel_id']}/documents/label"

    assert b64decode(data["label_details"]["file"]).startswith(b"<!DOCTYPE html>")
    assert caller.client.get(link).content.startswith(b"%PDF")


def test_a_document_is_no_pdf_either_when_that_is_wanted(caller):
    _, answer = by_header(caller, "ok")

    link = f"/api/v3/parcels/{answer.json()['data'][0]['parcel_id']}/documents/label"
    found = caller.client.get(link, headers={HEADER: "garbage-pdf"})

    assert (found.status_code, found.headers["content-type"]) == (200, "application/pdf")
    assert found.content.startswith(b"<!DOCTYPE html>")


def test_a_gateways_page_is_html(caller):
    _, answer = by_header(caller, "http:502-html")

    assert answer.headers["content-type"] == "text/html"
    assert "502 Bad Gateway" in answer.text


def test_an_order_is_late_to_whoever_reads_it_as_well(caller):
    (order,) = caller.store(an_order(order_number="ORDER-1~order-late:5s"))

    early = caller.client.get(f"/api/v3/orders/{order}")
    late = later(caller, timedelta(seconds=5)).client.get(f"/api/v3/orders/{order}")

    assert (early.status_code, early.headers[HEADER]) == (404, "order-late:5s")
    assert (late.status_code, HEADER in late.headers) == (200, False)


def test_the_last_number_is_followed_by_a_range_that_is_used_up_once(caller):
    by_header(caller, "numbers:last")
    caller.store(*(an_order(order_id=f"shop-{n}", order_number=f"ORDER-{n}") for n in (2, 3)))

    second, third = label(caller, "ORDER-2"), label(caller, "ORDER-2")

    assert (second.status_code, second.headers[HEADER]) == (400, "numbers:none")
    assert "used up" in the_error(second)["detail"]
    assert third.status_code == 201


# Several parcels


def announce(caller, parcels, **headers):
    wanted = {
        "to_address": TO,
        "from_address": FROM,
        "ship_with": LETTER,
        "parcels": [{"weight": {"value": "0.700", "unit": "kg"}}] * parcels,
    }
    return caller.client.post(ANNOUNCE, json=wanted, headers=headers)


@pytest.mark.parametrize(("parcels", "at"), [(2, 2), (3, 2), (3, 3), (15, 15)])
def test_parcels_that_were_booked_before_one_failed_are_taken_back_and_a_retry_books_all(caller, parcels, at):
    answer = announce(caller, parcels, **{HEADER: f"partial:{at}"})

    entries = caller.sandbox.ledger.entries()
    assert answer.headers[HEADER] == f"partial:{at}"
    assert [entry.box for entry in entries] == list(range(1, at))
    assert booked(caller) == 0
    assert announce(caller, parcels).status_code == 201
    assert booked(caller) == parcels


def test_no_parcel_can_fail_that_is_not_there(caller):
    answer = announce(caller, 2, **{HEADER: "partial:3"})

    assert answer.status_code == 400
    assert "The shipment has no parcel 3" in the_error(answer)["detail"]
    assert booked(caller) == 0


# With keys


@pytest.mark.parametrize("scenario", ["timeout-after", "http:500", "http:502-html", "carrier:html"])
def test_a_retry_with_the_same_key_finds_the_label_though_it_asks_for_the_scenario_again(caller, scenario):
    caller.store(an_order())
    first = label(caller, scenario=scenario, Idempotency_Key="a")

    second = label(caller, scenario=scenario, Idempotency_Key="a")

    assert first.status_code in {400, 500, 502}
    assert second.status_code == 201, second.text
    assert HEADER not in second.headers
    assert booked(caller) == 1


@pytest.mark.parametrize("scenario", ["timeout-before", "reject:address", "busy"])
def test_a_key_is_free_again_when_nothing_was_bought(caller, scenario):
    caller.store(an_order())
    label(caller, scenario=scenario, Idempotency_Key="a")

    assert label(caller, Idempotency_Key="a").status_code == 201
    assert booked(caller) == 1


# Who wins


def test_the_header_beats_the_order_number_which_beats_what_waits(caller):
    caller.store(
        an_order(order_number="ORDER-1~reject:address"),
        an_order(order_id="shop-2", order_number="ORDER-2~reject:weight"),
    )
    wait(caller, Pending("busy"))

    first, second = label(caller, "ORDER-1~reject:address", "ok"), label(caller, "ORDER-2~reject:weight")

    assert (first.status_code, first.headers[HEADER]) == (201, "ok")
    assert second.headers[HEADER] == "reject:weight"
    assert waiting(caller) == ["busy"]


def test_what_waits_is_used_up_one_request_at_a_time(caller):
    caller.store(an_order())
    wait(caller, Pending("busy", 2), Pending("http:500"))

    statuses = [label(caller).status_code for _ in range(4)]

    assert statuses == [400, 400, 500, 400]
    assert booked(caller) == 1
    assert waiting(caller) == []


def test_what_waits_for_a_route_lets_others_pass(caller):
    caller.store(an_order())
    wait(caller, Pending("http:500", route="orders"))

    shipped, listed = label(caller), caller.client.get("/api/v3/orders")

    assert (shipped.status_code, listed.status_code) == (201, 500)


def test_what_waits_for_one_account_is_none_of_anothers(caller):
    other = a_caller(caller.installation, account_id=2, integration_id=71)
    wait(caller, Pending("http:500"))

    assert other.client.get("/api/v3/orders").status_code == 200
    assert caller.client.get("/api/v3/orders").status_code == 500


def test_a_retry_succeeds_however_many_orders_have_failed_meanwhile(caller):
    numbers = [f"ORDER-{place}~timeout-before" for place in range(MOST_NOTED + 10)]
    for place, number in enumerate(numbers):
        caller.store(an_order(order_id=f"shop-{place}", order_number=number))

    first, second = ({label(caller, number).status_code for number in numbers} for _ in range(2))

    assert (first, second) == ({400}, {201})
    assert booked(caller) == len(numbers)


def test_an_answer_that_two_orders_of_a_batch_want_to_spoil_is_marked_with_what_has_spoiled_it(caller):
    numbers = ["ORDER-1~http:500", "ORDER-2~http:502-html", "ORDER-3~hook:none"]
    caller.store(*[an_order(order_id=number, order_number=number) for number in numbers])

    answer = caller.client.post(
        BATCH, json={"integration_id": 70, "orders": [{"order_number": number} for number in numbers]}
    )

    assert (answer.status_code, answer.headers[HEADER]) == (500, "http:500, hook:none")


def test_what_there_was_nothing_to_spoil_in_is_not_marked(caller):
    answer = caller.client.get("/api/v3/parcels/1/documents/label", headers={HEADER: "garbage-pdf"})

    assert answer.status_code == 404
    assert HEADER not in answer.headers


def test_a_slow_answer_is_refused_before_anything_is_done_while_too_many_are_slow(tmp_path):
    caller = a_caller(replace(an_installation(tmp_path), late_answers=FullOfLateAnswers()))
    caller.store(an_order())

    answers = [label(caller, scenario="slow:60s"), caller.client.get("/api/v3/orders", headers={HEADER: "slow:60s"})]

    assert [(answer.status_code, answer.headers["Retry-After"]) for answer in answers] == [(429, "10")] * 2
    assert {the_error(answer)["meta"]["sandbox_scenario"] for answer in answers} == {"slow:60s"}
    assert booked(caller) == 0
    assert label(caller).status_code == 201


class FullOfLateAnswers(LateAnswers):
    """As many answers are late as can be."""

    is_full = True


def test_each_order_of_a_batch_meets_what_its_number_ends_in(caller):
    caller.store(an_order(), an_order(order_id="shop-2", order_number="ORDER-2~busy"))

    wanted = [{"order_number": "ORDER-1"}, {"order_number": "ORDER-2~busy"}]
    answer = caller.client.post(BATCH, json={"integration_id": 70, "orders": wanted})

    assert answer.status_code == 202
    assert answer.headers[HEADER] == "busy"
    assert [order["order_number"] for order in answer.json()["data"]] == ["ORDER-1"]
    assert the_error(answer)["meta"]["sandbox_scenario"] == "busy"


# Bad input


@pytest.mark.parametrize("text", ["", " ", "nonsense", "timeout", "slow", "slow:", "slow:8", "slow:0s", "slow:3m",
                                  "partial:1", "partial:51", "busy:2", "ok\u00e9", "OK"])  # fmt: skip
@pytest.mark.parametrize("path", [LABEL, "/api/v3/orders"])
def test_a_header_that_names_no_scenario_is_refused_with_all_there_are(caller, text, path):
    answer = caller.client.request("POST", path, json={}, headers={HEADER: text.encode("latin-1")})

    assert answer.status_code == 400
    assert the_error(answer)["source"] == {"header": HEADER}
    assert all(row.usage in the_error(answer)["detail"] for row in SCENARIOS.values())


def test_a_request_meets_one_scenario(caller):
    answer = caller.client.get("/api/v3/orders", headers=[(HEADER, "ok"), (HEADER, "busy")])

    assert answer.status_code == 400
    assert the_error(answer)["source"] == {"header": HEADER}


@pytest.mark.parametrize(
    ("method", "path", "scenario", "where"),
    [
        ("GET", "/api/v3/orders", "timeout-after", "labels at once, labels in the background"),
        ("GET", "/api/v3/orders", "cancel:late", "cancellations"),
        ("POST", BATCH, "garbage-pdf", "labels at once, downloads of documents"),
        ("POST", f"{LABEL}?dry_run=true", "timeout-after", "labels at once"),
        ("POST", "/api/v3/orders", "order-late:5s", "reading one order"),
    ],
)
def test_a_scenario_that_means_nothing_for_a_request_is_refused_with_those_it_does_for(
    caller, method, path, scenario, where
):
    answer = caller.client.request(method, path, json={} if method == "POST" else None, headers={HEADER: scenario})

    assert answer.status_code == 400
    assert where in the_error(answer)["detail"]
    assert the_error(answer)["source"] == {"header": HEADER}


@pytest.mark.parametrize(
    "end", ["~reject:moon", "~reject", "~timeout-after:3", "~slow:8", "~track:eternal", "~hook:late"]
)
def test_an_order_number_with_a_mistyped_scenario_is_refused_with_those_of_its_kind(caller, end):
    number = f"ORDER-1{end}"
    caller.store(an_order(order_number=number))

    answer = label(caller, number)

    assert answer.status_code == 400
    assert the_error(answer)["source"]["pointer"] == "/data/attributes/order/order_number"
    family = end[1:].partition(":")[0]
    assert all(row.usage in the_error(answer)["detail"] for row in SCENARIOS.values() if row.family == family)
    assert booked(caller) == 0


@pytest.mark.parametrize("number", ["A~B", "ORDER~", "~", "10~20", "ORDER~gift", "ORDER~gift:2", "~ok~", "a~OK"])
def test_an_order_number_may_have_a_tilde(caller, number):
    caller.store(an_order(order_number=number))

    answer = label(caller, number)

    assert (answer.status_code, HEADER in answer.headers) == (201, False)


def test_a_carrier_that_moves_real_parcels_plays_no_lives(caller):
    caller.store(an_order(order_number="ORDER-1~track:lost"))
    way = {"type": "shipping_option_code", "properties": {"shipping_option_code": "postnl:standard"}}

    answer = caller.ship(order={"order_number": "ORDER-1~track:lost"}, ship_with=way)

    assert answer.status_code == 400
    assert "moves real parcels" in the_error(answer)["detail"]


# Live contracts


@pytest.mark.parametrize("scenario", ["ok", *ASKED])
def test_nothing_goes_wrong_on_purpose_under_a_live_contract(caller, scenario):
    live_contract(caller)
    caller.store(an_order(), an_order(order_id="shop-2", order_number=f"ORDER-2~{scenario}"))

    header, suffix = ship_live(caller, **{HEADER: scenario}), ship_live(caller, f"ORDER-2~{scenario}")

    assert (header.status_code, the_error(header)["source"]) == (400, {"header": HEADER})
    assert suffix.status_code == 400
    assert f"ends in ~{scenario}" in the_error(suffix)["detail"]
    assert ship_live(caller).status_code == 201


def test_what_waited_before_a_contract_was_live_is_refused_and_used_up(caller):
    caller.store(an_order())
    wait(caller, Pending("timeout-after"))
    live_contract(caller)

    first, second = ship_live(caller), ship_live(caller)

    assert first.status_code == 400
    assert "waited for this request" in the_error(first)["detail"]
    assert second.status_code == 201


def test_nothing_that_waits_outlives_the_day_on_which_a_contract_becomes_live(caller):
    caller.store(an_order())
    live_contract(caller)
    change_contract(1900, ContractChange(is_live=False), 1, caller.installation)
    wait(caller, Pending("busy", times=9))

    change_contract(1900, ContractChange(is_live=True), 1, caller.installation)

    assert waiting(caller) == []
    assert ship_live(caller).status_code == 201


def test_a_limit_ends_when_a_contract_becomes_live(caller):
    caller.store(an_order())
    label(caller, scenario="limit")
    live_contract(caller)

    assert ship_live(caller).status_code == 201


@pytest.mark.parametrize("scenario", ["ok", "slow:1s", "busy", "limit", "http:500"])
def test_an_account_with_a_live_contract_has_other_requests_refused_that_ask_for_it(caller, scenario):
    live_contract(caller)

    answer = caller.client.get("/api/v3/orders", headers={HEADER: scenario})

    assert answer.status_code == 400
    assert "1900" in the_error(answer)["detail"]
    assert caller.client.get("/api/v3/orders").status_code == 200


def test_a_test_contract_of_such_an_account_still_has_its_shipments_go_wrong_but_limits_nobody(caller):
    live_contract(caller)
    caller.store(an_order())

    wrong, limit = label(caller, scenario="timeout-before"), label(caller, scenario="limit")

    assert wrong.headers[HEADER] == "timeout-before"
    assert (limit.status_code, caller.client.get("/api/v3/orders").status_code) == (400, 200)


# Switched off


def test_an_installation_can_take_no_scenarios_at_all(tmp_path):
    caller = a_caller(an_installation(tmp_path, sandbox=False))
    caller.store(an_order(order_number="ORDER-1~timeout-after"))
    wait(caller, Pending("http:500"))

    header = label(caller, "ORDER-1~timeout-after", "ok")
    suffix = label(caller, "ORDER-1~timeout-after")

    assert header.status_code == 400
    assert "KOLLI_SANDBOX" in the_error(header)["detail"]
    assert (suffix.status_code, HEADER in suffix.headers) == (201, False)


# Cancelling


@pytest.fixture(name="shipped")
def _shipped(caller):
    caller.store(an_order())
    return label(caller).json()["data"][0]["shipment_id"]


def cancel(caller, shipment_id, **headers):
    return caller.client.post(f"/api/v3/shipments/{shipment_id}/cancel", headers=headers)


@pytest.mark.parametrize(
    ("scenario", "status", "still_booked"),
    [("cancel:late", 409, 1), ("cancel:refused", 409, 1), ("cancel:async", 202, 1)],
)
def test_a_cancellation_goes_wrong_by_header(caller, shipped, scenario, status, still_booked):
    answer = cancel(caller, shipped, **{HEADER: scenario})

    assert (answer.status_code, booked(caller)) == (status, still_booked)
    assert answer.headers[HEADER] == scenario


@pytest.mark.parametrize(("scenario", "status"), [("cancel:late", 409), ("cancel:refused", 409), ("cancel:async", 202)])
def test_a_cancellation_goes_wrong_by_order_number(caller, scenario, status):
    number = f"ORDER-1~{scenario}"
    caller.store(an_order(order_number=number))
    shipment = label(caller, number).json()["data"][0]["shipment_id"]

    answer = cancel(caller, shipment)

    assert (answer.status_code, booked(caller)) == (status, 1)
    assert answer.headers[HEADER] == scenario


def test_a_cancellation_that_was_refused_by_header_can_be_asked_for_again(caller, shipped):
    cancel(caller, shipped, **{HEADER: "cancel:refused"})

    assert cancel(caller, shipped).status_code == 200
    assert booked(caller) == 0


def test_a_cancellation_goes_wrong_beforehand(caller, shipped):
    wait(caller, Pending("cancel:late"))

    assert cancel(caller, shipped).status_code == 409
    assert cancel(caller, shipped).status_code == 200


def test_every_row_of_the_table_is_in_whole_sentences():
    assert [row.name for row in SCENARIOS.values() if not (row.what.endswith(".") and row.advice.endswith("."))] == []
