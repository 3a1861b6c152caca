"""GLS in Germany, as an own-number carrier: numbers from the range of the contract, and no network.

A parcel number has 12 digits: dispatch depot (2), product (2: 10 to 68 business parcels, 85 express, and others), a
serial number (7) and a check digit. Sources: paketda.de, "Infos zum GLS-Paketaufkleber", and an open-source tracker
citing "GLS Uni-Box technical documentation", 3.2.1 (2026-11). The symbology of these numbers is not public: here it is
Code 128. The Track ID and the Data Matrix with the routing come from GLS only, and are missing; GLS puts a sticker with
them on such parcels in the first depot. What is announced here must reach GLS by another way before the parcels do.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from kolli.carriers import check_digits
from kolli.carriers.base import ContractField, ShippingOption
from kolli.carriers.own_numbers import HOME_PARCEL, OwnNumberCarrier, filled_up
from kolli.documents.layouts.parts import Barcode, LabelParts
from kolli.shipments.model import Draft
from kolli.values import EU_COUNTRIES, Weight

DEPOT, PRODUCT = "depot", "product"

_EXPRESS = "gls_de:express"


class GLSGermany(OwnNumberCarrier):
    """Parcels from Germany within the European Union."""

    code = "gls_de"
    name = "GLS"
    longest_number = "850012345670"
    options: tuple[ShippingOption, ...] = (
        ShippingOption(
            "gls_de:business",
            "BusinessParcel",
            # GLS takes up to 40 kg in Germany ("Größe und Gewicht", 2026-11), and not everywhere: this is careful.
            heaviest=Weight(Decimal("31.5"), "kg"),
            countries=EU_COUNTRIES,
            from_countries=frozenset({"DE"}),
            title="GLS BusinessParcel",
            most_parcels=50,
            functionalities=HOME_PARCEL,
        ),
        ShippingOption(
            _EXPRESS,
            "Express",
            heaviest=Weight(Decimal("31.5"), "kg"),
            countries=frozenset({"DE"}),
            from_countries=frozenset({"DE"}),
            title="GLS Express",
            most_parcels=50,
            functionalities={**HOME_PARCEL, "priority": "express"},
        ),
    )

    contract_form = (
        ContractField(DEPOT, "The two digits of the depot that the parcel numbers of this contract begin with."),
        ContractField(PRODUCT, "The two digits behind the depot in the numbers of business parcels, mostly 10 to 68."),
    )
    contract_rules: ClassVar = {DEPOT: ("[0-9]{2}", "it is two digits."), PRODUCT: ("[0-9]{2}", "it is two digits.")}

    def number(self, serial: int, contract_data: Mapping[str, str], option_code: str) -> str:
        """Depot, product, the serial in seven digits, and a check digit."""
        self.check_contract(contract_data)
        product = "85" if option_code == _EXPRESS else contract_data[PRODUCT]
        digits = contract_data[DEPOT] + product + filled_up(serial, 7, "a GLS parcel number")
        return digits + check_digits.mod_10_weights_3_1_plus_1(digits)

    def label_parts(
        self,
        draft: Draft,
        box_number: int,  # noqa: ARG002 - the boxes of a shipment differ in their numbers only
        tracking_number: str,
    ) -> LabelParts:
        """The number as bars, and the depot that the parcel comes from."""
        badge = "EXPR" if draft.shipping_option_code == _EXPRESS else ""
        barcode = Barcode("code128", tracking_number, self.printed(tracking_number))
        return LabelParts((barcode,), badge=badge, facts=(("DEPOT", tracking_number[:2]),))
