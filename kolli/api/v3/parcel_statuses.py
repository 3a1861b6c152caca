"""Parcel statuses: everything a parcel can be, by code and in words."""

from typing_extensions import TypedDict

from kolli.api.endpoint import Answer, Endpoint, Request
from kolli.operations.context import Context
from kolli.shipments.model import ParcelStatus


class StatusAnswer(TypedDict):
    """A status: its code, and the words for people."""

    code: str
    message: str


class StatusList(TypedDict):
    """Every status there is."""

    data: list[StatusAnswer]


def list_statuses(_: Request, __: Context) -> Answer:
    """Every status that a parcel can have. The list is the same for everybody, and is not paged."""
    data: StatusList = {"data": [{"code": status.value, "message": status.message} for status in ParcelStatus]}
    return Answer(200, data)


ROUTES = [
    Endpoint(
        "GET",
        "/parcels/statuses",
        list_statuses,
        "Retrieve a list of parcel statuses",
        scope="read:parcel",
        answers={200: StatusList},
    )
]
