"""What goes wrong on purpose with test shipments: chosen before they are announced, and done where carriers are asked.

A scenario acts on the first try only, so whoever tries again finds out whether the label was bought. It never acts
under a contract that is marked live, however it was asked for: whoever asks is refused.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import repeat
from typing import Literal

from sqlalchemy import Connection

from kolli.account.accounts import Pending
from kolli.account.contracts import all_contracts
from kolli.account.pending import MOST as MOST_PENDING
from kolli.account.pending import add_pending, note_until, take_pending
from kolli.carriers.answers import Call, receive
from kolli.carriers.base import Advances, Announced, Booking, Carrier
from kolli.errors import (
    CarrierOutcomeUnknown,
    CarrierRejected,
    CarrierUnavailable,
    Conflict,
    Impossible,
    Invalid,
    KolliError,
    LimitReached,
    NotFound,
    NumbersExhausted,
    PartlyBooked,
)
from kolli.operations.context import Context
from kolli.operations.late_answers import MOST as MOST_LATE
from kolli.orders.model import Order
from kolli.scenarios import SHIPPING, Kind, Scenario, at_the_end_of, names_of, parse
from kolli.settings import Settings
from kolli.shipments.model import Draft, Shipment
from kolli.shipments.queries import find_newest_of_order

HEADER = "Sandbox-Scenario"

REASON = "sandbox_scenario"
"""The detail of an error by which a client sees that nobody has to hunt it."""

ACTS_AGAIN_AFTER = timedelta(days=1)
"""How long after an order number's scenario has made an order fail for a while it does so again."""

TAKES_SECONDS = "cancel:async"
TAKEN_BACK_AFTER = timedelta(seconds=3)
"""How long after it was asked a carrier agrees to a cancellation that it could not say yes to at once."""


# Which scenario a shipment meets


@dataclass(frozen=True)
class _Wish:
    """A scenario that somebody wants, and by which way."""

    scenario: Scenario
    way: Literal["header", "suffix", "pending"]

    def refused(self, why: str) -> Invalid:
        """The refusal of it, which names what to take away."""
        name = self.scenario.name
        match self.way:
            case "header":
                return Invalid(f"{HEADER}: {name}: {why}", details={"header": HEADER})
            case "suffix":
                return Invalid(f"The order number ends in ~{name}. {why}", field="order_number")
            case "pending":
                return Invalid(f"The scenario {name} waited for this request, and is used up now. {why}")


def with_scenario(draft: Draft, context: Context, *, in_background: bool) -> Draft:
    """The draft, with what is to go wrong with it if somebody wants that: by header, order number or beforehand.

    Invalid when that cannot be, as under a live contract. Raises what stands in the way of the label at once.
    """
    kind: Kind = "later" if in_background else "label"
    wish = _wish(draft, context, kind)
    if wish is None or wish.scenario.row.name == "order-late":  # which has acted before, if it was
        return draft
    scenario = wish.scenario
    _check(wish, draft, context, kind)
    context.applied.append(scenario.name)
    if wish.way == "suffix" and scenario.row.passes:
        _note(Pending(scenario.name, 0, way=_order(draft), until=context.now() + ACTS_AGAIN_AFTER), context)
    refuse_at_once(scenario, context)
    if scenario.row.name == "numbers:none":
        raise with_reason(NumbersExhausted(_USED_UP.format(_named(draft)), field="contract_id"), scenario)
    if scenario.row.name == "numbers:last":
        with context.installation.database.write() as transaction:
            add_pending(transaction, context.account_id, [Pending("numbers:none", way=_way(draft))])
    return replace(draft, scenario=scenario.name)


_USED_UP = "The number range of {} is used up. Nothing was announced."


def _named(draft: Draft) -> str:
    own = f"this installation's contract with {draft.carrier_name}"
    return own if draft.contract_id is None else f"contract {draft.contract_id}"


def _wish(draft: Draft, context: Context, kind: Kind) -> _Wish | None:
    if context.scenario:
        return _Wish(parse(context.scenario), "header")
    if not context.installation.settings.sandbox:
        return None
    at_the_end = at_the_end_of(draft.order_number) if "~" in draft.order_number else None
    if at_the_end is not None:
        return None if _has_acted(at_the_end, draft, context) else _Wish(at_the_end, "suffix")
    waiting = next_waiting(context, kind, _way(draft)) if context.account.pending else None
    return None if waiting is None else _Wish(waiting, "pending")


