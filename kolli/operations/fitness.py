"""Whether a shipping option can carry something: the checks that offers and decisions share.

Each raises for the first thing that stands in the way, so that what is offered is what can be shipped, and what is
refused is refused in the same words. What is not known yet stands in nobody's way.
"""

from collections.abc import Sequence
from typing import Protocol

from kolli.carriers.base import ShippingOption
from kolli.errors import Impossible
from kolli.values import COUNTRY_CODES, Dimensions, Money, Weight


class Measured(Protocol):
    """A parcel, as far as it is known."""

    @property
    def weight(self) -> Weight | None:
        """What it weighs."""

    @property
    def dimensions(self) -> Dimensions | None:
        """What it measures."""


def check_countries(option: ShippingOption, sender_country: str | None, recipient_country: str | None) -> None:
    """Raises Impossible when an option does not go from one country to the other."""
    for field, country in (("sender.country_code", sender_country), ("recipient.country_code", recipient_country)):
        if country is not None and country not in COUNTRY_CODES:
            raise Impossible(f"{country!r} is not a country code of ISO 3166-1.", field=field)
    if not option.connects(sender_country, recipient_country):
        way = " ".join(
            f"{word} {country}" for word, country in (("from", sender_country), ("to", recipient_country)) if country
        )
        raise Impossible(
            "No shipping option could be found for the given country or postal code combination:"
            f" {option.code} does not go {way}.",
            field="shipping_option_code",
        )


def check_boxes(option: ShippingOption, boxes: Sequence[Measured]) -> None:
    """Raises Impossible when an option does not take so many parcels, or one of that weight or size."""
    if len(boxes) > option.most_parcels:
        takes = "one parcel" if option.most_parcels == 1 else f"up to {option.most_parcels} parcels"
        raise Impossible(f"{option.code} takes {takes} in one shipment, not {len(boxes)}.", field="parcels")
    for number, box in enumerate(boxes, start=1):
        if option.takes(box.weight, box.dimensions):
            continue
        parcel = "the parcel" if len(boxes) == 1 else f"parcel {number}"
        if option.takes(box.weight, None):
            does = f"{option.code} takes up to {option.largest}, {parcel} measures {box.dimensions}."
        else:
            does = f"{option.code} takes {option.lightest} to {option.heaviest}, {parcel} weighs {box.weight}."
        raise Impossible(
            f"No shipping option could be found for the given weight and/or dimensions: {does}",
            field="shipping_option_code",
        )


def check_insurable(option: ShippingOption, insured: Money) -> None:
    """Raises Impossible when an option has no insurance, or none for so much."""
    if option.most_insured is None:
        raise Impossible(
            f"{option.code} has no insurance, so nothing can be insured for {insured}.", field="insured_value"
        )
    check_insured(option, insured)


def check_insured(option: ShippingOption, insured: Money | None) -> None:
    """Raises Impossible when something is to be insured for more than an option says it can be.

    An option that says nothing about it, or says it in another currency, refuses nothing.
    """
    most = option.most_insured
    if insured is None or most is None or insured.currency != most.currency or insured.value <= most.value:
        return
    raise Impossible(f"{option.code} is insured for up to {most}, not for {insured}.", field="insured_value")
