"""A rule as a form: rows of conditions and actions, each with the inputs that its entry in the tables asks for.

Besides what a new row begins with, nothing here names a condition, an operator or an action: a new entry of a table can
be chosen at once.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kolli.panel.forms import Form, whole_number
from kolli.rules.actions import ACTIONS
from kolli.rules.conditions import CONDITIONS, split_texts
from kolli.rules.model import MOST_ACTIONS, MOST_CONDITIONS, Action, Choices, Condition, Rule, ValueType
from kolli.rules.operators import OPERATORS
from kolli.rules.validation import Known

MOST_IN_SELECTS = 700
"""Possibilities of one list that all rows of a page together spell out; with more, rows share one list to type into."""

_UNIT = re.compile(r"\((?P<named>[^()]+)\)$|(?P<percent>%)$")

Kind = Literal["number", "text", "select", "list", "many"]
"""How a value is given: a number, a text, one of a list, a text out of a list, or several of a list."""


@dataclass(frozen=True)
class Input:
    """Where a value goes: `chosen` are the values with what people call them, `options` those that can be chosen."""

    name: str
    kind: Kind
    chosen: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    shared_list: str = ""  # the id of the list that several rows share
    unit: str = ""
    help_text: str = ""

    @property
    def value(self) -> str:
        """What stands in it, where that is one text."""
        return self.chosen[0][0] if self.chosen else ""


@dataclass(frozen=True)
class Row:
    """A condition or an action: what it is, how it compares, and its value."""

    name: str  # of its fields, before the point
    entry: str
    entries: tuple[tuple[str, str], ...]
    input: Input
    operator: str = ""
    operators: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class RuleForm:
    """All that the form shows, besides its name and switches."""

    conditions: tuple[Row, ...]
    actions: tuple[Row, ...]
    shared_lists: Mapping[str, tuple[tuple[str, str], ...]]


# Reading


def read_rule(form: Form, known: Known, rule_id: int) -> Rule:
    """The rule as it stands in a form, whatever is wrong with it."""
    return Rule(
        id=rule_id,
        name=form.text("name"),
        conditions=tuple(_condition(form, place, known) for place in _places(form, "c{}.property", MOST_CONDITIONS)),
        actions=tuple(_action(form, place, known) for place in _places(form, "a{}.identifier", MOST_ACTIONS)),
        is_and=form.text("joined") != "or",
        is_active=form.flag("is_active"),
    )


def _places(form: Form, name: str, most: int) -> list[int]:
    return [place for place in range(most + 1) if name.format(place) in form.values]


def _condition(form: Form, place: int, known: Known) -> Condition:
    identifier, operator = form.text(f"c{place}.property"), form.text(f"c{place}.operator")
    entry = CONDITIONS.get(identifier)
    values = [value for value in form.texts(f"c{place}.compare_to") if value]
    if entry is not None and entry.choices is not None:
        names = _codes(known, entry.choices)
        several = operator in OPERATORS and OPERATORS[operator].multiple
        texts = [text for value in values for text in (_apart(value, names) if several else [value])]
        values = list(dict.fromkeys(_code(text, names) for text in texts))
    separator = f"{entry.delimiter} " if entry is not None else ", "
    return Condition(identifier, operator, separator.join(values))


def _action(form: Form, place: int, known: Known) -> Action:
    identifier, value = form.text(f"a{place}.identifier"), form.text(f"a{place}.value")
    entry = ACTIONS.get(identifier)
    if entry is not None and entry.choices is not None:
        value = _code(value, _codes(known, entry.choices))
    return Action(identifier, value)


def _codes(known: Known, choices: Choices) -> dict[str, str]:
    """What people call the possibilities, and the codes themselves, in any letter case → what stands in a rule."""
    possibilities = known.possibilities(choices)
    counted = Counter(label.casefold() for label in possibilities.values())
    names = {label.casefold(): code for code, label in possibilities.items() if counted[label.casefold()] == 1}
    return names | {code.casefold(): code for code in possibilities}


def _code(text: str, names: Mapping[str, str]) -> str:
    return names.get(text.casefold(), text)


def _apart(text: str, names: Mapping[str, str]) -> list[str]:
    """Several texts that were typed into one field; a name with a comma in it is one."""
    return [text] if text.casefold() in names else split_texts(text)


def after(rule: Rule, do: str) -> Rule:
    """The rule after a button of its form: a row more, a row less, and operators that fit what is looked at."""
    what, _, number = do.partition(":")
    wanted = whole_number(number)
    place = -1 if wanted is None else wanted
    conditions, actions = list(rule.conditions), list(rule.actions)
    match what:
        case "add-condition" if len(conditions) < MOST_CONDITIONS:
            conditions.append(new_condition())
        case "add-action" if len(actions) < MOST_ACTIONS:
            actions.append(new_action(actions))
        case "remove-condition" if 0 <= place < len(conditions):
            del conditions[place]
        case "remove-action" if 0 <= place < len(actions):
            del actions[place]
    return replace(rule, conditions=tuple(map(_fitting, conditions)), actions=tuple(actions))


def _fitting(condition: Condition) -> Condition:
    """A condition whose operator is one of its property's: as it is, or the first there is."""
    entry = CONDITIONS.get(condition.property)
    if entry is None or condition.operator in entry.operators:
        return condition
    return replace(condition, operator=entry.operators[0])


def new_condition() -> Condition:
    """What a new row looks at before somebody has chosen."""
    entry = CONDITIONS.get("to_country", next(iter(CONDITIONS.values())))
    return Condition(entry.identifier, entry.operators[0], "")


