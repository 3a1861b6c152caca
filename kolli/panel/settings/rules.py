"""Shipping rules: the list in the order in which it counts, switched, moved, copied, removed, and as a file."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection
from starlette.responses import Response

from kolli.account.users import Right
from kolli.errors import Invalid, KolliError
from kolli.panel.forms import NO_PROBLEMS, Problems, Upload, problems_of
from kolli.panel.settings import rule_editor, rule_trials
from kolli.panel.settings.changes import STAMP, stamp_of
from kolli.panel.settings.once import SentBefore, write_once
from kolli.panel.settings.rule_editor import PATH
from kolli.panel.settings.rule_form import Clause, actions_told, conditions_told
from kolli.panel.settings.rule_saving import known_now, said, stamp
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
from kolli.rules.rules_csv import LARGEST_FILE, ReadRules, columns_for, read_rules, rule_rows
from kolli.rules.trials import list_trials
from kolli.rules.validation import Known, problems
from kolli.tables import Mistake, write_table

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
    text = request.query.get("from", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1
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
    except _OtherList:
        found = Problems()
        found.add("", request._("Somebody else has changed the list meanwhile. This is how it is now: please look."))
        return _list(request, 409, found)
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


class _OtherList(KolliError):
    """The list of rules has changed since the page was opened."""


@contextmanager
def _unchanged_list(request: PanelRequest, done: tuple[str, str]) -> Iterator[tuple[Connection, list[int]]]:
    """A transaction with the ids of the list, if that is still the one which the form was made from."""
    with request.context.database.read() as transaction:
        was = get_rule(transaction, request.account_id, request.id).position
    with request.write(*done, was=was, to=request.form.text("to")) as transaction:
        own = outline(transaction, request.account_id)
        if stamp_of(own) != request.form.text("list_mark"):
            raise _OtherList
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
        found = Problems()
        found.add("", request._("Somebody else has changed this rule meanwhile. Look at it before you remove it."))
        return _list(request, 409, found)
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
    file = io.StringIO()
    write_table(file, columns_for(own), rule_rows(own))
    return request.file(file.getvalue().encode(), "text/csv; charset=utf-8", "rules.csv")


def show_import(request: PanelRequest) -> Response:
    """The form for a file of rules."""
    return _import_page(request)


def import_file(request: PanelRequest) -> Response:
    """Adds the rules of a file behind those that are there, or in their place; nothing of it if a row is bad."""
    upload, is_replacing = request.form.file("file"), request.form.text("where") == "replace"
    found = Problems()
    if upload is None:
        found.add("file", request._("Choose a file first."))
        return _import_page(request, 422, found)
    try:
        read = _read(upload, known_now(request.context))
    except KolliError as error:
        found.add("file", error.message)
        return _import_page(request, 422, found)
    if not read.rules and not read.mistakes:
        found.add("file", request._("There is no rule in this file. Nothing was changed."))
    if read.mistakes or found:
        return _import_page(request, 422, found, read.mistakes)
    try:
        is_first = _store(request, read.rules, is_replacing=is_replacing)
    except KolliError as error:
        found.add("file", error.message)
        return _import_page(request, 422, found)
    count = len(read.rules)
    notice = request.ngettext("%(num)s rule is there now.", "%(num)s rules are there now.", count)
    return request.redirect(PATH, notice if is_first else request._("This file was imported already."))


def _read(upload: Upload, known: Known) -> ReadRules:
    """The rules of a file that somebody has sent; messages call it by the name that it has on their machine."""
    with TemporaryDirectory(prefix="kolli-rules-") as folder:
        path = Path(folder) / "rules.csv"
        path.write_bytes(upload.content)
        try:
            return read_rules(path, known)
        except KolliError as error:
            raise Invalid(error.message.replace(str(path), upload.name[:100])) from error


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
    if mistakes and not problems:
        problems = Problems()
        count = len(mistakes)
        problems.add(
            "",
            request.ngettext(
                "%(num)s mistake is in the file, so nothing of it was imported.",
                "%(num)s mistakes are in the file, so nothing of it was imported.",
                count,
            ),
        )
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
