"""Webhooks are sent: on a worker's thread, again where that is needed, and again when somebody asks for it."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection

from kolli.account.accounts import list_accounts
from kolli.account.idempotent_requests import KEPT_FOR as KEYS_KEPT_FOR
from kolli.account.idempotent_requests import remove_old_requests
from kolli.account.integrations import (
    Integration,
    find_integration,
    find_removed_integration,
    get_integration,
    signature_key_of,
    update_integration,
)
from kolli.errors import Conflict, Impossible, Invalid, Unreachable
from kolli.jobs import Again, Job, Then, enqueue_one, steps, withdraw
from kolli.operations.context import Installation, Write
from kolli.operations.misbehave import HEADER
from kolli.operations.outcomes import CHECKS
from kolli.outgoing import Patience
from kolli.vault import Vault
from kolli.webhooks.deliveries import (
    LONGEST_ANSWER,
    Delivery,
    Filters,
    Receiver,
    add_result,
    find_delivery,
    get_delivery,
    list_deliveries,
    new_id,
    remove_old,
    send_again,
    write_result,
)
from kolli.webhooks.payloads import PARCEL_EVENT_CREATED, PARCEL_STATUS_CHANGED, example_event, example_status_change
from kolli.webhooks.signing import headers_of
from kolli.webhooks.subscriptions import (
    authorization,
    find_connection,
    find_subscription,
    get_subscription,
    secrets_of,
)

DELAYS: Mapping[str, tuple[timedelta, ...]] = {
    "integration": steps(300, 600, 1200, 2400, *[3600] * 6),
    "subscription": steps(300, 600, 1200, 2400, 3600),
}
"""How long to wait before a receiver is tried again. Source: Webhooks (10 retries, from 5 minutes to an hour) and Event
subscriptions (5 retries, exponential back-off of unknown length)."""

SWEEP = "sweep-deliveries"
"""The kind of job that removes old deliveries; `kolli.operations.background` runs it."""

KEPT_FOR = timedelta(days=30)
"""How long a delivery that is over stays in the log, and can be made again."""

SWEPT_EVERY = timedelta(hours=6)
REMOVED_AT_A_TIME = 500

MOST_AT_ONCE = 10_000
"""How many deliveries one replay may have."""

REPLAYED_AT_A_TIME = 100

TEST_PATIENCE = Patience(connect=3, read=5, total=6)
MOST_TESTS = 2
"""How many tests are sent at a time: whoever asked for one waits for it on a thread that makes labels too."""

_tests = threading.BoundedSemaphore(MOST_TESTS)


@dataclass(frozen=True)
class _Address:
    """Where a receiver is, and what it is told along with the message."""

    url: str
    headers: Mapping[str, str]
    signature_key: str | None = None
    secrets: Sequence[str] = ()  # what an answer that repeats it must not make known
    integration: Integration | None = None


def deliver(installation: Installation, job: Job) -> Then | None:
    """Sends one message to its receiver. Again when it was not received, as often as the receiver's kind is tried."""
    account_id = job.account_id or 0
    with installation.database.read() as transaction:
        delivery = find_delivery(transaction, account_id, str(job.body["delivery_id"]))
        if delivery is None or delivery.state != "waiting":
            return None
        address = _address_of(transaction, account_id, delivery, installation.vault)
    if address is None:
        stopped = replace(delivery, state="stopped", answer=GONE, status_code=None, changed_at=installation.clock())
        return lambda transaction: write_result(transaction, account_id, stopped)
    result = _sent(delivery, address, installation)
    if delivery.scenario == "hook:twice" and delivery.tries == 0:
        result = replace(_sent(delivery, address, installation), tries=result.tries)
    is_last = job.runs > len(DELAYS[delivery.receiver.kind])
    if result.state == "waiting" and is_last:
        result = replace(result, state="failed")

    def then(transaction: Connection) -> None:
        write_result(transaction, account_id, result)
        _note_health(transaction, account_id, address, result)

    if result.state == "waiting":
        raise Again(_reason(result), then=then)
    return then


