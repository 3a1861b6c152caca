"""Defaults: how the account ships where neither a rule nor the request nor the order says, and what each means."""

from dataclasses import replace
from typing import Any, get_args

from pydantic import TypeAdapter
from starlette.responses import Response

from kolli.account.accounts import Account, RepeatLabels, get_account, update_account
from kolli.account.contracts import all_contracts
from kolli.account.users import Right
from kolli.api.v3.customs import ExportReason
from kolli.api.v3.shipping_defaults import (
    CONTRACT,
    LONGEST_NOTE,
    OPTION,
    DefaultsChange,
    changed_defaults,
    check_way,
)
from kolli.errors import KolliError
from kolli.panel.forms import NO_PROBLEMS, Problems, checked, problems_of
from kolli.panel.settings.carriers import catalogue_of, point
from kolli.panel.settings.changes import Difference, Stale, differences, stamp_of, told, write_if_fresh
from kolli.panel.web import PanelRequest, Route
from kolli.values import plain

PATH = "/panel/settings/defaults/"

MOST_SUGGESTED = 300
"""Shipping options that the field suggests; others can be typed."""

REASONS: tuple[ExportReason, ...] = get_args(ExportReason)
REPEATS: tuple[RepeatLabels, ...] = get_args(RepeatLabels)

_SCHEMA = TypeAdapter(DefaultsChange)
_FIELDS = ("weight", "option", "contract_id", "insurance", "shipment_type", "label_notes", "repeat_labels")
_NAMES = {
    "weight": "weight",
    "ship_with": "option",
    OPTION: "option",
    CONTRACT: "contract_id",
    "insurance": "insurance",
    "customs_options": "shipment_type",
    "label_options": "label_notes",
}


def show(request: PanelRequest) -> Response:
    """The defaults as they are."""
    return _page(request)


def save(request: PanelRequest) -> Response:
    """Changes them, all in one step; the shipping option has to take the weight."""
    problems, typed = Problems(), _typed(request)
    if typed["contract_id"] and request.form.number("contract_id") is None:
        problems.add("contract_id", request._("Choose one of the list."))
    if typed["contract_id"] and not typed["option"]:
        problems.add("contract_id", request._("A contract needs a shipping option: choose one, or no contract."))
    repeats = next((each for each in REPEATS if each == typed["repeat_labels"]), None)
    if repeats is None:
        problems.add("repeat_labels", request._("Choose one of the two."))
    if long := next((note for note in _notes(typed) if len(note) > LONGEST_NOTE), ""):
        text = request._("“%(note)s …” has %(count)s characters; a note has room for %(most)s.")
        problems.add("label_notes", text % {"note": long[:20], "count": len(long), "most": LONGEST_NOTE})
    change = None if problems else checked(_SCHEMA, _document(request, typed), _NAMES, problems)
    if change is None or repeats is None or problems:
        return _page(request, 422, problems)
    before = _account(request)
    wanted = replace(changed_defaults(before, change), repeat_labels=repeats)
    catalogue = catalogue_of(request)
    try:
        with write_if_fresh(
            request,
            ("defaults.change", before.name),
            lambda transaction: _settled(get_account(transaction, request.account_id)),
            told(_values(before), _values(wanted)),
        ) as transaction:
            stored = get_account(transaction, request.account_id)
            account = replace(changed_defaults(stored, change), repeat_labels=repeats)
            check_way(transaction, account, change, catalogue)
            update_account(transaction, account)
    except Stale:
        found = differences(_labels(request), _values(_account(request)), typed)
        return _page(request, 409, differing=found)
    except KolliError as error:
        return _page(request, 422, problems_of(error, _NAMES))
    return request.redirect(PATH, request._("Saved. They count for what is shipped from now on."))


def _page(
    request: PanelRequest,
    status: int = 200,
    problems: Problems = NO_PROBLEMS,
    differing: list[Difference] | None = None,
) -> Response:
    account = _account(request)
    catalogue = catalogue_of(request)
    with request.context.database.read() as transaction:
        contracts = all_contracts(transaction, request.account_id)
    names = {carrier.code: carrier.name for carrier in request.installation.carriers}
    code = account.default_shipping_option_code
    return request.page(
        "settings/defaults/defaults.html",
        status=status,
        problems=problems,
        section="defaults",
        values=_values(account),
        options=[(option.code, option.title) for _, option in catalogue][:MOST_SUGGESTED],
        is_option_gone=code is not None and catalogue.find_option(code) is None,
        contracts=[(each.id, f"{each.name} ({names.get(each.carrier_code, each.carrier_code)})") for each in contracts],
        reasons=REASONS,
        differences=differing,
        stamp=stamp_of(_settled(account)),
    )


def _account(request: PanelRequest) -> Account:
    with request.context.database.read() as transaction:
        return get_account(transaction, request.account_id)


def _settled(account: Account) -> Account:
    """The account without what is no default: tests change it by themselves."""
    return replace(account, pending=())


def _document(request: PanelRequest, typed: dict[str, str]) -> dict[str, Any]:
    properties = {"shipping_option_code": typed["option"], "contract_id": request.form.number("contract_id")}
    return {
        "weight": {"value": point(typed["weight"]), "unit": "kg"} if typed["weight"] else None,
        "ship_with": {"type": "shipping_option_code", "properties": properties} if typed["option"] else None,
        "insurance": {"percentage": point(typed["insurance"])} if typed["insurance"] else None,
        "customs_options": {"shipment_type": typed["shipment_type"] or None},
        "label_options": {"label_notes": _notes(typed)},
    }


def _notes(typed: dict[str, str]) -> list[str]:
    return [line.strip() for line in typed["label_notes"].splitlines() if line.strip()]


def _typed(request: PanelRequest) -> dict[str, str]:
    return {name: request.form.text(name) for name in _FIELDS}


def _values(account: Account) -> dict[str, str]:
    defaults, weight = account.defaults, account.default_weight
    percentage = defaults.insured_percentage
    return {
        "weight": plain(weight.grams / 1000) if weight else "",
        "option": account.default_shipping_option_code or "",
        "contract_id": str(defaults.contract_id or ""),
        "insurance": plain(percentage) if percentage is not None else "",
        "shipment_type": defaults.shipment_type or "",
        "label_notes": "\n".join(defaults.label_notes),
        "repeat_labels": account.repeat_labels,
    }


def _labels(request: PanelRequest) -> dict[str, str]:
    return {
        "weight": request._("Weight"),
        "option": request._("Shipping option"),
        "contract_id": request._("Contract"),
        "insurance": request._("Insurance in per cent"),
        "shipment_type": request._("Why goods leave the customs area"),
        "label_notes": request._("Notes on labels"),
        "repeat_labels": request._("A second label for the same order"),
    }


ROUTES = (
    Route("GET", PATH, show, Right.MANAGE),
    Route("POST", PATH, save, Right.MANAGE),
)
