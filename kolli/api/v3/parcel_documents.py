"""Parcel documents: what travels with parcels, as a file in the format that is asked for."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import get_args

from starlette.datastructures import Headers, QueryParams

from kolli.api.endpoint import LARGEST_ID, Answer, Endpoint, Parameter, Request
from kolli.api.errors import INVALID, WIRE, Rejected, problem
from kolli.api.v3 import compat
from kolli.documents.render import paper_named
from kolli.errors import Invalid, Missing, NotFound
from kolli.operations.context import Context
from kolli.operations.print_labels import Form, print_labels
from kolli.shipments.model import DocumentType, Parcel, Shipment
from kolli.shipments.queries import get_shipment_of_parcel, get_shipments_of_parcels

BULK_DOCUMENT_TYPES = ("label", "customs-declaration", "air-waybill")
"""The types the API names for several parcels at a time. Parcels of this version have the first; the others are valid,
but never there."""

DOCUMENT_TYPES = (*BULK_DOCUMENT_TYPES, "proof-of-delivery")
"""The types it names for one parcel."""

MOST_PARCELS = 20

SUFFIXES = {"application/pdf": "pdf", "image/png": "png", "application/zpl": "zpl"}


def document_link(context: Context, parcel_id: object) -> str:
    """Where the label of a parcel can be fetched, with the same credentials."""
    return f"{context.installation.public_url}/api/v3/parcels/{parcel_id}/documents/label"


def retrieve_document(request: Request, context: Context) -> Answer:
    """One document of one parcel."""
    if request.path["type"] not in DOCUMENT_TYPES:
        raise Invalid("Invalid document type.")
    form = _form(request.query, request.headers)
    with context.database.read() as transaction:
        wanted = [get_shipment_of_parcel(transaction, context.account_id, request.id)]
    return _printed(request, wanted, form, f"label-{request.id}", context)


def retrieve_documents(request: Request, context: Context) -> Answer:
    """The documents of several parcels in one file, in the order in which the parcels are named; all, or none."""
    if request.path["type"] not in BULK_DOCUMENT_TYPES:
        raise Invalid("Invalid document type.")
    form = _form(request.query, request.headers)
    numbers = _parcel_numbers(request.query)
    with context.database.read() as transaction:
        wanted = get_shipments_of_parcels(transaction, context.account_id, numbers)
    return _printed(request, wanted, form, "labels", context)


def _printed(
    request: Request, wanted: Sequence[tuple[Shipment, Parcel]], form: Form, name: str, context: Context
) -> Answer:
    # The label of a cancelled parcel must not be stuck on anything, so it is not given out any more.
    if request.path["type"] not in get_args(DocumentType) or not all(parcel.has_label for _, parcel in wanted):
        raise NotFound("No Parcel matches the given query.")
    try:
        file = print_labels(wanted, form, context)
    except Invalid as error:  # more pages than the format holds
        raise _wrong("parcels", error.message) from error
    headers = {"Content-Disposition": f'inline; filename="{name}.{SUFFIXES[form.mime_type]}"'}
    return Answer(200, file, headers, form.mime_type)


def _parcel_numbers(query: QueryParams) -> list[int]:
    """The parcels that are asked for, each once, in the order in which they are named.

    Clients write lists in the ways of their libraries: `parcels=1&parcels=2`, `parcels=1,2`, `parcels[]=1&parcels[]=2`,
    `parcels[0]=1&parcels[1]=2`.
    """
    values = [value for name, value in query.multi_items() if re.fullmatch(r"parcels(\[[0-9]*\])?", name)]
    texts = [text.strip() for value in values for text in value.split(",") if text.strip()]
    if not texts:
        detail = f"This field is required. Name 1 to {MOST_PARCELS} parcels, as in parcels=1&parcels=2."
        raise Rejected(400, [problem(WIRE[Missing], detail, parameter="parcels")])
    if len(texts) > MOST_PARCELS:
        raise _wrong("parcels", f"List should have at most {MOST_PARCELS} items, not {len(texts)}")
    numbers = [_number("parcels", text, digits=100) for text in texts]
    # One that is too large to exist becomes the largest there could be.
    return list(dict.fromkeys(min(number, LARGEST_ID) for number in numbers))


def _form(query: QueryParams, headers: Headers) -> Form:
    """Format, resolution, paper and the first place on it, as the caller asks for them."""
    mime_type = query.get("mime_type") or _accepted(headers.get("accept", ""))
    if mime_type not in compat.DPI:
        raise _wrong("mime_type", f"Input should be {', '.join(compat.DPI)}, not {mime_type!r}")
    text = query.get("dpi")
    start_from = query.get("start_from", "0")
    if start_from not in {"0", "1", "2", "3"}:
        raise _wrong("start_from", f"Input should be 0, 1, 2 or 3, not {start_from!r}")
    try:
        dpi = compat.dpi_of(mime_type, None if text is None else _number("dpi", text, digits=5))
        return Form(mime_type, dpi, paper_named(query.get("paper_size", "A6")), int(start_from))
    except Invalid as error:
        raise _wrong(error.field or "", error.message) from error


def _number(parameter: str, text: str, digits: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= digits):
        raise _wrong(parameter, f"Input should be a valid integer, not {text!r}")
    return int(text)


def _accepted(accept: str) -> str:
    """The format that an `Accept` header likes best; PDF when it likes none of ours.

    Source: RFC 9110, 12.5.1. Of two that are liked alike it is the one that is named rather than meant by a `*`, then
    the one that is named first.
    """
    parts = [part.split(";") for part in accept.lower().split(",")]
    named = [(name.strip(), _quality(parameters)) for name, *parameters in parts]
    liked = {mime_type: _liking(mime_type, named) for mime_type in compat.DPI}
    best = max(liked, key=lambda mime_type: liked[mime_type])
    return best if liked[best][0] else "application/pdf"


def _liking(mime_type: str, named: Sequence[tuple[str, Decimal]]) -> tuple[Decimal, int, int]:
    """How much the most exact range that holds a format wants it, how exact that is, and how early it stands."""
    ranges = ("*/*", f"{mime_type.partition('/')[0]}/*", mime_type)
    found = [(ranges.index(name), -at, quality) for at, (name, quality) in enumerate(named) if name in ranges]
    exactness, earliness, quality = max(found, default=(0, 0, Decimal(0)))
    return quality, exactness, earliness


def _quality(parameters: list[str]) -> Decimal:
    text = next((p.strip()[2:] for p in parameters if p.strip().startswith("q=")), "1")
    return Decimal(text) if re.fullmatch(r"[01](\.[0-9]{0,3})?", text) else Decimal(0)


def _wrong(parameter: str, detail: str) -> Rejected:
    return Rejected(400, [problem(INVALID, detail, parameter=parameter)])


_ONE_OF = "The format, where `Accept` does not say it."


def _type(names: Sequence[str]) -> Parameter:
    return Parameter("type", "The kind of document.", {"type": "string", "enum": list(names)}, place="path")


_FORM = [
    Parameter(
        "dpi",
        "Resolution: 72 for PDF, 150 or 300 for PNG, any for ZPL.",
        {"type": "integer", "enum": [72, 150, 203, 300, 600]},
    ),
    Parameter("paper_size", "Size of the page: A6, A5, A4 or 4x6.", {"type": "string", "default": "A6"}),
    Parameter("mime_type", _ONE_OF, {"type": "string", "enum": list(compat.DPI)}, is_extension=True),
    Parameter(
        "start_from",
        "Where on A4 the first label stands, row by row.",
        {"type": "integer", "enum": [0, 1, 2, 3]},
        is_extension=True,
    ),
    Parameter("Accept", "The format, as a media type.", place="header"),
]

_PARCELS = Parameter(
    "parcels",
    "Ids of parcels: repeated, or with commas between them.",
    {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": MOST_PARCELS},
    is_required=True,
)

ROUTES = [
    Endpoint(
        "GET",
        "/parcels/{id:int}/documents/{type}",
        retrieve_document,
        "One document of one parcel, as a file",
        scope="read:parcel",
        parameters=[_type(DOCUMENT_TYPES), *_FORM],
        answers={200: tuple(compat.DPI)},
    ),
    Endpoint(
        "GET",
        "/parcel-documents/{type}",
        retrieve_documents,
        "The documents of up to 20 parcels, as one file in order",
        scope="read:parcel",
        parameters=[_type(BULK_DOCUMENT_TYPES), _PARCELS, *_FORM],
        answers={200: tuple(compat.DPI)},
    ),
]
