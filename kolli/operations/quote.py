"""What a shipment costs with a shipping option: billed weights, and prices from rate sheets with what they consist of.

Prices are exact, and each line of a quote is rounded to cents once, over all parcels, so that the lines add up.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from functools import cached_property
from typing import Literal, NamedTuple

from kolli.account.rates import SURCHARGES, Rate, RateSheet, SurchargeType
from kolli.carriers.base import ShippingOption
from kolli.operations.fitness import Measured
from kolli.values import Dimensions, Weight, plain

PriceType = Literal["price_without_insurance", "insurance_price"] | SurchargeType

_CENT = Decimal("0.01")
_GRAM = Decimal("0.001")
_NOTHING = Decimal(0)


@dataclass(frozen=True)
class Insured:
    """For how much something is insured. The currency is None where the one of the prices is meant.

    What is insured additionally is on top of what the carrier insures, so that no option limits it.
    """

    value: Decimal
    currency: str | None = None
    is_additional: bool = False


@dataclass(frozen=True)
class Parcel:
    """What is known of a parcel that is to be shipped."""

    weight: Weight | None = None
    dimensions: Dimensions | None = None
    insured: Insured | None = None


@dataclass(frozen=True)
class Billed:
    """What a carrier charges for: a parcel's weight, or what its size counts as, with how that was worked out."""

    weight: Weight
    calculation: str | None = None

    @cached_property
    def grams(self) -> Decimal:
        """The weight in grams."""
        return self.weight.grams


@dataclass(frozen=True)
class Ends:
    """Between which places a price is asked for."""

    sender_country: str
    recipient_country: str
    recipient_postal_code: str = ""

    @cached_property
    def postal_key(self) -> str:
        """The postal code in capitals and without spaces, as rates have what postal codes begin with."""
        return "".join(filter(str.isalnum, self.recipient_postal_code.upper()))


class PriceLine(NamedTuple):
    """One part of a price, for all parcels together."""

    type: PriceType
    value: Decimal


class Quote(NamedTuple):
    """What a whole shipment costs, as long as its weight stays between two."""

    lines: tuple[PriceLine, ...]
    currency: str
    lightest: Weight
    heaviest: Weight

    @property
    def total(self) -> Decimal:
        """All lines together."""
        return sum((line.value for line in self.lines), _NOTHING)


def billed(divisor: int | None, parcel: Measured) -> Billed | None:
    """The greater of a parcel's weight and what its size counts as; None where nothing is known that can be billed.

    The size counts as length times width times height through the carrier's divisor. Source: Shipments guide (2026-07).
    """
    weight, size = parcel.weight, parcel.dimensions
    if size is None or divisor is None:
        return None if weight is None else Billed(weight)
    length, width, height = (plain(side / 10) for side in size.sides_mm)
    volume = Decimal(length) * Decimal(width) * Decimal(height)
    volumetric = Weight((volume / divisor).quantize(_GRAM, ROUND_UP), "kg")
    if weight is not None and weight.grams >= volumetric.grams:
        return Billed(weight)
    return Billed(volumetric, f"({length} * {width} * {height}) / {divisor}")


class Load:
    """The parcels of one shipment, with their billed weights worked out once for each divisor."""

    def __init__(self, parcels: Sequence[Parcel]) -> None:
        self.parcels = parcels
        self._billed: dict[int | None, list[Billed | None]] = {}

    def billed(self, divisor: int | None) -> list[Billed | None]:
        """The billed weight of each parcel."""
        known = self._billed.get(divisor)
        if known is None:
            known = self._billed[divisor] = [billed(divisor, parcel) for parcel in self.parcels]
        return known

    @cached_property
    def insured(self) -> Insured | None:
        """For how much all parcels are insured together; None when none is. They have one currency."""
        return _sum([parcel.insured for parcel in self.parcels if parcel.insured])

    @cached_property
    def insured_in_all(self) -> Insured | None:
        """The same without what is insured on top of what the carrier insures."""
        return _sum([parcel.insured for parcel in self.parcels if parcel.insured and not parcel.insured.is_additional])


def _sum(values: Sequence[Insured]) -> Insured | None:
    currency = next((value.currency for value in values if value.currency), None)
    return Insured(sum((value.value for value in values), _NOTHING), currency) if values else None


class _Brackets:
    """Rates for the same way, by weight."""

    def __init__(self, rates: Sequence[Rate]) -> None:
        self.rates = [_Parts(rate) for rate in sorted(rates, key=lambda rate: rate.heaviest.grams)]
        self._ends = [each.rate.heaviest.grams for each in self.rates]
        self._begins = [each.rate.lightest.grams for each in self.rates]

    def find(self, grams: Decimal) -> "_Parts | None":
        """The rate for a weight: the lightest that goes so far, unless the weight lies in a gap before it."""
        at = bisect_left(self._ends, grams)
        return self.rates[at] if at < len(self.rates) and self._begins[at] <= grams else None


