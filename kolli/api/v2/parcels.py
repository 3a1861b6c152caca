"""Parcels (v2): boxes with their tracking numbers, as version 2 of the API has them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, NotRequired
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from typing_extensions import TypedDict

from kolli.api.endpoint import LARGEST_ID, Answer, Parameter, Request
from kolli.api.errors import INVALID, Rejected, problem
from kolli.api.pages import CURSOR, Cursor, invalid_cursor, neighbours, read_page_size
from kolli.api.v2.errors import PREFIX, V2, ErrorAnswer, went_wrong
from kolli.api.v2.parcel_answers import ParcelAnswer, StatusAnswer, parcel_answer
from kolli.errors import Conflict
from kolli.operations.cancel import cancel
from kolli.operations.context import Context
from kolli.shipments.model import ParcelStatus
from kolli.shipments.parcel_lists import ParcelFilters, ParcelPage, Position, list_parcels
from kolli.shipments.queries import get_shipment_of_parcel, get_shipments_of_parcels

USUAL_PAGE = 100
LARGEST_PAGE = 100
MOST_IDS = 100


class ParcelsAnswer(TypedDict):
    """One page of parcels, and the addresses of those before and behind it."""

    next: str | None
    previous: str | None
    parcels: list[ParcelAnswer]


class OneParcelAnswer(TypedDict):
    """One parcel."""

    parcel: ParcelAnswer


class CancelAnswer(TypedDict):
    """What has become of the wish to cancel a parcel."""

    status: Literal["cancelled", "queued"]
    message: str


class NotCancelled(ErrorAnswer):
    """Why a parcel was not cancelled, in the form this endpoint has had and in that of all others."""

    status: NotRequired[Literal["failed", "deleted"]]  # where it is about the parcel, and not about the request
    message: NotRequired[str]


def list_all_parcels(request: Request, context: Context) -> Answer:
    """One page of parcels, newest first. `next` and `previous` are whole addresses."""
    query = request.query
    filters = _filters(query)
    cursor = Cursor.parse(query.get("cursor"))
    size = read_page_size(query.get("limit"), usual=USUAL_PAGE, largest=LARGEST_PAGE)
    page = ParcelPage(size, _position(cursor), cursor.backwards, cursor.offset)
    with context.database.read() as transaction:
        listed = list_parcels(transaction, context.account_id, filters, page)
        found = get_shipments_of_parcels(transaction, context.account_id, listed.ids) if listed.ids else []
        parcels = [parcel_answer(transaction, shipment, parcel, context) for shipment, parcel in found]
    previous, following = neighbours(listed.positions, more_before=listed.more_before, more_behind=listed.more_behind)
    url = f"{context.installation.public_url}/{PREFIX}/parcels"
    answer: ParcelsAnswer = {
        "next": _page_at(url, query, following),
        "previous": _page_at(url, query, previous),
        "parcels": parcels,
    }
    return Answer(200, answer)


def _page_at(url: str, query: QueryParams, cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    others = [(name, value) for name, value in query.multi_items() if name != "cursor"]
    return f"{url}?{urlencode([*others, ('cursor', str(cursor))])}"


def _position(cursor: Cursor) -> Position | None:
    match cursor.position:
        case ():
            return None
        case (created_at, shipment_id, number) if number.isascii() and number.isdigit() and len(number) < 20:
            return created_at, shipment_id, min(int(number), LARGEST_ID)
    raise invalid_cursor()


def _filters(query: QueryParams) -> ParcelFilters:
    """The query as filters. An empty parameter filters nothing."""
    status = query.get("parcel_status") or None
    known = None if status is None else ParcelStatus.named(status)
    if status is not None and known is None:
        raise _wrong("parcel_status", f"There is no parcel status {status[:40]!r}. See {PREFIX}/parcels/statuses.")
    return ParcelFilters(
        status=known,
        updated_after=_moment("updated_after", query),
        announced_after=_moment("announced_after", query),
        tracking_number=query.get("tracking_number") or None,
        order_number=query.get("order_number") or None,
        external_reference_id=query.get("external_reference") or None,
        ids=_ids(query.get("ids") or ""),
    )


def _moment(name: str, query: QueryParams) -> datetime | None:
    """ISO 8601; without a zone it is in UTC. A plus sign that was not percent-encoded arrives as a space."""
    text = query.get(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _wrong(name, f"{text[:40]!r} is not a time. Write it as 2026-04-28T10:00:00+00:00.") from None


def _ids(text: str) -> frozenset[int] | None:
    texts = [part.strip() for part in text.split(",") if part.strip()]
    if len(texts) > MOST_IDS:
        raise _wrong("ids", f"At most {MOST_IDS} parcels can be named, not {len(texts)}.")
    if not all(part.isascii() and part.isdigit() and len(part) < 100 for part in texts):
        raise _wrong("ids", "These are not the ids of parcels. Write them as 1,2,3.")
    return frozenset(min(int(part), LARGEST_ID) for part in texts) if texts else None


def _wrong(parameter: str, detail: str) -> Rejected:
    return Rejected(400, [problem(INVALID, detail, parameter=parameter)])


def retrieve_parcel(request: Request, context: Context) -> Answer:
    """One parcel."""
    with context.database.read() as transaction:
        shipment, parcel = get_shipment_of_parcel(transaction, context.account_id, request.id)
        answer: OneParcelAnswer = {"parcel": parcel_answer(transaction, shipment, parcel, context)}
    return Answer(200, answer)


def cancel_parcel(request: Request, context: Context) -> Answer:
    """Cancels a parcel, and with it the other parcels of its shipment. Nothing is deleted."""
    with context.database.read() as transaction:
        shipment, parcel = get_shipment_of_parcel(transaction, context.account_id, request.id)
    if parcel.status is ParcelStatus.ANNOUNCEMENT_FAILED:
        return _not_cancelled(
            410, "deleted", "The announcement of this parcel has failed: there is nothing to cancel.", parcel.id
        )
    try:
        is_done = cancel(shipment.id, context)
    except Conflict as error:
        return _not_cancelled(400, "failed", error.message, parcel.id)
    done: CancelAnswer = {"status": "cancelled", "message": "Parcel has been cancelled"}
    later: CancelAnswer = {"status": "queued", "message": "Parcel cancellation has been queued"}
    return Answer(200, done) if is_done else Answer(202, later)


def _not_cancelled(code: int, status: Literal["failed", "deleted"], message: str, parcel_id: int) -> Answer:
    path = f"{PREFIX}/parcels/{parcel_id}/cancel"
    answer: NotCancelled = {"status": status, "message": message, **went_wrong(code, path, message)}
    return Answer(code, answer)


def list_statuses(_: Request, __: Context) -> Answer:
    """The statuses a parcel can have, without those that version 2 never had."""
    return Answer(200, [{"id": status.number, "message": status.message} for status in _NUMBERED])


_NUMBERED = [status for status in ParcelStatus if status.number is not None]

_SIZE: Mapping[str, object] = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": USUAL_PAGE}
_MOMENT: Mapping[str, object] = {"type": "string", "format": "date-time"}

ROUTES = [
    V2(
        "GET",
        "/parcels",
        list_all_parcels,
        "Retrieve parcels",
        scope="read:parcel",
        parameters=(
            Parameter("parcel_status", "Parcels with this status, by its number.", {"type": "integer"}),
            Parameter("tracking_number", "Parcels with this tracking number."),
            Parameter("external_reference", "Parcels of the shipment with this external reference."),
            Parameter("order_number", "Parcels of orders with this number."),
            Parameter("updated_after", "Parcels that have changed since.", _MOMENT),
            Parameter("announced_after", "Parcels that were announced since.", _MOMENT),
            Parameter("ids", f"Parcels with these ids, separated by commas; at most {MOST_IDS}."),
            CURSOR,
            Parameter("limit", "Parcels on a page.", _SIZE, is_extension=True),
        ),
        answers={200: ParcelsAnswer},
        errors=(404,),
    ),
    V2("GET", "/parcels/statuses", list_statuses, "Retrieve the parcel statuses", answers={200: list[StatusAnswer]}),
    V2(
        "GET",
        "/parcels/{id:int}",
        retrieve_parcel,
        "Retrieve a parcel",
        scope="read:parcel",
        answers={200: OneParcelAnswer},
    ),
    V2(
        "POST",
        "/parcels/{id:int}/cancel",
        cancel_parcel,
        "Cancel a parcel",
        scope="write:parcel",
        answers={200: CancelAnswer, 202: CancelAnswer},
        errors=(400, 410),
        refusal=NotCancelled,
        is_repeatable=True,
    ),
]
