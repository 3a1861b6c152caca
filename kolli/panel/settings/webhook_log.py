"""The delivery log: what was sent to whom, what came back, and sending it again: one, some, or all of a filter."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from kolli.account.integrations import list_integrations
from kolli.account.users import Right
from kolli.errors import Conflict, KolliError
from kolli.operations.deliver import MOST_AT_ONCE, replay, replay_all
from kolli.panel.forms import NO_PROBLEMS, Form, Problems, day_in, problems_of, whole_number
from kolli.panel.settings.once import SentBefore, write_once
from kolli.panel.settings.webhook_connections import PATH
from kolli.panel.web import PanelRequest, Route
from kolli.values import timestamp
from kolli.webhooks.deliveries import (
    STATES,
    Delivery,
    Filters,
    Position,
    Receiver,
    count_deliveries,
    find_delivery,
    get_delivery,
    list_deliveries,
)
from kolli.webhooks.payloads import PARCEL_EVENT_CREATED, PARCEL_STATUS_CHANGED
from kolli.webhooks.signing import headers_of
from kolli.webhooks.subscriptions import list_connections, list_subscriptions

LOG = f"{PATH}log/"

AT_A_TIME = 50
"""Messages on one page."""

EVENT_TYPES = (
    PARCEL_STATUS_CHANGED,
    PARCEL_EVENT_CREATED,
    "integration_connected",
    "integration_updated",
    "integration_deleted",
)
FIELDS = ("receiver", "state", "event_type", "since", "until")


@dataclass(frozen=True)
class Asked:
    """A filter as it was typed, and what it means."""

    texts: dict[str, str]
    filters: Filters
    problems: Problems


def show_all(request: PanelRequest) -> Response:
    """One page of the log, newest first."""
    asked = _asked(request, {name: request.query.get(name, "").strip() for name in FIELDS})
    return _log(request, asked, 422 if asked.problems else 200)


def _log(request: PanelRequest, asked: Asked, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    older, newer = _position(request.query.get("older", "")), _position(request.query.get("newer", ""))
    with request.context.database.read() as transaction:
        found = list_deliveries(
            transaction,
            request.account_id,
            asked.filters,
            newer or older,
            AT_A_TIME + 1,
            backwards=newer is not None,
        )
    page = found[:AT_A_TIME]
    has_more = len(found) > AT_A_TIME
    if newer is not None:
        page.reverse()
    return request.page(
        "settings/webhooks/log.html",
        status=status,
        problems=problems or asked.problems,
        section="webhooks",
        deliveries=page,
        names=_names(request),
        states=STATES,
        event_types=EVENT_TYPES,
        asked=asked.texts,
        is_filtered=any(asked.texts.values()),
        older=_link(asked, "older", page[-1:]) if (has_more or newer is not None) else "",
        newer=_link(asked, "newer", page[:1]) if (older is not None or (newer is not None and has_more)) else "",
    )


def _asked(request: PanelRequest, texts: dict[str, str]) -> Asked:
    """What a filter means: days are the reader's, and the last one is part of it."""
    problems = Problems()
    receiver = _receiver(texts["receiver"])
    if texts["receiver"] and receiver is None:
        problems.add("receiver", request._("Choose one of the list."))
    state = next((each for each in STATES if each == texts["state"]), None)
    if texts["state"] and state is None:
        problems.add("state", request._("Choose one of the list."))
    since = _day(request, texts["since"], "since", problems)
    until = _day(request, texts["until"], "until", problems)
    filters = Filters(
        receiver,
        state,
        texts["event_type"][:100] or None,
        _begin(request, since) if since else None,
        _begin(request, until + timedelta(days=1)) if until else None,
    )
    return Asked(texts, filters, problems)


def _begin(request: PanelRequest, day: date) -> datetime:
    return datetime.combine(day, time(), request.zone)


def _day(request: PanelRequest, text: str, name: str, problems: Problems) -> date | None:
    if not text:
        return None
    day = day_in(text)
    if day is None or not 2000 <= day.year < 3000:
        problems.add(name, request._("Write it as 2026-11-24."))
        return None
    return day


def _receiver(text: str) -> Receiver | None:
    kind, _, number = text.partition(" ")
    is_one = kind in {"integration", "subscription"} and whole_number(number) is not None
    return Receiver.named(text) if is_one else None


def _position(text: str) -> Position | None:
    created_at, separator, delivery_id = text[:100].partition("~")
    return (created_at, delivery_id) if separator else None


def _link(asked: Asked, name: str, end: Sequence[Delivery]) -> str:
    given = {key: value for key, value in asked.texts.items() if value}
    if not end:
        return ""
    place = f"{timestamp(end[0].created_at)}~{end[0].id}"
    return f"{LOG}?{urlencode({**given, name: place})}"


