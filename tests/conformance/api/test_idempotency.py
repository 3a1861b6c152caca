"""An Idempotency-Key: the same request again gets the same answer, and nothing is done twice.

The account of these tests allows repeated labels, so no guard of an order helps: the key alone keeps a purchase to one
label. The oracle is the sandbox's ledger.
"""

import threading
from base64 import b64decode
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from random import SystemRandom
from typing import NamedTuple

import pytest
from sqlalchemy import func, select, update
from starlette.testclient import TestClient

from kolli.account.keys import create_key
from kolli.api.description import SECTIONS, describe, key_of, plain_path
from kolli.api.endpoint import RETRY_AFTER
from kolli.app import web
from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import Fault, SandboxCarrier
from kolli.database import Database
from kolli.documents.fonts import Fonts
from kolli.errors import CarrierOutcomeUnknown
from kolli.jobs import Job
from kolli.migrations import migrate
from kolli.operations.background import workers
from kolli.operations.calls import Calls
from kolli.operations.deliver import sweep
from kolli.operations.keys_at_work import KeysAtWork
from kolli.operations.reconcile import reconcile
from kolli.schema import attempts, brands, idempotent_requests, metadata, orders, shipments
from kolli.shipments.attempts import State
from kolli.values import timestamp
from tests.conformance.api.examples import STORY, Document, Step, run, the_demo
from tests.conformance.api.test_shipments import ANNOUNCE, CREATE, FROM, LETTER, TO
from tests.described import DescribedClient
from tests.factories import NOW, Caller, a_caller, an_installation, an_order
from tests.unit.operations.scripted_carriers import Death, Forgetful, Raises, ScriptedSandbox

LABEL = "/api/v3/orders/create-label-sync"
BATCH = "/api/v3/orders/create-labels-async"
ORDERS = "/api/v3/orders"
BRANDS = "/api/v3/brands"

BODY = {"integration_id": 70, "order": {"order_number": "ORDER-1"}}
SHIPMENT = {
    "to_address": TO,
    "from_address": FROM,
    "ship_with": LETTER,
    "parcels": [{"weight": {"value": "0.700", "unit": "kg"}}],
}


@pytest.fixture
def caller(installation):
    return an_account(installation)


def an_account(installation, **account):
    """Account 1 with ORDER-1, which may have as many labels as somebody wants."""
    caller = a_caller(installation, **{"repeat_labels": "allowed", **account})
    caller.store(an_order())
    return caller


def with_carrier(carrier, folder, **account):
    others = [other(folder) for other in (SandboxCarrier, PostNL) if other.code != carrier.code]
    return an_account(an_installation(folder, carriers=[carrier, *others]), **account)


def send(caller, url=LABEL, body=BODY, key="key-1", method="POST", **options):
    """One request with a key."""
    return caller.client.request(method, url, json=body, headers={"Idempotency-Key": key}, **options)


def booked(caller):
    """How many boxes the carrier has booked."""
    return len(caller.sandbox.ledger.entries())


def count(caller, table):
    with caller.installation.database.read() as transaction:
        return transaction.execute(select(func.count()).select_from(table)).scalar_one()


def states(caller):
    with caller.installation.database.read() as transaction:
        return sorted(transaction.execute(select(attempts.c.state)).scalars())


def the_error(answer):
    (found,) = answer.json()["errors"]
    return found


def later(caller, by=timedelta(0), **changes):
    """The same installation in a process that has just started, after this time."""
    at = caller.installation.clock() + by
    known = {"clock": lambda: at, "owner": "another", "keys_at_work": KeysAtWork(), "calls": Calls()}
    installation = replace(caller.installation, **{**known, **changes})
    client = DescribedClient(web(installation), "http://kolli.test", raise_server_exceptions=False)
    client.auth = caller.client.auth
    return Caller(installation, replace(caller.context, installation=installation), client)


def restarted(caller, by=timedelta(0)):
    """The same after what the only server does when it starts."""
    caller = later(caller, by)
    reconcile(caller.installation)
    return caller


def forget_the_answer(caller):
    """Leaves things as a process leaves them that dies between its work and its answer."""
    forget_the_answers(caller.installation, lease_owner="the dead", lease_until=timestamp(NOW + timedelta(minutes=5)))


