"""Applies shipping rules to a plan: a plan in, the changed plan and the applied rules out; pure.

Rules run from top to bottom, and every rule that holds is applied: there is no stop. Of actions of one kind the last
one counts, different kinds combine. Conditions see the plan as it came, except for its carrier and its weight,
which are those that rules above have set. Source: support article "Shipping rules overview and application"; what it
leaves open is in docs/decisions/0007-how-rules-combine.md.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from kolli.errors import Invalid
from kolli.rules.actions import ACTIONS, ActionEntry, CarrierOf, find_action
from kolli.rules.conditions import CONDITIONS, find_operator, find_property
from kolli.rules.explanation import Change, changes, described
from kolli.rules.model import AppliedRule, Condition, Plan, Rule
from kolli.rules.operators import Test
from kolli.shipments.model import Step

__all__ = ["CarrierOf", "CompiledRules", "Outcome", "apply_rules", "compile_rules"]

SEEN_BY = {
    action: tuple(entry.identifier for entry in CONDITIONS.values() if action in entry.sees)
    for action in ACTIONS
    if any(action in entry.sees for entry in CONDITIONS.values())
}
"""Action → the conditions of rules below that see what it has done."""

MOST_IN_VAIN = 100
"""Actions that were overruled or passed over of which an outcome tells one by one: those furthest down."""

_MORE = "The same goes for {:,} actions of rules above that held too."
_PASSED_OVER = "It is not taken for shipments with several parcels."


class Taken(NamedTuple):
    """An action of a rule that holds, with its value ready to be applied."""

    entry: ActionEntry
    value: Any
    text: str  # that the value was read from, and by which it is quickly compared
    rule: Rule


@dataclass(frozen=True, slots=True)
class ReadyRule:
    """A rule with all worked out that does not depend on a plan: what is asked of which property."""

    rule: Rule
    is_and: bool  # also where it has no conditions: it holds always then
    tests: tuple[tuple[str, Test], ...]
    taken: Mapping[str, Taken]  # by kind
    seen: tuple[Taken, ...]  # those that conditions of rules below see
    passed_over: tuple[ActionEntry, ...]
    without_steps: AppliedRule


@dataclass(frozen=True)
class CompiledRules:
    """Rules made ready to be applied often. Those that can never hold are left out."""

    rules: tuple[Rule, ...]
    for_one_parcel: tuple[ReadyRule, ...] = ()
    for_several_parcels: tuple[ReadyRule, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What has become of a plan, and the rules that held, in their order.

    `steps` are all of theirs: first the changes, in the order in which they were made, then what has changed nothing.
    Where more than MOST_IN_VAIN actions were overruled or passed over, those further up are only counted, in a note.
    """

    plan: Plan
    applied: tuple[AppliedRule, ...]
    steps: tuple[Step, ...] = ()


def compile_rules(rules: Sequence[Rule]) -> CompiledRules:
    """Makes the rules of one account ready, in the order in which they run; inactive and invalid ones are skipped."""
    ready = [found for rule in rules if (found := _ready(rule))]
    several = [found for rule in ready if (found := _for_several(rule))]
    return CompiledRules(tuple(rules), tuple(ready), tuple(several))


def apply_rules(compiled: CompiledRules, plan: Plan, carrier_of: CarrierOf) -> Outcome:
    """Runs the rules from top to bottom over a plan."""
    rules = compiled.for_several_parcels if plan.is_multicollo else compiled.for_one_parcel
    facts = _Facts(plan, carrier_of)
    held: list[ReadyRule] = []
    winners: dict[str, Taken] = {}
    for ready in rules:
        if _holds(ready, facts):
            held.append(ready)
            winners.update(ready.taken)
            for taken in ready.seen:
                facts.see(taken)
    if not held:
        return Outcome(plan, ())
    return _outcome(plan, held, winners, carrier_of)


# Making ready


def _ready(rule: Rule) -> ReadyRule | None:
    """None for a rule that is not to run, or that nobody could have stored."""
    if not rule.is_active or rule.is_invalid:
        return None
    try:
        tests = tuple((condition.property, _test(condition)) for condition in rule.conditions)
        entries = [(find_action(action.identifier), action.value) for action in rule.actions]
        taken = [Taken(entry, entry.parse(text), text, rule) for entry, text in entries]
    except Invalid:
        return None
    return _made(rule, tests, taken, is_and=rule.is_and or not tests)


def _made(
    rule: Rule,
    tests: tuple[tuple[str, Test], ...],
    taken: Sequence[Taken],
    passed_over: tuple[ActionEntry, ...] = (),
    *,
    is_and: bool,
) -> ReadyRule:
    seen = tuple(each for each in taken if each.entry.identifier in SEEN_BY)
    return ReadyRule(
        rule, is_and, tests, {each.entry.kind: each for each in taken}, seen, passed_over, AppliedRule(rule)
    )


def _test(condition: Condition) -> Test:
    entry = find_property(condition.property)
    return entry.test(find_operator(condition.operator, entry), condition.compare_to)