def _names(request: PanelRequest) -> dict[str, str]:
    """What people call each receiver that is there, by the word for it in the log."""
    with request.context.database.read() as transaction:
        shops = list_integrations(transaction, request.account_id)
        subscriptions = list_subscriptions(transaction, request.account_id)
        urls = {each.id: each.configuration.url for each in list_connections(transaction, request.account_id)}
    named = {f"integration {shop.id}": shop.name for shop in shops}
    return named | {f"subscription {each.id}": urls.get(each.connection_id, "") for each in subscriptions}


def show(request: PanelRequest) -> Response:
    """One message: what it says, what is sent along, and what came back."""
    return _one(request)


def _one(request: PanelRequest, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    delivery = _delivery(request)
    names = _names(request)
    is_signed = delivery.receiver.kind == "integration"
    headers = list(headers_of(delivery.id, b"", "key" if is_signed else None, delivery.changed_at))
    return request.page(
        "settings/webhooks/delivery.html",
        status=status,
        problems=problems,
        section="webhooks",
        delivery=delivery,
        name=names.get(str(delivery.receiver), str(delivery.receiver)),
        headers=["Content-Type", *headers],
        body=_pretty(delivery.body),
    )


def _delivery(request: PanelRequest) -> Delivery:
    with request.context.database.read() as transaction:
        return get_delivery(transaction, request.account_id, str(request.path["message"])[:100])


def _pretty(body: str) -> str:
    try:
        return msgspec.json.format(body, indent=2)
    except msgspec.DecodeError:
        return body


def replay_one(request: PanelRequest) -> Response:
    """Has one message sent again; sending the form twice does so once."""
    delivery = _delivery(request)
    place = f"{LOG}{delivery.id}/"
    try:
        if _is_first(request, f"{delivery.event_type} {delivery.id}", 1):
            replay(delivery.id, request.account_id, request.installation)
    except Conflict as error:
        return _one(request, 409, problems_of(error))
    return request.redirect(place, request._("It is sent again, with the same id and the same bytes."))


def replay_many(request: PanelRequest) -> Response:
    """Says how many messages would be sent again, and sends them once that is confirmed."""
    form = request.form
    is_all = form.text("which") == "all"
    asked = _asked(request, {name: form.text(name) for name in FIELDS})
    ids = [] if is_all else list(dict.fromkeys(form.texts("delivery")))[:AT_A_TIME]
    if asked.problems or (not is_all and not ids):
        problems = asked.problems
        if not is_all and not ids:
            problems.add("", request._("No message is selected. Select at least one."))
        return _log(request, asked, 422, problems)
    try:
        until = _until(form) or request.context.now()
        filters = replace(asked.filters, created_to=min(asked.filters.created_to or until, until))
        if not form.flag("confirmed"):
            return _confirm(request, asked, ids, filters)
        count = _sent_again(request, ids, filters)
    except KolliError as error:
        return _log(request, asked, 422, problems_of(error))
    if count is None:
        return request.redirect(LOG, request._("They were sent again already."))
    notice = request.ngettext("%(num)s message is sent again.", "%(num)s messages are sent again.", count)
    return request.redirect(LOG, notice)


def _until(form: Form) -> datetime | None:
    """Until when messages count that were created while somebody was thinking about it."""
    try:
        moment = datetime.fromisoformat(form.text("until_at"))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _confirm(request: PanelRequest, asked: Asked, ids: Sequence[str], filters: Filters) -> Response:
    with request.context.database.read() as transaction:
        if ids:
            found = [find_delivery(transaction, request.account_id, each[:100]) for each in ids]
            count = sum(each is not None and each.state != "waiting" for each in found)
        else:
            count = count_deliveries(transaction, request.account_id, filters, MOST_AT_ONCE + 1)
    return request.page(
        "settings/webhooks/replay.html",
        section="webhooks",
        count=count,
        is_too_many=count > MOST_AT_ONCE,
        most=MOST_AT_ONCE,
        ids=ids,
        asked=asked.texts,
        names=_names(request),
        until_at=timestamp(filters.created_to) if filters.created_to else "",
    )


def _sent_again(request: PanelRequest, ids: Sequence[str], filters: Filters) -> int | None:
    """How many messages are on their way again; None when this form has been sent before."""
    subject = request._("Messages of the log")
    if not _is_first(request, subject, len(ids)):
        return None
    if not ids:
        return replay_all(filters, request.account_id, request.installation)
    count = 0
    for each in ids:
        try:
            replay(each[:100], request.account_id, request.installation)
        except Conflict:
            continue  # on its way already
        count += 1
    return count


def _is_first(request: PanelRequest, subject: str, count: int) -> bool:
    told = {"messages": count or "by filter"}
    try:
        with write_once(request, ("webhook.replay", subject), **told):
            return True
    except SentBefore:
        return False


ROUTES = (
    Route("GET", LOG, show_all, Right.DEVELOP),
    Route("POST", f"{LOG}replay/", replay_many, Right.DEVELOP),
    Route("GET", f"{LOG}{{message}}/", show, Right.DEVELOP),
    Route("POST", f"{LOG}{{message}}/replay/", replay_one, Right.DEVELOP),
)