def forget_the_answers(installation, **lease):
    forgotten = {"status": None, "headers": "", "answer": None, "lease_owner": None, "lease_until": None}
    with installation.database.write() as transaction:
        transaction.execute(update(idempotent_requests).values(**{**forgotten, **lease}))


def die(caller, **wanted):
    """Sends a request whose process dies on the way."""
    client = TestClient(web(caller.installation), "http://kolli.test")
    client.auth = caller.client.auth
    with pytest.raises(Death):
        send(caller._replace(client=client), **wanted)


# A finished answer is given again


@pytest.mark.parametrize(("mime_type", "dpi"), [("application/pdf", 72), ("application/zpl", 203), ("image/png", 300)])
def test_a_label_is_given_again_to_the_byte(caller, mime_type, dpi):
    body = {**BODY, "label_details": {"mime_type": mime_type, "dpi": dpi}}

    first, again = send(caller, body=body), send(caller, body=body)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert {**again.headers, "idempotent-replayed": "true"} == {**first.headers, "idempotent-replayed": "true"}
    assert (again.headers["idempotent-replayed"], "idempotent-replayed" in first.headers) == ("true", False)
    assert booked(caller) == 1


def test_a_label_is_given_again_after_a_restart_and_after_its_order_is_gone(caller):
    first = send(caller)
    with caller.installation.database.write() as transaction:
        transaction.execute(orders.delete())

    again = send(restarted(caller, timedelta(days=29)))

    assert again.content == first.content
    assert booked(caller) == 1


@pytest.mark.parametrize(
    ("method", "url", "body", "status"),
    [
        ("POST", BATCH, {"integration_id": 70, "orders": [{"order_number": "ORDER-1"}]}, 202),
        ("POST", ANNOUNCE, SHIPMENT, 201),
        ("POST", CREATE, SHIPMENT, 201),
        ("POST", f"{ANNOUNCE}-with-shipping-rules", SHIPMENT, 201),
        ("POST", f"{CREATE}/create-with-shipping-rules", SHIPMENT, 201),
        ("POST", ORDERS, [an_order()], 201),
        ("POST", BRANDS, {"name": "Second"}, 201),
        ("PATCH", f"{BRANDS}/1042", {"name": "Renamed"}, 200),
        ("DELETE", "/api/v3/contracts/1517", None, 204),
    ],
)
def test_whatever_changes_something_is_done_once(caller, method, url, body, status):
    first = send(caller, url, body, method=method)
    before = [count(caller, table) for table in (shipments, brands, orders)]
    again = send(caller, url, body, method=method)

    assert (first.status_code, again.status_code) == (status, status), first.text
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert [count(caller, table) for table in (shipments, brands, orders)] == before


def test_a_cancellation_is_answered_again_although_it_is_over(caller):
    url = f"{CREATE}/{caller.ship().json()['data'][0]['shipment_id']}/cancel"

    first, again = send(caller, url, None), send(caller, url, None)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert send(caller, url, None, key="another").status_code == 409


def test_a_key_is_good_for_version_2_as_well(caller):
    url = f"/api/v2/parcels/{caller.ship().json()['data'][0]['parcel_id']}/cancel"

    first, again = send(caller, url, None), send(caller, url, None)

    assert (first.status_code, again.status_code) == (200, 200)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")


def test_an_external_reference_and_a_key_go_together(caller):
    body = {**SHIPMENT, "external_reference_id": "mine"}

    first, again = send(caller, ANNOUNCE, body), send(caller, ANNOUNCE, body)
    other = send(caller, ANNOUNCE, body, key="another")

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert again.content == first.content
    assert other.json()["data"]["id"] == first.json()["data"]["id"]
    assert booked(caller) == 1


def test_without_a_key_nothing_is_kept(caller):
    caller.ship()
    caller.ship()

    assert (booked(caller), count(caller, idempotent_requests)) == (2, 0)


def test_what_only_reads_is_not_kept(caller):
    answer = send(caller, "/api/v3/shipping-options", {"from_country_code": "NL", "to_country_code": "NL"})

    assert answer.status_code == 200
    assert count(caller, idempotent_requests) == 0


def test_a_get_takes_no_notice_of_a_key(caller):
    answer = caller.client.get(ORDERS, headers={"Idempotency-Key": "\x7f"})

    assert answer.status_code == 200


