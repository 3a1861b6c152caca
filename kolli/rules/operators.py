"""How a condition compares: one entry per operator, from which the API, validation, files and documents come.

Texts are compared without regard to letter case and to spaces at their ends. The API's own examples name `ge`; the
other identifiers are ours, because no list of them is published (Shipping Rules, beta, 2026-07).
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from unicodedata import normalize

Test = Callable[[Any], bool]
"""Whether a value is as wanted. It is made once for every condition, and asked for every plan."""


@dataclass(frozen=True)
class Operator:
    """One way to compare. `made_ready` takes what is compared with, and gives what a value has to pass.

    That is a Decimal where `is_for_numbers`, a frozenset of texts where it is `multiple`, and else a text; texts are
    folded. Of several values, as an order's items have them, one must pass, or all of them where it is `is_negative`.
    Source: support article "How to create shipping rules", for the latter.
    """

    identifier: str
    name: str
    help_text: str
    made_ready: Callable[[Any], Test]
    is_for_numbers: bool = False
    multiple: bool = False  # it compares with several texts
    is_negative: bool = False
    unary: bool = False  # it compares with nothing
    other_names: tuple[str, ...] = ()  # by which files may call it


def folded(text: str) -> str:
    """A text as it is compared: without letter case, without spaces at its ends, and accents written in one way."""
    return normalize("NFC", text.strip()).casefold()


def pattern_test(pattern: str) -> Test:
    """Makes the test whether the whole text is as the pattern says: `*` is any number of characters, `?` exactly one.

    It looks at each character of a text once and remembers, as the bits of one number, how many characters of the
    pattern may be behind it: nothing is ever tried again, so no pattern can keep it busy.
    """
    loops = count = anything = 0  # bit n of `loops`: a star stands between the first n characters and the next
    for character in pattern:
        if character == "*":
            loops |= 1 << count
        else:
            anything |= (character == "?") << count
            count += 1
    takers: dict[str, int] = {}
    for place, character in enumerate(pattern.replace("*", "")):
        takers[character] = takers.get(character, anything) | 1 << place
    end = 1 << count

    def test(text: str) -> bool:
        behind = 1
        for character in text:
            behind = (behind & takers.get(character, anything)) << 1 | behind & loops
            if not behind:
                return False
            if behind & end & loops:
                return True
        return bool(behind & end)

    return test


def _number(
    identifier: str,
    name: str,
    help_text: str,
    compare: Callable[[Decimal, Decimal], bool],
    *signs: str,
    is_negative: bool = False,
) -> Operator:
    def made_ready(wanted: Decimal) -> Test:
        return lambda value: compare(value, wanted)

    return Operator(
        identifier, name, help_text, made_ready, is_for_numbers=True, is_negative=is_negative, other_names=signs
    )


_ALL_ITEMS = " Of an order's items, all have to."

_ENTRIES = (
    _number("eq", "Equal to", "The number is this one.", operator.eq, "="),
    _number(
        "ne", "Not equal to", f"The number is another one.{_ALL_ITEMS}", operator.ne, "≠", "<>", "!=", is_negative=True
    ),
    _number("lt", "Less than", "The number is smaller.", operator.lt, "<"),
    _number("le", "Less or equal than", "The number is smaller, or this one.", operator.le, "≤", "<="),
    _number("gt", "Greater than", "The number is larger.", operator.gt, ">"),
    _number("ge", "Greater or equal than", "The number is larger, or this one.", operator.ge, "≥", ">="),
    Operator("is", "Is", "The text is this one.", lambda wanted: lambda value: value == wanted),
    Operator(
        "is_not",
        "Is not",
        f"The text is another one.{_ALL_ITEMS}",
        lambda wanted: lambda value: value != wanted,
        is_negative=True,
    ),
    Operator("contains", "Contains", "This is a part of the text.", lambda wanted: lambda value: wanted in value),
    Operator(
        "not_contains",
        "Does not contain",
        f"This is no part of the text.{_ALL_ITEMS}",
        lambda wanted: lambda value: wanted not in value,
        is_negative=True,
    ),
    Operator(
        "starts_with", "Starts with", "The text begins so.", lambda wanted: lambda value: value.startswith(wanted)
    ),
    Operator("ends_with", "Ends with", "The text ends so.", lambda wanted: lambda value: value.endswith(wanted)),
    Operator("in", "In", "The text is one of these.", lambda wanted: lambda value: value in wanted, multiple=True),
    Operator(
        "not_in",
        "Not in",
        f"The text is none of these.{_ALL_ITEMS}",
        lambda wanted: lambda value: value not in wanted,
        multiple=True,
        is_negative=True,
    ),
    Operator("pattern", "Pattern match", "The whole text is so; * is any text, ? any one character.", pattern_test),
)

OPERATORS: Mapping[str, Operator] = {entry.identifier: entry for entry in _ENTRIES}
"""Every operator, by its identifier."""

NUMBERS = ("eq", "ne", "lt", "le", "gt", "ge")
TEXTS = ("is", "is_not", "contains", "not_contains", "starts_with", "ends_with", "in", "not_in", "pattern")
CHOICES = ("is", "is_not", "in", "not_in")
