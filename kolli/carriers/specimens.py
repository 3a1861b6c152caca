"""Specimens of drafts, bookings and labels for a carrier, as Kolli makes them: for the conformance suite."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache

from kolli.carriers.base import (
    PRINTED_NAME,
    PRINTED_NOTICE,
    Booking,
    Carrier,
    Numbers,
    PrintsLabels,
    Reserves,
    ShippingOption,
    can_be_a_number,
    label_details,
)
from kolli.documents.fonts import Fonts
from kolli.documents.layouts.label import LabelContent, lay_out
from kolli.documents.layouts.parts import NO_PARTS, LabelParts
from kolli.documents.render import A6, LABEL_4X6
from kolli.errors import CarrierRejected, DoesNotFit, Impossible, Missing
from kolli.shipments.model import Box, Draft
from kolli.values import Address, Weight

COARSEST_DPI = 150
"""The lowest resolution that labels are asked for in: what has room there has room anywhere."""

_ADDRESSES = {
    "NL": Address("Femke de Vries", "Oudezijds Voorburgwal", "1012 GJ", "Amsterdam", "NL", house_number="218"),
    "DE": Address("Karin Müller", "Schönhauser Allee", "10435", "Berlin", "DE", house_number="167c"),
    "BE": Address("Jan Peeters", "Meir", "2000", "Antwerpen", "BE", house_number="48"),
    "US": Address("Ann Clark", "634 Alpha Dr", "15238", "Pittsburgh", "US", state_province_code="PA"),
}


def an_address_in(countries: frozenset[str] | None, *, but: str = "") -> Address:
    """An address in one of these countries, in another than `but` where there is a choice."""
    served = sorted(countries or _ADDRESSES, key=lambda code: (code == but, code not in _ADDRESSES, code))
    return _ADDRESSES.get(served[0]) or replace(_ADDRESSES["BE"], country_code=served[0])


def a_draft(carrier: Carrier, option: ShippingOption, contract_data: Mapping[str, str], boxes: int = 1) -> Draft:
    """A draft from where the option starts to where it goes, as it is frozen before a carrier is asked."""
    sender = an_address_in(option.from_countries)
    return Draft(
        sender=sender,
        recipient=an_address_in(option.countries, but=sender.country_code),
        carrier_code=carrier.code,
        carrier_name=carrier.name,
        shipping_option_code=option.code,
        shipping_option_name=option.name,
        contract_id=1 if carrier.needs_contract else None,
        is_live=False,
        boxes=(Box(Weight(Decimal(1), "kg")),) * boxes,
        shipped_on=date(2026, 11, 24),
        tracking_base="http://kolli.test",
        integration_id=70,
        order_id=1,
        shop_order_id="shop-1",
        order_number="ORDER-1",
        order_revision=1,
        reference="shop-1",
        carrier_details=label_details(carrier, contract_data),
    )


def options_of(carrier: Carrier, contract_data: Mapping[str, str]) -> list[ShippingOption]:
    """The options that can be shipped with under a contract with these data."""
    return [option for option in carrier.options if not _is_refused(carrier, contract_data, option)]


def _is_refused(carrier: Carrier, contract_data: Mapping[str, str], option: ShippingOption) -> bool:
    try:
        if isinstance(carrier, Numbers):
            carrier.number(1, contract_data, option.code)
    except CarrierRejected:
        return True
    return False


def a_booking(
    carrier: Carrier,
    contract_data: Mapping[str, str],
    *,
    reference: str = "0c8f3f0e-6e0d-4a53-9c4f-3f1f5a0d9b11",
    boxes: int = 1,
    first_serial: int = 1,
) -> Booking:
    """A booking for the first option that can be shipped with, with the numbers we would allocate or reserve."""
    option = options_of(carrier, contract_data)[0]
    serials = range(first_serial, first_serial + boxes)
    booking = Booking(reference, a_draft(carrier, option, contract_data, boxes), contract_data)
    return numbered(booking, carrier, *serials)


def numbered(booking: Booking, carrier: Carrier, *serials: int) -> Booking:
    """A booking with the numbers that it is announced with: of these serials, reserved, or none."""
    if isinstance(carrier, Numbers):
        code = booking.draft.shipping_option_code
        option = next(option for option in carrier.options if option.code == code)
        return replace(booking, numbers=numbers_of(carrier, booking.contract_data, option, *serials))
    if isinstance(carrier, Reserves):
        return replace(booking, numbers=tuple(carrier.reserve(booking)))
    return booking


def numbers_of(
    carrier: Numbers, contract_data: Mapping[str, str], option: ShippingOption, *serials: int
) -> tuple[str, ...]:
    """The tracking numbers of these serial numbers, without those that the carrier has none for."""
    numbers = []
    for serial in serials:
        with suppress(CarrierRejected):
            numbers.append(carrier.number(serial, contract_data, option.code))
    return tuple(numbers)


def parts_of(carrier: Carrier, draft: Draft, box_number: int, tracking_number: str) -> LabelParts:
    """What the carrier wants on the label of a box."""
    return carrier.label_parts(draft, box_number, tracking_number) if isinstance(carrier, PrintsLabels) else NO_PARTS


def draw(carrier: Carrier, draft: Draft, tracking_number: str, box_number: int = 1) -> None:
    """Draws the label of a box as it is drawn before a carrier is asked: on both papers, at the coarsest."""
    content = LabelContent(
        sender=draft.sender,
        recipient=draft.recipient,
        carrier_name=draft.carrier_details.get(PRINTED_NAME) or draft.carrier_name,
        service_name=draft.shipping_option_name,
        tracking_number=tracking_number,
        tracking_number_printed=carrier.printed(tracking_number),
        tracking_url=f"{draft.tracking_base}/t/{tracking_number}",
        order_number=draft.order_number,
        weight=draft.boxes[0].weight,
        notes=draft.boxes[0].notes,
        shipped_on=draft.shipped_on,
        band="TEST – NOT FOR POSTAGE",
        notice=draft.carrier_details.get(PRINTED_NOTICE, ""),
        box_number=box_number,
        box_count=len(draft.boxes),
        parts=parts_of(carrier, draft, box_number, tracking_number),
    )
    for paper in (A6, LABEL_4X6):
        assert lay_out(content, paper, _fonts(), COARSEST_DPI).marks


@cache
def _fonts() -> Fonts:
    return Fonts()


def crowded(draft: Draft) -> Iterator[Draft]:
    """The draft with ever longer addresses and more notes."""
    for length in (20, 40, 60, 80, 100, 120):
        lines = {"company_name": "Compagnie " * 9, "address_line_2": "Achterhuis " * 9, "po_box": "Postbus 1234"}
        address = {name: line[:length].strip() for name, line in lines.items()}
        for notes in ((), ("Leave it with the neighbour at number 165", "Fragile: glass " * 4)):
            boxes = tuple(replace(box, notes=notes) for box in draft.boxes)
            sender, recipient = replace(draft.sender, **address), replace(draft.recipient, **address)
            yield replace(draft, sender=sender, recipient=recipient, boxes=boxes)


def has_room(carrier: Carrier, draft: Draft, number: str) -> bool:
    """Whether the label has room for everything, with this number."""
    try:
        draw(carrier, draft, number)
    except DoesNotFit:
        return False
    return True


def bare(number: str) -> str:
    """A number without what people read it by."""
    return "".join(character for character in number if character not in " .-()")


def is_fit(number: str, carrier: Carrier) -> bool:
    """Whether it can be a tracking number, and is no longer than the carrier says."""
    return can_be_a_number(number) and len(number) <= len(carrier.longest_number)


def refusal(carrier: Carrier, draft: Draft, number: str) -> Impossible | Missing | None:
    """What the carrier has against the label of a draft."""
    try:
        parts_of(carrier, draft, 1, number)
    except (Impossible, Missing) as error:
        return error
    return None
