"""Parcel documents: what travels with a parcel, as a file in the format that is asked for."""

import re
from decimal import Decimal
from typing import get_args

from starlette.datastructures import Headers, QueryParams

from kolli.api.endpoint import Answer, Endpoint, Request
from kolli.api.errors import INVALID, Rejected, problem
from kolli.api.v3 import compat
from kolli.documents.render import paper_named
from kolli.errors import Invalid, NotFound
from kolli.operations.context import Context
from kolli.operations.print_labels import Form, print_label
from kolli.shipments.model import DocumentType, ParcelStatus
from kolli.shipments.queries import get_shipment_of_parcel

DOCUMENT_TYPES = ("label", "customs-declaration", "air-waybill", "proof-of-delivery")
"""The types the API names. Parcels of this version have the first; the others are valid, but never there."""


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
        shipment, parcel = get_shipment_of_parcel(transaction, context.account_id, request.id)
    # The label of a cancelled parcel must not be stuck on anything, so it is not given out any more.
    if request.path["type"] not in get_args(DocumentType) or parcel.status is not ParcelStatus.READY_TO_SEND:
        raise NotFound("No Parcel matches the given query.")
    name = f"label-{parcel.id}.{SUFFIXES[form.mime_type]}"
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Answer(200, print_label(shipment, parcel, form, context), headers, form.mime_type)


def _form(query: QueryParams, headers: Headers) -> Form:
    """Format, resolution and paper, as the caller asks for them."""
    mime_type = query.get("mime_type") or _accepted(headers.get("accept", ""))
    if mime_type not in compat.DPI:
        raise _wrong("mime_type", f"Input should be {', '.join(compat.DPI)}, not {mime_type!r}")
    text = query.get("dpi")
    if text is not None and not (text.isascii() and text.isdigit() and len(text) < 6):
        raise _wrong("dpi", f"Input should be a valid integer, not {text!r}")
    try:
        dpi = compat.dpi_of(mime_type, None if text is None else int(text))
        return Form(mime_type, dpi, paper_named(query.get("paper_size", "A6")))
    except Invalid as error:
        raise _wrong(error.field or "", error.message) from error


def _accepted(accept: str) -> str:
    """The format that an `Accept` header likes best; PDF when it names none of ours."""
    named = [part.split(";") for part in accept.lower().split(",")]
    wanted = [(_quality(parameters), name.strip()) for name, *parameters in named]
    ranked = sorted(wanted, key=lambda each: each[0], reverse=True)
    return next((name for quality, name in ranked if quality and name in compat.DPI), "application/pdf")


def _quality(parameters: list[str]) -> Decimal:
    text = next((p.strip()[2:] for p in parameters if p.strip().startswith("q=")), "1")
    return Decimal(text) if re.fullmatch(r"[01](\.[0-9]{0,3})?", text) else Decimal(0)


def _wrong(parameter: str, detail: str) -> Rejected:
    return Rejected(400, [problem(INVALID, detail, parameter=parameter)])


ROUTES = [
    Endpoint("GET", "/parcels/{id:int}/documents/{type}", retrieve_document, "One document of one parcel, as a file")
]