class _Parts:
    """What one rate comes to, for parcels that are not insured."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self.quote: Quote | None = None  # for one such parcel, once somebody has asked
        price = rate.price
        self.parts: dict[PriceType, Decimal] = {"price_without_insurance": price}
        for surcharge in rate.surcharges:
            value = price * surcharge.value / 100 if surcharge.is_percentage else surcharge.value
            self.parts[surcharge.type] = value
        self._lines: dict[int, tuple[PriceLine, ...]] = {}

    def lines(self, count: int) -> tuple[PriceLine, ...]:
        """What so many parcels cost."""
        known = self._lines.get(count)
        if known is None:
            known = _lines({kind: value * count for kind, value in self.parts.items()})
            self._lines[count] = known
        return known

    def insurance(self, parcel: Parcel) -> Decimal | None:
        """What insuring a parcel costs; None where it is not insured, or nobody knows."""
        percentage, minimum = self.rate.insurance_percentage, self.rate.insurance_minimum
        if parcel.insured is None or (percentage is None and minimum is None):
            return None
        if not parcel.insured.value:
            return _NOTHING
        return max(parcel.insured.value * (percentage or _NOTHING) / 100, minimum or _NOTHING)


class PriceList:
    """A rate sheet that is made ready for questions, each part when the first one is asked."""

    def __init__(self, sheet: RateSheet) -> None:
        self.sheet = sheet
        self._senders = frozenset[str | None]().union([None], *(rate.from_countries or () for rate in sheet.rates))
        self._recipients = frozenset[str | None]().union([None], *(rate.to_countries or () for rate in sheet.rates))
        self._zones: dict[tuple[str | None, str | None], list[tuple[str, _Brackets]]] = {}

    def find(self, ends: Ends) -> _Brackets | None:
        """The rates between two places: those that name both countries count before those that name one or none."""
        for sender, recipient in (
            (ends.sender_country, ends.recipient_country),
            (None, ends.recipient_country),
            (ends.sender_country, None),
            (None, None),
        ):
            if sender not in self._senders or recipient not in self._recipients:
                continue
            zones = self._zones.get((sender, recipient))
            if zones is None:
                zones = self._zones[sender, recipient] = self._between(sender, recipient)
            for prefix, brackets in zones:
                if ends.postal_key.startswith(prefix):
                    return brackets
        return None

    def _between(self, sender: str | None, recipient: str | None) -> list[tuple[str, _Brackets]]:
        """The rates that name just these countries, by what postal codes begin with, the longest first."""
        rates: dict[str, list[Rate]] = {}
        for rate in self.sheet.rates:
            if _names(rate.from_countries, sender) and _names(rate.to_countries, recipient):
                for prefix in rate.postal_codes or ("",):
                    rates.setdefault(prefix, []).append(rate)
        return [(prefix, _Brackets(rates[prefix])) for prefix in sorted(rates, key=len, reverse=True)]


def _names(countries: frozenset[str] | None, country: str | None) -> bool:
    return country is None if countries is None else country in countries


def quotes(option: ShippingOption, prices: PriceList | None, ends: Ends, load: Load) -> list[Quote]:
    """What a shipment costs; nothing where we do not know.

    One quote where the weights are known, or the price is the same for all of them; else one for each bracket.
    """
    if prices is None:
        return _flat(option, load)
    brackets = prices.find(ends)
    insured = load.insured
    if brackets is None or (insured and insured.currency not in {None, prices.sheet.currency}):
        return []
    weights = load.billed(option.volumetric_divisor)
    if len(weights) <= 1 and not any(weights):
        parcel = load.parcels or (Parcel(),)
        return [_quote(option, prices.sheet.currency, [rate], parcel) for rate in brackets.rates]
    rates = [brackets.find(weight.grams) if weight else None for weight in weights]
    known = [rate for rate in rates if rate is not None]
    if len(known) < len(rates):
        return []
    if len(known) > 1 or insured:
        return [_quote(option, prices.sheet.currency, known, load.parcels)]
    (one,) = known
    if one.quote is None:
        one.quote = _quote(option, prices.sheet.currency, known, load.parcels)
    return [one.quote]


def _flat(option: ShippingOption, load: Load) -> list[Quote]:
    """The price that the carrier itself declares."""
    if option.price is None:
        return []
    line = PriceLine("price_without_insurance", _cents(option.price.value * max(1, len(load.parcels))))
    return [Quote((line,), option.price.currency, option.lightest, option.heaviest)]


def _quote(option: ShippingOption, currency: str, rates: Sequence[_Parts], parcels: Sequence[Parcel]) -> Quote:
    """The prices of all parcels, each by its own rate."""
    first = rates[0]
    if all(each is first for each in rates):
        limits: ShippingOption | Rate = first.rate
        lines = first.lines(len(rates))
    else:
        limits = option
        parts: dict[PriceType, Decimal] = {}
        for each in rates:
            for kind, value in each.parts.items():
                parts[kind] = parts.get(kind, _NOTHING) + value
        lines = _lines({kind: parts[kind] for kind in _ORDER if kind in parts})
    found = [each.insurance(parcel) for each, parcel in zip(rates, parcels, strict=True)]
    insurance = [value for value in found if value is not None]
    if insurance:
        lines = (*lines, PriceLine("insurance_price", _cents(sum(insurance, _NOTHING))))
    return Quote(lines, currency, limits.lightest, limits.heaviest)


def _lines(parts: Mapping[PriceType, Decimal]) -> tuple[PriceLine, ...]:
    return tuple([PriceLine(kind, _cents(value)) for kind, value in parts.items()])


_ORDER: tuple[PriceType, ...] = ("price_without_insurance", *SURCHARGES, "insurance_price")


def _cents(value: Decimal) -> Decimal:
    return value.quantize(_CENT, ROUND_HALF_UP)
