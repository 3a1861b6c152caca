"""What must be said of goods before they travel: what customs ask, and what an option does not go without."""

from collections.abc import Iterator, Mapping, Sequence

from kolli.addresses import NEEDS_STATE
from kolli.carriers.base import ShippingOption
from kolli.errors import Impossible, Missing
from kolli.orders.model import Document
from kolli.rules.model import PlannedParcel
from kolli.values import Address, crosses_customs_border

DECLARED = ("description", "quantity", "weight", "price", "hs_code", "origin_country")
"""What must be said of every item that crosses a customs border. Source: Shipments, "international parcel item"."""

_OF_ORDERS: Mapping[str, str] = {
    "weight": "weight",
    "price": "price",
    "hs_code": "hs_code",
    "origin_country": "country_of_origin",
}
"""What of it an order may lack, and what that is called there."""

MOST_NAMED = 5
"""Items that one message names. Somebody who sees those knows what to do about the others."""


def check_requirements(
    option: ShippingOption, recipient: Address, parcels: Sequence[PlannedParcel], *, has_service_point: bool
) -> None:
    """Raises Missing when something is not there that an option does not go without."""
    given: dict[str, tuple[tuple[str, object], ...]] = {
        "email": (("recipient.email", recipient.email),),
        "phone_number": (("recipient.phone_number", recipient.phone_number),),
        "dimensions": tuple((f"parcels.{place}.dimensions", box.dimensions) for place, box in enumerate(parcels)),
        "service_point_details": (("service_point_details", has_service_point),),
    }
    for requirement in option.requires:
        for field, value in given[requirement]:
            if not value:
                raise Missing(f"This field is required. {option.code} does not go without it.", field=field)


def check_goods_of_order(sender: Address, recipient: Address, parcels: Sequence[PlannedParcel]) -> None:
    """Goods that cross a customs border must be declared: Impossible, naming the items of which something is not said.

    Source: the API's Shipments section, "parcel items" (2026-07).
    """
    if not crosses_customs_border(sender.country_code, recipient.country_code):
        return
    gaps = []
    for place, parcel in enumerate(parcels, start=1):
        where = f"parcel {place}" if len(parcels) > 1 else ""
        if not parcel.items:
            gaps.append(f"{where or 'it'} has no items")
        for number, item in enumerate(parcel.items, start=1):
            missing = [_OF_ORDERS[name] for name in _OF_ORDERS if not _is_said(item, name)]
            named = f"{where}{', ' if where else ''}item {number} ({item['description']})"
            gaps += [f"{named} has no {', no '.join(missing)}"] if missing else []
    if gaps:
        raise Impossible(
            f"A parcel from {sender.country_code} to {recipient.country_code} crosses a customs border, and"
            f" {'; '.join(gaps[:MOST_NAMED])}{' …' if len(gaps) > MOST_NAMED else ''}.",
            field="order_items",
        )


def check_goods_of_request(sender: Address, recipient: Address, parcels: Sequence[PlannedParcel]) -> None:
    """Raises Missing for the first thing that the recipient's country or customs want to know and nobody has said."""
    if recipient.country_code in NEEDS_STATE and not recipient.state_province_code:
        raise Missing(
            f"This field is required for addresses in {recipient.country_code}.", field="recipient.state_province_code"
        )
    if not crosses_customs_border(sender.country_code, recipient.country_code):
        return
    why = f"A parcel from {sender.country_code} to {recipient.country_code} crosses a customs border."
    for where in _gaps(parcels):
        raise Missing(f"This field is required. {why}", field=where)


def _gaps(parcels: Sequence[PlannedParcel]) -> Iterator[str]:
    for place, parcel in enumerate(parcels):
        if not parcel.items:
            yield f"parcels.{place}.parcel_items"
        for line, item in enumerate(parcel.items):
            for name in DECLARED:
                if not _is_said(item, name):
                    where = f"parcels.{place}.parcel_items.{line}.{name}"
                    yield f"{where}.value" if item.get(name) else where


def _is_said(item: Document, name: str) -> bool:
    value = item.get(name)
    return "value" in (value or {}) if name == "price" else bool(value)
