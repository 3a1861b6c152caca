"""Parcel tracking: where parcels are, those labelled here and those that were registered only to be tracked.

Answers of this section stand by themselves, without `data` around them, and its mistakes are told as FastAPI tells
them. Source: the Parcel Tracking section (2026-07).
"""

from pydantic import ValidationError
from typing_extensions import TypedDict

from kolli.api.bodies import Malformed, decode, encode
from kolli.api.endpoint import Answer, Endpoint, Parameter, Request
from kolli.api.errors import WIRE, Pointers, Refusal, answer_to, message_of
from kolli.api.v3.parcel_tracking_answers import RegisteredParcel, TrackedParcel, registered, tracked_parcel
from kolli.api.v3.parcel_tracking_request import LONGEST_NUMBER, REGISTRATION, Registration
from kolli.errors import Conflict, KolliError, NotFound, TooLarge
from kolli.operations.context import Context
from kolli.operations.import_events import find_tracked
from kolli.operations.register_parcel import register_parcel
from kolli.operations.track import Tracked
from kolli.shipments.tracking import history

NO_PARCEL = "Parcel does not exist"
TAKEN = "Parcel or tracking number already exists"


class Mistake(TypedDict):
    """One mistake: where it is, what is wrong, and of which kind it is."""

    loc: list[str | int]
    msg: str
    type: str


class Mistakes(TypedDict):
    """Every mistake that was found in the request."""

    detail: list[Mistake]


class Detail(TypedDict):
    """Why nothing was done."""

    detail: str


REFUSAL = Detail | Mistakes | Refusal


class Unprocessable(KolliError):
    """The request is not as it should be."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__()
        self.mistakes = mistakes


def refuse(error: KolliError, pointers: Pointers) -> tuple[int, bytes]:
    """The status and body that tell a caller of this section about an error.

    What is about credentials, and not about a parcel, is told as everywhere else.
    """
    match error:
        case Unprocessable():
            return 422, encode({"detail": error.mistakes})
        case Malformed():
            return 422, encode({"detail": [{"loc": ["body"], "msg": error.message, "type": "json_invalid"}]})
        case NotFound():
            return 404, encode({"detail": NO_PARCEL})
        case Conflict():
            return 409, encode({"detail": TAKEN})
        case TooLarge():
            return WIRE[TooLarge].status, encode({"detail": error.message})
        case _:
            return answer_to(error, pointers)


def retrieve_tracking(request: Request, context: Context) -> Answer:
    """Where a parcel is, and everything that has happened to it, by its tracking number in any letter case.

    A parcel that was labelled here comes before one that was registered under the same number.
    """
    number = str(request.path["tracking_number"])
    if len(number) > LONGEST_NUMBER:
        message = f"String should have at most {LONGEST_NUMBER} characters"
        raise Unprocessable([{"loc": ["path", "tracking_number"], "msg": message, "type": "string_too_long"}])
    with context.database.read() as transaction:
        tracked = _find(find_tracked(transaction, context.account_id, [number])[number.lower()])
        events = history(transaction, context.account_id, tracked.id)
    return Answer(200, tracked_parcel(tracked, events))


def _find(found: list[Tracked]) -> Tracked:
    for tracked in found:
        if tracked.is_announced:
            return tracked
    raise NotFound(NO_PARCEL)


def register(request: Request, context: Context) -> Answer:
    """Registers a parcel that was labelled elsewhere, so that it can be tracked here.

    The same source id and carrier again change nothing, and are answered with what was registered the first time.
    """
    body = _read(request)
    parcel, is_new = register_parcel(
        body.tracking_number.carrier_code,
        body.source_id,
        body.tracking_number.tracking_number,
        body.model_dump(mode="python", exclude_unset=True),
        context,
    )
    return Answer(200, registered(parcel, is_new=is_new))


def _read(request: Request) -> Registration:
    try:
        return REGISTRATION.validate_python(decode(request.body))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        raise Unprocessable(
            [{"loc": ["body", *item["loc"]], "msg": message_of(item), "type": item["type"]} for item in found]
        ) from error


ROUTES = [
    Endpoint(
        "GET",
        "/parcels/tracking/{tracking_number:path}",
        retrieve_tracking,
        "Retrieve tracking information for a parcel",
        scope="read:parcel",
        refuse=refuse,
        parameters=[
            Parameter(
                "tracking_number",
                "The tracking number of the parcel.",
                {"type": "string", "minLength": 1, "maxLength": LONGEST_NUMBER},
                is_required=True,
                place="path",
            )
        ],
        answers={200: TrackedParcel},
        errors=[404, 422],
        refusal=REFUSAL,
    ),
    Endpoint(
        "POST",
        "/parcels/tracking",
        register,
        "Create an external parcel for tracking",
        scope="write:parcel",
        refuse=refuse,
        body=REGISTRATION,
        answers={200: RegisteredParcel},
        errors=[409, 422],
        refusal=REFUSAL,
        is_repeatable=True,
    ),
]
