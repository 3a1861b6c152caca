"""PostNL, as an own-number carrier: numbers from the range that PostNL has assigned to the contract, and no network.

Barcodes have the form `3S`, the customer code (1 to 4 letters) and a serial of 7 to 12 digits, 13 or 15 characters in
all; there is no public check digit. Source: PostNL developer portal, Barcode webservice, "Products" (read 2026-07).
What is announced here must reach PostNL by another way (such as its own tool) before the parcels do.
"""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from kolli.carriers.base import Announced, Booking, ContractField, Numbering, ShippingOption
from kolli.carriers.functionalities import Functionality
from kolli.errors import CarrierRejected
from kolli.values import EU_COUNTRIES, Weight

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

CUSTOMER_CODE = "customer_code"


class PostNL:
    """Dutch post; parcels within the European Union."""

    code = "postnl"
    name = "PostNL"
    numbering = Numbering.OWN_NUMBER
    needs_contract = True
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
            functionalities={**_DOES, "insurance": 3000},
        ),
    )

    contract_form = (
        ContractField(CUSTOMER_CODE, "The 1 to 4 letters that PostNL's barcodes of this contract begin with."),
    )

    def __init__(self, data: Path) -> None:
        """Keeps no files."""

    def number(
        self,
        serial: int,
        contract_data: Mapping[str, str],
        option_code: str,  # noqa: ARG002 - all options share one range
    ) -> str:
        """`3S`, the customer code, and the serial filled up with zeros to 13 characters, or to 15 when it is longer."""
        customer = contract_data.get(CUSTOMER_CODE, "")
        if not (1 <= len(customer) <= 4 and customer.isascii() and customer.isalpha() and customer.isupper()):
            raise CarrierRejected(f"The contract's customer code is {customer!r}; PostNL's have 1 to 4 letters A to Z.")
        for length in (13, 15):
            digits = length - len("3S") - len(customer)
            if len(str(serial)) <= digits:
                return f"3S{customer}{serial:0{digits}d}"
        raise CarrierRejected(f"The number {serial} of the contract's range is too long for a PostNL barcode.")

    def announce(self, booking: Booking) -> Announced:
        """Says yes: PostNL has given its word with the range."""
        return Announced(booking.numbers)

    def cancel(self, booking: Booking) -> bool:
        """Says yes: a number that no parcel carries costs nothing, and is not used again."""
        return bool(booking.numbers)

    def printed(self, tracking_number: str) -> str:
        """`3S KOLL 1234 567`: prefix, customer code, then blocks of four digits."""
        letters = len(tracking_number) - len(tracking_number[2:].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
        serial = tracking_number[letters:]
        groups = [serial[at : at + 4] for at in range(0, len(serial), 4)]
        return " ".join([tracking_number[:2], tracking_number[2:letters], *groups])
