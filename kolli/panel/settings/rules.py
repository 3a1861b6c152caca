"""Shipping rules: the list in the order in which it counts, switched, moved, copied, removed, and as a file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import Connection
from starlette.responses import Response

from kolli.account.users import Right
from kolli.errors import Invalid, KolliError
from kolli.panel.forms import NO_PROBLEMS, Problems, problem, problems_of, whole_number
from kolli.panel.settings import rule_editor, rule_trials
from kolli.panel.settings.changes import STAMP, Stale, stamp_of
from kolli.panel.settings.once import SentBefore, write_once
from kolli.panel.settings.rule_editor import PATH
from kolli.panel.settings.rule_form import Clause, actions_told, conditions_told
from kolli.panel.settings.rule_saving import known_now, said, stamp
from kolli.panel.settings.uploaded import read_upload
from kolli.panel.web import PanelRequest, Route
from kolli.rules.model import LONGEST_NAME, Rule
from kolli.rules.queries import (
    add_rule,
    add_rules,
    get_rule,
    list_page,
    list_rules,
    outline,
    remove_all_rules,
    remove_rule,
    reorder,
    update_rule,
)
from kolli.rules.rules_csv import LARGEST_FILE, columns_for, read_rules, rule_rows
from kolli.rules.trials import list_trials
from kolli.rules.validation import Known, problems
from kolli.tables import Mistake, table_text

AT_A_TIME = 25
"""Rules on one page."""

MOST_TRIALS_SHOWN = 5
MOST_MISTAKES = 100
"""Mistakes of a file that are shown; the others are counted."""


@dataclass(frozen=True)
class Card:
    """A rule as the list shows it."""

    rule: Rule
    stamp: str
    conditions: Sequence[Clause]
    actions: Sequence[Clause]
    problems: Sequence[str]


def show_all(request: PanelRequest) -> Response:
    """The rules, so many on a page, in their order."""
    return _list(request)


def _list(request: PanelRequest, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    known = known_now(request.context)
    with request.context.database.read() as transaction:
        own = outline(transaction, request.account_id)
        start = _start(request, len(own))
        shown = list_page(transaction, request.account_id, start, AT_A_TIME)
        trials = list_trials(transaction, request.account_id, MOST_TRIALS_SHOWN)
    return request.page(
        "settings/rules/list.html",
        status=status,
        problems=problems,
        section="rules",
        cards=[_card(rule, known) for rule in shown],
        count=len(own),
        start=start,
        size=AT_A_TIME,
        list_mark=stamp_of(own),
        trials=trials,
    )


def _start(request: PanelRequest, count: int) -> int:
    number = whole_number(request.query.get("from", "")) or 1
    return min(max(0, number - 1), max(0, count - 1)) // AT_A_TIME * AT_A_TIME


def _card(rule: Rule, known: Known) -> Card:
    wrong = [each.message for each in problems(rule, known)]
    return Card(rule, stamp(rule), conditions_told(rule, known), actions_told(rule, known), wrong)


def switch(request: PanelRequest) -> Response:
    """Has a rule count, or not; nothing where it is so already."""
    is_active = request.form.text("is_active") == "yes"
    stored = _stored(request)
    done = "rule.switch_on" if is_active else "rule.switch_off"
    with request.write(done, stored.name) as transaction:
        rule = get_rule(transaction, request.account_id, stored.id)
        update_rule(transaction, request.account_id, replace(rule, is_active=is_active), request.context.now())
    notice = request._("The rule counts again.") if is_active else request._("The rule does not count any more.")
    return request.redirect(_place_of(stored), notice)


def move(request: PanelRequest) -> Response:
    """Has a rule run earlier or later, if the list is still the one that was looked at."""
    stored = _stored(request)
    try:
        with _unchanged_list(request, ("rule.move", stored.name)) as (transaction, ids):
            at = ids.index(stored.id)
            ids.insert(_target(request, at, len(ids)), ids.pop(at))
            reorder(transaction, request.account_id, ids)
    except Stale:
        text = request._("Somebody else has changed the list meanwhile. This is how it is now: please look.")
        return _list(request, 409, problem(text))
    except KolliError as error:
        return _list(request, 422, problems_of(error))
    return request.redirect(_place_of(replace(stored, position=ids.index(stored.id) + 1)))


def _target(request: PanelRequest, at: int, count: int) -> int:
    wanted = request.form.text("to")
    match wanted:
        case "up":
            return max(0, at - 1)
        case "down":
            return min(count - 1, at + 1)
    number = request.form.number("place")
    if number is None or not 1 <= number <= count:
        raise Invalid(request._("Write the new place as a number from 1 to %(count)s.") % {"count": count})
    return number - 1


@contextmanager
def _unchanged_list(request: PanelRequest, done: tuple[str, str]) -> Iterator[tuple[Connection, list[int]]]:
    """A transaction with the ids of the list; Stale when that is not the one any more which the form was made from."""
    with request.context.database.read() as transaction:
        was = get_rule(transaction, request.account_id, request.id).position
    with request.write(*done, was=was, to=request.form.text("to")) as transaction:
        own = outline(transaction, request.account_id)
        if stamp_of(own) != request.form.text("list_mark"):
            raise Stale
        yield transaction, [rule_id for rule_id, _ in own]


def copy(request: PanelRequest) -> Response:
    """Adds a copy at the end of the list that does not count yet."""
    stored = _stored(request)
    name = request._("Copy of %(name)s") % {"name": stored.name}
    made = replace(
        stored, id=request.installation.sequences.take_id(), name=name[:LONGEST_NAME], is_active=False, revision=1
    )
    try:
        with write_once(request, ("rule.add", made.name), now=said(made)) as transaction:
            add_rule(transaction, request.account_id, made, request.context.now())
    except SentBefore:
        return request.redirect(PATH)
    return request.redirect(f"{PATH}{made.id}/", request._("This is the copy. It does not count before it is active."))


def remove(request: PanelRequest) -> Response:
    """Removes a rule, if it is still the one that was looked at. What it has decided before stays."""
    stored = _stored(request)
    if stamp(stored) != request.form.text(STAMP):
        text = request._("Somebody else has changed this rule meanwhile. Look at it before you remove it.")
        return _list(request, 409, problem(text))
    with request.write("rule.remove", stored.name, was=said(stored)) as transaction:
        remove_rule(transaction, request.account_id, stored.id)
    return request.redirect(PATH, request._("The rule is gone. What it has decided before stays as it was."))


def _stored(request: PanelRequest) -> Rule:
    with request.context.database.read() as transaction:
        return get_rule(transaction, request.account_id, request.id)


def _place_of(rule: Rule) -> str:
    start = (rule.position - 1) // AT_A_TIME * AT_A_TIME + 1
    return f"{PATH}?from={start}#rule-{rule.id}" if start > 1 else f"{PATH}#rule-{rule.id}"


# Files


def export(request: PanelRequest) -> Response:
    """All rules, as the file that is read back."""
    with request.context.database.read() as transaction:
        own = list_rules(transaction, request.account_id)
    content = table_text(columns_for(own), rule_rows(own))
    return request.file(content.encode(), "text/csv; charset=utf-8", "rules.csv")


def show_import(request: PanelRequest) -> Response:
    """The form for a file of rules."""
    return _import_page(request)


def import_file(request: PanelRequest) -> Response:
    """Adds the rules of a file behind those that are there, or in their place; nothing of it if a row is bad."""
    upload, is_replacing = request.form.file("file"), request.form.text("where") == "replace"
    if upload is None:
        return _import_page(request, 422, problem(request._("Choose a file first."), "file"))
    known = known_now(request.context)
    try:
        read = read_upload(upload, lambda path: read_rules(path, known))
        if read.mistakes:
            return _import_page(request, 422, mistakes=read.mistakes)
        if not read.rules:
            raise Invalid(request._("There is no rule in this file. Nothing was changed."))
        is_first = _store(request, read.rules, is_replacing=is_replacing)
    except KolliError as error:
        return _import_page(request, 422, problem(error.message, "file"))
    count = len(read.rules)
    notice = request.ngettext("%(num)s rule is there now.", "%(num)s rules are there now.", count)
    return request.redirect(PATH, notice if is_first else request._("This file was imported already."))


def _store(request: PanelRequest, rules: Sequence[Rule], *, is_replacing: bool) -> bool:
    sequences, now = request.installation.sequences, request.context.now()
    new = [replace(rule, id=sequences.take_id()) for rule in rules]
    told = {"rules": len(new), "in place of all": "yes" if is_replacing else "no"}
    try:
        with write_once(request, ("rule.import", "rules.csv"), **told) as transaction:
            if is_replacing:
                remove_all_rules(transaction, request.account_id)
            add_rules(transaction, request.account_id, new, now)
    except SentBefore:
        return False
    return True


def _import_page(
    request: PanelRequest, status: int = 200, problems: Problems = NO_PROBLEMS, mistakes: Sequence[Mistake] = ()
) -> Response:
    if mistakes:
        text = request.ngettext(
            "%(num)s mistake is in the file, so nothing of it was imported.",
            "%(num)s mistakes are in the file, so nothing of it was imported.",
            len(mistakes),
        )
        problems = problem(text)
    return request.page(
        "settings/rules/import.html",
        status=status,
        problems=problems,
        section="rules",
        mistakes=mistakes[:MOST_MISTAKES],
        more=max(0, len(mistakes) - MOST_MISTAKES),
    )


ROUTES = (
    Route("GET", PATH, show_all, Right.MANAGE),
    Route("GET", f"{PATH}rules.csv", export, Right.MANAGE),
    Route("GET", f"{PATH}import/", show_import, Right.MANAGE),
    Route("POST", f"{PATH}import/", import_file, Right.MANAGE, most_bytes=LARGEST_FILE + 64 * 1024),
    Route("POST", f"{PATH}{{id:int}}/switch/", switch, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/move/", move, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/copy/", copy, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/remove/", remove, Right.MANAGE),
    *rule_editor.ROUTES,
    *rule_trials.ROUTES,
)