def test_a_dry_run_never_meets_a_key(caller):
    dry = [send(caller, f"{LABEL}?dry_run=true") for _ in range(2)]
    real = send(caller)
    after = send(caller, f"{LABEL}?dry_run=true")

    assert [answer.status_code for answer in (*dry, real, after)] == [200, 200, 201, 200]
    assert "idempotent-replayed" not in after.headers
    assert booked(caller) == 1


@pytest.mark.parametrize("url", [BRANDS, "/api/v3/integrations/70/logs"])
def test_where_there_is_no_dry_run_asking_for_one_takes_no_key_away(caller, url):
    answers = [send(caller, f"{url}?dry_run=true", {"name": "Lumen", "message": "hello"}) for _ in range(2)]

    assert answers[0].content == answers[1].content
    assert answers[1].headers.get("idempotent-replayed") == ("true" if answers[1].is_success else None)


# What a key means


@pytest.mark.parametrize(
    ("url", "body"),
    [
        (LABEL, {**BODY, "order": {"order_number": "ORDER-2"}}),
        (LABEL, {**BODY, "order": {"order_number": "ORDER-1", "order_id": "shop-1"}}),
        (f"{LABEL}?dry_run=false", BODY),
    ],
    ids=["another order", "another body", "another query"],
)
def test_another_request_cannot_have_the_key(caller, url, body):
    first = send(caller)

    answer = send(caller, url, body)

    assert (first.status_code, answer.status_code) == (201, 422)
    assert the_error(answer)["source"] == {"header": "Idempotency-Key"}
    assert booked(caller) == 1


def test_another_id_in_the_path_is_another_request(caller):
    first = send(caller, f"{BRANDS}/1042", {"name": "Renamed"}, method="PATCH")

    answer = send(caller, f"{BRANDS}/1043", {"name": "Renamed"}, method="PATCH")

    assert (first.status_code, answer.status_code) == (200, 422)


def test_the_same_key_means_nothing_at_another_endpoint(caller):
    answers = [send(caller), send(caller, ANNOUNCE, SHIPMENT), send(caller, ORDERS, [an_order()])]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert not any("idempotent-replayed" in answer.headers for answer in answers)


def test_the_same_key_means_nothing_for_another_account(caller):
    other = a_caller(caller.installation, account_id=2, integration_id=71)
    other.store(an_order(order_details={**an_order()["order_details"], "integration": {"id": 71}}))
    body = {**BODY, "integration_id": 71}

    mine, theirs, foreign = send(caller), send(other, body=body), send(other)

    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert "idempotent-replayed" not in theirs.headers
    assert foreign.status_code == 422  # theirs, with another body; of mine they learn nothing
    assert booked(caller) == 2


def test_the_same_key_is_the_same_for_all_credentials_of_an_account(caller):
    first = send(caller)
    with caller.installation.database.write() as transaction:
        key, secret = create_key(transaction, 1, "Another", NOW)
    caller.client.auth = (key.public_key, secret)

    assert send(caller).content == first.content


def test_a_key_means_nothing_after_thirty_days(caller):
    first = send(caller)

    within = send(later(caller, timedelta(days=30)))
    after = send(later(caller, timedelta(days=30, seconds=1)))
    again = send(later(caller, timedelta(days=30, seconds=1)))

    assert within.content == first.content
    assert (after.status_code, after.headers.get("idempotent-replayed")) == (201, None)
    assert again.content == after.content != first.content
    assert booked(caller) == 2


def test_old_keys_are_swept_and_their_attempts_stay(caller):
    send(caller)
    send(later(caller, timedelta(days=29)), key="newer")

    sweep(later(caller, timedelta(days=30, seconds=1)).installation, Job(1, "sweep", "", {}))

    with caller.installation.database.read() as transaction:
        assert transaction.execute(select(idempotent_requests.c.key)).scalars().all() == ["newer"]
        assert sorted(transaction.execute(select(attempts.c.request_id)).scalars(), key=str) == [2, None]