def _has_acted(scenario: Scenario, draft: Draft, context: Context) -> bool:
    """Whether a scenario that acts on an order once has done so: that is noted, or stands on the order's shipment."""
    if not scenario.row.passes:
        return False
    now, order = context.now(), _order(draft)
    if any(each.way == order and each.until is not None and each.until > now for each in context.account.pending):
        return True
    if draft.order_id is None:
        return False
    with context.database.read() as transaction:
        newest = find_newest_of_order(transaction, context.account_id, draft.order_id)
    return newest is not None and (
        newest.draft.scenario == scenario.name and newest.created_at > now - ACTS_AGAIN_AFTER
    )


def _order(draft: Draft) -> str:
    """Which order of the account it is that a scenario acts on once."""
    return f"order {draft.integration_id} {draft.order_number}"


def _note(what: Pending, context: Context) -> None:
    with context.installation.database.write() as transaction:
        note_until(transaction, context.account_id, what, context.now())


def _check(wish: _Wish, draft: Draft, context: Context, kind: Kind) -> None:
    scenario = wish.scenario
    if draft.is_live:
        raise wish.refused(
            f"The contract {draft.contract_id} is marked live, so nothing goes wrong on purpose. Nothing was announced."
        )
    if not scenario.is_for(kind):
        raise wish.refused(f"It means nothing for this request. It does for {names_of(scenario.row.kinds)}.")
    if scenario.row.name == "limit":
        check_no_live_contract(context, wish.refused)
    if scenario.row.name == "partial" and scenario.number > len(draft.boxes):
        raise wish.refused(f"The shipment has no parcel {scenario.number}, but only {len(draft.boxes)}.")
    carrier = context.installation.carriers.get(draft.carrier_code)
    life = scenario.row.name.partition(":")[2]
    if scenario.row.family == "track" and not (isinstance(carrier, Advances) and life in carrier.lives):
        raise wish.refused(f"{carrier.name} moves real parcels. Use `kolli track record` to say where one is.")


def check_no_live_contract(context: Context, refused: Callable[[str], Invalid]) -> None:
    """Raises what `refused` makes of the reason when the account has a contract that is marked live."""
    with context.database.read() as transaction:
        check_none_is_live(transaction, context.account_id, refused)


def check_none_is_live(transaction: Connection, account_id: int, refused: Callable[[str], Invalid]) -> None:
    """The same, in a transaction that is open already."""
    live = [each for each in all_contracts(transaction, account_id) if each.is_live]
    if live:
        raise refused(
            f"The account has the contract {live[0].id}, which is marked live, so nothing goes wrong on purpose here."
        )


def _way(draft: Draft) -> str:
    """Whose numbers a shipment gets."""
    return f"{draft.carrier_code} {draft.contract_id or ''}".strip()


# What waits for requests to come


def have_wait(transaction: Connection, account_id: int, what: Pending, settings: Settings) -> None:
    """Has something go wrong with requests to come; Impossible where nothing may, or where too much waits already."""
    if not settings.sandbox:
        raise Impossible("KOLLI_SANDBOX is off, so nothing goes wrong on purpose here.")
    if live := [each for each in all_contracts(transaction, account_id) if each.is_live]:
        raise Impossible(f"The contract {live[0].id} of this account is marked live. Use an account for tests.")
    if not add_pending(transaction, account_id, [what]):
        raise Impossible(f"At most {MOST_PENDING} can wait. Make room with `kolli sandbox clear`.")


def is_waiting(each: Pending, now: datetime) -> bool:
    """Whether people are shown it: it waits for a request, or is `limit`, and lasts."""
    return each.until is None or (each.until > now and each.scenario == "limit")


