"""Webhook deliveries: the log of what was sent to receivers, and sending it again; ours alone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, NotRequired

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from kolli.api.endpoint import LARGEST_ID, Answer, Endpoint, Parameter, Request
from kolli.api.errors import INVALID, WIRE, Pointers, Rejected, problem
from kolli.api.pages import CURSOR, Cursor, invalid_cursor, link_header, neighbours, page_size, read_page_size
from kolli.api.v3.common import Id, Schema, in_utc
from kolli.api.v3.order_document import Moment
from kolli.errors import Impossible, InvalidChoice
from kolli.operations.context import Context
from kolli.operations.deliver import replay, replay_all
from kolli.values import timestamp
from kolli.webhooks.deliveries import (
    STATES,
    Delivery,
    Filters,
    Position,
    Receiver,
    State,
    get_delivery,
    list_deliveries,
)

PATH = "/api/v3/webhook-deliveries"
POINTERS = Pointers(root="/data")

USUAL_PAGE = 40
LARGEST_PAGE = 100


class DeliveryAnswer(TypedDict):
    """One message to one receiver. `integration_id` or `subscription_id` says to which."""

    id: str
    integration_id: int | None
    subscription_id: int | None
    event_type: str
    state: State
    tries: int
    status_code: int | None
    answer: str
    created_at: str
    changed_at: str


class DeliveryWithBody(DeliveryAnswer):
    """One message with what it says: the very text that is signed and sent. Only for those who may read parcels."""

    body: NotRequired[str]


class OneDelivery(TypedDict):
    """One message."""

    data: DeliveryWithBody


class Deliveries(TypedDict):
    """One page of messages, newest first."""

    data: list[DeliveryAnswer]


class Replayed(TypedDict):
    """How many messages are on their way again."""

    replayed: int


class ReplayedAnswer(TypedDict):
    """How many messages are on their way again."""

    data: Replayed


class Replay(Schema):
    """Which messages are to be sent again: those created from `created_after` on and before `created_before`."""

    created_after: Moment
    created_before: Moment
    integration_id: Id | None = None
    subscription_id: Id | None = None
    state: State | None = None
    event_type: Annotated[str, Field(max_length=100)] | None = None


def list_all_deliveries(request: Request, context: Context) -> Answer:
    """One page of the log."""
    query = request.query
    cursor, filters = Cursor.parse(query.get("cursor")), _filters(query)
    size = read_page_size(query.get("page_size"), usual=USUAL_PAGE, largest=LARGEST_PAGE)
    position, backwards = _position(cursor), cursor.backwards
    with context.database.read() as transaction:
        found = list_deliveries(
            transaction, context.account_id, filters, position, cursor.offset + size + 1, backwards=backwards
        )[cursor.offset :]
    page, has_more = found[:size], len(found) > size
    if backwards:
        page.reverse()
    positions = [(timestamp(delivery.created_at), delivery.id) for delivery in page]
    more_before, more_behind = (has_more, position is not None) if backwards else (position is not None, has_more)
    previous, following = neighbours(positions, more_before=more_before, more_behind=more_behind)
    headers = link_header(context.installation.public_url + PATH, query, previous, following)
    return Answer(200, Deliveries(data=[_answered(delivery) for delivery in page]), headers)


def retrieve_delivery(request: Request, context: Context) -> Answer:
    """One message, with its body."""
    with context.database.read() as transaction:
        delivery = get_delivery(transaction, context.account_id, str(request.path["id"]))
    return Answer(200, _one(delivery, context))


def replay_one(request: Request, context: Context) -> Answer:
    """Has one message sent again."""
    delivery_id = str(request.path["id"])
    return Answer(
        202, _one(replay(delivery_id, context.account_id, context.installation, write=context.write), context)
    )


_REPLAY = TypeAdapter(Replay)


def replay_range(request: Request, context: Context) -> Answer:
    """Has every message of a time sent again."""
    body = request.read(_REPLAY, POINTERS)
    receiver = _receiver(body.integration_id, body.subscription_id)
    begin, end = (datetime.fromisoformat(str(moment)) for moment in (body.created_after, body.created_before))
    filters = Filters(receiver, body.state, body.event_type, begin, end)
    count = replay_all(filters, context.account_id, context.installation, write=context.write)
    return Answer(202, ReplayedAnswer(data={"replayed": count}))


def _receiver(integration_id: int | None, subscription_id: int | None) -> Receiver | None:
    if integration_id is not None and subscription_id is not None:
        raise Impossible("A message goes to an integration or to a subscription. Name one of them.")
    if integration_id is not None:
        return Receiver("integration", integration_id)
    return None if subscription_id is None else Receiver("subscription", subscription_id)


_moment: TypeAdapter[str] = TypeAdapter(Moment)


def _filters(query: Mapping[str, str]) -> Filters:
    """The query of a list as filters. An empty parameter filters nothing."""
    given = {name: value for name, value in query.items() if value}
    state = next((state for state in STATES if state == given.get("state")), None)
    if state is None and "state" in given:
        message = f"Select a valid choice. {given['state'][:40]} is none of {', '.join(STATES)}."
        raise Rejected(400, [problem(WIRE[InvalidChoice], message, parameter="state")])
    return Filters(
        receiver=_receiver(_number(given, "integration_id"), _number(given, "subscription_id")),
        state=state,
        event_type=given.get("event_type"),
        created_from=_time(given, "created_after"),
        created_to=_time(given, "created_before"),
    )


def _number(given: Mapping[str, str], name: str) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()):
        raise Rejected(400, [problem(INVALID, f"{text[:40]!r} is not a number.", parameter=name)])
    return min(int(text[:20]), LARGEST_ID)


def _time(given: Mapping[str, str], name: str) -> datetime | None:
    text = given.get(name)
    if text is None:
        return None
    try:
        return datetime.fromisoformat(str(_moment.validate_python(text.replace(" ", "+"))))
    except ValidationError:
        message = f"{text[:40]!r} is not a time. Write it as 2026-04-28T12:00:00Z."
        raise Rejected(400, [problem(INVALID, message, parameter=name)]) from None


def _position(cursor: Cursor) -> Position | None:
    match cursor.position:
        case ():
            return None
        case (created_at, delivery_id):
            return created_at, delivery_id
    raise invalid_cursor()


def _answered(delivery: Delivery) -> DeliveryAnswer:
    receiver = delivery.receiver
    return {
        "id": delivery.id,
        "integration_id": receiver.id if receiver.kind == "integration" else None,
        "subscription_id": receiver.id if receiver.kind == "subscription" else None,
        "event_type": delivery.event_type,
        "state": delivery.state,
        "tries": delivery.tries,
        "status_code": delivery.status_code,
        "answer": delivery.answer,
        "created_at": in_utc(delivery.created_at),
        "changed_at": in_utc(delivery.changed_at),
    }


def _one(delivery: Delivery, context: Context) -> OneDelivery:
    answered: DeliveryWithBody = {**_answered(delivery), "body": delivery.body}
    if context.scopes is not None and "read:parcel" not in context.scopes:
        del answered["body"]  # it tells of a parcel, and where that goes
    return {"data": answered}


_TIME = {"type": "string", "format": "date-time"}

ROUTES = [
    Endpoint(
        "GET",
        "/webhook-deliveries",
        list_all_deliveries,
        "List what was sent to webhooks and event subscriptions",
        scope="read:integration",
        parameters=[
            Parameter("integration_id", "Only what goes to this integration's webhook.", {"type": "integer"}),
            Parameter("subscription_id", "Only what goes to this event subscription.", {"type": "integer"}),
            Parameter("state", "Only what is in this state.", {"type": "string", "enum": list(STATES)}),
            Parameter("event_type", "Only what tells of this, such as parcel_status_changed."),
            Parameter("created_after", "Only what was created then or later.", _TIME),
            Parameter("created_before", "Only what was created earlier.", _TIME),
            CURSOR,
            page_size(USUAL_PAGE, LARGEST_PAGE),
        ],
        answers={200: Deliveries},
        errors=[404],
        is_extension=True,
    ),
    Endpoint(
        "GET",
        "/webhook-deliveries/{id}",
        retrieve_delivery,
        "Get one message with its body",
        scope="read:integration",
        answers={200: OneDelivery},
        errors=[404],
        is_extension=True,
    ),
    Endpoint(
        "POST",
        "/webhook-deliveries/replay",
        replay_range,
        "Send all messages of a time again",
        POINTERS,
        scope="write:integration",
        body=_REPLAY,
        answers={202: ReplayedAnswer},
        is_extension=True,
        is_repeatable=True,
    ),
    Endpoint(
        "POST",
        "/webhook-deliveries/{id}/replay",
        replay_one,
        "Send one message again",
        scope="write:integration",
        answers={202: OneDelivery},
        errors=[404],
        is_extension=True,
        is_repeatable=True,
    ),
]