# A key that cannot be one


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ([("Idempotency-Key", "")], "is empty"),
        ([("Idempotency-Key", "k" * 256)], "256 characters"),
        ([("Idempotency-Key", "tab\tinside")], "not printable ASCII"),
        ([("Idempotency-Key", "\x7f")], "not printable ASCII"),
        ([("Idempotency-Key", b"caf\xe9")], "not printable ASCII"),
        ([("Idempotency-Key", "one"), ("Idempotency-Key", "one")], "2 times"),
    ],
)
@pytest.mark.parametrize("url", [LABEL, ANNOUNCE, ORDERS, "/api/v3/contracts"])
def test_a_bad_key_is_refused_by_name(caller, headers, why, url):
    answer = caller.client.post(url, json=BODY, headers=headers)

    found = the_error(answer)
    assert (answer.status_code, found["source"]) == (400, {"header": "Idempotency-Key"})
    assert why in found["detail"]
    assert booked(caller) == 0


def test_a_bad_key_is_refused_by_name_in_version_2(caller):
    answer = caller.client.post("/api/v2/parcels/1/cancel", headers={"Idempotency-Key": ""})

    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("The header Idempotency-Key is empty.")


@pytest.mark.parametrize("key", ["k", "k" * 255, '"quoted"', "with spaces", "~!@#$%^&*()"])
def test_every_other_text_is_a_key(caller, key):
    assert [send(caller, key=key).status_code for _ in range(2)] == [201, 201]
    assert booked(caller) == 1


def test_spaces_around_a_key_are_no_part_of_it(caller):
    assert [send(caller, key=key).status_code for key in ("one", " one  ", "one\t", "one ")] == [201] * 4
    assert booked(caller) == 1


def test_who_it_is_is_asked_before_the_key(caller):
    caller.client.auth = None

    assert send(caller, key="").status_code == 401


# What leaves a key free


def test_a_refused_request_stores_nothing(caller):
    refused = send(caller, body={**BODY, "order": {"order_number": "ORDER-2"}})
    caller.store(an_order(order_id="shop-2", order_number="ORDER-2"))
    again = send(caller, body={**BODY, "order": {"order_number": "ORDER-2"}})

    assert (refused.status_code, again.status_code) == (404, 201)
    assert "idempotent-replayed" not in again.headers


def test_a_body_that_cannot_be_read_stores_nothing(caller):
    refused = send(caller, body={"integration_id": 70})

    assert (refused.status_code, send(caller).status_code) == (400, 201)


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.UNREACHABLE])
@pytest.mark.parametrize(("url", "body"), [(LABEL, BODY), (ANNOUNCE, SHIPMENT)], ids=["order", "shipment"])
def test_a_key_is_free_when_the_carrier_has_booked_nothing(caller, fault, url, body):
    caller.sandbox.ledger.fail_next(fault)

    failed = send(caller, url, body)
    kept = count(caller, idempotent_requests)
    again = send(caller, url, body)

    assert failed.status_code == (400 if url == LABEL else 201)
    assert (kept, again.status_code, booked(caller)) == (0, 201, 1)
    assert "idempotent-replayed" not in again.headers
    assert send(caller, url, body).content == again.content


def test_a_batch_in_which_nothing_was_accepted_stores_nothing(caller):
    body = {"integration_id": 70, "orders": [{"order_number": "ORDER-2"}]}

    refused = send(caller, BATCH, body)
    caller.store(an_order(order_id="shop-2", order_number="ORDER-2"))
    again = send(caller, BATCH, body)

    assert ("data" not in refused.json() or refused.json()["data"] == [], len(again.json()["data"])) == (True, 1)


def test_a_cancellation_that_the_carrier_refuses_leaves_the_key_free(tmp_path):
    caller = with_carrier(Forgetful(cancels=False), tmp_path)
    shipped = caller.ship(
        ship_with={"type": "shipping_option_code", "properties": {"shipping_option_code": "forgetful:parcel"}}
    )
    url = f"{CREATE}/{shipped.json()['data'][0]['shipment_id']}/cancel"

    assert [send(caller, url, None).status_code for _ in range(2)] == [409, 409]
    assert count(caller, idempotent_requests) == 0


# A request that is being worked on