def next_waiting(context: Context, kind: Kind, way: str = "") -> Scenario | None:
    """What waits for a request of this kind, which is used up by that.

    `way` is whose numbers a shipment gets; empty before that is known.
    """

    def is_due(each: Pending) -> bool:
        scenario = parse(each.scenario)
        is_early = scenario.row.name == "order-late"  # which acts before anything is decided
        if each.way not in {"", way} or (kind in SHIPPING and is_early == bool(way)):
            return False
        return _leads_to(each.route, context.route) if each.route else scenario.waits_for(kind)

    now = context.now()
    if not any(each.until is None and is_due(each) for each in context.account.pending):
        return None
    with context.installation.database.write() as transaction:
        taken = take_pending(transaction, context.account_id, is_due, now)
    return None if taken is None else parse(taken.scenario)


def _leads_to(route: str, path: str) -> bool:
    return path == route or path.endswith(f"/{route.strip('/')}")


def check_limit(context: Context) -> None:
    """Raises LimitReached while the scenario `limit` lasts."""
    now = context.now()
    limits = (each.until for each in context.account.pending if each.scenario == "limit" and not each.way)
    ends = [until for until in limits if until is not None and until > now]
    if ends and not _has_live_contract(context):  # one may have become so since
        context.applied.append("limit")
        raise _limit_reached(max(ends), now)


def _has_live_contract(context: Context) -> bool:
    with context.database.read() as transaction:
        return any(each.is_live for each in all_contracts(transaction, context.account_id))


def _limit_reached(until: datetime, now: datetime) -> KolliError:
    seconds = max(1, round((until - now).total_seconds()))
    message = f"Too many requests. Please try again in {seconds} seconds."
    return with_reason(LimitReached(message, details={"retry_after": seconds}), parse("limit"))


def refuse_at_once(scenario: Scenario, context: Context) -> None:
    """Raises what a scenario says before anything is done."""
    match scenario.row.name:
        case "busy":
            raise with_reason(Conflict(), scenario)
        case "limit":
            now = context.now()
            until = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
            _note(Pending("limit", 0, until=until), context)
            raise _limit_reached(until, now)
        case "slow" if context.installation.late_answers.is_full:
            message = f"{MOST_LATE} answers are late already. Nothing was done. Please try again when they have come."
            raise with_reason(LimitReached(message, details={"retry_after": 10}), scenario)


def check_is_not_late(transaction: Connection, order: Order, context: Context) -> None:
    """Raises NotFound while an order is younger than the scenario `order-late` wants it to be."""
    if not context.installation.settings.sandbox:
        return
    wanted = parse(context.scenario) if context.scenario else at_the_end_of(order.order_number)
    if wanted is None or wanted.row.name != "order-late":
        return
    way: Literal["header", "suffix"] = "header" if context.scenario else "suffix"
    check_none_is_live(transaction, context.account_id, _Wish(wanted, way).refused)
    if context.now() < order.created_at + wanted.delay:
        context.applied.append(wanted.name)
        raise with_reason(NotFound("The order could not be found with the search criteria given"), wanted)


# What the carrier does then


def announce_with(scenario: str, carrier: Carrier, booking: Booking) -> Announced:
    """What a carrier says to a booking, or seems to say when its scenario is about that."""
    wanted = parse(scenario)
    act = _AT_THE_CARRIER.get(wanted.row.name) or _AT_THE_CARRIER.get(wanted.row.family)
    return carrier.announce(booking) if act is None else act(wanted, carrier, booking)


def _dies_before(scenario: Scenario, _: Carrier, __: Booking) -> Announced:
    raise with_reason(CarrierOutcomeUnknown(), scenario)


def _dies_after(scenario: Scenario, carrier: Carrier, booking: Booking) -> Announced:
    carrier.announce(booking)
    raise with_reason(CarrierOutcomeUnknown(), scenario)


_REJECTIONS: Mapping[str, tuple[str, str]] = {
    "reject:address": ("recipient", "The recipient's address is not known: no such house number in this street."),
    "reject:weight": ("parcels.0.weight", "The weight is more than this product allows."),
    "reject:hs": ("order_items.0.hs_code", "The HS code of item 1 is not known to customs."),
    "reject:point": ("service_point_details", "The service point is closed. Choose another one."),
    "reject:contract": ("contract_id", "The contract has ended. Announcements under it are not accepted."),
}
"""What the carrier finds wrong, and how it says so."""


