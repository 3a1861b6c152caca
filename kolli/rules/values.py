"""What stands behind an action: each function reads one kind of value, or raises Invalid, saying what to write."""

import re
from collections.abc import Callable
from decimal import Decimal

from kolli.errors import Invalid
from kolli.tables import number_from, positive_from, text_from, whole_from
from kolli.values import COUNTRY_CODES, LENGTH_UNITS, Dimensions, LengthUnit, Weight, plain

MOST_PARCELS = 50
"""Parcels of one shipment. Source: the API's Shipments section, "parcels" (2026-07)."""

MOST_KILOGRAMS = 10_000
LONGEST_SIDE = 100_000
MOST_INSURED_PERCENT = 200

_SIZE = re.compile(
    r"(?P<length>[0-9.]+)\s*[xX×*]\s*(?P<width>[0-9.]+)\s*[xX×*]\s*(?P<height>[0-9.]+)\s*(?P<unit>[a-z]*)"
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+?[0-9 ()./-]+")
_HS_CODE = re.compile(r"[0-9. ]+")


def text_up_to(longest: int) -> Callable[[str], str]:
    """Reads a text of one line that is not empty and has at most so many characters."""

    def read(value: str) -> str:
        text = text_from(value.strip())
        if not 1 <= len(text) <= longest:
            raise Invalid(f"It has {len(text)} characters, and needs 1 to {longest}.")
        return text

    return read


def id_from(value: str) -> int:
    """The id of a contract, an address or an integration."""
    return whole_from(value.strip())


def weight_from(value: str) -> Weight:
    """A weight in kilograms, to the milligram."""
    number = positive_from(value.strip())
    if number > MOST_KILOGRAMS:
        raise Invalid(f"{value.strip()!r} is more than {MOST_KILOGRAMS} kg. The weight is in kilograms.")
    return Weight(number, "kg")


def size_from(value: str) -> Dimensions:
    """A size such as `30x20x10 cm`: length, width and height, in centimetres unless a unit is named."""
    found = _SIZE.fullmatch(value.strip())
    if not found:
        raise Invalid(f"{value[:40]!r} is no size. Write length, width and height as 30x20x10 cm.")
    unit: LengthUnit | None = next((unit for unit in LENGTH_UNITS if unit == (found["unit"] or "cm")), None)
    if unit is None:
        raise Invalid(f"{found['unit']!r} is no unit of length. Use one of {', '.join(LENGTH_UNITS)}.")
    length, width, height = (positive_from(found[side]) for side in ("length", "width", "height"))
    longest = max(length, width, height)
    if longest > LONGEST_SIDE:
        raise Invalid(f"{plain(longest)} {unit} is too long for a box.")
    return Dimensions(length, width, height, unit)


def money_from(value: str) -> Decimal:
    """An amount without a currency, to the cent."""
    number = number_from(value.strip())
    if number != round(number, 2):
        raise Invalid(f"{value.strip()!r} has more than two decimals. Write an amount to the cent, such as 12.50.")
    return number


def money_above_zero(value: str) -> Decimal:
    """The same, above 0."""
    positive_from(value.strip())
    return money_from(value)


def percentage_up_to(most: int) -> Callable[[str], Decimal]:
    """Reads a percentage above 0, with or without its sign."""

    def read(value: str) -> Decimal:
        number = positive_from(value.strip().removesuffix("%").rstrip())
        if number > most:
            raise Invalid(f"{plain(number)} is more than {most} percent.")
        return number

    return read


def count_of_parcels(value: str) -> int:
    """How many parcels a shipment has."""
    count = whole_from(value.strip())
    if count > MOST_PARCELS:
        raise Invalid(f"A shipment has at most {MOST_PARCELS} parcels, not {count}.")
    return count


def country_from(value: str) -> str:
    """A country by its two letters, in any letter case; not by others that become two capitals, such as ß."""
    code = value.strip().upper()
    if not value.isascii() or code not in COUNTRY_CODES:
        raise Invalid(f"{value.strip()[:40]!r} is no country. Use two letters of ISO 3166-1, such as NL.")
    return code


def email_from(value: str) -> str:
    """An email address, as far as one can tell without writing to it."""
    text = text_up_to(254)(value)
    if not _EMAIL.fullmatch(text):
        raise Invalid(f"{text[:60]!r} is no email address. Write one such as name@example.com.")
    return text


def phone_from(value: str) -> str:
    """A phone number."""
    text = text_up_to(35)(value)
    if not _PHONE.fullmatch(text) or sum(character.isdigit() for character in text) < 3:
        raise Invalid(f"{text!r} is no phone number. Write one such as +31612345678.")
    return text


def hs_code_from(value: str) -> str:
    """A code of the Harmonized System: 4 to 12 digits, with or without points.

    Source for the length: the API's Shipments section, "parcel item" (2026-07).
    """
    text = text_up_to(12)(value)
    if not _HS_CODE.fullmatch(text) or sum(character.isdigit() for character in text) < 4:
        raise Invalid(f"{text!r} is no HS code. Write 4 to 12 digits, such as 6205.20.")
    return text
