"""UPS, as an own-number carrier: numbers from the range of the contract, and no network.

A tracking number is `1Z`, the shipper's account (6 characters), the service (2), the package (7 digits) and a check
digit, in Code 128. Sources: the open data set tracking_number_data; CPAN's Algorithm::CheckDigits, M10_011 (2026-11).
Which service codes and service classes an account may use its contract says, so they are asked for there; a further
service is a further contract. What is announced here must reach UPS by another way before the parcels do.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from kolli.carriers import check_digits
from kolli.carriers.base import ContractField, ShippingOption
from kolli.carriers.own_numbers import OwnNumberCarrier, filled_up, in_blocks
from kolli.carriers.ups.maxicode import maxicode_of
from kolli.documents.layouts.parts import Barcode, LabelParts
from kolli.shipments.model import Draft
from kolli.values import Weight

ACCOUNT, SERVICE, SERVICE_CLASS = "shipper_account", "service_code", "service_class"


class UPS(OwnNumberCarrier):
    """Parcels all over the world."""

    code = "ups"
    name = "UPS"
    longest_number = "1ZWWWWWWWW12345675"
    options: tuple[ShippingOption, ...] = (
        ShippingOption(
            "ups:standard",
            "Standard",
            # UPS takes up to 70 kg, and from 32 kg on with a sticker that says so, which Kolli does not print.
            heaviest=Weight(Decimal("31.5"), "kg"),
            title="UPS Standard",
            most_parcels=50,
            functionalities={
                "b2b": True,
                "b2c": True,
                "form_factor": "parcel",
                "last_mile": "home_delivery",
                "tracked": True,
            },
        ),
    )

    contract_form = (
        ContractField(ACCOUNT, "The six capitals and digits of the shipper's account.", is_client_id=True),
        ContractField(SERVICE, "The two capitals and digits of the service in tracking numbers of this contract."),
        ContractField(
            SERVICE_CLASS,
            "The three digits of the class of service in the MaxiCode. Without it labels have no MaxiCode.",
            is_required=False,
        ),
    )
    contract_rules: ClassVar = {
        ACCOUNT: ("[A-Z0-9]{6}", "it is six capitals and digits."),
        SERVICE: ("[A-Z0-9]{2}", "it is two capitals and digits."),
        SERVICE_CLASS: ("[0-9]{3}", "it is three digits."),
    }

    printed_fields = (SERVICE_CLASS,)

    def number(
        self,
        serial: int,
        contract_data: Mapping[str, str],
        option_code: str,  # noqa: ARG002 - the contract says which service it is for
    ) -> str:
        """`1Z`, account, service, the serial in seven digits, and a check digit."""
        self.check_contract(contract_data)
        serial_digits = filled_up(serial, 7, "a UPS tracking number")
        characters = contract_data[ACCOUNT] + contract_data[SERVICE] + serial_digits
        return f"1Z{characters}{check_digits.mod_10_weights_1_2(characters)}"

    def printed(self, tracking_number: str) -> str:
        """`1Z 999 AA1 01 2345 6784`."""
        return in_blocks(tracking_number, 2, 3, 3, 2, 4, 4)

    def label_parts(self, draft: Draft, box_number: int, tracking_number: str) -> LabelParts:
        """The tracking number, and the MaxiCode where all that it needs is known."""
        message = maxicode_of(draft, box_number, tracking_number, draft.carrier_details.get(SERVICE_CLASS, ""))
        barcode = Barcode("code128", tracking_number, self.printed(tracking_number), caption="TRACKING #")
        return LabelParts((barcode,), square=Barcode("maxicode", message) if message else None)