def test_a_key_that_is_being_worked_on_is_refused_at_once(tmp_path):
    found = []

    def ask_again(_):
        found.append(send(caller))
        found.append(send(caller, body={**BODY, "order": {"order_id": "shop-1"}}))

    caller = with_carrier(ScriptedSandbox(tmp_path, after=ask_again), tmp_path)

    first = send(caller)

    assert [answer.status_code for answer in (first, *found)] == [201, 409, 422]
    assert found[0].headers["retry-after"] == "1"
    assert the_error(found[0])["source"] == {"header": "Idempotency-Key"}
    assert booked(caller) == 1


def test_a_key_that_another_process_works_on_is_refused(tmp_path):
    found = []
    caller = with_carrier(ScriptedSandbox(tmp_path, after=lambda _: found.append(send(later(caller)))), tmp_path)

    first = send(caller)

    assert (first.status_code, found[0].status_code, booked(caller)) == (201, 409, 1)
    assert found[0].json()["errors"][0]["detail"].startswith("A request with this Idempotency-Key is being worked on.")


def test_of_two_processes_that_have_both_found_nothing_one_goes_on(caller):
    """The other one is stopped by the row, in the transaction that was to begin its own booking."""
    meeting = Meeting(2)
    callers = [later(caller, owner=owner, random=meeting) for owner in ("one", "other")]

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(send, callers))

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert (booked(caller), count(caller, shipments)) == (1, 1)


class Meeting(SystemRandom):
    """Where shipments get their ids, right before they are stored: nobody goes on until everybody is there."""

    def __init__(self, count):
        self.barrier = threading.Barrier(count, timeout=20)

    def getrandbits(self, k):
        self.barrier.wait()
        return super().getrandbits(k)


def test_thirty_two_threads_with_one_key_buy_one_label(tmp_path):
    database = Database(tmp_path / "kolli.db", readers=40)
    with database.write() as transaction:
        migrate(transaction)
    caller = an_account(an_installation(tmp_path, database=database, threads=40))
    barrier = threading.Barrier(32, timeout=30)

    def one(_):
        barrier.wait()
        return send(caller)

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(one, range(32)))

    statuses = Counter(answer.status_code for answer in answers)
    labels = {answer.content for answer in answers if answer.status_code == 201}
    assert set(statuses) <= {201, 409}
    assert len(labels) == 1
    assert booked(caller) == 1
    assert send(caller).content in labels
    database.close()


# A request that was broken off


@pytest.mark.parametrize("point", ["before", "after"])
@pytest.mark.parametrize(("url", "body"), [(LABEL, BODY), (ANNOUNCE, SHIPMENT)], ids=["order", "shipment"])
def test_a_process_that_dies_at_the_carrier_has_bought_no_more_than_one_label(tmp_path, point, url, body):
    caller = with_carrier(ScriptedSandbox(tmp_path, **{point: Raises([Death()])}), tmp_path)
    die(caller, url=url, body=body)

    again = send(restarted(caller, timedelta(minutes=10)), url, body)

    assert again.status_code == 201, again.text
    assert booked(caller) == 1
    assert send(caller, url, body).content == again.content


def test_an_order_that_was_changed_or_deleted_meanwhile_changes_nothing(tmp_path):
    caller = with_carrier(ScriptedSandbox(tmp_path, after=Raises([Death()])), tmp_path)
    die(caller)
    (pk,) = caller.store(an_order(order_number="RENAMED"))
    caller = restarted(caller)

    renamed = send(caller)
    forget_the_answer(caller)
    caller.client.delete(f"{ORDERS}/{pk}")
    gone = send(restarted(caller))

    assert (renamed.status_code, gone.status_code, booked(caller)) == (201, 201, 1)
    assert renamed.json()["data"][0]["order_number"] == "ORDER-1"
    assert gone.content == renamed.content


@pytest.mark.parametrize(
    ("url", "body"),
    [(LABEL, BODY), (ANNOUNCE, SHIPMENT), (ANNOUNCE, {**SHIPMENT, "external_reference_id": "mine"})],
)
def test_a_process_that_dies_before_it_has_answered_is_answered_for(caller, url, body):
    first = send(caller, url, body)
    forget_the_answer(caller)

    waits = send(later(caller), url, body)
    again = send(restarted(caller), url, body)
    replayed = send(caller, url, body)

    assert (waits.status_code, waits.headers["retry-after"]) == (409, "1")
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert replayed.content == again.content
    assert (again.headers.get("idempotent-replayed"), replayed.headers["idempotent-replayed"]) == (None, "true")
    assert booked(caller) == 1


