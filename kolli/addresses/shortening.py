"""Makes an address fit where a carrier has little room: by named rules, one after the other, and never by cutting."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace

from kolli.addresses import USUAL_LIMITS, AddressLimits
from kolli.values import Address

SHORTER: Mapping[str, str] = {
    "apartment": "apt",
    "avenue": "ave",
    "boulevard": "blvd",
    "building": "bldg",
    "drive": "dr",
    "floor": "fl",
    "lane": "ln",
    "place": "pl",
    "road": "rd",
    "saint": "st",
    "square": "sq",
    "strasse": "str.",
    "straße": "str.",
    "straat": "str.",
    "street": "st",
    "suite": "ste",
}
"""Words of streets, and how they are shortened where there is no room; at the end of a longer word too, if they have a
full stop then: `Stationsstraat` is `Stationsstr.`"""

LEGAL_FORMS: Mapping[str, str] = {
    "aktiengesellschaft": "AG",
    "besloten vennootschap": "B.V.",
    "gesellschaft mit beschränkter haftung": "GmbH",
    "incorporated": "Inc.",
    "limited": "Ltd",
    "naamloze vennootschap": "N.V.",
    "public limited company": "plc",
    "società a responsabilità limitata": "S.r.l.",
    "società per azioni": "S.p.A.",
    "société anonyme": "SA",
    "société à responsabilité limitée": "SARL",
    "sociedad anónima": "S.A.",
    "sociedad limitada": "S.L.",
    "spółka z ograniczoną odpowiedzialnością": "sp. z o.o.",
}
"""What companies are, and what everybody calls it."""

_BLANKS = re.compile(r"\s+")
_STREET_LINES = ("address_line_1", "address_line_2")
_CODES = ("postal_code", "country_code", "state_province_code")


@dataclass(frozen=True)
class Shortening:
    """A way to make an address shorter. It is tried only where something is too long."""

    name: str
    sentence: str
    shorten: Callable[[Address, AddressLimits], Address]


@dataclass(frozen=True)
class Change:
    """What a rule has made of one part of an address."""

    field: str
    before: str
    after: str
    rule: str


@dataclass(frozen=True)
class TooLong:
    """A part of an address for which there is no room."""

    field: str
    value: str
    limit: int


def too_long(address: Address, limits: AddressLimits) -> tuple[TooLong, ...]:
    """The parts that have more characters than there is room for, in the order of the limits."""
    return tuple(
        TooLong(limit.name, value, most)
        for limit in fields(limits)
        if len(value := getattr(address, limit.name)) > (most := getattr(limits, limit.name))
    )


def shortened(address: Address, limits: AddressLimits) -> tuple[Address, tuple[Change, ...]]:
    """The address, shorter if it has to be, and every change with the rule that made it.

    Rules are tried in the order of `SHORTENINGS` until everything fits. What does not fit then stays too long: nothing
    that says where a parcel goes is cut off.
    """
    changes: list[Change] = []
    for rule in SHORTENINGS:
        if not too_long(address, limits):
            break
        shorter = rule.shorten(address, limits)
        changes += [
            Change(part.name, before, after, rule.name)
            for part in fields(address)
            if (before := getattr(address, part.name)) != (after := getattr(shorter, part.name))
        ]
        address = shorter
    return address, tuple(changes)


def tidied(address: Address, limits: AddressLimits = USUAL_LIMITS) -> Address:
    """The same address as carriers like it: nothing twice, no blanks in excess, and shorter where it is too long."""
    tidy = without_repetition(without_blanks(address, limits), limits)
    return shortened(tidy, limits)[0]


def without_blanks(address: Address, limits: AddressLimits) -> Address:  # noqa: ARG001 - like every rule
    """With single blanks inside and none around, and with codes in capitals."""
    tidy = {part.name: _BLANKS.sub(" ", getattr(address, part.name)).strip() for part in fields(address)}
    return replace(address, **tidy | {name: tidy[name].upper() for name in _CODES})


def without_repetition(address: Address, limits: AddressLimits) -> Address:  # noqa: ARG001 - like every rule
    """Without the house number at the end of the street, and without a second line that repeats the first."""
    street, number, second = address.address_line_1, address.house_number, address.address_line_2
    if number and street.casefold().endswith(f" {number.casefold()}"):
        street = street[: -len(number)].rstrip(" ,")
    if second.casefold() in {street.casefold(), number.casefold(), f"{street} {number}".casefold()}:
        second = ""
    return replace(address, address_line_1=street, address_line_2=second)


def with_short_legal_forms(address: Address, limits: AddressLimits) -> Address:
    """With `GmbH` for what it stands for, in a company or a name that is too long."""
    parts = {name: getattr(address, name) for name in ("company_name", "name")}
    return replace(
        address,
        **{name: _legal_forms_of(text) for name, text in parts.items() if len(text) > getattr(limits, name)},
    )


def with_abbreviations(address: Address, limits: AddressLimits) -> Address:
    """With `Blvd` for `Boulevard` and the like, in a line that is too long."""
    lines = {name: getattr(address, name) for name in _STREET_LINES}
    return replace(
        address, **{name: _abbreviated(text) for name, text in lines.items() if len(text) > getattr(limits, name)}
    )


def with_second_line(address: Address, limits: AddressLimits) -> Address:
    """With the end of a first line that is too long in the second, where that is free and has room for it."""
    if len(address.address_line_1) <= limits.address_line_1 or address.address_line_2:
        return address
    first, second = _broken(address.address_line_1, limits.address_line_1)
    if len(second) > limits.address_line_2:
        return address
    return replace(address, address_line_1=first, address_line_2=second)


SHORTENINGS = (
    Shortening("blanks", "Blanks around and between words are taken out where there are too many.", without_blanks),
    Shortening("repetition", "What stands there twice stands there once.", without_repetition),
    Shortening("legal form", "The legal form of a company is written with its initials.", with_short_legal_forms),
    Shortening("abbreviation", "Words for streets and parts of buildings are abbreviated.", with_abbreviations),
    Shortening("second line", "A street that is too long goes on in the free second line.", with_second_line),
)
"""Every rule, in the order in which they are tried."""


def _legal_forms_of(text: str) -> str:
    for long, short in LEGAL_FORMS.items():
        text = re.sub(rf"\b{re.escape(long)}\b", short, text, flags=re.IGNORECASE)
    return text


def _abbreviated(text: str) -> str:
    return " ".join(_shorter(word) for word in text.split(" "))


def _shorter(word: str) -> str:
    folded = word.casefold()
    for long, short in SHORTER.items():
        if folded == long:
            return short.capitalize() if word[:1].isupper() else short
        if folded.endswith(long) and short.endswith("."):
            return word[: -len(long)] + short
    return word


def _broken(text: str, limit: int) -> tuple[str, str]:
    """A text in two, the first at most so long, at a blank; the whole text if there is none."""
    place = text.rfind(" ", 0, limit + 1)
    return (text, "") if place <= 0 else (text[:place].rstrip(" ,"), text[place + 1 :])
