"""Sender addresses: where the account ships from, how that is printed, and what refers to each."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection
from starlette.responses import Response

from kolli.account.brands import Brand, find_brand, list_brands
from kolli.account.pages import Page
from kolli.account.sender_addresses import (
    SenderAddress,
    add_sender_address,
    get_sender_address,
    list_sender_addresses,
    make_default_sender_address,
    remove_sender_address,
    update_sender_address,
)
from kolli.account.users import Right
from kolli.api.v3.sender_addresses import MOST_TAX_NUMBERS, NewSenderAddress, changed_sender_address
from kolli.documents.layouts.addresses import address_lines
from kolli.errors import KolliError
from kolli.operations.references import rules_naming
from kolli.operations.sample_label import draw_sample, sample_label
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
from kolli.values import COUNTRY_CODES, Address

PATH = "/panel/settings/sender-addresses/"

MOST_SHOWN = 500
"""Sender addresses and brands that one page shows."""

EMPTY_ROWS = 2
"""Rows for further tax numbers at the end of a form."""

_SCHEMA = TypeAdapter(NewSenderAddress)
_PARTS = tuple(field.name for field in fields(Address))
_NOBODY = SenderAddress(0, Address("", "", "", "", ""))


def show_all(request: PanelRequest) -> Response:
    """Every address, as it is printed."""
    with request.context.database.read() as transaction:
        senders = list_sender_addresses(transaction, request.account_id, Page(MOST_SHOWN)).records
        brands = {each.id: each for each in _brands(transaction, request)}
    cards = [(each, _lines(each.address), brands.get(each.brand_id or 0)) for each in senders]
    return request.page("settings/sender_addresses/list.html", section="sender_addresses", cards=cards)


def show_new(request: PanelRequest) -> Response:
    """The form for another one."""
    return _form(request, _NOBODY)


def add(request: PanelRequest) -> Response:
    """Adds an address."""
    problems = Problems()
    wanted = _read(request, replace(_NOBODY, id=request.installation.sequences.take_id()), problems)
    if wanted is None:
        return _form(request, _NOBODY, 422, problems)
    try:
        with write_once(request, ("sender_address.add", _name(wanted)), **told({}, _values(wanted))) as transaction:
            add_sender_address(transaction, request.account_id, wanted)
    except SentBefore:
        return request.redirect(PATH)
    except KolliError as error:
        return _form(request, _NOBODY, 422, problems_of(error, known=(*_PARTS, "brand_id")))
    return request.redirect(PATH, request._("The address is there now."))


def show(request: PanelRequest) -> Response:
    """One address, to be looked at and changed."""
    return _form(request, _stored(request))


def save(request: PanelRequest) -> Response:
    """Changes an address. Labels that were made before keep it as it was."""
    known = _stored(request)
    problems = Problems()
    wanted = _read(request, known, problems)
    if wanted is None:
        return _form(request, known, 422, problems)
    account_id, before = request.account_id, _values(known)
    try:
        with write_if_fresh(
            request,
            ("sender_address.change", _name(known)),
            lambda transaction: get_sender_address(transaction, account_id, known.id),
            told(before, _values(wanted)),
        ) as transaction:
            update_sender_address(transaction, account_id, wanted)
    except Stale:
        known = _stored(request)
        found = differences(
            _labels(request), _values(known), {**_typed(request), "tax": _tax_text(_typed_tax(request))}
        )
        return _form(request, known, 409, differing=found)
    except KolliError as error:
        return _form(request, known, 422, problems_of(error, known=(*_PARTS, "brand_id")))
    return request.redirect(PATH, request._("Saved. Labels that were made before keep the address as it was."))


def make_default(request: PanelRequest) -> Response:
    """Makes an address the one that counts where nobody names one."""
    known = _stored(request)
    with request.write("sender_address.default", _name(known)) as transaction:
        get_sender_address(transaction, request.account_id, known.id)
        make_default_sender_address(transaction, request.account_id, known.id)
    return request.redirect(PATH, request._("Parcels are sent from there now, unless somebody says otherwise."))


def remove(request: PanelRequest) -> Response:
    """Removes an address. What was shipped from there keeps it."""
    known = _stored(request)
    try:
        with request.write("sender_address.remove", _name(known), **told(_values(known), {})) as transaction:
            remove_sender_address(transaction, request.account_id, known.id)
    except KolliError as error:
        return _form(request, known, 422, problems_of(error))
    return request.redirect(PATH, request._("The address is gone. Labels that were made before keep it."))


def picture(request: PanelRequest) -> Response:
    """A sample label from this address, with its brand."""
    sender = _stored(request)
    with request.context.database.read() as transaction:
        brand = find_brand(transaction, request.account_id, sender.brand_id)
    png = sample_label(sender.address, brand, request.context)
    return request.file(png, "image/png", "sample-label.png", inline=True)


def _stored(request: PanelRequest) -> SenderAddress:
    with request.context.database.read() as transaction:
        return get_sender_address(transaction, request.account_id, request.id)


def _brands(transaction: Connection, request: PanelRequest) -> list[Brand]:
    return list_brands(transaction, request.account_id, Page(MOST_SHOWN)).records


def _form(
    request: PanelRequest,
    sender: SenderAddress,
    status: int = 200,
    problems: Problems = NO_PROBLEMS,
    differing: list[Difference] | None = None,
) -> Response:
    account_id = request.account_id
    with request.context.database.read() as transaction:
        brands = _brands(transaction, request)
        rules = rules_naming(transaction, account_id, "sender_addresses", str(sender.id)) if sender.id else ()
        brand = find_brand(transaction, account_id, sender.brand_id)
    rows = max(_typed_rows(request), len(sender.details.tax_numbers) + EMPTY_ROWS)
    return request.page(
        "settings/sender_addresses/form.html",
        status=status,
        problems=problems,
        section="sender_addresses",
        sender=sender,
        values=_values(sender),
        brands=[(each.id, each.name) for each in brands],
        rules=rules,
        countries=sorted(COUNTRY_CODES),
        rows=min(rows, MOST_TAX_NUMBERS),
        lines=_lines(sender.address),
        undrawable=_why_undrawable(request, sender, brand) if sender.id else "",
        differences=differing,
        stamp=stamp_of(sender),
    )


def _why_undrawable(request: PanelRequest, sender: SenderAddress, brand: Brand | None) -> str:
    try:
        draw_sample(sender.address, brand, request.context)
    except KolliError as error:
        return error.message
    return ""


def _read(request: PanelRequest, known: SenderAddress, problems: Problems) -> SenderAddress | None:
    """The address with what was typed; None, and each mistake noted, when it cannot be one."""
    given = _typed(request)
    brand = request.form.number("brand_id")
    if given["brand_id"] and brand is None:
        problems.add("brand_id", request._("Choose one of the list."))
    document: dict[str, Any] = {name: given[name] for name in _PARTS}
    tax, rows = _tax_numbers(request, problems)
    document |= {
        "country_code": given["country_code"].upper(),
        "signature": {"full_name": given["signature_full_name"], "initials": given["signature_initials"]},
        "tax_numbers": tax,
        "brand_id": brand or None,
        "is_default": known.is_default,
    }
    names = {name: name for name in document}
    names |= {"signature.full_name": "signature_full_name", "signature.initials": "signature_initials"}
    for place, row in enumerate(rows):
        names |= {f"tax_numbers.{place}.{part}": f"tax_{field}_{row}" for part, field in _TAX.items()}
    body = checked(_SCHEMA, document, names, problems)
    if body is None or problems:
        return None
    try:
        return changed_sender_address(known, body.model_dump())
    except KolliError as error:
        found = problems_of(error, known=_PARTS)
        for name, messages in found.messages.items():
            for message in messages:
                problems.add(name, message)
        return None


_TAX: Mapping[str, str] = {"name": "name", "country_code": "country", "value": "value"}


def _typed(request: PanelRequest) -> dict[str, str]:
    names = (*_PARTS, "brand_id", "signature_full_name", "signature_initials")
    return {name: request.form.text(name) for name in names}


def _typed_rows(request: PanelRequest) -> int:
    return next(
        (
            row + 1
            for row in reversed(range(MOST_TAX_NUMBERS))
            if any(request.form.text(f"tax_{part}_{row}") for part in _TAX.values())
        ),
        0,
    )


def _typed_tax(request: PanelRequest) -> list[dict[str, str]]:
    form = request.form
    rows = [{part: form.text(f"tax_{field}_{row}") for part, field in _TAX.items()} for row in range(MOST_TAX_NUMBERS)]
    return [row for row in rows if any(row.values())]


def _tax_numbers(request: PanelRequest, problems: Problems) -> tuple[list[dict[str, str]], list[int]]:
    """The tax numbers in rows that are full, and in which rows they stand."""
    form, found, places = request.form, [], []
    for row in range(MOST_TAX_NUMBERS):
        given = {part: form.text(f"tax_{field}_{row}") for part, field in _TAX.items()}
        if not any(given.values()):
            continue
        for part, field in _TAX.items():
            if not given[part]:
                problems.add(f"tax_{field}_{row}", request._("Fill in all three, or none."))
        if all(given.values()):
            found.append({**given, "country_code": given["country_code"].upper()})
            places.append(row)
    return found, places


def _values(sender: SenderAddress) -> dict[str, str]:
    details = sender.details
    found = {name: str(getattr(sender.address, name)) for name in _PARTS}
    return found | {
        "brand_id": str(sender.brand_id or ""),
        "signature_full_name": details.signature.full_name,
        "signature_initials": details.signature.initials,
        "tax": _tax_text(
            [{"name": t.name, "country_code": t.country_code, "value": t.value} for t in details.tax_numbers]
        ),
    }


def _tax_text(numbers: list[dict[str, str]]) -> str:
    return ", ".join(f"{each['name']} {each['country_code']} {each['value']}" for each in numbers)


def _labels(request: PanelRequest) -> dict[str, str]:
    return {
        "name": request._("Name"),
        "company_name": request._("Company"),
        "address_line_1": request._("Street"),
        "house_number": request._("House number"),
        "address_line_2": request._("Second line"),
        "po_box": request._("PO box"),
        "postal_code": request._("Postal code"),
        "city": request._("City"),
        "state_province_code": request._("State or province"),
        "country_code": request._("Country"),
        "email": request._("E-mail"),
        "phone_number": request._("Phone"),
        "brand_id": request._("Brand"),
        "signature_full_name": request._("Who signs"),
        "signature_initials": request._("Initials"),
        "tax": request._("Tax numbers"),
    }


def _lines(address: Address) -> list[str]:
    """The address as labels abroad have it, the country at the end."""
    return [line.text for line in address_lines(address, "")] if address.country_code else []


def _name(sender: SenderAddress) -> str:
    return f"{sender.address.company_name or sender.address.name}, {sender.address.city}"


ROUTES = (
    Route("GET", PATH, show_all, Right.MANAGE),
    Route("GET", f"{PATH}new/", show_new, Right.MANAGE),
    Route("POST", f"{PATH}new/", add, Right.MANAGE),
    Route("GET", f"{PATH}{{id:int}}/", show, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/", save, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/default/", make_default, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/remove/", remove, Right.MANAGE),
    Route("GET", f"{PATH}{{id:int}}/label.png", picture, Right.MANAGE),
)
