"""DHL Paket in Germany, as an own-number carrier: numbers from the range of the contract, and no network.

A contract has one of two kinds of numbers for parcels within Germany: the newer ones are 00 and an SSCC of 18 digits as
GS1-128, the older ones are Identcodes of 12 digits as Interleaved 2 of 5. Parcels abroad have the numbers of postal
items, see `kolli.carriers.postal_items`. To packing stations and post offices there is a Leitcode besides. Sources:
German Wikipedia, "Leitcode"; paketda.de; the encoders zint and BWIPP (2026-11).

There is no Leitcode to streets: their numbers are in a database of DHL's, and where an address is not in there, DHL
prints none either. What is announced here must reach DHL by another way before the parcels do.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from kolli.carriers import check_digits, postal_items
from kolli.carriers.base import ContractField, ShippingOption
from kolli.carriers.dhl_de.codes import check_postal_code, leitcode_of, printed_identcode, printed_leitcode
from kolli.carriers.own_numbers import HOME_PARCEL, OwnNumberCarrier, filled_up, in_blocks
from kolli.documents.layouts.parts import Barcode, LabelParts
from kolli.errors import CarrierRejected
from kolli.shipments.model import Draft
from kolli.values import COUNTRY_CODES, Dimensions, Weight

PREFIX, CENTRE, CUSTOMER, SERVICE_LETTERS = "number_prefix", "distribution_centre", "customer", "service_letters"

PARCEL, SMALL, INTERNATIONAL = "dhl_de:parcel", "dhl_de:small", "dhl_de:international"

_PRODUCTS = {PARCEL: "00", SMALL: "40"}
"""Shipping option → product in the Leitcode. Those for returns (33, 47) are for whoever sends them back."""

_GERMANY = frozenset({"DE"})
_HEIGHT = 31_750  # micrometres, where there is room for it (GS1 Logistic Label Guideline: 31.75 mm)


class DHLGermany(OwnNumberCarrier):
    """Parcels within Germany, and from there to the rest of the world."""

    code = "dhl_de"
    name = "DHL"
    longest_number = "00340434161094042557"
    options: tuple[ShippingOption, ...] = (
        # Sizes and weights: dhl.de, "DHL Paket" (read 2026-11). Business contracts may allow more.
        ShippingOption(
            PARCEL,
            "Paket",
            heaviest=Weight(Decimal("31.5"), "kg"),
            largest=Dimensions(Decimal(120), Decimal(60), Decimal(60), "cm"),
            countries=_GERMANY,
            from_countries=_GERMANY,
            title="DHL Paket",
            functionalities=HOME_PARCEL,
        ),
        ShippingOption(
            SMALL,
            "Kleinpaket",
            heaviest=Weight(Decimal(2), "kg"),
            largest=Dimensions(Decimal(60), Decimal(30), Decimal(15), "cm"),
            countries=_GERMANY,
            from_countries=_GERMANY,
            title="DHL Kleinpaket",
            functionalities=HOME_PARCEL,
        ),
        ShippingOption(
            INTERNATIONAL,
            "Paket International",
            heaviest=Weight(Decimal(20), "kg"),  # careful: what posts have to take from each other
            countries=COUNTRY_CODES - _GERMANY,
            from_countries=_GERMANY,
            title="DHL Paket International",
            functionalities={**HOME_PARCEL, "service_area": "international"},
        ),
    )

    contract_form = (
        ContractField(
            PREFIX,
            "The digits behind 00 that all parcel numbers of this contract begin with, such as 34043416: 8 to 14.",
            is_required=False,
        ),
        ContractField(CENTRE, "Where numbers are Identcodes: the two digits of the centre.", is_required=False),
        ContractField(CUSTOMER, "Where numbers are Identcodes: the three digits of the customer.", is_required=False),
        ContractField(
            SERVICE_LETTERS,
            "The two letters that numbers of parcels abroad begin with, such as CY, if DHL has assigned some; the eight"
            " digits behind them are the numbers of the contract's range.",
            is_required=False,
        ),
    )
    contract_rules: ClassVar = {
        PREFIX: ("[0-9]{8,14}", "it is 8 to 14 digits, without the 00 in front."),
        CENTRE: ("[0-9]{2}", "it is two digits."),
        CUSTOMER: ("[0-9]{3}", "it is three digits."),
        SERVICE_LETTERS: ("C[A-Z]", "they are two capitals, and the first is C for parcels."),
    }

    def problem_with(self, contract_data: Mapping[str, str]) -> str | None:
        """What cannot be so: also no kind of number at all, or both kinds for Germany."""
        if problem := super().problem_with(contract_data):
            return problem
        prefix, centre, customer, letters = (
            bool(contract_data.get(name)) for name in (PREFIX, CENTRE, CUSTOMER, SERVICE_LETTERS)
        )
        if centre != customer:
            return "Identcodes need both the digits of the distribution centre and those of the customer."
        if prefix and centre:
            return "A contract has either a number prefix or Identcodes. Make another contract for the other numbers."
        if not (prefix or centre or letters):
            return "The contract says nothing about its numbers: give a number prefix, or what Identcodes need."
        return None

    def number(self, serial: int, contract_data: Mapping[str, str], option_code: str) -> str:
        """An SSCC behind 00, an Identcode, or the number of a postal item. Its last digit is a check digit."""
        self.check_contract(contract_data)
        if option_code == INTERNATIONAL:
            if letters := contract_data.get(SERVICE_LETTERS):
                return postal_items.postal_number(letters, serial, "DE")
            raise CarrierRejected("The contract has no service letters, which parcels abroad need.")
        if prefix := contract_data.get(PREFIX):
            digits = prefix + filled_up(serial, 17 - len(prefix), "a DHL number with this prefix")
            return f"00{digits}{check_digits.gs1(digits)}"
        if customer := contract_data.get(CUSTOMER):
            digits = contract_data[CENTRE] + customer + filled_up(serial, 6, "an Identcode")
            return digits + check_digits.mod_10_weights_4_9(digits)
        raise CarrierRejected("The contract has neither a number prefix nor Identcodes, which parcels in Germany need.")

    def printed(self, tracking_number: str) -> str:
        """`0034 0434 1610 9404 2557`, `39.60 1.313.414 0` or `CY 123 456 785 DE`."""
        if tracking_number.endswith("DE"):
            return postal_items.printed_postal_number(tracking_number)
        if len(tracking_number) == 12:
            return printed_identcode(tracking_number)
        return in_blocks(tracking_number, 4)

    def label_parts(
        self,
        draft: Draft,
        box_number: int,  # noqa: ARG002 - the boxes of a shipment differ in their numbers only
        tracking_number: str,
    ) -> LabelParts:
        """The number, and above it the Leitcode where there is one."""
        if draft.shipping_option_code == INTERNATIONAL:
            return LabelParts((postal_items.postal_barcode(tracking_number),))
        check_postal_code(draft.recipient)
        if len(tracking_number) == 12:
            number = Barcode("itf", tracking_number, self.printed(tracking_number), caption="IDENTCODE")
        else:
            element = f"(00){tracking_number[2:]}"
            number = Barcode("gs1_128", element, element, height=_HEIGHT)
        leitcode = leitcode_of(draft.recipient, _PRODUCTS.get(draft.shipping_option_code, _PRODUCTS[PARCEL]))
        if not leitcode:
            return LabelParts((number,))
        return LabelParts((number, Barcode("itf", leitcode, printed_leitcode(leitcode), caption="LEITCODE")))
