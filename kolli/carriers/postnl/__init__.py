"""PostNL, as an own-number carrier: numbers from the range that PostNL has assigned to the contract, and no network.

Barcodes have the form `3S`, the customer code (1 to 4 letters) and a serial of 7 to 12 digits, 13 or 15 characters in
all; there is no public check digit. International ones are those of postal items, see `kolli.carriers.postal_items`,
with letters that PostNL assigns, and NL. Source: PostNL developer portal, Barcode webservice, "Products" (read
2026-07). What is announced here must reach PostNL by another way (such as its own tool) before the parcels do.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from kolli.carriers import postal_items
from kolli.carriers.base import ContractField, ShippingOption
from kolli.carriers.functionalities import Functionality
from kolli.carriers.own_numbers import OwnNumberCarrier
from kolli.documents.layouts.parts import NO_PARTS, LabelParts
from kolli.errors import CarrierRejected
from kolli.shipments.model import Draft
from kolli.values import COUNTRY_CODES, EU_COUNTRIES, Money, Weight

_BENELUX = frozenset({"NL", "BE", "LU"})

_DOES: Mapping[str, Functionality] = {
    "b2b": True,
    "b2c": True,
    "delivery_deadline": "best_effort",
    "first_mile": "pickup_dropoff",
    "form_factor": "parcel",
    "last_mile": "home_delivery",
    "tracked": True,
}
"""What all of its options do. Source: the API's Shipping Options section, examples of `postnl:standard` (2026-07)."""

CUSTOMER_CODE, SERVICE_LETTERS = "customer_code", "service_letters"

INTERNATIONAL = "postnl:international"


class PostNL(OwnNumberCarrier):
    """Dutch post; parcels within the European Union, and postal items to the rest of the world."""

    code = "postnl"
    name = "PostNL"
    longest_number = "3SWWWW123456789"
    options: tuple[ShippingOption, ...] = (
        ShippingOption(
            "postnl:standard",
            "Standard",
            heaviest=Weight(Decimal("31.5"), "kg"),
            countries=EU_COUNTRIES,
            from_countries=frozenset({"NL"}),
            title="PostNL Standard",
            most_parcels=50,
            v2_id=1,
            functionalities=_DOES,
        ),
        ShippingOption(
            "postnl:standard/insured=3000",
            "Standard · insured 3000",
            heaviest=Weight(Decimal("31.5"), "kg"),
            countries=_BENELUX,
            from_countries=frozenset({"NL"}),
            title="PostNL Standard insured up to 3000 euro",
            product_name="PostNL Standard",
            most_parcels=50,
            insured=Money(Decimal(3000), "EUR"),
            functionalities={**_DOES, "insurance": 3000},
        ),
        ShippingOption(
            INTERNATIONAL,
            "International",
            # No limit of PostNL's is public here: posts have to take parcels of up to 20 kg from each other.
            heaviest=Weight(Decimal(20), "kg"),
            countries=COUNTRY_CODES - {"NL"},
            from_countries=frozenset({"NL"}),
            title="PostNL International",
            functionalities={**_DOES, "service_area": "international"},
        ),
    )

    contract_form = (
        ContractField(CUSTOMER_CODE, "The 1 to 4 letters that PostNL's barcodes of this contract begin with."),
        ContractField(
            SERVICE_LETTERS,
            "The two letters that international barcodes of this contract begin with, such as CD. Only if PostNL has"
            " assigned some; the eight digits behind them are the numbers of the contract's range.",
            is_required=False,
        ),
    )
    contract_rules: ClassVar = {
        CUSTOMER_CODE: ("[A-Z]{1,4}", "PostNL's have 1 to 4 letters A to Z."),
        SERVICE_LETTERS: (postal_items.LETTERS, postal_items.RESERVED),
    }

    def number(self, serial: int, contract_data: Mapping[str, str], option_code: str) -> str:
        """`3S`, the customer code, and the serial filled up with zeros to 13 characters, or to 15 when it is longer.

        International: the service letters, the serial in eight digits, a check digit, and NL.
        """
        self.check_contract(contract_data)
        if option_code == INTERNATIONAL:
            letters = contract_data.get(SERVICE_LETTERS, "")
            if not letters:
                raise CarrierRejected("The contract has no service letters, which international parcels need.")
            return postal_items.postal_number(letters, serial, "NL")
        customer = contract_data[CUSTOMER_CODE]
        for length in (13, 15):
            digits = length - len("3S") - len(customer)
            if len(str(serial)) <= digits:
                return f"3S{customer}{serial:0{digits}d}"
        raise CarrierRejected(f"The number {serial} of the contract's range is too long for a PostNL barcode.")

    def printed(self, tracking_number: str) -> str:
        """`3S KOLL 1234 567`: prefix, customer code, then blocks of four digits; `CD 123 456 785 NL`."""
        if not tracking_number.startswith("3S"):
            return postal_items.printed_postal_number(tracking_number)
        letters = len(tracking_number) - len(tracking_number[2:].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
        serial = tracking_number[letters:]
        groups = [serial[at : at + 4] for at in range(0, len(serial), 4)]
        return " ".join([tracking_number[:2], tracking_number[2:letters], *groups])

    def label_parts(
        self,
        draft: Draft,  # noqa: ARG002 - everything is in the number
        box_number: int,  # noqa: ARG002
        tracking_number: str,
    ) -> LabelParts:
        """Nothing but the barcode that every label has, which is finer for postal items."""
        if tracking_number.startswith("3S"):
            return NO_PARTS
        return LabelParts((postal_items.postal_barcode(tracking_number),))
