"""A rule is written by clicking: rows of conditions and actions, tried on past orders, and saved.

Buttons that add or remove a row send the whole form, and get it back with everything kept. With scripts only the form
is replaced, and choosing another condition does so by itself.
"""

from dataclasses import dataclass, replace

from starlette.responses import Response

from kolli.account.users import Right
from kolli.errors import KolliError
from kolli.operations.try_rules import DAYS, MOST, begin_trial
from kolli.panel.forms import NO_PROBLEMS, Problems, problem, problems_of, whole_number
from kolli.panel.settings.changes import STAMP, Difference, Stale
from kolli.panel.settings.once import SentBefore
from kolli.panel.settings.rule_form import after, form_of, new_action, new_condition, read_rule
from kolli.panel.settings.rule_saving import check, known_now, said, stamp, store
from kolli.panel.web import PanelRequest, Route
from kolli.rules.model import MOST_ACTIONS, MOST_CONDITIONS, Rule
from kolli.rules.queries import find_rule, get_rule
from kolli.rules.trials import Question, get_trial
from kolli.rules.validation import normalised

PATH = "/panel/settings/rules/"


@dataclass(frozen=True)
class Draft:
    """A rule as somebody is writing it, and the stamp of the stored one that they have begun with."""

    rule: Rule
    stamp: str = ""


def show_new(request: PanelRequest) -> Response:
    """The form for another rule, or for one that was tried before."""
    tried = _tried(request)
    rule = tried.rule if tried else Rule(0, "", (new_condition(),), (new_action(),))
    return _page(request, Draft(rule))


def show(request: PanelRequest) -> Response:
    """One rule, to be changed; as it was tried, where a dry run leads back to it."""
    with request.context.database.read() as transaction:
        stored = get_rule(transaction, request.account_id, request.id)
    tried = _tried(request)
    return _page(request, tried or Draft(stored, stamp(stored)))


def _tried(request: PanelRequest) -> Draft | None:
    number = whole_number(request.query.get("trial", ""))
    if number is None:
        return None
    with request.context.database.read() as transaction:
        question = get_trial(transaction, request.account_id, number).question
        wanted = int(request.path.get("id", 0))
        stored = find_rule(transaction, request.account_id, wanted)
    if question.rule is None or question.rule.id != wanted:
        return None
    return Draft(question.rule, stamp(stored) if stored and stored.revision == question.rule.revision else "old")


def send_new(request: PanelRequest) -> Response:
    """Does what the button says that was pressed in the form of a new rule."""
    return _sent(request, 0)


def send(request: PanelRequest) -> Response:
    """The same for a rule that is there."""
    return _sent(request, request.id)


def _sent(request: PanelRequest, rule_id: int) -> Response:
    known, do = known_now(request.context), request.form.text("do")
    draft = Draft(read_rule(request.form, known, rule_id), request.form.text(STAMP))
    if do not in {"save", "try"}:
        return _page(request, Draft(after(draft.rule, do), draft.stamp))
    problems = check(draft.rule, known)
    if problems:
        return _page(request, draft, 422, problems)
    try:
        return _tried_out(request, draft) if do == "try" else _saved(request, draft)
    except Stale:
        return _stale(request, draft)
    except KolliError as error:
        return _page(request, draft, 422, problems_of(error, known=("name", "days", "most")))


def _saved(request: PanelRequest, draft: Draft) -> Response:
    done = request._("Saved. The rule counts from the next order on.")
    try:
        store(draft.rule, request.form_key, draft.stamp, request)
    except SentBefore:
        done = request._("It was saved already.")
    return request.redirect(PATH, done)


def _tried_out(request: PanelRequest, draft: Draft) -> Response:
    """Has the rule tried as it stands in the form; with the revision that it is to replace."""
    rule = normalised(draft.rule)
    if rule.id:
        with request.context.database.read() as transaction:
            stored = find_rule(transaction, request.account_id, rule.id)
        if stored is None or stamp(stored) != draft.stamp:
            raise Stale
        rule = replace(rule, revision=stored.revision, position=stored.position)
    question = question_of(request, rule)
    trial = begin_trial(question, request.form_key, request.user.name, request.context)
    return request.redirect(f"{PATH}dry-runs/{trial.id}/")


def question_of(request: PanelRequest, rule: Rule | None) -> Question:
    """What is asked of a dry run: with this rule, over as many days and orders as the form says."""
    form = request.form
    days, most = form.number("days") or DAYS[1], form.number("most") or MOST[1]
    is_against_shipped = rule is None or form.text("against") == "shipped"
    return Question(days, most, "shipped" if is_against_shipped else "rules", rule)


def _stale(request: PanelRequest, draft: Draft) -> Response:
    """Tells that the rule is another one by now, and keeps what was written; sending it again is a decision then."""
    with request.context.database.read() as transaction:
        stored = find_rule(transaction, request.account_id, draft.rule.id)
    if stored is None:
        text = request._("Somebody has removed this rule meanwhile. Save it to have it again, as a new one.")
        return _page(request, Draft(replace(draft.rule, id=0)), 409, problem(text))
    difference = Difference(request._("The rule"), said(stored), said(normalised(draft.rule)))
    return _page(request, Draft(draft.rule, stamp(stored)), 409, differences=[difference])


def _page(
    request: PanelRequest,
    draft: Draft,
    status: int = 200,
    problems: Problems = NO_PROBLEMS,
    differences: list[Difference] | None = None,
) -> Response:
    known = known_now(request.context)
    return request.page(
        "settings/rules/_form.html" if request.is_htmx else "settings/rules/rule.html",
        status=status,
        problems=problems,
        section="rules",
        rule=draft.rule,
        stamp=draft.stamp,
        form=form_of(draft.rule, known),
        form_path=f"{PATH}{draft.rule.id}/" if draft.rule.id else f"{PATH}new/",
        differences=differences,
        days=DAYS,
        most=MOST,
        is_full=(len(draft.rule.conditions) >= MOST_CONDITIONS, len(draft.rule.actions) >= MOST_ACTIONS),
    )


ROUTES = (
    Route("GET", f"{PATH}new/", show_new, Right.MANAGE),
    Route("POST", f"{PATH}new/", send_new, Right.MANAGE),
    Route("GET", f"{PATH}{{id:int}}/", show, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/", send, Right.MANAGE),
)
