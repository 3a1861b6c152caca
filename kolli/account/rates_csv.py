"""Rate sheets ↔ CSV files: one row is one bracket of weights, on the way between some countries."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import NamedTuple

from kolli.account.rates import SURCHARGES, Rate, RateSheet, Surcharge, SurchargeType
from kolli.errors import Invalid
from kolli.tables import (
    Mistake,
    TableRow,
    choice_from,
    countries_from,
    countries_text,
    currency_from,
    number_from,
    positive_from,
    read_table,
    whole_from,
    words_of,
)
from kolli.values import WEIGHT_UNITS, Weight, WeightUnit, plain

REQUIRED = ("option", "weight_to", "price", "currency")
COLUMNS = (
    "option",
    "contract_id",
    "from_countries",
    "to_countries",
    "postal_codes",
    "weight_from",
    "weight_to",
    "weight_unit",
    "price",
    "currency",
    *SURCHARGES,
    "insurance_percentage",
    "insurance_minimum",
)
"""The columns there can be."""

MOST_ROWS = 100_000
MOST_PERCENT = 1_000


class PricedRow(NamedTuple):
    """A good row: which sheet it belongs to, and its rate."""

    row: TableRow
    option_code: str
    contract_id: int | None
    currency: str
    rate: Rate


def read_rates(path: Path) -> tuple[list[PricedRow], list[Mistake]]:
    """The good rows of a file, and what is wrong with the others. Invalid when it is no such table at all."""
    rows = read_table(path, COLUMNS, REQUIRED, most_rows=MOST_ROWS)
    priced = [_priced(row) for row in rows]
    return (
        [each for each in priced if each is not None],
        [mistake for row in rows for mistake in row.mistakes],
    )


def sheets_of(rows: Iterable[PricedRow], *, allow_gaps: bool) -> tuple[list[RateSheet], list[Mistake]]:
    """The rows as sheets, and where the rows of one sheet do not go together."""
    together: dict[tuple[str, int | None], list[PricedRow]] = defaultdict(list)
    for row in rows:
        together[row.option_code, row.contract_id].append(row)
    mistakes = [mistake for own in together.values() for mistake in _unfit(own, allow_gaps=allow_gaps)]
    sheets = [
        RateSheet(option, contract, own[0].currency, tuple(row.rate for row in own))
        for (option, contract), own in together.items()
    ]
    return sheets, sorted(mistakes, key=lambda mistake: mistake.number)


def rates_rows(sheets: Iterable[RateSheet]) -> Iterator[dict[str, str]]:
    """What a file says of these sheets."""
    for sheet in sheets:
        for rate in sheet.rates:
            yield {
                "option": sheet.option_code,
                "contract_id": "" if sheet.contract_id is None else str(sheet.contract_id),
                "from_countries": countries_text(rate.from_countries),
                "to_countries": countries_text(rate.to_countries),
                "postal_codes": " ".join(rate.postal_codes),
                "weight_from": plain(rate.lightest.value),
                "weight_to": plain(rate.heaviest.value),
                "weight_unit": rate.heaviest.unit,
                "price": f"{rate.price:f}",
                "currency": sheet.currency,
                **{each.type: f"{each.value:f}{'%' * each.is_percentage}" for each in rate.surcharges},
                "insurance_percentage": _optional(rate.insurance_percentage),
                "insurance_minimum": _optional(rate.insurance_minimum),
            }


def _optional(number: Decimal | None) -> str:
    return "" if number is None else f"{number:f}"


def _priced(row: TableRow) -> PricedRow | None:
    unit: WeightUnit = row.read("weight_unit", choice_from(WEIGHT_UNITS), "kg")
    heaviest = row.need("weight_to", positive_from)
    lightest = row.read("weight_from", number_from, Decimal(0))
    price = row.need("price", number_from)
    currency = row.need("currency", currency_from)
    option = row.need("option", str)
    contract_id = row.read("contract_id", whole_from, None)
    from_countries = row.read("from_countries", countries_from, None)
    to_countries = row.read("to_countries", countries_from, None)
    postal_codes = row.read("postal_codes", _prefixes_from, ())
    surcharges = tuple(found for name in SURCHARGES if (found := _surcharge(row, name)))
    percentage = row.read("insurance_percentage", _percentage_from, None)
    minimum = row.read("insurance_minimum", number_from, None)
    if heaviest is not None and lightest >= heaviest:
        row.wrong("weight_to", f"{plain(heaviest)} is not above weight_from, {plain(lightest)}.")
    if postal_codes and (to_countries is None or len(to_countries) != 1):
        row.wrong("postal_codes", "Postal codes belong to one country. Name it alone in to_countries.")
    if row.mistakes or heaviest is None or price is None or currency is None or option is None:
        return None
    rate = Rate(
        Weight(lightest, unit),
        Weight(heaviest, unit),
        price,
        from_countries,
        to_countries,
        postal_codes,
        surcharges,
        percentage,
        minimum,
    )
    return PricedRow(row, option, contract_id, currency, rate)


def _prefixes_from(text: str) -> tuple[str, ...]:
    words = words_of(text.upper())
    for word in words:
        if not word.isalnum() or len(word) > 12:
            raise Invalid(f"{word[:40]!r} is nothing that a postal code begins with. Use letters and digits only.")
    return tuple(dict.fromkeys(words))


def _percentage_from(text: str) -> Decimal:
    number = number_from(text.removesuffix("%").rstrip())
    if number > MOST_PERCENT:
        raise Invalid(f"{text[:40]!r} is more than {MOST_PERCENT} percent.")
    return number


def _surcharge(row: TableRow, name: SurchargeType) -> Surcharge | None:
    is_percentage = row.text(name).endswith("%")
    value = row.read(name, _percentage_from if is_percentage else number_from, None)
    return Surcharge(name, value, is_percentage) if value else None


# Whether rows go together

_Where = tuple[str | None, str | None, str]  # from, to, and what the postal code begins with


def _unfit(rows: list[PricedRow], *, allow_gaps: bool) -> Iterator[Mistake]:
    """Rows of one sheet in several currencies, and brackets that overlap or leave something out."""
    first = rows[0]
    for row in rows:
        if row.currency != first.currency:
            message = (
                f"The same option has prices in {first.currency} in row {first.row.number}. A sheet has one currency."
            )
            yield Mistake(row.row.number, "currency", message)
    brackets: dict[_Where, list[PricedRow]] = defaultdict(list)
    for row, where in _places(rows):
        brackets[where].append(row)
    told: set[tuple[int, int]] = set()
    for where, own in brackets.items():
        own.sort(key=lambda row: row.rate.lightest.grams)
        if own[0].rate.lightest.value and not allow_gaps and (0, own[0].row.number) not in told:
            told.add((0, own[0].row.number))
            yield _gap(own[0], f"has no rate from 0 to {own[0].rate.lightest}", where)
        lighter = own[0]  # of the rows before, the one that goes furthest
        for heavier in own[1:]:
            pair = (lighter.row.number, heavier.row.number)
            if pair not in told and (found := _between(lighter, heavier, where, allow_gaps=allow_gaps)):
                told.add(pair)
                yield found
            lighter = max(lighter, heavier, key=lambda row: row.rate.heaviest.grams)


def _places(rows: Sequence[PricedRow]) -> Iterator[tuple[PricedRow, _Where]]:
    """Each row with the ways it is for, one for all that are in just the same rows: 27 times 27 are often one."""
    senders = _alike([row.rate.from_countries or (None,) for row in rows])
    recipients = _alike([row.rate.to_countries or (None,) for row in rows])
    prefixes = _alike([row.rate.postal_codes or ("",) for row in rows])
    for row, *where in zip(rows, senders, recipients, prefixes, strict=True):
        for sender, recipient, prefix in product(*where):
            yield row, (sender, recipient, prefix or "")


def _alike(names_of_rows: Sequence[Iterable[str | None]]) -> list[list[str | None]]:
    """The names in each row, of those that stand in just the same rows only the first one of the alphabet."""
    rows_of: dict[str | None, list[int]] = defaultdict(list)
    for number, names in enumerate(names_of_rows):
        for name in names:
            rows_of[name].append(number)
    kept: list[list[str | None]] = [[] for _ in names_of_rows]
    together = {tuple(rows_of[name]): name for name in sorted(rows_of, key=str, reverse=True)}
    for numbers, name in together.items():
        for number in numbers:
            kept[number].append(name)
    return kept


def _between(lighter: PricedRow, heavier: PricedRow, where: _Where, *, allow_gaps: bool) -> Mistake | None:
    """What is wrong between two neighbours."""
    end, begin = lighter.rate.heaviest, heavier.rate.lightest
    if begin.grams < end.grams:
        message = f"It overlaps row {lighter.row.number}, which goes up to {end}{_way(where)}."
        return Mistake(heavier.row.number, "weight_from", message)
    if begin.grams > end.grams and not allow_gaps:
        return _gap(heavier, f"has no rate from {end} (row {lighter.row.number}) to {begin}", where)
    return None


def _gap(row: PricedRow, has: str, where: _Where) -> Mistake:
    message = f"{row.option_code} {has}{_way(where)}. Close the gap, or import with --allow-gaps."
    return Mistake(row.row.number, "weight_from", message)


def _way(where: _Where) -> str:
    sender, recipient, prefix = where
    code = f", postal codes {prefix}…" if prefix else ""
    return f", from {sender or 'anywhere'} to {recipient or 'anywhere else'}{code}"