def test_the_label_of_a_request_that_is_gone_on_with_is_the_same(caller):
    first = send(caller)
    forget_the_answer(caller)

    again = send(restarted(caller, timedelta(days=3)))

    labels = [b64decode(answer.json()["data"][0]["label"]["file"]) for answer in (first, again)]
    assert labels[0] == labels[1]


def test_another_process_takes_up_a_request_when_its_lease_has_ended(caller):
    send(caller)
    forget_the_answer(caller)

    early, late = (send(later(caller, timedelta(minutes=minutes))).status_code for minutes in (4, 6))

    assert (early, late, booked(caller)) == (409, 201, 1)


def test_a_batch_that_was_broken_off_accepts_the_same_orders_and_no_others(caller):
    caller.store(an_order(order_id="shop-2", order_number="ORDER-2"))
    body = {
        "integration_id": 70,
        "orders": [
            {"order_number": "ORDER-1"},
            {"order_id": "shop-1"},
            {"order_number": "ORDER-3"},
            {"order_number": "order-2"},
        ],
    }
    first = send(caller, BATCH, body)
    forget_the_answer(caller)
    caller.store(an_order(order_id="shop-3", order_number="ORDER-3"))
    caller = restarted(caller)

    again = send(caller, BATCH, body)
    workers(caller.installation).run_due()

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["data"] == first.json()["data"]
    assert [error["source"] for error in again.json()["errors"]] == [
        error["source"] for error in first.json()["errors"]
    ]
    assert "another Idempotency-Key" in again.json()["errors"][1]["detail"]
    assert booked(caller) == 2


@pytest.mark.parametrize("url", [CREATE, f"{CREATE}/create-with-shipping-rules"])
def test_a_shipment_in_the_background_that_was_broken_off_is_accepted_once(caller, url):
    first = send(caller, url, SHIPMENT)
    forget_the_answer(caller)
    caller = restarted(caller)

    again = send(caller, url, SHIPMENT)
    workers(caller.installation).run_due()

    assert again.json()["data"]["id"] == first.json()["data"]["id"]
    assert booked(caller) == 1


@pytest.mark.parametrize(("url", "body"), [(LABEL, BODY), (ANNOUNCE, SHIPMENT)], ids=["order", "shipment"])
def test_a_label_that_was_booked_in_silence_is_what_the_next_try_gets(caller, url, body):
    caller.sandbox.ledger.fail_next(Fault.SILENT_AFTER)

    silent = send(caller, url, body)
    again = send(caller, url, body)

    assert silent.status_code == (400 if url == LABEL else 201)
    assert (again.status_code, booked(caller)) == (201, 1)
    assert send(caller, url, body).content == again.content


@pytest.mark.parametrize(
    ("url", "body"),
    [(LABEL, {**BODY, "ship_with": None}), (ANNOUNCE, SHIPMENT)],
    ids=["order", "shipment"],
)
def test_while_nobody_knows_the_next_try_waits(tmp_path, url, body):
    """A carrier that cannot be asked about a booking is not asked for another one."""
    option = {"type": "shipping_option_code", "properties": {"shipping_option_code": "forgetful:parcel"}}
    asked = []

    def is_silent(booking):
        asked.append(booking)
        raise CarrierOutcomeUnknown

    caller = with_carrier(Forgetful(after=is_silent), tmp_path)
    body = {**body, "ship_with": option}

    first = send(caller, url, body)
    again = [send(caller, url, body), send(restarted(caller), url, body)]

    assert first.status_code == (400 if url == LABEL else 201)
    assert [answer.status_code for answer in again] == [409, 409]
    assert [answer.headers["retry-after"] for answer in again] == ["5", "5"]
    assert the_error(again[0])["meta"]["shipment_id"]
    assert len(asked) == 1
    assert states(caller) == [State.UNKNOWN]


def test_a_shipment_that_was_cancelled_meanwhile_is_not_bought_again(caller):
    shipment_id = send(caller).json()["data"][0]["shipment_id"]
    forget_the_answer(caller)
    caller = restarted(caller)
    caller.client.post(f"{CREATE}/{shipment_id}/cancel")

    again = [send(caller), send(caller), send(restarted(caller))]

    assert [answer.status_code for answer in again] == [409, 409, 409]
    assert the_error(again[0])["meta"] == {"shipment_id": shipment_id}
    assert booked(caller) == 1


