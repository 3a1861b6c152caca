"""The check digits of carriers' numbers: each function gives the one that belongs to the characters before it.

ValueError for characters that the arithmetic knows nothing of. A function is named after its standard, or else after
its arithmetic; the published numbers that each was tried with are in its tests.
"""

import re
from collections.abc import Callable, Iterable
from itertools import cycle

from kolli.values import COUNTRY_CODES

_LETTERS_AND_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def s10(digits: str) -> str:
    """The check digit of the eight digits of a postal item.

    Weights 8 6 4 2 3 5 9 7 from the left; 11 minus the sum modulo 11, where 10 becomes 0 and 11 becomes 5. Source: UPU
    standard S10-12, as tested by the encoders zint and BWIPP (2026-11).
    """
    if len(_digits(digits)) != 8:
        raise ValueError(f"The number of a postal item has 8 digits, not {len(digits)}: {digits!r}.")
    check = 11 - _sum(_digits(digits), (8, 6, 4, 2, 3, 5, 9, 7)) % 11
    return str({10: 0, 11: 5}.get(check, check))


def gs1(digits: str) -> str:
    """The check digit of a GS1 number, such as that of the 17 digits of an SSCC.

    Weights 3 1 3 1 ... from the right; what is missing to a multiple of 10. Source: GS1 General Specifications, 7.9.
    """
    return _missing_to_ten(_sum(reversed(_digits(digits)), cycle((3, 1))))


def mod_10_weights_4_9(digits: str) -> str:
    """The check digit of an Identcode (11 digits) or Leitcode (13 digits) of Deutsche Post.

    Weights 4 9 4 9 ... from the left; what is missing to a multiple of 10. Source: German Wikipedia, "Leitcode", and
    the tests of the encoders zint and BWIPP (2026-11).
    """
    return _missing_to_ten(_sum(_digits(digits), cycle((4, 9))))


def iso_7064_mod_37_36(characters: str) -> str:
    """The check character of digits and capital letters, as DPD has it on its labels.

    Source: ISO/IEC 7064, the hybrid system MOD 37,36; DPD Parcel Label Specification 2.4.1, section 4.
    """
    product = 36
    for value in map(_value, characters):
        total = product + value
        total = total - 36 if total > 36 else total
        product = total * 2 % 37
    return _LETTERS_AND_DIGITS[(37 - product) % 36]


def mod_10_weights_1_2(characters: str) -> str:
    """The check digit of the 15 characters behind `1Z` in a tracking number of UPS.

    Digits count as they are; A counts 2, B 3 ... H 9, I 0, J 1 and so on. Weights 1 2 1 2 ... from the left; what is
    missing to a multiple of 10. Source: the open data set tracking_number_data and CPAN's Algorithm::CheckDigits,
    M10_011 (2026-11).
    """
    if len(characters) != 15:
        raise ValueError(f"These are 15 characters, not {len(characters)}: {characters!r}.")
    values = [value if (value := _value(character)) < 10 else (value - 8) % 10 for character in characters]
    return _missing_to_ten(_sum(values, cycle((1, 2))))


def mod_10_weights_3_1_plus_1(digits: str) -> str:
    """The check digit of the first 11 digits of a parcel number of GLS.

    Weights 3 1 3 1 ... from the left, and one more; what is missing to a multiple of 10. Source: an open-source tracker
    citing "GLS Uni-Box technical documentation", 3.2.1 (2026-11). No number has been published to try it with.
    """
    if len(_digits(digits)) != 11:
        raise ValueError(f"These are 11 digits, not {len(digits)}: {digits!r}.")
    return _missing_to_ten(_sum(_digits(digits), cycle((3, 1))) + 1)


def mod_7(digits: str) -> str:
    """The check digit of a waybill of DHL Express: the digits before it as one number, modulo 7.

    Source: the open data set tracking_number_data (2026-11).
    """
    _digits(digits)
    return str(int(digits) % 7)


def mod_11_weights_2_to_7(digits: str) -> str:
    """The two check digits of a parcel of Mondial Relay: of its first 14 digits, and of the 10 that say where it goes.

    Weights 2 3 4 5 6 7 2 3 ... from the right; 11 minus the sum modulo 11, where 11 becomes 0. That 10 becomes 0 too is
    a guess, so never refuse a number for that. Source: Mondial Relay, "Labels specifications" V2.3 (2026-11).
    """
    return str((11 - _sum(reversed(_digits(digits)), cycle((2, 3, 4, 5, 6, 7))) % 11) % 11 % 10)


def fits(check: Callable[[str], str], number: str) -> bool:
    """Whether the last character of a number is the check digit of those before it."""
    try:
        return check(number[:-1]) == number[-1:]
    except ValueError:
        return False


def is_postal_item(number: str) -> bool:
    """Whether this is the number of a postal item as of UPU S10: two letters, nine digits, a country there is."""
    found = re.fullmatch("[A-Z]{2}([0-9]{9})([A-Z]{2})", number)
    return found is not None and fits(s10, found[1]) and found[2] in COUNTRY_CODES


def _digits(text: str) -> list[int]:
    if not re.fullmatch("[0-9]+", text):
        raise ValueError(f"Here are digits only, unlike {text!r}.")
    return [int(digit) for digit in text]


def _value(character: str) -> int:
    value = _LETTERS_AND_DIGITS.find(character)
    if value < 0:
        raise ValueError(f"Here are digits and capital letters only, unlike {character!r}.")
    return value


def _sum(values: Iterable[int], weights: Iterable[int]) -> int:
    return sum(value * weight for value, weight in zip(values, weights, strict=False))


def _missing_to_ten(total: int) -> str:
    return str(-total % 10)
