"""Shipping rules ↔ CSV files, one row for every condition and action.

Columns: support article "Import shipping rules in bulk". `Active` is ours; it is written only where a rule is not.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from kolli.errors import Invalid, TooLarge
from kolli.rules.actions import ACTIONS
from kolli.rules.conditions import CONDITIONS
from kolli.rules.model import MOST_RULES, Action, Condition, Rule
from kolli.rules.operators import OPERATORS
from kolli.rules.validation import Known, normalised, problems
from kolli.tables import Mistake, TableRow, read_table

NAME, AND_OR, CONDITION, OPERATOR = "Rule name", "Condition and or", "Condition", "Operator"
COMPARE_TO, ACTION, VALUE, ACTIVE = "Condition Value", "Action", "Action Value", "Active"

COLUMNS = (NAME, AND_OR, CONDITION, OPERATOR, COMPARE_TO, ACTION, VALUE)

LARGEST_FILE = 5 * 1024 * 1024
"""Bytes of a file. 5,000 rules with ten rows each have less."""

MOST_ROWS = 100_000

_AND_OR = {"and": True, "match all": True, "or": False, "match any": False}
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True)
class ReadRules:
    """The rules of a file in their order, without ids; and what is wrong with it, in which case none may be stored."""

    rules: tuple[Rule, ...]
    mistakes: tuple[Mistake, ...]


@dataclass
class _Group:
    """The rows of one rule, and which of them each condition and action stands in."""

    rows: list[TableRow]
    conditions: list[TableRow] = field(default_factory=list)
    actions: list[TableRow] = field(default_factory=list)


def read_rules(path: Path, known: Known) -> ReadRules:
    """Reads and checks every rule of a file. Raises Invalid or TooLarge when it cannot be read as one at all.

    Rows that follow each other and have the same name, or none, are one rule; an empty row ends it. Conditions,
    operators and actions may be called by their names or their identifiers, in any letter case.
    """
    _check_size(path)
    columns = [column.lower() for column in (*COLUMNS, ACTIVE)]
    required = [column.lower() for column in COLUMNS]
    rows = read_table(path, columns, required, most_rows=MOST_ROWS)
    groups = _grouped(rows)
    if len(groups) > MOST_RULES:
        raise Invalid(f"{path} has {len(groups):,} rules; an account has at most {MOST_RULES:,}.")
    rules = tuple(_rule(group, known) for group in groups)
    return ReadRules(rules, tuple(mistake for row in rows for mistake in row.mistakes))


def _check_size(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}.") from error
    if size > LARGEST_FILE:
        raise TooLarge(
            f"{path} has {size / 1024 / 1024:.1f} MB; at most {LARGEST_FILE // 1024 // 1024} MB are read. Divide it."
        )


def _grouped(rows: Iterable[TableRow]) -> list[_Group]:
    groups: list[_Group] = []
    name, number = "", 0
    for row in rows:
        own = _text(row, NAME)
        continues = groups and own in {"", name} and row.number == number + 1
        if continues:
            groups[-1].rows.append(row)
        else:
            groups.append(_Group([row]))
            name = own
        number = row.number
    return groups


def _rule(group: _Group, known: Known) -> Rule:
    """What the rows of a rule say; what is wrong with it is noted in them."""
    conditions, actions = [], []
    for row in group.rows:
        has_condition = any(_text(row, column) for column in (CONDITION, OPERATOR, COMPARE_TO))
        has_action = any(_text(row, column) for column in (ACTION, VALUE))
        if has_condition:
            group.conditions.append(row)
            identifiers = _named(row, CONDITION, _CONDITIONS), _named(row, OPERATOR, _OPERATORS)
            conditions.append(Condition(*identifiers, _text(row, COMPARE_TO)))
        if has_action:
            group.actions.append(row)
            actions.append(Action(_named(row, ACTION, _ACTIONS), _text(row, VALUE)))
        if not has_condition and not has_action:
            row.wrong("", "It has neither a condition nor an action.")
    is_and = _word(group.rows, AND_OR, _AND_OR)
    is_active = _word(group.rows, ACTIVE, _YES_NO)
    rule = Rule(0, _text(group.rows[0], NAME), tuple(conditions), tuple(actions), is_and, is_active)
    for problem in problems(rule, known):
        row, column = _place(group, problem.field)
        if not any(mistake.column == column.lower() for mistake in row.mistakes):  # it is said already
            row.wrong(column.lower(), problem.message)
    return normalised(rule)


def _text(row: TableRow, column: str) -> str:
    return row.text(column.lower())


def _named(row: TableRow, column: str, names: Mapping[str, str]) -> str:
    """The identifier of what a cell names."""
    text = _text(row, column)
    identifier = names.get(text.casefold())
    if not text:
        row.wrong(column.lower(), "It is empty, and has to be filled in.")
    elif identifier is None:
        known = ", ".join(dict.fromkeys(names.values()))
        row.wrong(column.lower(), f"{text[:60]!r} is not known. There are: {known}.")
    return identifier or ""


def _word(rows: Sequence[TableRow], column: str, words: Mapping[str, bool]) -> bool:
    """What the rows of a rule say together; true where none of them says anything."""
    said: bool | None = None
    for row in rows:
        text = _text(row, column)
        if not text:
            continue
        value = words.get(text.casefold())
        if value is None:
            row.wrong(column.lower(), f"{text[:60]!r} is none of {', '.join(words)}.")
        elif said is not None and value != said:
            row.wrong(column.lower(), f"{text!r} contradicts a row above that belongs to the same rule.")
        else:
            said = value
    return said is not False


_COLUMN_OF = {
    "property": CONDITION,
    "operator": OPERATOR,
    "compare_to": COMPARE_TO,
    "conditions": CONDITION,
    "identifier": ACTION,
    "value": VALUE,
    "actions": ACTION,
    "name": NAME,
}


def _place(group: _Group, field: str) -> tuple[TableRow, str]:
    """The row and the column of what is called so in a rule: `criteria.conditions.0.compare_to`."""
    parts = field.split(".")
    column = _COLUMN_OF[parts[-1]]
    numbers = [int(part) for part in parts if part.isdigit()]
    rows = group.conditions if parts[0] == "criteria" else group.actions
    return rows[numbers[0]] if numbers else group.rows[0], column


def _names_of(entries: Iterable[tuple[str, str, Sequence[str]]]) -> dict[str, str]:
    return {text.casefold(): identifier for identifier, name, others in entries for text in (identifier, name, *others)}


_CONDITIONS = _names_of((entry.identifier, entry.name, entry.other_names) for entry in CONDITIONS.values())
_OPERATORS = _names_of((entry.identifier, entry.name, entry.other_names) for entry in OPERATORS.values())
_ACTIONS = _names_of((entry.identifier, entry.name, ()) for entry in ACTIONS.values())


# Writing


def columns_for(rules: Iterable[Rule]) -> tuple[str, ...]:
    """The columns that a file of these rules has."""
    return COLUMNS if all(rule.is_active for rule in rules) else (*COLUMNS, ACTIVE)


def rule_rows(rules: Iterable[Rule]) -> list[Mapping[str, str]]:
    """The rows of a file that `read_rules` reads the same rules from."""
    rows: list[Mapping[str, str]] = []
    former = None
    for rule in rules:
        if rule.name == former:
            rows.append({})  # ends the rule above, which has the same name
        former = rule.name
        shared = {NAME: rule.name, AND_OR: "and" if rule.is_and else "or", ACTIVE: "yes" if rule.is_active else "no"}
        for condition, action in zip_longest(rule.conditions, rule.actions):
            rows.append({**shared, **_condition_cells(condition), **_action_cells(action)})
    return rows


def _condition_cells(condition: Condition | None) -> dict[str, str]:
    if condition is None:
        return {}
    entry, operator = CONDITIONS.get(condition.property), OPERATORS.get(condition.operator)
    return {
        CONDITION: entry.name if entry else condition.property,
        OPERATOR: operator.name if operator else condition.operator,
        COMPARE_TO: condition.compare_to,
    }


def _action_cells(action: Action | None) -> dict[str, str]:
    if action is None:
        return {}
    entry = ACTIONS.get(action.identifier)
    return {ACTION: entry.name if entry else action.identifier, VALUE: action.value}
