"""Webhooks from a real server to real receivers: silent ones, failing ones, and a server that is killed meanwhile."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kolli.account.integrations import get_integration, update_integration
from kolli.app import open_database
from kolli.demo import INTEGRATION
from kolli.settings import Settings
from tests.end_to_end.processes import Kolli, prepared, run, serving, until
from tests.end_to_end.receivers import behaving, hang, receiving
from tests.factories import an_order

LOOPBACK = "127.0.0.0/8"


@pytest.fixture
def server(tmp_path) -> Iterator[Kolli]:
    """A server with the demo's account, which may call this machine."""
    data = tmp_path / "data"
    with serving(data, credentials=prepared(data), private_targets=LOOPBACK) as server:
        yield server


def orders(server: Kolli, count: int, first: int = 0) -> list[str]:
    """Stores orders and gives their numbers."""
    numbers = [f"HOOK-{number}" for number in range(first, first + count)]
    wanted = [an_order(order_id=number, order_number=number) for number in numbers]
    assert server.ask("POST", "/api/v3/orders", wanted).status == 201
    return numbers


def hears(server: Kolli, url: str) -> None:
    """Sets the webhook of the demo's integration."""
    change = {"webhook_url": url, "webhook_active": True}
    assert server.ask("PATCH", "/api/v3/integrations/70", change).status == 204


def subscribes(server: Kolli, url: str) -> int:
    """Subscribes an endpoint to events, and gives the subscription's number."""
    connection = {"type": "webhook", "configuration": {"url": url}}
    made = server.ask("POST", "/api/v3/event-subscriptions/connections", connection)
    assert made.status == 201, made.body
    wanted = {"connection_id": made.json()["data"]["id"], "event_type": "parcels.event.created"}
    return int(server.ask("POST", "/api/v3/event-subscriptions/subscriptions", wanted).json()["data"]["id"])


def told(receiver: Any, action: str = "parcel_status_changed") -> list[Any]:
    found = [json.loads(heard.body) for heard in receiver.heard]
    return [body for body in found if body.get("action", action) == action]


def wait_for(count: int, receiver: Any) -> list[Any]:
    for _ in until(f"{count} messages"):
        if len(told(receiver)) >= count:
            return told(receiver)
    raise AssertionError


def test_a_label_is_told_and_the_documented_check_of_the_signature_holds(server):
    (number,) = orders(server, 1)
    with receiving() as receiver:
        hears(server, receiver.url)
        assert server.ship(number).status == 201
        wait_for(1, receiver)

    heard = next(heard for heard in receiver.heard if b"parcel_status_changed" in heard.body)
    assert server.credentials
    expected = hmac.new(server.credentials.secret.encode(), heard.body, hashlib.sha256).hexdigest()
    assert heard.headers["sendcloud-signature"] == expected
    assert json.loads(heard.body)["parcel"]["status"] == {"id": 1000, "message": "Ready to send"}


def test_one_receiver_that_hangs_slows_neither_labels_nor_other_receivers(server):
    numbers = orders(server, 40)
    with behaving(hang) as silent, receiving() as receiver:
        hears(server, silent)
        subscribes(server, silent)
        subscribes(server, receiver.url)
        begin = time.monotonic()
        slowest = 0.0
        for number in numbers:
            asked = time.monotonic()
            assert server.ship(number).status == 201
            slowest = max(slowest, time.monotonic() - asked)
        wait_for(40, receiver)
        took = time.monotonic() - begin

    assert slowest < 2
    assert took < 12  # less than one message of the silent receiver takes


def test_what_was_queued_when_the_server_was_killed_is_told_by_the_next_one(tmp_path):
    data = tmp_path / "data"
    credentials = prepared(data)
    with (
        behaving(hang) as silent,
        serving(data, credentials=credentials, private_targets=LOOPBACK) as server,
    ):
        hears(server, silent)
        for number in orders(server, 5):
            assert server.ship(number).status == 201
        server.process.kill()
        server.process.wait()
    with receiving() as receiver:
        moved_to(data, receiver.url)
        with serving(data, credentials=credentials, private_targets=LOOPBACK):
            wait_for(5, receiver)

    assert {body["parcel"]["order_number"] for body in told(receiver)} == {f"HOOK-{number}" for number in range(5)}


def moved_to(data: Path, url: str) -> None:
    """Gives the demo's integration another webhook while no server runs."""
    database = open_database(Settings(data=data))
    with database.write() as transaction:
        integration = get_integration(transaction, 1, INTEGRATION)
        settings = replace(integration.settings, webhook_url=url)
        update_integration(transaction, 1, replace(integration, settings=settings), integration.updated_at)
    database.close()


def test_the_log_is_shown_and_replayed_from_the_command_line(server, tmp_path):
    settings = {"data": tmp_path / "data", "private_targets": LOOPBACK}
    (number,) = orders(server, 1)
    with receiving() as receiver:
        hears(server, receiver.url)
        assert server.ship(number).status == 201
        wait_for(1, receiver)
        for _ in until("the log"):
            if "delivered" in (log := run("webhooks", "log", "--integration", "70", **settings).stdout):
                break
        line = next(line for line in log.splitlines() if "parcel_status_changed" in line)
        by_id = run("webhooks", "replay", line.split()[0], **settings)
        assert len(wait_for(2, receiver)) == 2
        for _ in until("the replay to be over"):
            if "waiting" not in run("webhooks", "log", **settings).stdout:
                break
        by_time = run("webhooks", "replay", "--since", "2020-01-01", "--state", "delivered", **settings)
        assert len(wait_for(3, receiver)) == 3
        test = run("webhooks", "send-test", **settings)

    ids = {heard.headers["webhook-id"] for heard in receiver.heard if b"parcel_status_changed" in heard.body}
    assert by_id.returncode == 0, by_id.stderr
    assert "messages will be sent again" in by_time.stdout
    assert (test.returncode, test.stdout) == (0, "Answer 200: OK\n")
    assert len(ids) == 2  # the label's on every replay, and that of the test


def test_the_key_that_signs_is_set_and_shown(tmp_path):
    data = tmp_path / "data"
    made = run("keys", "create", "--sign-webhooks", data=data)
    secret = made.stdout.partition("secret key   ")[2].split("\n")[0]
    shown = run("webhooks", "sign-with", data=data)
    other = run("webhooks", "sign-with", "secretkey", data=data)
    wrong = run("webhooks", "sign-with", "whsec_not base64", data=data)

    assert "as the key that signs webhooks" in made.stdout
    assert secret in shown.stdout
    assert "whsec_c2VjcmV0a2V5" in other.stdout
    assert wrong.returncode == 1


def test_a_private_address_is_refused_where_the_installation_does_not_allow_it(tmp_path):
    data = tmp_path / "data"
    with serving(data, credentials=prepared(data)) as server, receiving() as receiver:
        answer = server.ask("PATCH", "/api/v3/integrations/70", {"webhook_url": receiver.url})

    assert answer.status == 400