def _for_several(ready: ReadyRule) -> ReadyRule | None:
    """The rule as it is for shipments with several parcels; None where it can never hold."""
    tests = tuple(test for test in ready.tests if CONDITIONS[test[0]].for_multicollo)
    if len(tests) < len(ready.tests) and (ready.is_and or not tests):
        return None
    taken = [taken for taken in ready.taken.values() if taken.entry.for_multicollo]
    passed_over = tuple(taken.entry for taken in ready.taken.values() if not taken.entry.for_multicollo)
    return _made(ready.rule, tests, taken, passed_over, is_and=ready.is_and)


# Running


class _Facts(dict[str, Any]):
    """What the properties of a plan are, each read when the first condition asks for it."""

    def __init__(self, plan: Plan, carrier_of: CarrierOf) -> None:
        super().__init__()
        self._plan = plan
        self._carrier_of = carrier_of
        self._seen: dict[str, Taken] = {}
        self._former: dict[tuple[Any, ...], Any] = {}  # what they were, by what they are called and what they saw

    def __missing__(self, identifier: str) -> Any:
        entry = CONDITIONS[identifier]
        seen = [self._seen.get(action) for action in entry.sees]
        key = (identifier, *[taken and taken.text for taken in seen])
        if key not in self._former:
            plan = self._plan
            for taken in filter(None, seen):
                plan = taken.entry.apply(plan, taken.value, self._carrier_of)
            self._former[key] = entry.read(plan)
        self[identifier] = value = self._former[key]
        return value

    def see(self, taken: Taken) -> None:
        """Forgets what is different once this action is taken."""
        action = taken.entry.identifier
        former = self._seen.get(action)
        self._seen[action] = taken
        if former is None or former.text != taken.text:
            for identifier in SEEN_BY[action]:
                self.pop(identifier, None)


def _holds(ready: ReadyRule, facts: _Facts) -> bool:
    """Whether all conditions hold, or one of them; a rule without any holds always."""
    if ready.is_and:
        for name, test in ready.tests:  # noqa: SIM110 - a generator would take twice as long, for every rule
            if not test(facts[name]):
                return False
        return True
    for name, test in ready.tests:  # noqa: SIM110 - as above
        if test(facts[name]):
            return True
    return False


# Telling


def _outcome(plan: Plan, held: list[ReadyRule], winners: dict[str, Taken], carrier_of: CarrierOf) -> Outcome:
    told: defaultdict[int, list[Step]] = defaultdict(list)  # by the place among those that held
    places = {id(ready.rule): place for place, ready in enumerate(held)}
    made: list[Step] = []
    for entry in ACTIONS.values():
        taken = winners.get(entry.kind)
        if taken is None or taken.entry is not entry:
            continue
        lacking = entry.missing(plan)
        after = plan if lacking else entry.apply(plan, taken.value, carrier_of)
        steps = list(_steps_of(taken, plan, changes(plan, after), lacking))
        told[places[id(taken.rule)]] += steps
        made += steps
        plan = after
    made.sort(key=lambda step: step.before == step.after)
    for place, step in _in_vain(held, winners):
        told[place].append(step)
        made.append(step)
    applied = [ready.without_steps for ready in held]
    for place, steps in told.items():
        applied[place] = AppliedRule(held[place].rule, tuple(steps))
    return Outcome(plan, tuple(applied), tuple(made))


def _in_vain(held: list[ReadyRule], winners: dict[str, Taken]) -> list[tuple[int, Step]]:
    """What has changed nothing, with the place of its rule among those that held, from top to bottom."""
    notes = _overruled(winners)
    found: list[tuple[int, ActionEntry, str]] = []
    for place in range(len(held) - 1, -1, -1):
        ready = held[place]
        overruled = [taken.entry for kind, taken in ready.taken.items() if winners[kind] is not taken]
        lost = [(place, entry, notes[entry.identifier]) for entry in overruled]
        lost += [(place, entry, f"{entry.name}: {_PASSED_OVER}") for entry in ready.passed_over]
        found += reversed(lost)
        if len(found) >= MOST_IN_VAIN:
            break
    found = found[MOST_IN_VAIN - 1 :: -1]
    more = sum(len(ready.taken) + len(ready.passed_over) for ready in held) - len(winners) - len(found)
    steps = [(place, _step(held[place].rule, Change(entry.field), note)) for place, entry, note in found]
    if more:
        place, step = steps[0]
        steps[0] = place, replace(step, note=f"{step.note} {_MORE.format(more)}")
    return steps


def _overruled(winners: dict[str, Taken]) -> dict[str, str]:
    """What is said of an action, by its identifier, where another one of its kind counts."""
    return {
        entry.identifier: f"{entry.name}: overruled by rule {taken.rule.id} ({taken.rule.name})."
        for entry in ACTIONS.values()
        if (taken := winners.get(entry.kind)) is not None
    }


def _steps_of(taken: Taken, before: Plan, changed: list[Change], lacking: str) -> Iterator[Step]:
    """What an action that counts has changed; one step that says so where that is nothing."""
    entry, rule = taken.entry, taken.rule
    if not changed:
        value = described(before).get(entry.field)
        yield _step(rule, Change(entry.field, value, value), lacking or "It was so already.")
    for change in changed:
        yield _step(rule, change, "" if change.field == entry.field else f"It follows from {entry.name!r}.")


def _step(rule: Rule, change: Change, note: str) -> Step:
    return Step(change.field, change.before, change.after, "rule", rule.id, rule.name, rule.revision, note)
