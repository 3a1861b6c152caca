"""What is wrong with a rule: in itself, and beside what its account has now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from kolli.errors import Invalid
from kolli.rules.actions import ActionEntry, find_action
from kolli.rules.conditions import DELIMITER, Property, find_operator, find_property, split_texts
from kolli.rules.model import (
    LONGEST_NAME,
    LONGEST_VALUE,
    MOST_ACTIONS,
    MOST_CONDITIONS,
    Action,
    Choices,
    Condition,
    Rule,
)
from kolli.rules.operators import Operator
from kolli.tables import LONGEST_TEXT, text_from
from kolli.values import COUNTRY_CODES, country_in_english

_COUNTRIES: Mapping[str, str] = dict(
    sorted(((code, country_in_english(code)) for code in COUNTRY_CODES), key=lambda each: each[1])
)

_PAYMENT_STATUSES: Mapping[str, str] = {"paid": "Paid"}
"""The one status whose meaning is documented. Shops name others as they like, so any text can be compared with."""

MOST_NAMED = 20
"""Possibilities that one message names."""


@dataclass(frozen=True)
class Known:
    """What an account has that rules can refer to: what stands in a rule, and what people call it."""

    carriers: Mapping[str, str] = field(default_factory=dict)
    shipping_options: Mapping[str, str] = field(default_factory=dict)
    contracts: Mapping[str, str] = field(default_factory=dict)
    sender_addresses: Mapping[str, str] = field(default_factory=dict)
    integrations: Mapping[str, str] = field(default_factory=dict)
    carrier_of_option: Mapping[str, str] = field(default_factory=dict)
    carrier_of_contract: Mapping[str, str] = field(default_factory=dict)

    def possibilities(self, choices: Choices) -> Mapping[str, str]:
        """One of the lists of possibilities, in the sequence in which people want to see it."""
        match choices:
            case "countries":
                return _COUNTRIES
            case "payment_statuses":
                return _PAYMENT_STATUSES
            case _:
                possibilities: Mapping[str, str] = getattr(self, choices)
                return possibilities


@dataclass(frozen=True)
class Problem:
    """What is wrong with a rule, and where: `criteria.conditions.0.compare_to`. `is_choice`: it is none of a list."""

    field: str
    message: str
    is_choice: bool = False

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


def problems(rule: Rule, known: Known) -> list[Problem]:
    """Everything that is wrong with a rule; it can be stored, and runs, when that is nothing."""
    found = list(_in_name(rule.name))
    if len(rule.conditions) > MOST_CONDITIONS:
        found.append(_too_many("criteria.conditions", "conditions", MOST_CONDITIONS, len(rule.conditions)))
    if len(rule.actions) > MOST_ACTIONS:
        found.append(_too_many("actions", "actions", MOST_ACTIONS, len(rule.actions)))
    if not rule.actions:
        found.append(Problem("actions", "A rule without actions changes nothing. Give it one."))
    for place, condition in enumerate(rule.conditions[:MOST_CONDITIONS]):
        found += _in_condition(f"criteria.conditions.{place}", condition, known)
    for place, action in enumerate(rule.actions[:MOST_ACTIONS]):
        found += _in_action(f"actions.{place}", action, known)
    if not any(problem.field.startswith("actions") for problem in found):
        found += _contradictions(rule, known)
    return found


def checked(rule: Rule, known: Known) -> Rule:
    """A stored rule that says whether it refers to what is not there any more."""
    is_invalid = bool(problems(rule, known))
    return rule if rule.is_invalid == is_invalid else replace(rule, is_invalid=is_invalid)


def normalised(rule: Rule) -> Rule:
    """The rule as it is stored: no spaces at the ends of texts, codes of countries in capital letters."""
    return replace(
        rule,
        name=rule.name.strip(),
        conditions=tuple(
            replace(condition, compare_to=_normalised(condition.compare_to, _choices_of(condition.property)))
            for condition in rule.conditions
        ),
        actions=tuple(
            replace(action, value=_normalised(action.value, _choices_of_action(action.identifier)))
            for action in rule.actions
        ),
    )


def _choices_of(identifier: str) -> Choices | None:
    try:
        return find_property(identifier).choices
    except Invalid:
        return None


def _choices_of_action(identifier: str) -> Choices | None:
    try:
        return find_action(identifier).choices
    except Invalid:
        return None


def _normalised(text: str, choices: Choices | None) -> str:
    return text.strip().upper() if choices == "countries" else text.strip()


# In itself


def _in_name(name: str) -> Iterator[Problem]:
    if not name.strip():
        yield Problem("name", "A rule needs a name.")
    elif len(name) > LONGEST_NAME:
        yield Problem("name", f"It has {len(name)} characters; a name has at most {LONGEST_NAME}.")
    else:
        yield from _unprintable("name", name)


def _in_condition(where: str, condition: Condition, known: Known) -> Iterator[Problem]:
    try:
        entry = find_property(condition.property)
    except Invalid as error:
        yield Problem(f"{where}.property", error.message, is_choice=True)
        return
    try:
        operator = find_operator(condition.operator, entry)
    except Invalid as error:
        yield Problem(f"{where}.operator", error.message, is_choice=True)
        return
    place = f"{where}.compare_to"
    text = condition.compare_to
    wrong = list(_in_text(place, text))
    yield from wrong
    if not wrong:
        yield from _in_comparison(place, entry, operator, text, known)


def _in_comparison(place: str, entry: Property, operator: Operator, text: str, known: Known) -> Iterator[Problem]:
    try:
        wanted = entry.wanted(operator, text)
    except Invalid as error:
        yield Problem(place, error.message)
        return
    if wanted in _NOTHING and (text.strip() or operator.identifier not in _ALSO_EMPTY):
        yield Problem(place, _lacking(entry, operator, text))
    if entry.choices is not None:
        for single in split_texts(text) if operator.multiple else [text.strip()]:
            yield from _in_choice(place, entry.choices, single, known)


_NOTHING: tuple[object, ...] = ("", frozenset())
_ALSO_EMPTY = ("is", "is_not")
"""Operators that ask whether there is any text: compared with none, all others would hold always, or never."""


def _lacking(entry: Property, operator: Operator, text: str) -> str:
    if not text.strip():
        return f"Say with what {entry.name!r} is compared."
    if operator.multiple and not split_texts(text):
        return f"Write one text at least, several with a {DELIMITER!r} between them."
    return f"Nothing of {text[:40]!r} is compared: {entry.help_text}"


def _in_action(where: str, action: Action, known: Known) -> Iterator[Problem]:
    try:
        entry = find_action(action.identifier)
    except Invalid as error:
        yield Problem(f"{where}.identifier", error.message, is_choice=True)
        return
    place = f"{where}.value"
    wrong = list(_in_text(place, action.value))
    yield from wrong
    if wrong:
        return
    try:
        entry.parse(action.value)
    except Invalid as error:
        yield Problem(place, error.message)
        return
    if entry.choices is not None:
        yield from _in_choice(place, entry.choices, action.value.strip(), known)


def _in_text(place: str, text: str) -> Iterator[Problem]:
    if len(text) > LONGEST_VALUE:
        yield Problem(place, f"It has {len(text)} characters; at most {LONGEST_VALUE} are kept.")
    else:
        yield from _unprintable(place, text)


def _unprintable(place: str, text: str) -> Iterator[Problem]:
    try:
        for start in range(0, len(text), LONGEST_TEXT):
            text_from(text[start : start + LONGEST_TEXT])
    except Invalid as error:
        yield Problem(place, error.message)


def _too_many(place: str, what: str, most: int, count: int) -> Problem:
    return Problem(place, f"A rule has at most {most} {what}, not {count}. Make several rules of it.")


# Beside what the account has


_NOUNS: Mapping[Choices, str] = {
    "carriers": "carrier here",
    "shipping_options": "shipping option here",
    "contracts": "contract of this account",
    "sender_addresses": "sender address of this account",
    "integrations": "integration of this account",
    "countries": "country",
}


def _in_choice(place: str, choices: Choices, text: str, known: Known) -> Iterator[Problem]:
    """A payment status can be any text: shops have statuses of their own."""
    if choices == "payment_statuses":
        return
    possibilities = known.possibilities(choices)
    if (text.upper() if choices == "countries" and text.isascii() else text) in possibilities:
        return
    if choices == "countries":
        advice = "Use two letters of ISO 3166-1, such as NL."
    elif not possibilities:
        advice = "There is none yet."
    else:
        names = list(possibilities)
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        advice = f"There are: {', '.join(names[:MOST_NAMED])}{more}."
    yield Problem(place, f"{text[:100]!r} is no {_NOUNS[choices]}. {advice}", is_choice=True)


def _contradictions(rule: Rule, known: Known) -> Iterator[Problem]:
    """What is right action by action, and not together."""
    first: dict[str, tuple[int, ActionEntry]] = {}
    for place, action in enumerate(rule.actions):
        entry = find_action(action.identifier)
        if entry.kind in first:
            other, former = first[entry.kind]
            same = "twice" if former is entry else f"beside {former.name!r}"
            yield Problem(
                f"actions.{place}.identifier",
                f"{entry.name!r} stands here {same} (actions.{other}), and only one of them can count. Remove one.",
            )
        else:
            first[entry.kind] = place, entry
    values = {action.identifier: action.value.strip() for action in rule.actions}
    carrier = known.carrier_of_option.get(values.get("ship_with", ""))
    contract = values.get("use_contract", "")
    owner = known.carrier_of_contract.get(contract)
    if carrier is not None and owner is not None and carrier != owner:
        place = next(place for place, action in enumerate(rule.actions) if action.identifier == "use_contract")
        yield Problem(
            f"actions.{place}.value",
            f"The contract {contract} is one with {owner}, and {values['ship_with']} belongs to {carrier}. Name a"
            f" contract with {carrier}.",
        )
