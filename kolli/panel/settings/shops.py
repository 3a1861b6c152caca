"""Shops: the connections that orders come through, and that hear about their parcels."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection
from starlette.responses import Response

from kolli.account.integrations import Integration, add_integration, get_integration, list_integrations
from kolli.account.keys import list_keys
from kolli.account.users import Right
from kolli.api.v3.integrations import IntegrationChange, changed_integration
from kolli.errors import KolliError
from kolli.operations.change_integration import change, remove
from kolli.operations.references import rules_about_integration
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

PATH = "/panel/settings/shops/"

_SCHEMA = TypeAdapter(IntegrationChange)
_NAMES = {"shop_name": "name", "shop_url": "url"}


def show_all(request: PanelRequest) -> Response:
    """Every shop of the account, and the form for another."""
    return _list(request)


def add(request: PanelRequest) -> Response:
    """Adds a shop. A key for it is made on the page of the API keys."""
    problems, now = Problems(), request.context.now()
    body = _read(request, problems)
    if body is None:
        return _list(request, 422, problems)
    blank = Integration(request.installation.sequences.take_id(), "", now, now)
    wanted = changed_integration(blank, body)
    try:
        with write_once(request, ("shop.add", wanted.name), **told({}, _values(wanted))) as transaction:
            add_integration(transaction, request.account_id, wanted)
    except SentBefore:
        return request.redirect(PATH)
    notice = request._("The shop is there now. Programs that act for it need an API key.")
    return request.redirect(f"{PATH}{wanted.id}/", notice)


def show(request: PanelRequest) -> Response:
    """One shop."""
    return _page(request, _stored(request))


def save(request: PanelRequest) -> Response:
    """Gives a shop another name or address; who listens to it hears so."""
    known, problems = _stored(request), Problems()
    body = _read(request, problems)
    if body is None:
        return _page(request, known, 422, problems)
    wanted = _with(known, body)
    details = told(_values(known), _values(wanted))

    def write() -> AbstractContextManager[Connection]:
        return write_if_fresh(request, ("shop.change", known.name), lambda each: _in(each, request), details)

    try:
        change(known.id, lambda stored: _with(stored, body), request.context, write=write)
    except Stale:
        known = _stored(request)
        typed = {name: request.form.text(name) for name in ("name", "url")}
        return _page(request, known, 409, differing=differences(_labels(request), _values(known), typed))
    except KolliError as error:
        return _page(request, known, 422, problems_of(error, _NAMES))
    return request.redirect(f"{PATH}{known.id}/", request._("Saved."))


def take_away(request: PanelRequest) -> Response:
    """Removes a shop, and its keys with it. Its orders and shipments stay."""
    known = _stored(request)
    remove(known.id, request.context, write=lambda: request.write("shop.remove", known.name, id=known.id))
    return request.redirect(PATH, request._("The shop is gone, and its keys with it. Its orders and shipments stay."))


def _in(transaction: Connection, request: PanelRequest) -> Integration:
    return get_integration(transaction, request.account_id, request.id)


def _stored(request: PanelRequest) -> Integration:
    with request.context.database.read() as transaction:
        return _in(transaction, request)


def _read(request: PanelRequest, problems: Problems) -> IntegrationChange | None:
    name, url = request.form.text("name"), request.form.text("url")
    document: dict[str, Any] = {"shop_name": name}
    if url:
        document["shop_url"] = url
    return checked(_SCHEMA, document, _NAMES, problems)


def _with(known: Integration, body: IntegrationChange) -> Integration:
    """The shop with what was typed: without an address where none was."""
    wanted = changed_integration(known, body)
    return replace(wanted, settings=replace(wanted.settings, shop_url=body.shop_url))


def _list(request: PanelRequest, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    with request.context.database.read() as transaction:
        shops = list_integrations(transaction, request.account_id)
        keys = list_keys(transaction, request.account_id)
    count = {shop.id: sum(each.key.integration_id == shop.id for each in keys) for shop in shops}
    return request.page(
        "settings/shops/list.html", status=status, problems=problems, section="shops", shops=shops, keys=count
    )


def _page(
    request: PanelRequest,
    shop: Integration,
    status: int = 200,
    problems: Problems = NO_PROBLEMS,
    differing: list[Difference] | None = None,
) -> Response:
    with request.context.database.read() as transaction:
        listed = list_keys(transaction, request.account_id)
        rules = rules_about_integration(transaction, request.account_id, shop.id)
    return request.page(
        "settings/shops/shop.html",
        status=status,
        problems=problems,
        section="shops",
        shop=shop,
        values=_values(shop),
        keys=[each.key for each in listed if each.key.integration_id == shop.id],
        rules=rules,
        differences=differing,
        stamp=stamp_of(shop),
    )


def _values(shop: Integration) -> Mapping[str, str]:
    return {"name": shop.name, "url": shop.settings.shop_url}


def _labels(request: PanelRequest) -> dict[str, str]:
    return {"name": request._("Name"), "url": request._("Address on the web")}


ROUTES = (
    Route("GET", PATH, show_all, Right.MANAGE),
    Route("POST", PATH, add, Right.MANAGE),
    Route("GET", f"{PATH}{{id:int}}/", show, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/", save, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/remove/", take_away, Right.MANAGE),
)
