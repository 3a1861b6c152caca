"""Shipping options of an account ↔ CSV files: all rows are checked, then all are stored, or none."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Generic, TypeVar, get_args

from kolli.account.options import OwnOption
from kolli.carriers.base import ChargingType, Requirement
from kolli.carriers.functionalities import FLAGS, NUMBERS, Functionality, problem_with
from kolli.carriers.registry import Carriers
from kolli.errors import Invalid
from kolli.operations.catalogue import LIGHTEST, takes_own_options
from kolli.tables import (
    Mistake,
    TableRow,
    choice_from,
    countries_from,
    countries_text,
    positive_from,
    read_table,
    whole_from,
    words_of,
)
from kolli.values import LENGTH_UNITS, WEIGHT_UNITS, Dimensions, LengthUnit, Weight, WeightUnit, plain

REQUIRED = ("code", "name", "weight_max")
COLUMNS = (
    "code",
    "name",
    "title",
    "product_name",
    "countries",
    "from_countries",
    "weight_min",
    "weight_max",
    "weight_unit",
    "max_length",
    "max_width",
    "max_height",
    "dimension_unit",
    "most_parcels",
    "divisor",
    "requires",
    "functionalities",
    "lead_time_hours",
    "charging_type",
)
"""The columns there can be."""

MOST_ROWS = 10_000
MOST_PARCELS = 50
CHARGING_TYPES: tuple[ChargingType, ...] = get_args(ChargingType)
LONGEST_CODE = 200
LONGEST_NAME = 60  # it stands on the label

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Checked(Generic[Thing]):
    """What a file says, and what is wrong with it, by rows. Only what has no mistakes may be stored."""

    things: Sequence[Thing]
    mistakes: Sequence[Mistake]


def read_options(path: Path, carriers: Carriers) -> Checked[OwnOption]:
    """The options in a file. Invalid when it is no such table at all."""
    rows = read_table(path, COLUMNS, REQUIRED, most_rows=MOST_ROWS)
    first: dict[str, int] = {}
    found = []
    for row in rows:
        option = _option(row, carriers)
        if option is not None:
            found.append(option)
        code = row.text("code")
        if code and first.setdefault(code, row.number) != row.number:
            row.wrong("code", f"Row {first[code]} has the code {code!r} too.")
    return Checked(found, [mistake for row in rows for mistake in row.mistakes])


def option_rows(options: Iterable[OwnOption]) -> Iterator[dict[str, str]]:
    """What a file says of these options."""
    for option in options:
        largest = option.largest
        lightest = option.lightest or LIGHTEST
        yield {
            "code": option.code,
            "name": option.name,
            "title": option.title,
            "product_name": option.product_name,
            "countries": countries_text(option.countries),
            "from_countries": countries_text(option.from_countries),
            "weight_min": plain(lightest.value) if option.lightest else "",
            "weight_max": plain(option.heaviest.value),
            "weight_unit": option.heaviest.unit,
            "max_length": plain(largest.length) if largest else "",
            "max_width": plain(largest.width) if largest else "",
            "max_height": plain(largest.height) if largest else "",
            "dimension_unit": largest.unit if largest else "",
            "most_parcels": str(option.most_parcels),
            "divisor": "" if option.volumetric_divisor is None else str(option.volumetric_divisor),
            "requires": " ".join(option.requires),
            "functionalities": _functionalities_text(option.functionalities),
            "lead_time_hours": "" if option.lead_time_hours is None else str(option.lead_time_hours),
            "charging_type": option.charging_type,
        }


def _option(row: TableRow, carriers: Carriers) -> OwnOption | None:
    """The option of a row; None when a mistake was noted."""
    unit: WeightUnit = row.read("weight_unit", choice_from(WEIGHT_UNITS), "kg")
    heaviest = row.need("weight_max", positive_from) or Decimal(0)
    lightest = row.read("weight_min", positive_from, None)
    if heaviest and lightest is not None and lightest > heaviest:
        row.wrong("weight_min", f"{plain(lightest)} is above weight_max, {plain(heaviest)}.")
    code = row.need("code", str) or ""
    option = OwnOption(
        code,
        carrier_code=_carrier_code(row, code, carriers) if code else "",
        name=row.need("name", _name_from) or "",
        heaviest=Weight(heaviest, unit),
        lightest=None if lightest is None else Weight(lightest, unit),
        countries=row.read("countries", countries_from, None),
        from_countries=row.read("from_countries", countries_from, None),
        requires=row.read("requires", _requires_from, ()),
        title=row.read("title", _name_from, ""),
        product_name=row.read("product_name", _name_from, ""),
        largest=_largest(row),
        most_parcels=row.read("most_parcels", _parcels_from, 1),
        volumetric_divisor=row.read("divisor", whole_from, None),
        lead_time_hours=row.read("lead_time_hours", whole_from, None),
        charging_type=row.read("charging_type", choice_from(CHARGING_TYPES), "label_creation"),
        functionalities=row.read("functionalities", _functionalities_from, {}),
    )
    return None if row.mistakes else option


def _carrier_code(row: TableRow, code: str, carriers: Carriers) -> str:
    """The carrier of a code, which is otherwise left as it is: a key, and nothing is read out of it."""
    carrier_code, colon, rest = code.partition(":")
    carrier = carriers.find(carrier_code)
    takers = ", ".join(f"{each.code}:" for each in carriers if takes_own_options(each)) or "no installed carrier's"
    if len(code) > LONGEST_CODE or " " in code:
        row.wrong("code", f"A code has at most {LONGEST_CODE} characters, and no spaces.")
    elif carrier is None or not colon or not rest:
        row.wrong(
            "code", f"{code!r} does not begin with the code of a carrier and a colon. It can begin with: {takers}."
        )
    elif not takes_own_options(carrier):
        row.wrong("code", f"{carrier.name} takes no options but its own. A code can begin with: {takers}.")
    elif any(code == option.code for option in carrier.options):
        row.wrong("code", f"{carrier.name} has the option {code!r} itself. Choose another code.")
    return carrier_code


def _parcels_from(text: str) -> int:
    number = whole_from(text)
    if number > MOST_PARCELS:
        raise Invalid(f"A shipment has at most {MOST_PARCELS} parcels, not {number}.")
    return number


def _name_from(text: str) -> str:
    if len(text) > LONGEST_NAME:
        raise Invalid(f"It has {len(text)} characters; there is room for {LONGEST_NAME}.")
    return text


def _requires_from(text: str) -> tuple[str, ...]:
    known = choice_from(get_args(Requirement))
    return tuple(dict.fromkeys(known(word) for word in words_of(text)))


def _functionalities_from(text: str) -> dict[str, Functionality]:
    """`signature, insurance=3000, last_mile=home_delivery`: a bare name is true."""
    found: dict[str, Functionality] = {}
    for word in words_of(text):
        name, equals, written = word.partition("=")
        value = _value(name, written) if equals else True
        if name == "multicollo":
            raise Invalid("multicollo follows from most_parcels. Leave it out.")
        if name in found:
            raise Invalid(f"{name} is there twice.")
        if problem := problem_with(name, value):
            raise Invalid(problem)
        found[name] = value
    return found


def _value(name: str, written: str) -> Functionality:
    if name in FLAGS:
        return {"true": True, "false": False}.get(written, written)
    if name in NUMBERS and written.isascii() and written.isdigit():
        return int(written[:18])
    return written


def _functionalities_text(functionalities: Mapping[str, Functionality]) -> str:
    said = {name: value for name, value in functionalities.items() if value is not None}
    return ", ".join(name if value is True else f"{name}={str(value).lower()}" for name, value in said.items())


def _largest(row: TableRow) -> Dimensions | None:
    unit: LengthUnit = row.read("dimension_unit", choice_from(LENGTH_UNITS), "cm")
    names = ("max_length", "max_width", "max_height")
    sides: list[Decimal | None] = [row.read(name, positive_from, None) for name in names]
    empty = [name for name in names if not row.text(name)]
    if 0 < len(empty) < len(names):
        row.wrong(empty[0], "Length, width and height go together: fill in all three, or none.")
    length, width, height = sides
    return Dimensions(length, width, height, unit) if length and width and height else None