GONE = "The receiver is gone, or does not want to hear any more."


def send_test(
    receiver: Receiver, account_id: int, installation: Installation, *, write: Write | None = None
) -> Delivery:
    """Sends an example to a receiver now, and gives what came of it, which is in the delivery log too.

    NotFound for an unknown receiver, Impossible for one without an address, Conflict while others are being tested.
    """
    now = installation.clock()
    with installation.database.read() as transaction:
        if receiver.kind == "integration":
            integration = get_integration(transaction, account_id, receiver.id)
            address = _address_of_integration(integration, installation.vault)
            event_type, payload = PARCEL_STATUS_CHANGED, example_status_change(integration, now)
        else:
            subscription = get_subscription(transaction, account_id, receiver.id)
            vault = installation.vault
            address = _address_of_connection(transaction, account_id, subscription.connection_id, vault)
            event_type, payload = PARCEL_EVENT_CREATED, example_event(now)
    if address is None:
        raise Impossible("There is no address that a test could be sent to. Set the webhook URL first.")
    body = msgspec.json.encode(payload).decode()
    delivery = Delivery(new_id(), receiver, event_type, body, "waiting", 0, now, now)
    if not _tests.acquire(blocking=False):
        raise Conflict("Other tests are being sent at this moment. Please try again in a moment.")
    try:
        result = _sent(delivery, address, installation, TEST_PATIENCE)
    finally:
        _tests.release()
    if result.state == "waiting":
        result = replace(result, state="failed")
    with (write or installation.database.write)() as transaction:
        add_result(transaction, account_id, result)
    return result


def replay(delivery_id: str, account_id: int, installation: Installation, *, write: Write | None = None) -> Delivery:
    """Has one delivery made again: the same id and bytes, with a new time and signature.

    NotFound, or Conflict while it still waits to be made.
    """
    now = installation.clock()
    with (write or installation.database.write)() as transaction:
        delivery = get_delivery(transaction, account_id, delivery_id)
        if not send_again(transaction, account_id, delivery, now):
            raise Conflict("This delivery is still on its way: it is tried again by itself.")
        return get_delivery(transaction, account_id, delivery_id)


def replay_all(filters: Filters, account_id: int, installation: Installation, *, write: Write | None = None) -> int:
    """Has every such delivery made again, except those that are still on their way, and says how many that are.

    Impossible, and nothing done, when there are too many.
    """
    with installation.database.read() as transaction:
        wanted = list_deliveries(transaction, account_id, filters, None, MOST_AT_ONCE + 1, backwards=True)
    if len(wanted) > MOST_AT_ONCE:
        raise Impossible(f"These are more than {MOST_AT_ONCE} deliveries. Name a shorter time.")
    count = 0
    for start in range(0, len(wanted), REPLAYED_AT_A_TIME):  # the database has one writer, and labels wait for it
        began = time.monotonic()
        with (write or installation.database.write)() as transaction:
            for delivery in wanted[start : start + REPLAYED_AT_A_TIME]:
                count += send_again(transaction, account_id, delivery, installation.clock())
        time.sleep(time.monotonic() - began)  # other processes wait too, and are not told when it is free
    return count


def begin_sweeping(transaction: Connection, now: datetime) -> None:
    """Sees that there is one job SWEEP; at the start of the only server."""
    withdraw(transaction, SWEEP)
    enqueue_one(transaction, CHECKS, SWEEP, {}, now + SWEPT_EVERY, now=now)


def sweep(installation: Installation, job: Job) -> None:
    """Removes old deliveries that are over, and keys of requests that are too old to mean anything.

    Sees that there will be a next time. A few at a time, because the database has one writer, and labels wait for it.
    """
    now = installation.clock()
    with installation.database.read() as transaction:
        accounts = list_accounts(transaction)
    with installation.database.write() as transaction:
        enqueue_one(transaction, CHECKS, SWEEP, {}, now + SWEPT_EVERY, now=now, besides=job)
    for account in accounts:
        for remove, before in ((remove_old, now - KEPT_FOR), (remove_old_requests, now - KEYS_KEPT_FOR)):
            removed = REMOVED_AT_A_TIME
            while removed == REMOVED_AT_A_TIME:
                with installation.database.write() as transaction:
                    removed = remove(transaction, account.id, before, REMOVED_AT_A_TIME)