def new_action(others: Sequence[Action] = ()) -> Action:
    """What a new row does before somebody has chosen: the first action that the rule does not take yet."""
    taken = {ACTIONS[action.identifier].kind for action in others if action.identifier in ACTIONS}
    free = (entry.identifier for entry in ACTIONS.values() if entry.kind not in taken)
    return Action(next(free, next(iter(ACTIONS))), "")


# Showing


def form_of(rule: Rule, known: Known) -> RuleForm:
    """A rule as rows of inputs."""
    used = Counter[Choices]()
    for choices in (*map(_choices_of_condition, rule.conditions), *map(_choices_of_action, rule.actions)):
        used.update([choices] if choices else [])
    shared = {
        choices: tuple(known.possibilities(choices).items())
        for choices, rows in used.items()
        if rows * len(known.possibilities(choices)) > MOST_IN_SELECTS
    }
    return RuleForm(
        tuple(_condition_row(place, each, known, shared) for place, each in enumerate(rule.conditions)),
        tuple(_action_row(place, each, known, shared) for place, each in enumerate(rule.actions)),
        {f"list-{choices}": options for choices, options in shared.items()},
    )


def _choices_of_condition(condition: Condition) -> Choices | None:
    entry = CONDITIONS.get(condition.property)
    return entry.choices if entry else None


def _choices_of_action(action: Action) -> Choices | None:
    entry = ACTIONS.get(action.identifier)
    return entry.choices if entry else None


_PROPERTIES = tuple((entry.identifier, entry.name) for entry in CONDITIONS.values())
_ACTION_NAMES = tuple((entry.identifier, entry.name) for entry in ACTIONS.values())

_Shared = Mapping[Choices, tuple[tuple[str, str], ...]]


def _condition_row(place: int, condition: Condition, known: Known, shared: _Shared) -> Row:
    entry, operator = CONDITIONS.get(condition.property), OPERATORS.get(condition.operator)
    name = f"c{place}"
    if entry is None:
        unknown = Input(f"{name}.compare_to", "text", ((condition.compare_to, ""),))
        return Row(name, condition.property, _with(_PROPERTIES, condition.property), unknown)
    several = operator is not None and operator.multiple
    values = split_texts(condition.compare_to) if several and entry.choices else [condition.compare_to]
    made = _input(f"{name}.compare_to", (entry.type, entry.choices), values, known, shared, is_many=several)
    operators = tuple((each, OPERATORS[each].name) for each in entry.operators)
    help_text = f"{entry.help_text} {operator.help_text if operator else ''}".strip()
    return Row(
        name,
        entry.identifier,
        _PROPERTIES,
        replace(made, unit=_unit(entry.name), help_text=help_text),
        condition.operator,
        operators,
    )


def _action_row(place: int, action: Action, known: Known, shared: _Shared) -> Row:
    entry, name = ACTIONS.get(action.identifier), f"a{place}"
    if entry is None:
        unknown = Input(f"{name}.value", "text", ((action.value, ""),))
        return Row(name, action.identifier, _with(_ACTION_NAMES, action.identifier), unknown)
    made = _input(f"{name}.value", (entry.type, entry.choices), [action.value], known, shared)
    return Row(
        name,
        entry.identifier,
        _ACTION_NAMES,
        replace(made, unit=_unit(entry.name, entry.help_text), help_text=entry.help_text),
    )


def _input(
    name: str,
    kind: tuple[ValueType, Choices | None],
    values: Sequence[str],
    known: Known,
    shared: _Shared,
    *,
    is_many: bool = False,
) -> Input:
    value_type, choices = kind
    if choices is None:
        pairs = tuple((value, "") for value in values)
        return Input(name, "number" if value_type == "NUMBER" else "text", pairs)
    possibilities = known.possibilities(choices)
    pairs = tuple((value, possibilities.get(value, "")) for value in values if value)
    options = tuple(possibilities.items())
    if choices == "payment_statuses":  # shops have words of their own, so it is a text that is helped with
        return Input(name, "list", pairs, options)
    if choices in shared:
        return Input(name, "many" if is_many else "list", pairs, (), f"list-{choices}")
    return Input(name, "many" if is_many else "select", pairs, options)


def _with(options: tuple[tuple[str, str], ...], unknown: str) -> tuple[tuple[str, str], ...]:
    return ((unknown, unknown or "–"), *options)


def _unit(name: str, help_text: str = "") -> str:
    """The unit that a name ends with: `Weight (kg)`, `… by %`; an action's stands in what is said about it."""
    found = _UNIT.search(name)
    if found:
        return found["named"] or found["percent"]
    return "kg" if "in kilograms" in help_text else ""


# Saying


@dataclass(frozen=True)
class Clause:
    """One condition or action in words."""

    name: str
    operator: str
    value: str


def conditions_told(rule: Rule, known: Known) -> list[Clause]:
    """What a rule asks, with what people call things."""
    told = []
    for condition in rule.conditions:
        entry, operator = CONDITIONS.get(condition.property), OPERATORS.get(condition.operator)
        several = operator is not None and operator.multiple
        values = split_texts(condition.compare_to) if several else [condition.compare_to]
        named = ", ".join(_named(value, entry.choices if entry else None, known) for value in values)
        told.append(
            Clause(
                entry.name if entry else condition.property, operator.name.lower() if operator else "?", named or "–"
            )
        )
    return told


def actions_told(rule: Rule, known: Known) -> list[Clause]:
    """What a rule does, with what people call things."""
    told = []
    for action in rule.actions:
        entry = ACTIONS.get(action.identifier)
        named = _named(action.value, entry.choices if entry else None, known)
        told.append(Clause(entry.name if entry else action.identifier, "", named))
    return told


def _named(value: str, choices: Choices | None, known: Known) -> str:
    return known.possibilities(choices).get(value, value) if choices else value
