"""The delivery log and replay: an extension, so its own documentation is what it is held to."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import pytest

from kolli.account.keys import issue_token
from kolli.operations import deliver
from kolli.operations.background import workers
from kolli.webhooks.deliveries import Receiver, add_deliveries
from tests.factories import NOW, Caller, a_caller, an_installation, an_order
from tests.receivers import Silent

PATH = "/api/v3/webhook-deliveries"
EVENT_TYPE = "parcels.event.created"


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outgoing() -> Silent:
    return Silent()


@pytest.fixture
def caller(tmp_path, outgoing, clock) -> Caller:
    return a_caller(replace(an_installation(tmp_path), outgoing=outgoing, clock=clock))


@pytest.fixture
def stranger(caller) -> Caller:
    return a_caller(caller.installation, account_id=2, integration_id=71)


def a_subscription(caller: Caller) -> int:
    body = {"type": "webhook", "configuration": {"url": "https://example.com/hook"}}
    connection = caller.client.post("/api/v3/event-subscriptions/connections", json=body).json()["data"]["id"]
    wanted = {"connection_id": connection, "event_type": EVENT_TYPE}
    answer = caller.client.post("/api/v3/event-subscriptions/subscriptions", json=wanted)
    return int(answer.json()["data"]["id"])


def queued(caller: Caller, subscription: int, count: int = 1) -> None:
    """Queues messages, a second apart."""
    receiver = Receiver("subscription", subscription)
    for number in range(count):
        at = caller.context.now() + timedelta(seconds=number)
        with caller.installation.database.write() as transaction:
            add_deliveries(transaction, caller.context.account_id, [(receiver, EVENT_TYPE, {"number": number})], at)


def run(caller: Caller) -> None:
    workers(caller.installation).run_due()


def entries(caller: Caller, query: str = "") -> Any:
    answer = caller.client.get(f"{PATH}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_an_entry_says_what_was_sent_to_whom_and_what_came_of_it(caller):
    subscription = a_subscription(caller)
    queued(caller, subscription)
    run(caller)

    (entry,) = entries(caller)

    assert entry == {
        "id": entry["id"],
        "integration_id": None,
        "subscription_id": subscription,
        "event_type": EVENT_TYPE,
        "state": "delivered",
        "tries": 1,
        "status_code": 200,
        "answer": "OK",
        "created_at": "2026-11-24T12:00:00Z",
        "changed_at": "2026-11-24T12:00:00Z",
    }
    assert caller.client.get(f"{PATH}/{entry['id']}").json()["data"] == {**entry, "body": '{"number":0}'}


def test_the_log_is_read_page_by_page_newest_first(caller):
    queued(caller, a_subscription(caller), 5)
    pages, url = [], f"http://kolli.test{PATH}?page_size=2"
    while url:
        answer = caller.client.get(url)
        pages.append([entry["id"] for entry in answer.json()["data"]])
        url = answer.links.get("next", {}).get("url", "")
    back = caller.client.get(answer.links["prev"]["url"]).json()["data"]

    everything = entries(caller)
    assert [len(page) for page in pages] == [2, 2, 1]
    assert list(chain(*pages)) == [entry["id"] for entry in everything]
    assert [entry["id"] for entry in back] == pages[1]
    assert [entry["created_at"][-4:] for entry in everything] == [":04Z", ":03Z", ":02Z", ":01Z", ":00Z"]


def test_the_log_is_filtered(caller, clock):
    first, second = a_subscription(caller), a_subscription(caller)
    queued(caller, first, 3)
    run(caller)
    clock.now += timedelta(hours=1)
    queued(caller, second, 2)

    assert len(entries(caller, f"subscription_id={first}")) == 3
    assert len(entries(caller, f"integration_id={first}")) == 0
    assert len(entries(caller, "state=delivered")) == 1  # the others are due a second later each
    assert len(entries(caller, "event_type=parcel_status_changed")) == 0
    assert len(entries(caller, "created_after=2026-11-24T13:00:00Z")) == 2
    assert len(entries(caller, "created_before=2026-11-24T13:00:00Z")) == 3
    assert len(entries(caller, "created_after=2026-11-24T12:00:01%2B00:00&created_before=2026-11-24T12:00:02Z")) == 1
    assert len(entries(caller, "state=&subscription_id=")) == 5


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("state=lost", "state"),
        ("integration_id=x", "integration_id"),
        ("subscription_id=-1", "subscription_id"),
        ("created_after=yesterday", "created_after"),
        ("created_before=2026-13-01", "created_before"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(caller, query, parameter):
    answer = caller.client.get(f"{PATH}?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["source"] == {"parameter": parameter}


@pytest.mark.parametrize("cursor", ["x", "cD0x", "cD0xJnA9MiZwPTM="])
def test_a_cursor_that_leads_nowhere_is_a_404(caller, cursor):
    assert caller.client.get(f"{PATH}?cursor={cursor}").status_code == 404


def test_a_replay_sends_the_same_bytes_with_the_same_id_at_another_time(caller, outgoing, clock):
    queued(caller, a_subscription(caller))
    run(caller)
    (entry,) = entries(caller)
    clock.now += timedelta(hours=1)

    answer = caller.client.post(f"{PATH}/{entry['id']}/replay")
    run(caller)

    first, second = outgoing.sent
    assert (answer.status_code, answer.json()["data"]["state"], answer.json()["data"]["tries"]) == (202, "waiting", 0)
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == entry["id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 3600
    assert entries(caller)[0]["state"] == "delivered"


def test_what_is_on_its_way_is_not_replayed(caller):
    queued(caller, a_subscription(caller))
    (entry,) = entries(caller)

    answer = caller.client.post(f"{PATH}/{entry['id']}/replay")

    assert answer.status_code == 400
    assert "still on its way" in answer.json()["errors"][0]["detail"]


def test_what_was_given_up_is_replayed_with_all_its_tries(caller, outgoing, clock):
    outgoing.answers = [500]
    queued(caller, a_subscription(caller))
    for _ in range(7):
        run(caller)
        clock.now += timedelta(hours=1)
    (entry,) = entries(caller)
    assert (entry["state"], entry["tries"]) == ("failed", 6)

    caller.client.post(f"{PATH}/{entry['id']}/replay")
    run(caller)

    (entry,) = entries(caller)
    assert (entry["state"], entry["tries"]) == ("waiting", 1)


def test_four_days_of_silence_are_made_up_by_one_replay(caller, outgoing, clock):
    outgoing.answers = ["It hangs."]
    subscription = a_subscription(caller)
    for _ in range(4):
        queued(caller, subscription, 10)
        for _ in range(24):
            run(caller)
            clock.now += timedelta(hours=1)
    assert {entry["state"] for entry in entries(caller, "page_size=100")} == {"failed"}
    outgoing.answers, outgoing.sent = [200], []

    wanted = {"created_after": "2026-11-24T00:00:00Z", "created_before": "2026-12-01T00:00:00Z", "state": "failed"}
    answer = caller.client.post(f"{PATH}/replay", json=wanted)
    run(caller)

    assert (answer.status_code, answer.json()) == (202, {"data": {"replayed": 40}})
    assert len(outgoing.sent) == 40
    assert {entry["state"] for entry in entries(caller, "page_size=100")} == {"delivered"}


def test_a_replay_has_bounds(caller, monkeypatch):
    monkeypatch.setattr(deliver, "MOST_AT_ONCE", 3)
    queued(caller, a_subscription(caller), 4)
    wanted = {"created_after": "2026-11-24T00:00:00Z", "created_before": "2026-12-01T00:00:00Z"}

    answer = caller.client.post(f"{PATH}/replay", json=wanted)

    assert answer.status_code == 400
    assert "more than 3" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"created_after": "2026-11-24T00:00:00Z"},
        {"created_after": "x", "created_before": "y"},
        {"created_after": "2026-11-24T00:00:00Z", "created_before": "2026-11-25T00:00:00Z", "state": "lost"},
        {
            "created_after": "2026-11-24T00:00:00Z",
            "created_before": "2026-11-25T00:00:00Z",
            "integration_id": 1,
            "subscription_id": 2,
        },
    ],
)
def test_a_replay_of_nobody_knows_what_is_refused(caller, body):
    assert caller.client.post(f"{PATH}/replay", json=body).status_code == 400


def test_what_was_sent_for_another_account_does_not_exist(caller, stranger, outgoing):
    queued(caller, a_subscription(caller))
    run(caller)
    (entry,) = entries(caller)
    wanted = {"created_after": "2026-11-24T00:00:00Z", "created_before": "2026-12-01T00:00:00Z"}

    assert entries(stranger) == []
    assert stranger.client.get(f"{PATH}/{entry['id']}").status_code == 404
    assert stranger.client.post(f"{PATH}/{entry['id']}/replay").status_code == 404
    assert stranger.client.post(f"{PATH}/replay", json=wanted).json() == {"data": {"replayed": 0}}
    run(caller)
    assert len(outgoing.sent) == 1


def test_a_label_is_never_in_the_log_of_another_account(caller, stranger):
    a_subscription(stranger)
    caller.store(an_order())
    assert caller.ship().status_code == 201

    assert entries(stranger) == []


def test_what_a_message_says_is_told_only_to_those_who_may_read_parcels(caller):
    queued(caller, a_subscription(caller))
    (entry,) = entries(caller)
    caller.client.auth = None

    def is_told(scope: str, method: str = "GET", path: str = "") -> bool:
        with caller.installation.database.write() as transaction:
            token = issue_token(transaction, caller.context.key, scope.split(), NOW)
        headers = {"Authorization": f"Bearer {token}"}
        return "body" in caller.client.request(method, f"{PATH}/{entry['id']}{path}", headers=headers).json()["data"]

    assert not is_told("read:integration")
    assert is_told("read:integration read:parcel")
    run(caller)
    assert not is_told("write:integration", "POST", "/replay")