def _sent(
    delivery: Delivery, address: _Address, installation: Installation, patience: Patience | None = None
) -> Delivery:
    """The delivery after one try: delivered, or still waiting."""
    body, now = delivery.body.encode(), installation.clock()
    headers = {
        "Content-Type": "application/json",
        **address.headers,
        **headers_of(delivery.id, body, _signature_key(delivery, address), now),
        **({HEADER: delivery.scenario} if delivery.scenario and delivery.tries == 0 else {}),
    }
    status: int | None = None
    try:
        reply = installation.outgoing.send("POST", address.url, headers, body, patience=patience)
        status, answer = reply.status, reply.body.decode("utf-8", "replace")
    except (Unreachable, Invalid) as error:
        answer = error.message
    return replace(
        delivery,
        state="delivered" if status is not None and 200 <= status < 300 else "waiting",
        tries=delivery.tries + 1,
        status_code=status,
        answer=_without(address.secrets, answer)[:LONGEST_ANSWER],
        changed_at=installation.clock(),
    )


def _signature_key(delivery: Delivery, address: _Address) -> str | None:
    """The key that a delivery is signed with: a wrong one where its first try is to be refused."""
    is_wrong = delivery.scenario == "hook:badsig" and delivery.tries == 0
    return f"not {address.signature_key}" if is_wrong and address.signature_key else address.signature_key


def _without(secrets: Sequence[str], answer: str) -> str:
    for secret in secrets:
        answer = answer.replace(secret, "***")
    return answer


def _reason(result: Delivery) -> str:
    return result.answer if result.status_code is None else f"The receiver answered {result.status_code}."


def _address_of(transaction: Connection, account_id: int, delivery: Delivery, vault: Vault) -> _Address | None:
    """Where the receiver of a delivery is now; None when it is gone or does not want to hear any more."""
    receiver = delivery.receiver
    if receiver.kind == "integration":
        integration = find_integration(transaction, account_id, receiver.id)
        if integration is None and delivery.event_type == "integration_deleted":
            integration = find_removed_integration(transaction, account_id, receiver.id)
        is_wanted = integration is not None and integration.settings.webhook_active
        return _address_of_integration(integration, vault) if integration is not None and is_wanted else None
    subscription = find_subscription(transaction, account_id, receiver.id)
    if subscription is None or not subscription.is_active:
        return None
    return _address_of_connection(transaction, account_id, subscription.connection_id, vault)


def _address_of_integration(integration: Integration, vault: Vault) -> _Address | None:
    url = integration.settings.webhook_url
    return _Address(url, {}, signature_key_of(integration, vault), integration=integration) if url else None


def _address_of_connection(
    transaction: Connection, account_id: int, connection_id: int, vault: Vault
) -> _Address | None:
    connection = find_connection(transaction, account_id, connection_id, vault)
    if connection is None:
        return None
    known = connection.configuration
    return _Address(known.url, {**known.extra_headers, **authorization(known)}, secrets=secrets_of(known))


def _note_health(transaction: Connection, account_id: int, address: _Address, result: Delivery) -> None:
    """Writes down when an integration's receiver has begun to fail, and when that is over; mostly neither."""
    if address.integration is None:
        return
    is_failing, was_failing = result.state != "delivered", address.integration.settings.started_failing_at is not None
    if is_failing == was_failing:
        return
    now = find_integration(transaction, account_id, address.integration.id)
    if now is None or (now.settings.started_failing_at is not None) == is_failing:
        return
    since: datetime | None = result.changed_at if is_failing else None
    settings = replace(now.settings, started_failing_at=since)
    update_integration(transaction, account_id, replace(now, settings=settings), now.updated_at)
