"""Parcels are followed on their way: carriers that can say what happens to parcels are asked again and again.

One job, FOLLOW, comes back every so many minutes and makes a job LOOK for each account and carrier that can be asked.
A LOOK asks about as many parcels as the carrier takes at a time, and goes on in another LOOK behind those. Both go on
only where no other of their kind and subject is waiting, so that a job that is run twice does not become two.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby

from sqlalchemy import Connection

from kolli.account.accounts import list_accounts
from kolli.account.contracts import find_any_contract
from kolli.carriers.base import CarrierEvent, Tracks
from kolli.errors import Impossible, Invalid
from kolli.jobs import Job, enqueue_one, withdraw
from kolli.operations.context import Installation
from kolli.operations.outcomes import CHECKS
from kolli.operations.track import Tracked, check_event, record_all
from kolli.shipments.foreign_parcels import list_open_foreign
from kolli.shipments.tracked import BEGINNING, list_open
from kolli.shipments.tracking import END_OF_TRACKING, Event
from kolli.values import COUNTRY_CODES

log = logging.getLogger(__name__)

FOLLOW, LOOK = "follow", "look"
"""The kinds of those jobs; `kolli.operations.background` runs them."""

FOLLOWED_FOR = timedelta(days=60)
"""For how long after it was made a parcel is asked about: one that has no end by then will have none."""

FIRST_AFTER = timedelta(minutes=1)
"""How long after the start of the server the first round begins, so that a server that keeps falling asks nobody."""

EVENTS_AT_A_TIME = 10
"""Events recorded in one transaction: labels that want to be stored wait no longer than that takes."""

LONGEST_DESCRIPTION = 1_000

_OURS, _FOREIGN = "ours", "foreign"

# What a browser or a terminal might take for more than text.
_UNPRINTABLE = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]+")


def begin_following(transaction: Connection, installation: Installation) -> None:
    """Sees that there is one job FOLLOW, or none if the settings say so; at the start of the only server."""
    withdraw(transaction, FOLLOW)
    interval = timedelta(minutes=installation.settings.tracking_minutes)
    if interval:
        now = installation.clock()
        enqueue_one(transaction, CHECKS, FOLLOW, {}, now + min(interval, FIRST_AFTER), now=now)


def follow(installation: Installation, job: Job) -> None:
    """Begins a round, and sees that there will be a next one."""
    if not installation.settings.tracking_minutes:
        return
    with installation.database.read() as transaction:
        accounts = list_accounts(transaction)
    now = installation.clock()
    next_at = now + timedelta(minutes=installation.settings.tracking_minutes)
    carriers = [carrier for carrier in installation.carriers if isinstance(carrier, Tracks)]
    with installation.database.write() as transaction:
        enqueue_one(transaction, CHECKS, FOLLOW, {}, next_at, now=now, besides=job)
    for account in accounts:
        with installation.database.write() as transaction:
            for carrier in carriers:
                body = {"carrier_code": carrier.code, "of": _OURS, "after": BEGINNING}
                subject = f"{carrier.code} {account.id}"
                enqueue_one(transaction, CHECKS, LOOK, body, now, now=now, account_id=account.id, subject=subject)


def look(installation: Installation, job: Job) -> None:
    """Asks a carrier about some open parcels of an account, records what is new, and goes on behind them."""
    account_id, code = job.account_id or 0, str(job.body["carrier_code"])
    carrier = installation.carriers.get(code)
    if not isinstance(carrier, Tracks):
        return
    since = installation.clock() - FOLLOWED_FOR
    closed, most = tuple(END_OF_TRACKING), carrier.most_tracked
    with installation.database.read() as transaction:
        if job.body["of"] == _OURS:
            page = list_open(
                transaction, account_id, code, after=job.body["after"], since=since, closed=closed, most=most
            )
            parcels = [Tracked(parcel, shipment) for shipment, parcel in page.parcels]
            rest = {"of": _OURS, "after": page.after} if page.after else {"of": _FOREIGN, "after": ""}
        else:
            found = list_open_foreign(
                transaction, account_id, code, after=job.body["after"], since=since, closed=closed, most=most
            )
            parcels = [Tracked(parcel) for parcel in found]
            rest = {"of": _FOREIGN, "after": found[-1].source_id} if len(found) == most else {}
    ask_about(parcels, carrier, installation)
    if rest:
        now = installation.clock()
        body = {"carrier_code": code, **rest}
        with installation.database.write() as transaction:
            enqueue_one(
                transaction, CHECKS, LOOK, body, now, now=now, account_id=account_id, subject=job.subject, besides=job
            )


def ask_about(parcels: Sequence[Tracked], carrier: Tracks, installation: Installation) -> int:
    """Asks a carrier about parcels of one account, and records what it says; gives how much of it was news.

    Raises CarrierError when it cannot be asked. What cannot be right, such as an event from the future, is left out: a
    later look may find its time come.
    """
    count = 0
    for contract_id, group in groupby(sorted(parcels, key=_contract_key), key=_contract_of):
        by_number = {tracked.tracking_number: tracked for tracked in group}
        told = carrier.events(list(by_number), _contract_data(by_number.values(), contract_id, installation))
        for events in _in_steps(_sorted_out(told, by_number, installation)):
            with installation.database.write() as transaction:
                count += record_all(transaction, events, installation.clock())
    return count


def _contract_of(tracked: Tracked) -> int | None:
    if tracked.shipment is not None:
        return tracked.shipment.draft.contract_id
    document: Mapping[str, Mapping[str, Mapping[str, int]]] = getattr(tracked.parcel, "document", {})
    return document.get("ship_with", {}).get("properties", {}).get("contract_id")


def _contract_key(tracked: Tracked) -> int:
    return _contract_of(tracked) or 0


def _contract_data(
    parcels: Iterable[Tracked], contract_id: int | None, installation: Installation
) -> Mapping[str, str]:
    """What the contract holds, if it is one of the account's with this carrier; a foreign parcel may name any."""
    tracked = next(iter(parcels))
    if contract_id is None:
        return {}
    with installation.database.read() as transaction:
        contract = find_any_contract(transaction, tracked.account_id, contract_id)
    if contract is None or contract.carrier_code != tracked.carrier_code:
        return {}
    return installation.vault.open(contract.sealed_data)


def _sorted_out(
    told: Iterable[CarrierEvent], parcels: Mapping[str, Tracked], installation: Installation
) -> list[tuple[Tracked, Event]]:
    """What a carrier has told about these parcels, as far as it can be right."""
    now = installation.clock()
    found: list[tuple[Tracked, Event]] = []
    for said in told:
        tracked = parcels.get(said.tracking_number)
        if tracked is None:
            continue
        event = _event(said)
        try:
            check_event(tracked, event, now)
        except (Invalid, Impossible) as error:
            log.info("An event of parcel %s is left out: %s", tracked.id, error.message)
        else:
            found.append((tracked, event))
    return found


def _event(said: CarrierEvent) -> Event:
    places = {
        "city": _clean(said.city),
        "country": said.country.upper() if said.country.upper() in COUNTRY_CODES else "",
    }
    known = {name: value for name, value in places.items() if value}
    return Event(said.status, said.at, "carrier", _clean(said.description), known)


def _clean(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text).strip()[:LONGEST_DESCRIPTION]


def _in_steps(events: Sequence[tuple[Tracked, Event]]) -> Iterator[list[tuple[Tracked, Event]]]:
    for at in range(0, len(events), EVENTS_AT_A_TIME):
        yield list(events[at : at + EVENTS_AT_A_TIME])
