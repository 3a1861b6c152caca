"""What a scanner has typed: which texts it may stand for, and what kind of code it looks like. Pure."""

import re
from collections.abc import Iterator
from typing import Literal

Guess = Literal["control", "article", "misread", "tracking", "order", "long"]
"""What an unknown code looks like: a control barcode, an article's EAN, one that was read wrongly, a tracking number,
the number of an order, or far more than any of those."""

LONGEST = 200
"""Characters of a scan; more than that is no number of anything."""

_AIM = re.compile(r"^\][A-Za-z][0-9A-Za-z]")  # the symbology, as scanners put it before what they read. ISO/IEC 15424
_GS1 = re.compile(r"^\](?:C1|e0|d2|Q3|J1)")
_IN_BRACKETS = re.compile(r"\((\d{2,4})\)([^(]*)")
_SEPARATOR = "\x1d"  # FNC1 between elements. GS1 General Specifications, 7.8.2
_NUMBERS = ("400", "401", "402", "403", "00", "01", "02", "10", "21", "240", "241")
"""Application identifiers whose element is a number by itself: orders, consignments, articles, series.

Source: GS1 General Specifications 24, 3.2.
"""
_S10 = re.compile(r"[A-Z]{2}\d{9}[A-Z]{2}")  # of every post. UPU standard S10
_CONTROL_LIKE = re.compile(r"^[%!*]?KOLLI|KOLLI[%!*]", re.IGNORECASE)
_EAN_DIGITS = frozenset({8, 12, 13, 14})


def texts_of(scanned: str) -> list[str]:
    """The texts that may be meant, the most likely first: as it was typed, without `#`, and what GS1 and AIM hold."""
    plain = scanned.strip().strip(_SEPARATOR).strip()
    found: dict[str, None] = {}
    for held in (plain, _AIM.sub("", plain), *_elements(plain)):
        text = held.strip().strip(_SEPARATOR)
        for each in (text, text.lstrip("#").strip(), f"#{text}"):
            if each.strip("#") and len(each) <= LONGEST:
                found.setdefault(each)
    return list(found)


def _elements(text: str) -> Iterator[str]:
    """What stands in the elements of a GS1 code, with brackets or without."""
    bracketed = _IN_BRACKETS.findall(text)
    if bracketed:
        yield from (value for identifier, value in bracketed if identifier in _NUMBERS)
        return
    if not _GS1.match(text):
        return
    for element in _GS1.sub("", text).split(_SEPARATOR):
        yield from (element[len(each) :] for each in _NUMBERS if element.startswith(each))


def looks_like(scanned: str) -> Guess:
    """The kind of code that an unknown one looks like."""
    text = _AIM.sub("", scanned.strip())
    compact = re.sub(r"[\s.-]", "", text).upper()
    if len(text) > LONGEST:
        return "long"
    if _CONTROL_LIKE.search(text):
        return "control"
    if compact.isascii() and compact.isdigit() and len(compact) in _EAN_DIGITS:
        if has_check_digit(compact):
            return "article"
        return "misread" if len(compact) == 13 else _number(compact)
    return _number(compact)


def _number(compact: str) -> Guess:
    digits = sum(character.isdigit() for character in compact)
    if _S10.fullmatch(compact) or (compact.isalnum() and len(compact) >= 11 and digits >= 8):
        return "tracking"
    return "order"


def has_check_digit(digits: str) -> bool:
    """Whether a number of articles ends in the digit that follows from the others.

    Source: GS1 General Specifications 24, 7.9.1.
    """
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return total % 10 == 0
