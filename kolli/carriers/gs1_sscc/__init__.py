"""A fleet of one's own, or a regional carrier: parcels numbered with the serial shipping container code (SSCC) of GS1.

An SSCC has 18 digits: an extension digit, the GS1 company prefix of whoever gives the number out, a serial number that
fills up to 17 digits, and a check digit. In a barcode it stands behind the application identifier 00; a second barcode
has the postal code: 420 within a country, and 421 with the country's number in front across a border. A serial number
is not used again for 12 months at least. Sources: GS1 General Specifications, release 24, sections 3 and 5.4; GS1
Denmark on the identifier 421 (2026-11).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from kolli.carriers import check_digits, routing
from kolli.carriers.base import PRINTED_NAME, ContractField, ShippingOption
from kolli.carriers.own_numbers import OwnNumberCarrier, filled_up, in_blocks
from kolli.documents.layouts.parts import Barcode, LabelParts
from kolli.shipments.model import Draft
from kolli.values import Weight, country_numeric

PREFIX, EXTENSION = "company_prefix", "extension_digit"

_HEIGHT = 31_750  # micrometres, where there is room for it (GS1 Logistic Label Guideline: 31.75 mm)


class OwnFleet(OwnNumberCarrier):
    """Whoever scans SSCCs. Its accounts add shipping options of their own, with the limits that are theirs."""

    code = "gs1"
    name = "Own fleet"
    longest_number = "376123450000010039"
    takes_own_options = True
    options: tuple[ShippingOption, ...] = (
        ShippingOption(
            "gs1:standard",
            "Standard",
            heaviest=Weight(Decimal(1000), "kg"),  # a pallet: whose fleet it is knows better, and adds its own options
            title="Own fleet Standard",
            most_parcels=50,
            functionalities={"b2b": True, "b2c": True, "form_factor": "parcel", "last_mile": "home_delivery"},
        ),
    )

    contract_form = (
        ContractField(PREFIX, "The GS1 company prefix that the numbers are given out under, 4 to 12 digits."),
        ContractField(EXTENSION, "The digit in front of it, 0 to 9; 0 if it is left out.", is_required=False),
        ContractField(
            PRINTED_NAME, "What the carrier is called on labels; Own fleet if it is left out.", is_required=False
        ),
    )
    contract_rules: ClassVar = {
        PREFIX: ("[0-9]{4,12}", "it is 4 to 12 digits."),
        EXTENSION: ("[0-9]", "it is one digit."),
        PRINTED_NAME: (".{1,30}", "it has 30 characters at most."),
    }

    printed_fields = (PRINTED_NAME,)

    def number(
        self,
        serial: int,
        contract_data: Mapping[str, str],
        option_code: str,  # noqa: ARG002 - all options share one range
    ) -> str:
        """The 18 digits of the SSCC."""
        self.check_contract(contract_data)
        front = (contract_data.get(EXTENSION) or "0") + contract_data[PREFIX]
        digits = front + filled_up(serial, 17 - len(front), "an SSCC with this company prefix")
        return digits + check_digits.gs1(digits)

    def printed(self, tracking_number: str) -> str:
        """`3761 2345 0000 0100 39`."""
        return in_blocks(tracking_number, 4)

    def label_parts(
        self,
        draft: Draft,
        box_number: int,  # noqa: ARG002 - the boxes of a shipment differ in their numbers only
        tracking_number: str,
    ) -> LabelParts:
        """The SSCC, and above it the postal code."""
        element = f"(00){tracking_number}"
        barcodes = [Barcode("gs1_128", element, element, height=_HEIGHT)]
        if ship_to := _ship_to(draft):
            barcodes.append(Barcode("gs1_128", ship_to, ship_to, caption="SHIP TO POST"))
        return LabelParts(tuple(barcodes))


def _ship_to(draft: Draft) -> str:
    """The recipient's postal code as a GS1 element; empty without one, or without the country's number for abroad.

    Impossible when it does not fit.
    """
    if not routing.bare_postal_code(draft.recipient):
        return ""
    if draft.sender.country_code == draft.recipient.country_code:
        return f"(420){routing.postal_code_of(draft.recipient, 20, 'the barcode')}"
    if not (country := country_numeric(draft.recipient.country_code)):
        return ""
    return f"(421){country}{routing.postal_code_of(draft.recipient, 9, 'the barcode')}"
