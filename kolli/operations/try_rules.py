"""Rules are tried before they are saved: what would have gone otherwise, worked out in the background.

A trial looks at what was shipped last, newest first, and writes down what it has found after every few shipments: it
goes on from there if the process dies, and ends soon after somebody has stopped it. It rests as long as it works, so
that labels are made meanwhile.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from kolli.errors import Conflict, Invalid, KolliError, StorageFull, StorageUnavailable
from kolli.jobs import Job, Then, enqueue, steps
from kolli.operations.context import Context, Installation, context_of
from kolli.operations.known import checked_rules
from kolli.operations.replay import Replayed, replay_newest
from kolli.rules.engine import CompiledRules, compile_rules
from kolli.rules.model import Rule
from kolli.rules.queries import list_rules
from kolli.rules.trials import (
    LONGEST_ERROR,
    LONGEST_TEXT,
    MOST_EXAMPLES,
    Difference,
    Example,
    Question,
    Report,
    Trial,
    TrialState,
    add_trial,
    find_trial,
    find_trial_of_form,
    write_report,
)
from kolli.shipments.past import count_past, end
from kolli.values import Money

LANE = "trials"
"""The lane of the jobs that try rules."""

TRY = "try-rules"
"""The kind of those jobs."""

TRY_DELAYS = steps(5, 60)

DAYS = (7, 30, 90)
MOST = (500, 2_000, 10_000)
"""How far back a trial may look, and how many shipments it may look at."""

AT_A_TIME = 50
"""Shipments that are looked at before what was found is written down."""


def begin_trial(question: Question, form_key: str, actor: str, context: Context) -> Trial:
    """Has rules tried in the background, and gives the trial; the same form gives the same trial again."""
    if question.days not in DAYS or question.most not in MOST:
        raise Invalid("Choose how far back to look, and at how many orders, from the lists.", field="days")
    now = context.now()
    trial_id = context.installation.sequences.take_id()
    trial = Trial(trial_id, form_key, actor, now, TrialState.RUNNING, question, Report())
    with context.write() as transaction:
        if add_trial(transaction, context.account_id, trial):
            body, account_id = {"trial_id": trial.id}, context.account_id
            subject = str(account_id)
            enqueue(transaction, LANE, TRY, [body], now, now=now, account_id=account_id, subject=subject)
            return trial
        made = find_trial_of_form(transaction, context.account_id, form_key)
    if made is None:
        raise Conflict
    return made


def try_rules(installation: Installation, job: Job) -> Then | None:
    """Works out one trial, going on from where an earlier run has come to."""
    account_id, trial_id = job.account_id or 0, int(job.body["trial_id"])
    with installation.database.read() as transaction:
        trial = find_trial(transaction, account_id, trial_id)
    if trial is None or trial.state is not TrialState.RUNNING:
        return None
    if job.runs > len(TRY_DELAYS):
        _give_up(trial, account_id, f"It was broken off {job.runs - 1} times. {job.reason}".strip(), installation)
        return None
    trying = _Trying(trial, context_of(installation, account_id, "a dry run"))
    try:
        while trying.goes_on():
            pass
    except (StorageFull, StorageUnavailable):
        raise  # that is no failure of the trial's
    except KolliError as error:
        _give_up(replace(trial, report=trying.report), account_id, error.message, installation)
    return None


def _give_up(trial: Trial, account_id: int, reason: str, installation: Installation) -> None:
    trial.report.reason = reason
    with installation.database.write() as transaction:
        write_report(transaction, account_id, trial.id, trial.report, TrialState.FAILED)


class _Trying:
    """One trial while it is worked out: what has been found so far, and the rules, made ready once."""

    def __init__(self, trial: Trial, context: Context) -> None:
        self.report = trial.report
        self._trial = trial
        self._context = context
        self._since = trial.created_at - timedelta(days=trial.question.days)
        self._start = end(trial.created_at)
        self._ready: tuple[str, CompiledRules, CompiledRules | None] | None = None

    def goes_on(self) -> bool:
        """Looks at some more shipments, writes down what it has found, and rests; False when the trial is over."""
        began = time.monotonic()
        most, account_id = self._trial.question.most, self._context.account_id
        rules, against = self._rules()
        room = min(AT_A_TIME, most - self.report.shipments)
        before = self.report.behind or self._start
        found, behind = replay_newest(self._since, before, room, self._context, rules=rules, against=against)
        for replayed in found:
            _add(self.report, replayed)
        self.report.behind = behind
        is_over = len(found) < AT_A_TIME or self.report.shipments >= most
        state = TrialState.DONE if is_over else TrialState.RUNNING
        with self._context.database.write() as transaction:
            is_wanted = write_report(transaction, account_id, self._trial.id, self.report, state)
        if is_over or not is_wanted:
            return False
        time.sleep(time.monotonic() - began)
        return True

    def _rules(self) -> tuple[CompiledRules, CompiledRules | None]:
        """The rules that are tried, and those they are compared with, if any are.

        Where the account has changed something meanwhile, what was found says nothing any more, and it begins anew.
        """
        question = self._trial.question
        with self._context.database.read() as transaction:
            account_id = self._context.account_id
            configuration = self._context.installation.configurations.of(transaction, account_id)
            mark = str(configuration.revision)
            if self._ready is not None and self._ready[0] == mark:
                return self._ready[1:]
            if self.report.list_mark != mark:
                total = count_past(transaction, account_id, self._since, self._start, question.most)
                self.report = Report(total=total, list_mark=mark)
            present = list_rules(transaction, account_id) if question.rule else []
        if question.rule is None:
            self._ready = (mark, configuration.rules, None)
        else:
            tried = compile_rules(checked_rules(with_rule(present, question.rule), configuration.known))
            self._ready = (mark, tried, configuration.rules if question.against == "rules" else None)
        return self._ready[1:]


def with_rule(rules: list[Rule], rule: Rule) -> list[Rule]:
    """The list with this rule in place of the one it changes; at the end if it is new, or that one is gone."""
    if any(each.id == rule.id for each in rules):
        return [replace(rule, position=each.position) if each.id == rule.id else each for each in rules]
    return [*rules, rule]


def _add(report: Report, replayed: Replayed) -> None:
    report.shipments += 1
    if replayed.error is not None:
        report.failing += 1
        _show(
            report,
            Example(replayed.shipment_id, replayed.order_number, error=_short(replayed.error.message, LONGEST_ERROR)),
        )
        return
    if not replayed.changes:
        return
    report.different += 1
    for change in replayed.changes:
        report.fields[change.field] = report.fields.get(change.field, 0) + 1
        if change.field == "shipping_option_code":
            ways = report.ways.setdefault(change.before or "", {})
            ways[change.after or ""] = ways.get(change.after or "", 0) + 1
    if replayed.cost and replayed.would_cost:
        _sum(report.cost, replayed.cost)
        _sum(report.would_cost, replayed.would_cost)
    else:
        report.without_price += 1
    _show(report, _example(replayed))


def _example(replayed: Replayed) -> Example:
    whole = replayed.because.get("shipping_option_code", "")
    differences = tuple(
        Difference(
            change.field,
            _short(change.before or ""),
            _short(change.after or ""),
            replayed.because.get(change.field, _whole(replayed.because, change.field) or whole),
        )
        for change in replayed.changes
    )
    return Example(replayed.shipment_id, replayed.order_number, differences)


def _whole(because: Mapping[str, str], field: str) -> str:
    """The rule that has divided the parcel is the reason for what has become of each part."""
    return because.get("number_of_parcels", "") if field.startswith("parcels.") else ""


def _show(report: Report, example: Example) -> None:
    if len(report.examples) < MOST_EXAMPLES:
        report.examples.append(example)


def _sum(sums: dict[str, Decimal], price: Money) -> None:
    sums[price.currency] = sums.get(price.currency, Decimal(0)) + price.value


def _short(text: str, longest: int = LONGEST_TEXT) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