def test_a_shipment_that_was_cancelled_while_nobody_knew_of_it_is_not_bought_again(caller):
    """It turns out that there is a label, and it is taken back."""
    caller.sandbox.ledger.fail_next(Fault.SILENT_AFTER)
    send(caller)
    with caller.installation.database.read() as transaction:
        shipment_id = transaction.execute(select(shipments.c.id)).scalar_one()
    caller.client.post(f"{CREATE}/{shipment_id}/cancel")

    early = send(caller)
    caller = restarted(caller, timedelta(hours=1))
    workers(caller.installation).run_due()
    late = send(caller)

    assert (early.status_code, late.status_code, booked(caller)) == (409, 409, 1)
    assert states(caller) == [State.CANCELLED]


def test_a_cancellation_that_was_broken_off_is_answered_as_done(caller):
    url = f"{CREATE}/{caller.ship().json()['data'][0]['shipment_id']}/cancel"
    first = send(caller, url, None)
    forget_the_answer(caller)

    again = send(restarted(caller), url, None)

    assert (again.status_code, again.content) == (200, first.content)


def test_a_deletion_that_was_broken_off_is_answered_as_done(caller):
    (pk,) = caller.store(an_order())
    url = f"{ORDERS}/{pk}"
    first = send(caller, url, None, method="DELETE")
    forget_the_answer(caller)

    again = send(restarted(caller), url, None, method="DELETE")

    assert (first.status_code, again.status_code) == (204, 204)


def test_orders_that_were_stored_by_a_request_that_was_broken_off_are_stored_again(caller):
    first = send(caller, ORDERS, [an_order()])
    forget_the_answer(caller)

    again = send(restarted(caller), ORDERS, [an_order()])

    assert (again.status_code, again.json()) == (201, first.json())


def test_what_cannot_be_found_again_is_not_made_again(caller):
    send(caller, BRANDS, {"name": "Second"})
    forget_the_answer(caller)
    before = count(caller, brands)

    again = send(restarted(caller), BRANDS, {"name": "Second"})

    assert (again.status_code, count(caller, brands)) == (409, before)
    assert "take a new key" in the_error(again)["detail"]


def test_a_mistake_of_ours_behind_the_booking_keeps_the_key(tmp_path):
    """The answer says that something went wrong; the label is there all the same, and the next try gets it."""
    fonts = Fonts()
    caller = with_carrier(ScriptedSandbox(tmp_path, after=lambda _: vars(fonts).clear()), tmp_path)
    broken = later(caller, fonts=fonts)

    failed = send(broken)
    again = send(later(caller, owner=broken.installation.owner))

    assert (failed.status_code, again.status_code, booked(caller)) == (500, 201, 1)


# An answer that cannot be kept


def test_an_answer_that_the_disk_has_no_room_for_is_given_all_the_same(tmp_path):
    """The label is stored, and then the disk is full: the caller has the label, and the next try finds it."""
    database = Database(tmp_path / "kolli.db")
    with database.write() as transaction:
        migrate(transaction)

    def leave_little(_):
        with database.write() as transaction:
            pages = transaction.exec_driver_sql("PRAGMA page_count").scalar_one()
            transaction.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")

    carrier = ScriptedSandbox(tmp_path, after=leave_little)
    caller = an_account(an_installation(tmp_path, carriers=[carrier, PostNL(tmp_path)], database=database))
    wanted = {"mime_type": "image/png", "dpi": 300}

    first = send(caller, body={**BODY, "label_details": wanted})
    with database.write() as transaction:
        transaction.exec_driver_sql("PRAGMA max_page_count = 1000000")
    again = send(caller, body={**BODY, "label_details": wanted})

    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert again.json() == first.json()
    assert "idempotent-replayed" not in again.headers
    assert send(caller, body={**BODY, "label_details": wanted}).headers["idempotent-replayed"] == "true"
    assert booked(caller) == 1
    database.close()


# Every endpoint


class Told(NamedTuple):
    """A request that was sent twice: its two answers, and what the database held before, between and behind them."""

    name: str
    key: str
    first: Document
    second: Document
    before: Document
    between: Document
    after: Document