def _rejects(scenario: Scenario, _: Carrier, __: Booking) -> Announced:
    field, text = _REJECTIONS[scenario.row.name]
    raise with_reason(CarrierRejected(f"{text} Nothing was booked.", field=field), scenario)


def _books_in_part(scenario: Scenario, carrier: Carrier, booking: Booking) -> Announced:
    count = scenario.number - 1
    some = replace(booking.draft, boxes=booking.draft.boxes[:count])
    carrier.announce(replace(booking, draft=some, numbers=booking.numbers[:count]))
    text = f"The carrier booked {count} of {len(booking.draft.boxes)} parcels, and failed at parcel {scenario.number}."
    raise with_reason(PartlyBooked(text), scenario)


def _talks_nonsense(scenario: Scenario, carrier: Carrier, booking: Booking) -> Announced:
    """A booking whose answer goes through the same checks as real ones."""
    announced = carrier.announce(booking)
    boxes = len(booking.draft.boxes)
    said = _JSON, [b"{}"]
    try:
        match scenario.row.name:
            case "carrier:html":
                receive(Call.BOOKING, 200, {"Content-Type": "text/html"}, [_HTML]).json()
            case "carrier:half":
                receive(Call.BOOKING, 200, _JSON, [b'{"parcels": [{"barcode": "3S']).json()
            case "carrier:pdf":
                receive(Call.BOOKING, 200, _PDF, [b"%PDF-1.7\n1 0 obj\n<< /Ty"]).file("application/pdf")
            case "carrier:huge":
                receive(Call.BOOKING, 200, _JSON, _without_end())
            case "carrier:number":
                receive(Call.BOOKING, 200, *said).announced(["<no number>"] * boxes, boxes=boxes)
            case "carrier:count":
                receive(Call.BOOKING, 200, *said).announced(announced.tracking_numbers[1:], boxes=boxes)
    except CarrierOutcomeUnknown as error:
        raise with_reason(error, scenario) from error
    return announced


_HTML = b"<!DOCTYPE html><title>Down for maintenance</title><h1>We will be back soon.</h1>"
_JSON = {"Content-Type": "application/json"}
_PDF = {"Content-Type": "application/pdf"}


def _without_end() -> Iterator[bytes]:
    return repeat(b" " * 65_536)


_AT_THE_CARRIER: Mapping[str, Callable[[Scenario, Carrier, Booking], Announced]] = {
    "timeout-before": _dies_before,
    "timeout-after": _dies_after,
    "reject": _rejects,
    "partial": _books_in_part,
    "carrier": _talks_nonsense,
}


# Cancelling


def takes_back(scenario: str, carrier: Carrier, booking: Booking) -> bool:
    """Whether a carrier takes a booking back, or seems to."""
    is_refused = scenario == "cancel:refused" and not booking.draft.is_live
    return not is_refused and carrier.cancel(booking)


def to_be_cancelled(shipment: Shipment, context: Context) -> Shipment:
    """The shipment, with what its cancellation is to meet: by header, or by what it was made with.

    Conflict when it is too late to cancel it, on purpose.
    """
    wanted = context.scenario or shipment.draft.scenario
    if not wanted.startswith("cancel:"):
        return shipment
    context.applied.append(wanted)
    if wanted == "cancel:late":
        raise with_reason(Conflict("This shipment cannot be cancelled any more: it is on its way."), parse(wanted))
    return replace(shipment, draft=replace(shipment.draft, scenario=wanted))


def check_carrier_can_say(shipment: Shipment) -> None:
    """Raises CarrierUnavailable for a shipment whose cancellation is to take some seconds."""
    if shipment.draft.scenario == TAKES_SECONDS:
        raise with_reason(CarrierUnavailable("The carrier cannot say yet."), parse(TAKES_SECONDS))


def marked(error: KolliError, scenario: str) -> KolliError:
    """What is said when a cancellation fails, marked when it was wanted."""
    return with_reason(error, parse(scenario)) if scenario == "cancel:refused" else error


def with_reason(error: KolliError, scenario: Scenario) -> KolliError:
    """The error, marked as one that was wanted, so that nobody hunts it."""
    message = f"Sandbox scenario {scenario.name}: {error.message}"
    return type(error)(message, field=error.field, details={**error.details, REASON: scenario.name})
