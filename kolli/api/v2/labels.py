"""Labels (v2): links to the labels of parcels, and the files behind them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, TypeAdapter
from starlette.datastructures import QueryParams
from typing_extensions import TypedDict

from kolli.api.endpoint import LARGEST_ID, NOWHERE_ELSE, Answer, Parameter, Request
from kolli.api.errors import INVALID, WIRE, Rejected, problem
from kolli.api.v2.errors import PREFIX, V2
from kolli.api.v2.parcel_answers import LabelLinks
from kolli.api.v3.common import Id, Schema
from kolli.documents.papers import paper_named
from kolli.errors import Missing, NotFound
from kolli.operations.context import Context
from kolli.operations.print_labels import Form, print_labels
from kolli.shipments.model import Parcel, Shipment
from kolli.shipments.queries import get_shipments_of_parcels
from kolli.webhooks.payloads import SHEET_PLACES, label_links

MOST_PARCELS = 500
"""Labels in one file. Nothing is documented; so many are printed within two seconds."""

PDF = "application/pdf"


class WantedParcels(Schema):
    """The parcels whose labels are wanted."""

    parcels: Annotated[list[Id], Field(min_length=1, max_length=MOST_PARCELS)]


class WantedLabels(Schema):
    """The body of `labels`."""

    label: WantedParcels


class LabelAnswer(TypedDict):
    """Where the label of one parcel is."""

    label: LabelLinks
    customs_declaration: dict[str, Any]


class LabelsAnswer(TypedDict):
    """Where the labels of several parcels are."""

    label: LabelLinks


_WANTED = TypeAdapter(WantedLabels)


def retrieve_label(request: Request, context: Context) -> Answer:
    """Where the label of a parcel is."""
    _labelled([request.id], context)
    links = label_links(context.installation.public_url, request.id)
    return Answer(200, {"label": links, "customs_declaration": {}})


def retrieve_labels(request: Request, context: Context) -> Answer:
    """Where the labels of several parcels are, all in one file."""
    ids = list(dict.fromkeys(request.read(_WANTED, NOWHERE_ELSE).label.parcels))
    _labelled(ids, context)
    url, named = f"{context.installation.public_url}/{PREFIX}/labels", ",".join(map(str, ids))
    links: LabelLinks = {
        "normal_printer": [f"{url}/normal_printer?ids={named}&start_from={place}" for place in range(SHEET_PLACES)],
        "label_printer": f"{url}/label_printer?ids={named}",
    }
    return Answer(200, {"label": links})


def print_for_label_printer(request: Request, context: Context) -> Answer:
    """Labels as PDF, each on a page of its own size."""
    return _file(_ids(request), Form(PDF, 72), context)


def print_for_normal_printer(request: Request, context: Context) -> Answer:
    """Labels as PDF, four on a sheet of A4, the first at `start_from`."""
    place = request.query.get("start_from") or "0"
    if place not in map(str, range(SHEET_PLACES)):
        detail = f"Input should be 0 (top left), 1 (top right), 2 (bottom left) or 3 (bottom right), not {place[:40]!r}"
        raise _wrong("start_from", detail)
    return _file(_ids(request), Form(PDF, 72, paper_named("A4"), int(place)), context)


def _file(ids: Sequence[int], form: Form, context: Context) -> Answer:
    content = print_labels(_labelled(ids, context), form, context)
    return Answer(200, content, {"Content-Disposition": 'inline; filename="labels.pdf"'}, PDF)


def _labelled(ids: Sequence[int], context: Context) -> list[tuple[Shipment, Parcel]]:
    """These parcels; NotFound when one of them does not exist, or has no label that may be stuck on something."""
    with context.database.read() as transaction:
        found = get_shipments_of_parcels(transaction, context.account_id, ids)
    if not all(parcel.has_label for _, parcel in found):
        raise NotFound("No Parcel matches the given query.")
    return found


def _ids(request: Request) -> list[int]:
    """The parcel in the path, or those in the query, each once."""
    if "id" in request.path:
        return [request.id]
    texts = _named(request.query)
    if not texts:
        raise Rejected(400, [problem(WIRE[Missing], "Name the parcels, as in ids=1,2,3.", parameter="ids")])
    if len(texts) > MOST_PARCELS:
        raise _wrong("ids", f"List should have at most {MOST_PARCELS} items, not {len(texts)}")
    if not all(text.isascii() and text.isdigit() and len(text) < 100 for text in texts):
        raise _wrong("ids", "These are not the ids of parcels. Write them as ids=1,2,3.")
    return list(dict.fromkeys(min(int(text), LARGEST_ID) for text in texts))


def _named(query: QueryParams) -> list[str]:
    """`ids=1,2,3`, or `ids=1&ids=2`, or `ids[]=1&ids[]=2`."""
    values = [value for name, value in query.multi_items() if name in {"ids", "ids[]"}]
    return [text.strip() for value in values for text in value.split(",") if text.strip()]


def _wrong(parameter: str, detail: str) -> Rejected:
    return Rejected(400, [problem(INVALID, detail, parameter=parameter)])


_IDS = Parameter("ids", "The parcels, separated by commas.", is_required=True)
_PLACE: Mapping[str, object] = {"type": "integer", "minimum": 0, "maximum": SHEET_PLACES - 1, "default": 0}
_START = Parameter("start_from", "The place of the first label on the sheet, row by row from the upper left.", _PLACE)

ROUTES = [
    V2(
        "GET",
        "/labels/{id:int}",
        retrieve_label,
        "Retrieve the label of a parcel",
        scope="read:parcel",
        answers={200: LabelAnswer},
    ),
    V2(
        "POST",
        "/labels",
        retrieve_labels,
        "Retrieve the labels of several parcels",
        scope="read:parcel",
        body=_WANTED,
        answers={200: LabelsAnswer},
        errors=(404,),
    ),
    *(
        V2(
            "GET",
            f"/labels/label_printer{end}",
            print_for_label_printer,
            f"Print {what} for a label printer",
            scope="read:parcel",
            parameters=parameters,
            answers={200: (PDF,)},
            errors=(404,),
        )
        for end, what, parameters in (("", "labels", (_IDS,)), ("/{id:int}", "a label", ()))
    ),
    *(
        V2(
            "GET",
            f"/labels/normal_printer{end}",
            print_for_normal_printer,
            f"Print {what} for a normal printer",
            scope="read:parcel",
            parameters=parameters,
            answers={200: (PDF,)},
            errors=(404,),
        )
        for end, what, parameters in (("", "labels", (_IDS, _START)), ("/{id:int}", "a label", (_START,)))
    ),
]
"""Every endpoint of this section."""
