"""Brands: name, colour and logo, and how they look on a label and on the tracking page."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from pydantic import TypeAdapter
from sqlalchemy import Connection
from starlette.responses import Response

from kolli.account.brands import Brand, add_brand, add_image, get_brand, list_brands, remove_brand, update_brand
from kolli.account.pages import Page
from kolli.account.sender_addresses import SenderAddress, find_sender_address, list_sender_addresses
from kolli.account.users import Right
from kolli.api.v3.brands import NewBrand, changed_brand, logo_link
from kolli.documents.logos import MOST_BYTES, clean_logo
from kolli.errors import KolliError
from kolli.operations.sample_label import USUAL_SENDER, sample_label
from kolli.panel.forms import NO_PROBLEMS, Problems, checked, problems_of
from kolli.panel.settings.changes import (
    Difference,
    Stale,
    differences,
    stamp_of,
    told,
    write_if_fresh,
)
from kolli.panel.settings.once import SentBefore, write_once
from kolli.panel.web import PanelRequest, Route
from kolli.shipments.parcel_lists import ParcelFilters, ParcelPage, list_parcels
from kolli.shipments.queries import get_shipments_of_parcels

PATH = "/panel/settings/brands/"

MOST_SHOWN = 500

UPLOAD_BYTES = 4 * MOST_BYTES
"""What is somewhat too large is refused beside the field, with what a logo may have."""

LOOKED_AT = 20
"""The newest parcels, among which one with the brand is looked for."""

NAMES = ("name", "color", "website", "notify_reply_to_email", "notify_bcc_email", "hide_powered_by")

_SCHEMA = TypeAdapter(NewBrand)
_NONE = Brand(0, "")


def show_all(request: PanelRequest) -> Response:
    """Every brand, with its logo."""
    with request.context.database.read() as transaction:
        brands = list_brands(transaction, request.account_id, Page(MOST_SHOWN)).records
    cards = [(brand, logo_link(brand, "")) for brand in brands]
    return request.page("settings/brands/list.html", section="brands", cards=cards)


def show_new(request: PanelRequest) -> Response:
    """The form for another one."""
    return _form(request, _NONE)


def add(request: PanelRequest) -> Response:
    """Adds a brand. Its logo comes afterwards."""
    problems = Problems()
    wanted = _read(request, replace(_NONE, id=request.installation.sequences.take_id()), problems)
    if wanted is None:
        return _form(request, _NONE, 422, problems)
    try:
        with write_once(request, ("brand.add", wanted.name), **told({}, _values(wanted))) as transaction:
            add_brand(transaction, request.account_id, wanted)
    except SentBefore:
        return request.redirect(PATH)
    return request.redirect(f"{PATH}{wanted.id}/", request._("The brand is there now. Give it a logo."))


def show(request: PanelRequest) -> Response:
    """One brand, to be looked at and changed."""
    return _form(request, _stored(request))


def save(request: PanelRequest) -> Response:
    """Changes a brand. Labels that were made before keep what they show."""
    known, problems = _stored(request), Problems()
    wanted = _read(request, known, problems)
    if wanted is None:
        return _form(request, known, 422, problems)
    done, changes = ("brand.change", known.name), told(_values(known), _values(wanted))
    try:
        with write_if_fresh(request, done, lambda transaction: _in(transaction, request), changes) as transaction:
            update_brand(transaction, request.account_id, wanted)
    except Stale:
        known = _stored(request)
        return _form(request, known, 409, differing=differences(_labels(request), _values(known), _typed(request)))
    return request.redirect(f"{PATH}{known.id}/", request._("Saved."))


def upload_logo(request: PanelRequest) -> Response:
    """Gives a brand a logo, drawn anew from the file that was sent. Labels that were made before keep theirs."""
    known, upload, problems = _stored(request), request.form.file("logo"), Problems()
    if upload is None:
        problems.add("logo", request._("Choose a file first."))
        return _form(request, known, 422, problems)
    try:
        png = clean_logo(upload.content)
    except KolliError as error:
        problems.add("logo", error.message)
        return _form(request, known, 422, problems)
    with request.write("brand.logo", known.name, file=upload.name) as transaction:
        logo = add_image(transaction, request.account_id, png)
        update_brand(transaction, request.account_id, replace(_in(transaction, request), logo_sha256=logo))
    return request.redirect(f"{PATH}{known.id}/", request._("The logo stands on new labels from now on."))


def remove_logo(request: PanelRequest) -> Response:
    """Takes the logo away."""
    known = _stored(request)
    with request.write("brand.logo_remove", known.name) as transaction:
        update_brand(transaction, request.account_id, replace(_in(transaction, request), logo_sha256=None))
    return request.redirect(f"{PATH}{known.id}/", request._("Labels show the brand's name instead."))


def remove(request: PanelRequest) -> Response:
    """Removes a brand that no sender address has."""
    known = _stored(request)
    try:
        with request.write("brand.remove", known.name, **told(_values(known), {})) as transaction:
            remove_brand(transaction, request.account_id, known.id)
    except KolliError as error:
        return _form(request, known, 422, problems_of(error))
    return request.redirect(PATH, request._("The brand is gone. Labels that were made before keep it."))


def picture(request: PanelRequest) -> Response:
    """A sample label with the brand, from the address that has it."""
    with request.context.database.read() as transaction:
        brand = _in(transaction, request)
        senders = _senders_of(transaction, request, brand.id)
        sender = senders[0] if senders else find_sender_address(transaction, request.account_id, None)
    png = sample_label(sender.address if sender else USUAL_SENDER, brand, request.context)
    return request.file(png, "image/png", "sample-label.png", inline=True)


def _stored(request: PanelRequest) -> Brand:
    with request.context.database.read() as transaction:
        return _in(transaction, request)


def _in(transaction: Connection, request: PanelRequest) -> Brand:
    return get_brand(transaction, request.account_id, request.id)


def _senders_of(transaction: Connection, request: PanelRequest, brand_id: int) -> list[SenderAddress]:
    known = list_sender_addresses(transaction, request.account_id, Page(MOST_SHOWN)).records
    return [each for each in known if each.brand_id == brand_id]


def _form(
    request: PanelRequest,
    brand: Brand,
    status: int = 200,
    problems: Problems = NO_PROBLEMS,
    differing: list[Difference] | None = None,
) -> Response:
    with request.context.database.read() as transaction:
        senders = _senders_of(transaction, request, brand.id) if brand.id else []
        tracking = _tracking_page(transaction, request, brand.id) if brand.id else ""
    is_about_it = "name" in request.form.values  # and not about its logo
    return request.page(
        "settings/brands/form.html",
        status=status,
        problems=problems,
        section="brands",
        brand=brand,
        values=_values(brand),
        typed=request.form.kept() if is_about_it else {},
        logo=logo_link(brand, ""),
        senders=senders,
        tracking=tracking,
        differences=differing,
        stamp=stamp_of(brand),
    )


def _tracking_page(transaction: Connection, request: PanelRequest, brand_id: int) -> str:
    """The tracking page of the newest parcel with the brand, as its recipient sees it; empty where there is none."""
    newest = list_parcels(transaction, request.account_id, ParcelFilters(), ParcelPage(LOOKED_AT)).ids
    for shipment, parcel in get_shipments_of_parcels(transaction, request.account_id, newest):
        if shipment.draft.brand_id == brand_id and parcel.tracking_number:
            to = shipment.draft.recipient
            asked = {"tracking_number": parcel.tracking_number, "postal_code": to.postal_code}
            return f"/tracking/?{urlencode({**asked, 'country': to.country_code})}"
    return ""


def _read(request: PanelRequest, known: Brand, problems: Problems) -> Brand | None:
    """The brand with what was typed; None, and each mistake noted, when it cannot be one."""
    given = _typed(request)
    document: dict[str, Any] = {
        "name": given["name"],
        "color": given["color"] or "#000000",
        "website": given["website"],
        "notify_reply_to_email": given["notify_reply_to_email"] or None,
        "notify_bcc_email": given["notify_bcc_email"] or None,
        "hide_powered_by": request.form.flag("hide_powered_by"),
        "is_default": known.is_default or request.form.flag("is_default"),
        "domain": known.details.domain,
        "google_analytics_id": known.details.google_analytics_id,
    }
    body = checked(_SCHEMA, document, {name: name for name in NAMES}, problems)
    return None if body is None else changed_brand(known, body.model_dump())


def _typed(request: PanelRequest) -> dict[str, str]:
    form = request.form
    texts = {name: form.text(name) for name in NAMES if name != "hide_powered_by"}
    return {**texts, "hide_powered_by": _yes(form.flag("hide_powered_by"))}


def _values(brand: Brand) -> dict[str, str]:
    details = brand.details
    return {
        "name": brand.name,
        "color": details.color,
        "website": details.website,
        "notify_reply_to_email": details.notify_reply_to_email or "",
        "notify_bcc_email": details.notify_bcc_email or "",
        "hide_powered_by": _yes(details.hide_powered_by),
        "is_default": _yes(brand.is_default),
    }


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _labels(request: PanelRequest) -> dict[str, str]:
    return {
        "name": request._("Name"),
        "color": request._("Colour"),
        "website": request._("Website"),
        "notify_reply_to_email": request._("Answers go to"),
        "notify_bcc_email": request._("Copies go to"),
        "hide_powered_by": request._("Without “powered by”"),
    }


ROUTES = (
    Route("GET", PATH, show_all, Right.MANAGE),
    Route("GET", f"{PATH}new/", show_new, Right.MANAGE),
    Route("POST", f"{PATH}new/", add, Right.MANAGE),
    Route("GET", f"{PATH}{{id:int}}/", show, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/", save, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/logo/", upload_logo, Right.MANAGE, most_bytes=UPLOAD_BYTES),
    Route("POST", f"{PATH}{{id:int}}/logo/remove/", remove_logo, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/remove/", remove, Right.MANAGE),
    Route("GET", f"{PATH}{{id:int}}/label.png", picture, Right.MANAGE),
)
