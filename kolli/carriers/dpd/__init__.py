"""DPD, as an own-number carrier: numbers from the range of the contract's depot, and no network.

A parcel number has 14 characters: the range that the depot has given out (four, of which the first two may be letters)
and ten digits. The barcode of a label is Code 128 and holds 28 characters:

    %ppppppprrrrnnnnnnnnnnsssccc    % · postal code (7, zeros in front) · range · digits · service (3) · country (3)

where the last one of the text below it, the check character over the 27 behind `%`, is not in the bars, and `%` is not
in the text. Source: DPD Parcel Label Specification 2.4.1, sections 4 to 8, as cited and tested by the encoders zint and
BWIPP (2026-11). The sort code of the destination depot is missing: it stands in tables that DPD gives to its customers.
What is announced here must reach DPD by another way before the parcels do.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar, NamedTuple

from kolli.carriers import check_digits, routing
from kolli.carriers.base import ContractField, ShippingOption
from kolli.carriers.functionalities import Functionality
from kolli.carriers.own_numbers import HOME_PARCEL, OwnNumberCarrier, filled_up, in_blocks
from kolli.documents.layouts.parts import Barcode, LabelParts
from kolli.drawing import mm
from kolli.errors import CarrierRejected
from kolli.shipments.model import Draft
from kolli.values import EU_COUNTRIES, Weight

RANGE = "depot_range"


class _Service(NamedTuple):
    """A service: its code in the barcode, the option that it is shipped with, and what stands on the label."""

    code: str
    option: str
    name: str
    badge: str = ""
    heaviest: str = "31.5"
    functionalities: Mapping[str, Functionality] = {}


_SERVICES = (
    _Service("101", "dpd:classic", "Classic"),
    _Service("136", "dpd:small", "Small parcel", heaviest="3"),
    _Service("154", "dpd:letter", "Parcel letter", heaviest="1", functionalities={"form_factor": "letter"}),
    _Service("155", "dpd:guarantee", "Guarantee"),
    _Service("350", "dpd:express/before=0830", "Express 8:30", "8:30", functionalities={"delivery_before": "0830"}),
    _Service("179", "dpd:express/before=1000", "Express 10:00", "10:00", functionalities={"delivery_before": "1000"}),
    _Service("225", "dpd:express/before=1200", "Express 12:00", "12:00", functionalities={"delivery_before": "1200"}),
)
"""Source of the codes: tables of the specification. Those for hazardous goods (102), ex works (105), cash on delivery
(109) and exchange (113) say what a label alone cannot: they are not offered.

Source of 31.5 kg: dpd.com, "Weight & dimensions" (2026-11). Nothing public says what small parcels (3 kg) and letters
(1 kg) may weigh: these are careful guesses. Where DPD takes parcels to depends on the contract; the European Union,
where no customs papers are needed, is careful too."""

_BY_OPTION = {service.option: service for service in _SERVICES}


_HEIGHT, _WIDEST_MODULE = mm(25), 500


class DPD(OwnNumberCarrier):
    """Parcels within the European Union."""

    code = "dpd"
    name = "DPD"
    longest_number = "WW991234567890"
    options: tuple[ShippingOption, ...] = tuple(
        ShippingOption(
            service.option,
            service.name,
            heaviest=Weight(Decimal(service.heaviest), "kg"),
            countries=EU_COUNTRIES,
            from_countries=EU_COUNTRIES,
            title=f"DPD {service.name}",
            most_parcels=50,
            functionalities={**HOME_PARCEL, **service.functionalities},
        )
        for service in _SERVICES
    )

    contract_form = (
        ContractField(
            RANGE, "The four characters that the parcel numbers of this contract begin with, as the depot gave them."
        ),
    )
    contract_rules: ClassVar = {RANGE: ("[A-Z0-9]{2}[0-9]{2}", "it is two capitals or digits and two digits.")}

    def number(self, serial: int, contract_data: Mapping[str, str], option_code: str) -> str:
        """The depot's range and the serial in ten digits, 14 characters in all, without the check character."""
        self.check_contract(contract_data)
        if option_code not in _BY_OPTION:
            raise CarrierRejected(f"DPD's labels have no service code for {option_code!r}.")
        return contract_data[RANGE] + filled_up(serial, 10, "a DPD parcel number")

    def printed(self, tracking_number: str) -> str:
        """`0998 0000 0200 33`."""
        return in_blocks(tracking_number, 4, 4, 4, 2)

    def label_parts(
        self,
        draft: Draft,
        box_number: int,  # noqa: ARG002 - the boxes of a shipment differ in their numbers only
        tracking_number: str,
    ) -> LabelParts:
        """The routing barcode, the parcel number with its own check character, and the hour of express parcels."""
        service = _BY_OPTION[draft.shipping_option_code]
        data = routing_code(draft, tracking_number, service.code)
        number_check = check_digits.iso_7064_mod_37_36(tracking_number)
        return LabelParts(
            (Barcode("code128", f"%{data}", printed_code(data), height=_HEIGHT, max_module=_WIDEST_MODULE),),
            badge=service.badge,
            facts=(("PARCEL NO.", tracking_number + number_check), ("SERVICE", service.code)),
        )


def routing_code(draft: Draft, tracking_number: str, service: str) -> str:
    """The 27 characters behind `%`. Impossible naming what of the recipient has no place there."""
    barcode = "DPD's barcode"
    postal_code = routing.postal_code_of(draft.recipient, 7, barcode).rjust(7, "0")
    return postal_code + tracking_number + service + routing.numeric_country_of(draft.recipient, barcode)


def printed_code(data: str) -> str:
    """What people read of it, with its check character: `0081 827 0998 0000 0200 33 350 276 C`."""
    return in_blocks(data + check_digits.iso_7064_mod_37_36(data), 4, 3, 4, 4, 4, 2, 3, 3, 1)
