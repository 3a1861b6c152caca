"""Webhooks: where each shop hears of its parcels, and the key that signs it; beside them subscriptions and the log."""

import secrets
from contextlib import AbstractContextManager
from dataclasses import replace

from pydantic import TypeAdapter
from sqlalchemy import Connection
from starlette.responses import Response

from kolli.account.integrations import (
    Integration,
    get_integration,
    list_integrations,
    sealed_signature_key,
    update_integration,
)
from kolli.account.users import Right
from kolli.api.v3.integrations import IntegrationChange, changed_integration
from kolli.errors import KolliError
from kolli.operations.change_integration import change
from kolli.operations.deliver import send_test
from kolli.outgoing import check_url
from kolli.panel.forms import NO_PROBLEMS, Problems, checked, problems_of
from kolli.panel.settings import webhook_connections, webhook_log
from kolli.panel.settings.changes import Stale, differences, stamp_of, write_if_fresh
from kolli.panel.settings.webhook_connections import PATH, told_of_test
from kolli.panel.web import PanelRequest, Route
from kolli.webhooks.deliveries import Receiver
from kolli.webhooks.signing import check_key, standard_secret
from kolli.webhooks.subscriptions import list_connections, list_subscriptions

_SCHEMA = TypeAdapter(IntegrationChange)
_FIELDS = ("webhook_url", "webhook_active")

KEY_BYTES = 32


def show_all(request: PanelRequest) -> Response:
    """Every receiver: the shops' webhooks, and the connections with their subscriptions."""
    with request.context.database.read() as transaction:
        shops = list_integrations(transaction, request.account_id)
        connections = list_connections(transaction, request.account_id)
        subscriptions = list_subscriptions(transaction, request.account_id)
    grouped = [(each, [one for one in subscriptions if one.connection_id == each.id]) for each in connections]
    return request.page("settings/webhooks/list.html", section="webhooks", shops=shops, connections=grouped)


def show(request: PanelRequest) -> Response:
    """The webhook of one shop."""
    return _form(request)


def _form(
    request: PanelRequest,
    status: int = 200,
    problems: Problems = NO_PROBLEMS,
    differing: object = None,
) -> Response:
    shop = _stored(request)
    return request.page(
        "settings/webhooks/shop.html",
        status=status,
        problems=problems,
        section="webhooks",
        shop=shop,
        stamp=stamp_of(_shown(shop)),
        differences=differing,
    )


def save(request: PanelRequest) -> Response:
    """Changes where a shop's webhook leads, and whether it is sent."""
    shop, form, problems = _stored(request), request.form, Problems()
    document = {"webhook_url": form.text("webhook_url") or None, "webhook_active": form.flag("webhook_active")}
    wanted = checked(_SCHEMA, document, {name: name for name in _FIELDS}, problems)
    if wanted is None:
        return _form(request, 422, problems)
    try:
        if wanted.webhook_url is not None:
            check_url(wanted.webhook_url, request.installation.settings.private_targets, field="webhook_url")
        after = changed_integration(shop, wanted)
    except KolliError as error:
        return _form(request, 422, problems_of(error, {"": "webhook_url"}, _FIELDS))
    told = {"was": _told(shop), "now": _told(after)}

    def write() -> AbstractContextManager[Connection]:
        return write_if_fresh(request, ("webhook.change", shop.name), lambda each: _shown(_in(each, request)), told)

    try:
        change(shop.id, lambda stored: changed_integration(stored, wanted), request.context, write=write)
    except Stale:
        return _stale(request, _stored(request), after)
    return request.redirect(PATH, request._("Saved."))


def _stale(request: PanelRequest, stored: Integration, typed: Integration) -> Response:
    labels = {"webhook": request._("Webhook")}
    return _form(request, 409, differing=differences(labels, {"webhook": _told(stored)}, {"webhook": _told(typed)}))


def test(request: PanelRequest) -> Response:
    """Sends an example to a shop's webhook, and says what came back."""
    shop = _stored(request)
    request.note("webhook.test", shop.name)
    try:
        sent = send_test(Receiver("integration", shop.id), request.account_id, request.installation)
    except KolliError as error:
        return _form(request, 422, problems_of(error))
    return told_of_test(request, sent)


def set_key(request: PanelRequest) -> Response:
    """Gives a shop's webhooks a new key, one of somebody's own, or none; a key is shown this once."""
    shop, form, problems = _stored(request), request.form, Problems()
    way = form.text("way")
    if way not in {"new", "own", "none"}:
        problems.add("way", request._("Choose one of the three."))
        return _form(request, 422, problems)
    key = {"new": secrets.token_hex(KEY_BYTES), "own": form.raw("own_password").strip(), "none": ""}[way]
    try:
        if way != "none":
            check_key(key)
    except KolliError as error:
        problems.add("own_password", error.message)
        return _form(request, 422, problems)
    sealed = sealed_signature_key(key, request.installation.vault) if key else ""
    with request.write("webhook.key", shop.name, way=way) as transaction:
        stored = get_integration(transaction, request.account_id, shop.id)
        changed = replace(stored, sealed_signature_key=sealed)
        update_integration(transaction, request.account_id, changed, request.context.now())
    if not key:
        return request.redirect(f"{PATH}{shop.id}/", request._("Webhooks of this shop are not signed any more."))
    return request.page(
        "settings/webhooks/key.html", section="webhooks", shop=shop, key=key, standard=standard_secret(key)
    )


def _in(transaction: Connection, request: PanelRequest) -> Integration:
    return get_integration(transaction, request.account_id, request.id)


def _stored(request: PanelRequest) -> Integration:
    with request.context.database.read() as transaction:
        return _in(transaction, request)


def _shown(shop: Integration) -> tuple[object, ...]:
    """What of a shop the form is filled from."""
    return shop.id, shop.settings.webhook_url, shop.settings.webhook_active


def _told(shop: Integration) -> str:
    return f"{shop.settings.webhook_url or '–'} ({'on' if shop.settings.webhook_active else 'off'})"


ROUTES = (
    Route("GET", PATH, show_all, Right.DEVELOP),
    Route("GET", f"{PATH}{{id:int}}/", show, Right.DEVELOP),
    Route("POST", f"{PATH}{{id:int}}/", save, Right.DEVELOP),
    Route("POST", f"{PATH}{{id:int}}/test/", test, Right.DEVELOP),
    Route("POST", f"{PATH}{{id:int}}/key/", set_key, Right.DEVELOP, is_fresh=True),
    *webhook_connections.ROUTES,
    *webhook_log.ROUTES,
)