def told_twice(folder, between=lambda installation: None):
    """Every request of the description's examples that can have a key, sent twice with one of its own.

    `between` is done behind every answer. Gives the keys that are known at the end, too.
    """
    installation = the_demo(folder)
    steps = [one for place, step in enumerate(STORY) for one in looked_at(step, f"key {place}")]
    seen = []
    for example in run(installation, steps):
        seen.append((example, what_is_stored(installation)))
        between(installation)
    firsts = [place for place, step in enumerate(steps) if takes_key(step)][::2]
    told = [
        Told(steps[place].endpoint, steps[place].headers["Idempotency-Key"], first, second, *states)
        for place in firsts
        for (_, first, second), states in [zip(*seen[place - 1 : place + 2], strict=True)]
    ]
    return told, kept_keys(installation)


def looked_at(step, key):
    """The step; if it can have a key, twice with one, behind a step that changes nothing."""
    if not takes_key(step):
        return [step]
    with_key = replace(step, headers={**step.headers, "Idempotency-Key": key}, work=False)
    return [Step("GET /api/v3/integrations", work=step.work), with_key, replace(with_key, remember={})]


def takes_key(step):
    return ENDPOINTS[step.endpoint].takes_keys


def what_is_stored(installation):
    tables = [table for table in metadata.sorted_tables if table.name not in BESIDE]
    with installation.database.read() as transaction:
        return {table.name: sorted(map(repr, transaction.execute(select(table)))) for table in tables}


def kept_keys(installation):
    with installation.database.read() as transaction:
        return set(transaction.execute(select(idempotent_requests.c.key)).scalars())


BESIDE = {"idempotent_requests", "sequences", "requests"}
"""What says nothing about whether a request has changed something."""

ENDPOINTS = {key_of(endpoint): endpoint for section in SECTIONS for endpoint in section.ROUTES}


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    return told_twice(tmp_path_factory.mktemp("demo"))


def test_whatever_an_endpoint_does_it_does_once(story):
    again = [
        (told.name, told.first["status"], told.second["status"])
        for told in story[0]
        if told.between != told.after
        or (told.first["status"], told.first["answer"]) != (told.second["status"], told.second["answer"])
    ]

    assert again == [("DELETE /api/v3/integrations/{id}", 204, 401)]  # which takes the caller's own key with it


def test_whatever_changes_something_claims_its_key(story):
    """So nothing is changed for a caller in a transaction that knows nothing of the request's key."""
    requests, kept = story

    changed = {told.key for told in requests if told.before != told.between and told.first["status"] < 300}

    assert changed == kept


def test_whatever_was_broken_off_is_not_made_twice(tmp_path):
    """Each first answer is lost with its process: the second request makes nothing that is there."""
    told, _ = told_twice(tmp_path, between=forget_the_answers)

    more = [each.name for each in told if sizes(each.between) != sizes(each.after)]
    refused = {each.name for each in told if each.first["status"] < 300 and each.second["status"] == 409}
    assert more == ["POST /api/v3/event-subscriptions/broadcast/test/{id}"]  # a message is sent once at least
    assert refused == {f"POST /api/v3{path}" for path in MADE_ANEW}


def sizes(stored):
    return {name: len(rows) for name, rows in stored.items()}


MADE_ANEW = (
    "/addresses/sender-addresses",
    "/brands",
    "/contracts",
    "/contracts/{id}/number-ranges",
    "/event-subscriptions/connections",
    "/event-subscriptions/subscriptions",
    "/integrations/{id}/logs",
    "/shipping-rules/rules",
)
"""What cannot be told from what was made before: it is refused, not made again."""


# The description


def test_every_request_that_can_change_something_is_described_with_the_key():
    described = {
        (method, path)
        for path, operations in describe()["paths"].items()
        for method, operation in operations.items()
        if any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", []))
    }

    assert described == {
        (endpoint.method.lower(), plain_path(endpoint))
        for section in SECTIONS
        for endpoint in section.ROUTES
        if endpoint.takes_keys
    }


def test_everything_that_says_when_to_come_again_says_so_in_seconds():
    assert all(0 < seconds <= 60 for seconds in RETRY_AFTER.values())
