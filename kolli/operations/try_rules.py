"""Rules are tried before they are saved: what would have gone otherwise, worked out in the background.

A trial looks at what was shipped last, newest first, and writes down what it has found after every few shipments: it
goes on from there if the process dies, and ends soon after somebody has stopped it. It rests as long as it works, so
that labels are made meanwhile.
"""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from kolli.account.accounts import get_account
from kolli.account.keys import ApiKey
from kolli.errors import Conflict, Invalid, KolliError, StorageFull, StorageUnavailable
from kolli.jobs import Job, Then, enqueue, steps
from kolli.operations.context import Context, Installation
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
        account = get_account(transaction, account_id)
        trial = find_trial(transaction, account_id, trial_id)
    if trial is None or trial.state is not TrialState.RUNNING:
        return None
    context = Context(installation, account, ApiKey("", account_id, "a dry run"))
    report = trial.report
    try:
        while (more := _looked_further(trial, report, context)) is not None:
            report = more
    except (StorageFull, StorageUnavailable):
        raise  # that is no failure of the trial's
    except KolliError as error:
        report.reason = error.message
        with installation.database.write() as transaction:
            write_report(transaction, account_id, trial_id, report, TrialState.FAILED)
    return None


def _looked_further(trial: Trial, report: Report, context: Context) -> Report | None:
    """The report after some more shipments; None when the trial is over."""
    began = time.monotonic()
    question = trial.question
    mark, rules, against = _rules_of(question, context)
    since = trial.created_at - timedelta(days=question.days)
    start = end(trial.created_at)
    if report.list_mark != mark:  # the list has changed meanwhile: what was found says nothing any more
        with context.database.read() as transaction:
            total = count_past(transaction, context.account_id, since, start, question.most)
        report = Report(total=total, list_mark=mark)
    room = min(AT_A_TIME, question.most - report.shipments)
    found, behind = replay_newest(since, report.behind or start, room, context, rules=rules, against=against)
    for replayed in found:
        _add(report, replayed)
    report.behind = behind
    is_over = len(found) < AT_A_TIME or report.shipments >= question.most
    state = TrialState.DONE if is_over else TrialState.RUNNING
    with context.database.write() as transaction:
        goes_on = write_report(transaction, context.account_id, trial.id, report, state)
    if is_over or not goes_on:
        return None
    time.sleep(time.monotonic() - began)
    return report


def _rules_of(question: Question, context: Context) -> tuple[str, CompiledRules, CompiledRules | None]:
    """What tells this list from another one, the rules that are tried, and those they are compared with, if any are."""
    with context.database.read() as transaction:
        configuration = context.installation.configurations.of(transaction, context.account_id)
        if question.rule is None:
            return str(configuration.revision), configuration.rules, None
        present = list_rules(transaction, context.account_id)
    tried = compile_rules(checked_rules(with_rule(present, question.rule), configuration.known))
    return mark_of(present), tried, configuration.rules if question.against == "rules" else None


def with_rule(rules: list[Rule], rule: Rule) -> list[Rule]:
    """The list with this rule in place of the one it changes; at the end if it is new, or that one is gone."""
    if any(each.id == rule.id for each in rules):
        return [replace(rule, position=each.position) if each.id == rule.id else each for each in rules]
    return [*rules, rule]


def mark_of(rules: list[Rule]) -> str:
    """A short text that is another one when the list of rules has changed: its order, or any rule in it."""
    said = ";".join(f"{rule.id} {rule.revision} {rule.is_active}" for rule in rules)
    return hashlib.sha256(said.encode()).hexdigest()[:24]


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
