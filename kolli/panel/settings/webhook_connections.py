"""Connections: endpoints that events are sent to, what they know us by, and which events each of them wants."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from pydantic import TypeAdapter
from sqlalchemy import Connection
from starlette.responses import Response

from kolli.account.users import Right
from kolli.api.v3.event_subscription_schemas import NewSubscription as _NewSubscription
from kolli.api.v3.event_subscription_schemas import WebhookConfiguration
from kolli.errors import Impossible, KolliError, Missing
from kolli.operations.deliver import send_test
from kolli.panel.forms import NO_PROBLEMS, Problems, checked, problem, problems_of
from kolli.panel.settings.changes import Stale, check_stamp, differences, stamp_of
from kolli.panel.settings.once import SentBefore, write_once
from kolli.panel.web import PanelRequest, Route
from kolli.webhooks.configuration import (
    MEMBERS,
    MOST_CONNECTIONS,
    MOST_SUBSCRIPTIONS,
    changed,
    check_configuration,
)
from kolli.webhooks.deliveries import Delivery, Receiver
from kolli.webhooks.subscriptions import (
    Configuration,
    EventConnection,
    Subscription,
    add_connection,
    add_subscription,
    get_connection,
    get_subscription,
    list_connections,
    list_subscriptions,
    remove_connection,
    remove_subscription,
    update_connection,
    update_subscription,
)

PATH = "/panel/settings/webhooks/"
CONNECTIONS = f"{PATH}connections/"
SUBSCRIPTIONS = f"{PATH}subscriptions/"

EVENT_TYPES: tuple[str, ...] = get_args(_NewSubscription.model_fields["event_type"].annotation)
"""Events that can be subscribed to, as the API has them."""

_SCHEMA = TypeAdapter(WebhookConfiguration)
_NEW = Configuration("")

SECRET_FIELDS: Mapping[str, str] = {
    "token": "token_password",
    "username": "username",
    "password": "basic_password",
    "header_name": "header_name",
    "api_key": "key_password",
}
"""What a connection authenticates with → its field; those with `password` in their name are never shown again."""

_NAMES: Mapping[str, str] = {
    "url": "url",
    "auth_type": "auth_type",
    "extra_headers": "extra_headers",
    **{f"auth_config.{name}": field_name for name, field_name in SECRET_FIELDS.items()},
}


@dataclass(frozen=True)
class _Page:
    """What the form of a connection is filled from."""

    connection: EventConnection | None = None
    subscriptions: tuple[Subscription, ...] = ()
    differing: object = None
    problems: Problems = field(default_factory=lambda: NO_PROBLEMS)


def show_new(request: PanelRequest) -> Response:
    """The form for another connection."""
    return _page(request, _Page())


def show(request: PanelRequest) -> Response:
    """One connection, without its secrets, and its subscriptions."""
    return _page(request, _known(request))


def _known(request: PanelRequest) -> _Page:
    with request.context.database.read() as transaction:
        connection = get_connection(transaction, request.account_id, request.id)
        own = [
            each for each in list_subscriptions(transaction, request.account_id) if each.connection_id == connection.id
        ]
    return _Page(connection, tuple(own))


def _page(request: PanelRequest, page: _Page, status: int = 200) -> Response:
    known = page.connection.configuration if page.connection else _NEW
    free = [each for each in EVENT_TYPES if each not in {one.event_type for one in page.subscriptions}]
    return request.page(
        "settings/webhooks/connection.html",
        status=status,
        problems=page.problems,
        section="webhooks",
        connection=page.connection,
        known=known,
        headers="\n".join(f"{name}: {value}" for name, value in known.extra_headers.items()),
        subscriptions=page.subscriptions,
        free=free,
        stamp=_stamp(page.connection) if page.connection else "",
        differences=page.differing,
    )


def add(request: PanelRequest) -> Response:
    """Makes a connection, and subscribes it to what was ticked."""
    problems = Problems()
    configuration = _read(request, _NEW, problems)
    if configuration is None:
        return _page(request, _Page(problems=problems), 422)
    context, now = request.context, request.context.now()
    take_id = context.installation.sequences.take_id
    connection = EventConnection(take_id(), configuration, now, now)
    wanted = [each for each in EVENT_TYPES if each in request.form.texts("event_type")]
    subscriptions = [Subscription(take_id(), connection.id, each, True, now, now) for each in wanted]
    told = {"events": ", ".join(wanted)}
    try:
        with write_once(request, ("connection.add", configuration.url), **told) as transaction:
            _check_room(request, transaction)
            add_connection(transaction, request.account_id, connection, context.installation.vault)
            for each in subscriptions:
                _add_subscription(request, transaction, each)
    except SentBefore:
        return request.redirect(PATH)
    except KolliError as error:
        return _page(request, _Page(problems=problems_of(error)), 422)
    return request.redirect(f"{CONNECTIONS}{connection.id}/", request._("The connection is there. Send it a test."))


def _check_room(request: PanelRequest, transaction: Connection) -> None:
    if len(list_connections(transaction, request.account_id)) >= MOST_CONNECTIONS:
        raise Impossible(f"An account can have {MOST_CONNECTIONS} connections. Delete one first.")


def save(request: PanelRequest) -> Response:
    """Changes a connection. Secrets that are left empty stay, unless it leads to somebody else now."""
    vault, problems = request.installation.vault, Problems()
    with request.context.database.read() as transaction:
        stored = get_connection(transaction, request.account_id, request.id, vault)
    wanted = _read(request, stored.configuration, problems)
    if wanted is None:
        return _page(request, replace(_known(request), problems=problems), 422)
    told = {"was": stored.configuration.url, "now": wanted.url}
    try:
        with request.write("connection.change", wanted.url, **told) as transaction:
            known = get_connection(transaction, request.account_id, request.id, vault)
            check_stamp(request, known.id, known.updated_at)
            after = replace(known, configuration=wanted, updated_at=request.context.now())
            update_connection(transaction, request.account_id, after, vault)
    except Stale:
        page = _known(request)
        now = page.connection.configuration.url if page.connection else ""
        found = differences({"url": request._("Address")}, {"url": now}, {"url": wanted.url})
        text = request._("Somebody else has saved this meanwhile. Look at it, and save again if yours is to count.")
        return _page(request, replace(page, differing=found, problems=problem(text)), 409)
    return request.redirect(f"{CONNECTIONS}{request.id}/", request._("Saved."))


def _read(request: PanelRequest, known: Configuration, problems: Problems) -> Configuration | None:
    """What was typed, over what is known; None, and each mistake noted, when nothing could be sent there."""
    form = request.form
    way = form.text("auth_type") or "none"
    given = {name: form.raw(SECRET_FIELDS[name]).strip() for name in MEMBERS.get(way, ())}
    document: dict[str, Any] = {"url": form.text("url"), "auth_type": way}
    if any(given.values()):
        document["auth_config"] = {name: value for name, value in given.items() if value}
    document["extra_headers"] = _headers(request, problems)
    body = checked(_SCHEMA, document, _NAMES, problems)
    if body is None or problems:
        return None
    named: dict[str, Any] = body.model_dump(include=body.model_fields_set, exclude_none=True)
    if not named.get("url"):
        problems.add("url", Missing().message)
        return None
    try:
        wanted = changed(known, named)
        check_configuration(wanted, request.installation.settings.private_targets)
    except KolliError as error:
        names = {f"configuration.{path}": name for path, name in _NAMES.items()} | {"": "url"}
        problems.messages.update(problems_of(error, names).messages)
        return None
    return wanted


def _headers(request: PanelRequest, problems: Problems) -> dict[str, str]:
    """Headers that are sent along, one on each line: `Name: value`."""
    found: dict[str, str] = {}
    for line in request.form.raw("extra_headers").splitlines():
        name, colon, value = line.partition(":")
        if not line.strip():
            continue
        if not colon:
            problems.add("extra_headers", request._("Write each as a name, a colon and a value: X-Shop: 12"))
        found[name.strip()] = value.strip()
    return found


def remove(request: PanelRequest) -> Response:
    """Removes a connection and its subscriptions. What was sent stays in the log."""
    with request.context.database.read() as transaction:
        stored = get_connection(transaction, request.account_id, request.id)
    with request.write("connection.remove", stored.configuration.url) as transaction:
        remove_connection(transaction, request.account_id, stored.id)
    return request.redirect(PATH, request._("The connection is gone, and its subscriptions with it."))


def _stamp(connection: EventConnection) -> str:
    return stamp_of(connection.id, connection.updated_at)


# Subscriptions


def subscribe(request: PanelRequest) -> Response:
    """Has events of a type sent to a connection."""
    page, wanted = _known(request), request.form.text("event_type")
    if wanted not in EVENT_TYPES:
        problems = problem(request._("Choose one of the events."), "event_type")
        return _page(request, replace(page, problems=problems), 422)
    now = request.context.now()
    fresh = request.installation.sequences.take_id()
    made = Subscription(fresh, request.id, wanted, True, now, now)
    try:
        with write_once(request, ("subscription.add", _address(page)), event=wanted) as transaction:
            get_connection(transaction, request.account_id, request.id)
            _add_subscription(request, transaction, made)
    except SentBefore:
        return request.redirect(f"{CONNECTIONS}{request.id}/")
    except KolliError as error:
        return _page(request, replace(page, problems=problems_of(error)), 422)
    return request.redirect(f"{CONNECTIONS}{request.id}/", request._("These events are sent there from now on."))


def _add_subscription(request: PanelRequest, transaction: Connection, made: Subscription) -> None:
    if len(list_subscriptions(transaction, request.account_id)) >= MOST_SUBSCRIPTIONS:
        raise Impossible(f"An account can have {MOST_SUBSCRIPTIONS} subscriptions. Delete one first.")
    add_subscription(transaction, request.account_id, made)


def _address(page: _Page) -> str:
    return page.connection.configuration.url if page.connection else ""


def switch(request: PanelRequest) -> Response:
    """Has a subscription count, or not."""
    stored, is_active = _subscription(request), request.form.text("is_active") == "yes"
    with request.write("subscription.switch", stored.event_type, now="on" if is_active else "off") as transaction:
        known = get_subscription(transaction, request.account_id, stored.id)
        update_subscription(
            transaction, request.account_id, replace(known, is_active=is_active, updated_at=request.context.now())
        )
    return request.redirect(f"{CONNECTIONS}{stored.connection_id}/", request._("Saved."))


def unsubscribe(request: PanelRequest) -> Response:
    """Removes a subscription."""
    stored = _subscription(request)
    with request.write("subscription.remove", stored.event_type) as transaction:
        remove_subscription(transaction, request.account_id, stored.id)
    return request.redirect(f"{CONNECTIONS}{stored.connection_id}/", request._("These events are not sent any more."))


def test(request: PanelRequest) -> Response:
    """Sends an example to the connection of a subscription, and says what came back."""
    stored = _subscription(request)
    request.note("subscription.test", stored.event_type)
    sent = send_test(Receiver("subscription", stored.id), request.account_id, request.installation)
    return told_of_test(request, sent)


def _subscription(request: PanelRequest) -> Subscription:
    with request.context.database.read() as transaction:
        return get_subscription(transaction, request.account_id, request.id)


def told_of_test(request: PanelRequest, sent: Delivery) -> Response:
    """Leads to the test in the log, and says in a sentence what came of it."""
    if sent.state == "delivered":
        notice = request._("The test was received.")
    elif sent.status_code is not None:
        notice = request._("The test was refused: the receiver answered %(status)s.") % {"status": sent.status_code}
    else:
        notice = request._("The test was not received.")
    return request.redirect(f"{PATH}log/{sent.id}/", notice)


ROUTES = (
    Route("GET", f"{CONNECTIONS}new/", show_new, Right.DEVELOP),
    Route("POST", f"{CONNECTIONS}new/", add, Right.DEVELOP),
    Route("GET", f"{CONNECTIONS}{{id:int}}/", show, Right.DEVELOP),
    Route("POST", f"{CONNECTIONS}{{id:int}}/", save, Right.DEVELOP),
    Route("POST", f"{CONNECTIONS}{{id:int}}/remove/", remove, Right.DEVELOP),
    Route("POST", f"{CONNECTIONS}{{id:int}}/subscribe/", subscribe, Right.DEVELOP),
    Route("POST", f"{SUBSCRIPTIONS}{{id:int}}/switch/", switch, Right.DEVELOP),
    Route("POST", f"{SUBSCRIPTIONS}{{id:int}}/remove/", unsubscribe, Right.DEVELOP),
    Route("POST", f"{SUBSCRIPTIONS}{{id:int}}/test/", test, Right.DEVELOP),
)
