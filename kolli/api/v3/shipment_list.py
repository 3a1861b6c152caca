"""The list of shipments: its parameters, its pages."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from starlette.datastructures import QueryParams

from kolli.api.endpoint import LARGEST_ID, Answer, Parameter, Request
from kolli.api.errors import Rejected, Wire, problem
from kolli.api.pages import CURSOR, INVALID_CURSOR, Cursor, link_header, neighbours, page_size, read_page_size
from kolli.api.v3.shipment_answers import answered
from kolli.operations.context import Context
from kolli.shipments.lists import Filters, Page, Position
from kolli.shipments.lists import list_shipments as list_stored
from kolli.shipments.model import ParcelStatus
from kolli.values import timestamp

PATH = "/api/v3/shipments"
USUAL_PAGE = 40
LARGEST_PAGE = 100
MOST_IDS = 100

BAD_FILTER = Wire(404, "validation_error", "Validation error")
"""What the error object says, within an answer whose status is 400. Source: the only documented example (2026-07)."""

_MOMENT = {"type": "string", "format": "date-time"}
_NUMBER = re.compile(r"[0-9]{1,19}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

PARAMETERS = (
    Parameter("parcel_status", "With a parcel of this status: its code, or its number in version 2."),
    Parameter("tracking_number", "With the announced parcel that has this number, in any letter case."),
    Parameter("external_reference_id", "With exactly this reference."),
    Parameter("order_number", "With this order number, in any letter case."),
    Parameter("integration_id", "Of this integration.", {"type": "integer"}),
    Parameter("updated_before", "With a parcel that has changed last before this time.", _MOMENT),
    Parameter("updated_after", "With a parcel that has changed last after this time.", _MOMENT),
    Parameter("announced_before", "With a parcel that was announced before this time.", _MOMENT),
    Parameter("announced_after", "With a parcel that was announced after this time.", _MOMENT),
    Parameter("ids", f"With these parcels: up to {MOST_IDS} of their ids, separated by commas."),
    Parameter("shipment_uuids", f"These shipments: up to {MOST_IDS} of their ids, separated by commas."),
    CURSOR,
    page_size(USUAL_PAGE, LARGEST_PAGE),
)

Value = TypeVar("Value")


def list_shipments(request: Request, context: Context) -> Answer:
    """One page of shipments, newest first, however they were made."""
    query = request.query
    cursor = _read_cursor(query.get("cursor"))
    page = Page(
        size=read_page_size(query.get("page_size"), usual=USUAL_PAGE, largest=LARGEST_PAGE),
        position=_read_position(cursor),
        backwards=cursor.backwards,
        skip=cursor.offset,
    )
    filters = _read_filters(query)
    with context.database.read() as transaction:
        listed = list_stored(transaction, context.account_id, filters, page)
    previous, following = neighbours(listed.positions, more_before=listed.more_before, more_behind=listed.more_behind)
    headers = link_header(context.installation.public_url + PATH, query, previous, following)
    data = [answered(shipment, attempt, context) for shipment, attempt in listed.shipments]
    return Answer(200, {"data": data}, headers)


def _read_cursor(text: str | None) -> Cursor:
    try:
        return Cursor.parse(text)
    except Rejected as error:
        raise _invalid_cursor() from error


def _read_position(cursor: Cursor) -> Position | None:
    """A time and an id, as cursors of this list have them."""
    if not cursor.position:
        return None
    try:
        time, shipment_id = cursor.position
        return timestamp(datetime.fromisoformat(time)), shipment_id
    except (ValueError, OverflowError) as error:
        raise _invalid_cursor() from error


def _invalid_cursor() -> Rejected:
    return Rejected(404, [problem(INVALID_CURSOR, "Invalid cursor", "/data")])


def _read_filters(query: QueryParams) -> Filters:
    """The filters that a query names; an empty parameter filters nothing."""

    def read(name: str, reader: Callable[[str, str], Value]) -> Value | None:
        text = (query.get(name) or "").strip()
        return reader(name, text) if text else None

    return Filters(
        parcel_status=read("parcel_status", _status),
        tracking_number=read("tracking_number", _text),
        external_reference_id=read("external_reference_id", _text),
        order_number=read("order_number", _text),
        integration_id=read("integration_id", _number),
        updated_before=read("updated_before", _moment),
        updated_after=read("updated_after", _moment),
        announced_before=read("announced_before", _moment),
        announced_after=read("announced_after", _moment),
        parcel_ids=read("ids", _parcel_ids),
        shipment_ids=read("shipment_uuids", _shipment_ids),
    )


def _text(_: str, text: str) -> str:
    return text


def _status(name: str, text: str) -> ParcelStatus:
    status = ParcelStatus.named(text)
    if status is None:
        raise _refusal(f"Validation failed, {name} is not a parcel status", text)
    return status


def _number(name: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise _refusal(f"Validation failed, {name} is not an integer", text)
    return min(int(text), LARGEST_ID)


def _moment(name: str, text: str) -> datetime:
    """ISO 8601; what names no zone is in UTC. A plus sign that was not percent-encoded has arrived as a space."""
    for spelling in (text, text.replace(" ", "+")):
        try:
            moment = datetime.fromisoformat(spelling)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    raise _refusal(f"Validation failed, {name} is not a datetime", text)


def _parcel_ids(name: str, text: str) -> tuple[int, ...]:
    return tuple(_number(name, each) for each in _several(name, text))


def _shipment_ids(name: str, text: str) -> tuple[str, ...]:
    ids = [each.lower() for each in _several(name, text)]
    for each in ids:
        if not _UUID.fullmatch(each):
            raise _refusal(f"Validation failed, {name} is not a list of UUIDs", each)
    return tuple(ids)


def _several(name: str, text: str) -> list[str]:
    several = [each.strip() for each in text.split(",") if each.strip()]
    if len(several) > MOST_IDS:
        raise _refusal(f"Validation failed, {name} should have at most {MOST_IDS} items, not {len(several)}")
    return several


def _refusal(detail: str, value: str | None = None) -> Rejected:
    found = problem(BAD_FILTER, detail, "/list_shipments/filters")
    return Rejected(400, [found if value is None else {**found, "meta": {"value": value[:100]}}])
