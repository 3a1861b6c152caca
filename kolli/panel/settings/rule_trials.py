"""Dry runs: what a rule would change about what was shipped before, told while it is worked out, and then saved."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from starlette.responses import Response

from kolli.account.users import Right
from kolli.errors import KolliError
from kolli.operations.catalogue import Catalogue
from kolli.operations.try_rules import DAYS, MOST, begin_trial
from kolli.panel.forms import NO_PROBLEMS, Problems, problem, whole_number
from kolli.panel.settings.changes import Stale
from kolli.panel.settings.once import SentBefore
from kolli.panel.settings.rule_editor import PATH, question_of
from kolli.panel.settings.rule_form import Clause, actions_told, conditions_told
from kolli.panel.settings.rule_saving import check, known_now, stamp, store
from kolli.panel.web import PanelRequest, Route
from kolli.rules.model import Rule
from kolli.rules.queries import get_rule
from kolli.rules.trials import Report, Trial, TrialState, get_trial, stop_trial

TRIALS = f"{PATH}dry-runs/"

SHOWN = 100
"""Orders on one page that would go another way."""


@dataclass(frozen=True)
class Way:
    """So many orders that would go with another shipping option."""

    before: str
    after: str
    count: int


@dataclass(frozen=True)
class Sum:
    """What orders cost as they are, and what they would cost, in one currency."""

    currency: str
    cost: Decimal
    would_cost: Decimal

    @property
    def difference(self) -> Decimal:
        """What would be paid more."""
        return self.would_cost - self.cost


def begin(request: PanelRequest) -> Response:
    """Tries the list without a rule, or with one that is off, or as it is against how orders were shipped."""
    rule: Rule | None = None
    if number := request.form.number("rule"):
        with request.context.database.read() as transaction:
            rule = get_rule(transaction, request.account_id, number)
        rule = replace(rule, is_active=not rule.is_active)
    return _begun(request, rule)


def again(request: PanelRequest) -> Response:
    """Tries the same over another time, or more orders."""
    return _begun(request, _trial(request).question.rule)


def _begun(request: PanelRequest, rule: Rule | None) -> Response:
    trial = begin_trial(question_of(request, rule), request.form_key, request.user.name, request.context)
    return request.redirect(f"{TRIALS}{trial.id}/")


def show(request: PanelRequest) -> Response:
    """A dry run, as far as it is."""
    return _page(request, _trial(request))


def progress(request: PanelRequest) -> Response:
    """The part of the page that changes while it is worked out."""
    return _page(request, _trial(request), template="settings/rules/_trial.html")


def stop(request: PanelRequest) -> Response:
    """Has nothing more looked at. What was found stays."""
    trial = _trial(request)
    with request.context.write() as transaction:
        stop_trial(transaction, request.account_id, trial.id)
    return request.redirect(f"{TRIALS}{trial.id}/", request._("The dry run has ended. This is what it has found."))


def save(request: PanelRequest) -> Response:
    """Saves the rule that was tried, unless it is another one by now."""
    trial = _trial(request)
    rule = trial.question.rule
    if rule is None:
        return request.redirect(f"{TRIALS}{trial.id}/")
    if check(rule, known_now(request.context)):
        return request.redirect(_editor(trial), request._("Something that the rule names is not there any more."))
    try:
        store(rule, f"trial {trial.id}", stamp(rule), request)  # a new rule is made once of it, however often one asks
    except SentBefore:
        return request.redirect(PATH, request._("It was saved already."))
    except Stale:
        text = request._("Somebody else has changed this rule since the dry run began. Look at it, and try again.")
        return _page(request, trial, 409, problem(text))
    except KolliError as error:
        return _page(request, trial, 422, problem(error.message))
    return request.redirect(PATH, request._("Saved. The rule counts from the next order on."))


def _trial(request: PanelRequest) -> Trial:
    with request.context.database.read() as transaction:
        return get_trial(transaction, request.account_id, request.id)


def _editor(trial: Trial) -> str:
    rule = trial.question.rule
    place = f"{rule.id}/" if rule and rule.id else "new/"
    return f"{PATH}{place}?trial={trial.id}"


def _page(
    request: PanelRequest,
    trial: Trial,
    status: int = 200,
    problems: Problems = NO_PROBLEMS,
    *,
    template: str = "settings/rules/trial.html",
) -> Response:
    with request.context.database.read() as transaction:
        configuration = request.context.installation.configurations.of(transaction, request.account_id)
    known, rule, start = configuration.known, trial.question.rule, _start(request, trial.report)
    return request.page(
        template,
        status=status,
        problems=problems,
        section="rules",
        trial=trial,
        report=trial.report,
        rule=rule,
        conditions=conditions_told(rule, known) if rule else _NO_CLAUSES,
        actions=actions_told(rule, known) if rule else _NO_CLAUSES,
        is_running=trial.state is TrialState.RUNNING,
        ways=_ways(trial.report, configuration.catalogue),
        sums=_sums(trial.report),
        examples=trial.report.examples[start : start + SHOWN],
        newer=f"?from={max(0, start - SHOWN)}" if start else "",
        older=f"?from={start + SHOWN}" if start + SHOWN < len(trial.report.examples) else "",
        editor=_editor(trial),
        days=DAYS,
        most=MOST,
        asked_days=trial.question.days,
        asked_most=trial.question.most,
        asked_against=trial.question.against,
    )


_NO_CLAUSES: Sequence[Clause] = ()


def _start(request: PanelRequest, report: Report) -> int:
    number = whole_number(request.query.get("from", "")) or 0
    return min(number, len(report.examples)) // SHOWN * SHOWN


def _ways(report: Report, catalogue: Catalogue) -> list[Way]:
    """Which ways orders would go instead, the most frequent first."""
    found = [
        Way(_named(before, catalogue), _named(after, catalogue), count)
        for before, others in report.ways.items()
        for after, count in others.items()
    ]
    return sorted(found, key=lambda way: -way.count)


def _named(code: str, catalogue: Catalogue) -> str:
    found = catalogue.find_option(code)
    return f"{found[0].name}: {found[1].title}" if found else code or "–"


def _sums(report: Report) -> list[Sum]:
    currencies = sorted(report.cost.keys() | report.would_cost.keys())
    nothing = Decimal(0)
    return [Sum(each, report.cost.get(each, nothing), report.would_cost.get(each, nothing)) for each in currencies]


ROUTES = (
    Route("POST", TRIALS, begin, Right.MANAGE),
    Route("GET", f"{TRIALS}{{id:int}}/", show, Right.MANAGE),
    Route("GET", f"{TRIALS}{{id:int}}/progress/", progress, Right.MANAGE),
    Route("POST", f"{TRIALS}{{id:int}}/stop/", stop, Right.MANAGE),
    Route("POST", f"{TRIALS}{{id:int}}/save/", save, Right.MANAGE),
    Route("POST", f"{TRIALS}{{id:int}}/again/", again, Right.MANAGE),
)
