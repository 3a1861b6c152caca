"""What a request for a shipment holds, and what each member may be. Source: the Shipments section (2026-07).

Reading a request gives values that are right by themselves; whether they fit the account is found out later.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, WrapValidator

from kolli.api.v3 import compat
from kolli.api.v3.common import Id, Whole, whole
from kolli.api.v3.customs import Amount, Customs, LooseCustoms, Price
from kolli.api.v3.order_document import (
    Address,
    Country,
    Currency,
    DangerousGoods,
    DeliveryDates,
    Dimension,
    Free,
    Part,
    Printable,
    ProductId,
    SomePrintable,
    SomeText,
    Text,
    TextId,
    Weight,
)
from kolli.errors import Impossible, Invalid
from kolli.operations.plans import WantedSender
from kolli.operations.ship_parcels import ShipParcels, WantedParcel
from kolli.orders.model import Document
from kolli.orders.model import ShipWith as Chosen
from kolli.shipments.model import ServicePoint as PickupPoint
from kolli.values import Address as ShippingAddress
from kolli.values import Dimensions
from kolli.values import Weight as Mass

MOST_PARCELS_SYNC = 15
MOST_PARCELS = 50
MOST_ITEMS = 1_000


class ItemPrice(Part):
    """What one piece costs; nothing, if only the currency is said."""

    value: Amount = "0.00"
    currency: Currency


class ParcelItem(Part):
    """So many pieces of one thing. `weight` and `price` are those of one piece."""

    nullable = frozenset(
        {
            "mid_code",
            "material_content",
            "intended_use",
            "dds_reference",
            "taric_doc_code",
            "manufacturer_product_id",
            "manufacturer_product_id_std",
        }
    )

    item_id: SomeText | None = None
    description: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    quantity: Annotated[Whole, Field(ge=1)] | None = None
    weight: Weight | None = None
    price: ItemPrice | None = None
    hs_code: Annotated[str, Field(max_length=12)] | None = None
    origin_country: Country | None = None
    sku: Text | None = None
    product_id: Text | None = None
    mid_code: Text | None = None
    material_content: Text | None = None
    intended_use: Text | None = None
    dangerous_goods: DangerousGoods | None = None
    dds_reference: Text | None = None
    taric_doc_code: Text | None = None
    manufacturer_product_id: ProductId | None = None
    manufacturer_product_id_std: ProductId | None = None
    properties: Free | None = None


PackageType = Literal[
    "package", "euro_pallet", "block_pallet", "mini_pallet", "one_way_pallet", "tube", "over_size_pallet", "bundle",
    "half_pallet", "letterbox",
]  # fmt: skip


class LooseParcel(Part):
    """One box, which may leave its weight to the account's default."""

    dimensions: Dimension | None = None
    weight: Weight | None = None
    parcel_items: Annotated[list[ParcelItem], Field(max_length=MOST_ITEMS)] = Field(default=[])
    additional_insured_price: Price | None = None
    label_notes: Annotated[list[Annotated[SomePrintable, Field(max_length=255)]], Field(max_length=255)] = Field(
        default=[]
    )
    sscc: Annotated[str, Field(pattern=r"^[0-9]{18}$")] | None = None
    package_type: PackageType | None = None
    carrier_fields: Free | None = None


class Parcel(LooseParcel):
    """One box."""

    weight: Weight


class SenderById(Part):
    """An address of the account's by its id; other members replace those that are stored with it."""

    sender_address_id: Id
    name: SomePrintable | None = None
    company_name: Printable | None = None
    address_line_1: Printable | None = None
    house_number: Printable | None = None
    address_line_2: Printable | None = None
    postal_code: SomePrintable | None = None
    city: SomePrintable | None = None
    po_box: Printable | None = None
    state_province_code: Printable | None = None
    country_code: Country | None = None
    email: Printable | None = None
    phone_number: Printable | None = None

    def changes(self) -> dict[str, str]:
        """The members that are not to be as they are stored."""
        return self.model_dump(exclude={"sender_address_id"}, exclude_unset=True)


def _by_id_or_whole(value: Any, _: object) -> SenderById | Address:
    """Which of the two it is decides what its mistakes are."""
    is_by_id = isinstance(value, dict) and value.get("sender_address_id") is not None
    return SenderById.model_validate(value) if is_by_id else Address.model_validate(value)


FromAddress = Annotated[SenderById | Address, WrapValidator(_by_id_or_whole)]


class ShipWithProperties(Part):
    """Which shipping option, under which contract."""

    shipping_option_code: Text | None = None
    contract_id: Id | None = None


class ShipWith(Part):
    """How the shipment is to be sent."""

    type: Literal["shipping_option_code"]
    properties: Annotated[ShipWithProperties, BeforeValidator(compat.one_contract_name)]


class ServicePoint(Part):
    """Where the receiver collects the parcels: our id, the carrier's own, or both."""

    id: TextId | None = None
    carrier_service_point_id: TextId | None = None


class LabelDetails(Part):
    """In which form the label file is wanted."""

    mime_type: Literal["application/pdf", "application/zpl", "image/png"] = "application/pdf"
    dpi: Annotated[Literal[72, 150, 203, 300, 600], BeforeValidator(whole)] | None = None

    @property
    def used_dpi(self) -> int:
        """The resolution that the label is drawn for; Invalid when the format does not come in the one asked for."""
        return compat.dpi_of(self.mime_type, self.dpi)


class _Members(Part):
    """What every request for a shipment may hold."""

    to_address: Address
    to_service_point: ServicePoint | None = None
    label_details: LabelDetails = LabelDetails()
    brand_id: Id | None = None
    order_number: Annotated[Printable, Field(max_length=255)] | None = None
    total_order_price: Price | None = None
    reference: Text | None = None
    external_reference_id: Text | None = None
    delivery_dates: DeliveryDates | None = None
    validation_methods: list[Literal["here"]] = Field(default=[])
    carrier_fields: Free | None = None


class ShipmentRequest(_Members):
    """A shipment that says itself how it is to be sent."""

    from_address: FromAddress
    ship_with: ShipWith
    customs_information: Customs | None = None
    parcels: Annotated[list[Parcel], Field(min_length=1, max_length=MOST_PARCELS)]


class ShipmentRequestSync(ShipmentRequest):
    """The same, for as many parcels as somebody can wait for."""

    parcels: Annotated[list[Parcel], Field(min_length=1, max_length=MOST_PARCELS_SYNC)]


class ShipmentRequestWithRules(_Members):
    """A shipment that leaves to the account's rules and defaults what it does not say."""

    from_address: FromAddress | None = None
    ship_with: ShipWith | None = None
    customs_information: LooseCustoms | None = None
    parcels: Annotated[list[LooseParcel], Field(min_length=1, max_length=MOST_PARCELS)] = Field(default=[LooseParcel()])
    apply_shipping_rules: StrictBool = True
    apply_shipping_defaults: StrictBool = True
    delivery_indicator: Text | None = None


AnyRequest = ShipmentRequest | ShipmentRequestWithRules


def wanted_by(body: AnyRequest) -> ShipParcels:
    """What a request asks for; an error with the place of what is right by itself, but not beside the rest."""
    _check_values_together(body)
    with_rules = body if isinstance(body, ShipmentRequestWithRules) else None
    properties = body.ship_with.properties if body.ship_with else ShipWithProperties()
    point = body.to_service_point
    handover = body.delivery_dates.handover_at if body.delivery_dates else None
    return ShipParcels(
        sender=_sender(body.from_address),
        recipient=ShippingAddress.from_document(body.to_address.model_dump()),
        parcels=tuple(map(_parcel, body.parcels)),
        ship_with=Chosen(properties.shipping_option_code, properties.contract_id),
        uses_defaults=bool(with_rules and with_rules.apply_shipping_defaults),
        applies_rules=bool(with_rules and with_rules.apply_shipping_rules),
        checkout_method=(with_rules and with_rules.delivery_indicator) or "",
        brand_id=body.brand_id,
        order_number=body.order_number or "",
        external_reference_id=body.external_reference_id or None,
        service_point=PickupPoint(point.id, point.carrier_service_point_id) if point else None,
        shipped_on=date.fromisoformat(handover[:10]) if handover else None,
        details=_details(body, with_rules.delivery_indicator if with_rules else None),
    )


def _sender(sent: Address | SenderById | None) -> WantedSender:
    match sent:
        case SenderById():
            return WantedSender(sender_address_id=sent.sender_address_id, changes=sent.changes())
        case Address():
            return WantedSender(ShippingAddress.from_document(sent.model_dump()))
        case None:
            return WantedSender()


def _parcel(sent: LooseParcel) -> WantedParcel:
    weight, size = sent.weight, sent.dimensions
    details = sent.model_dump(
        include={"additional_insured_price", "sscc", "package_type", "carrier_fields"}, exclude_unset=True
    )
    return WantedParcel(
        weight=Mass(weight.value, weight.unit) if weight else None,
        dimensions=Dimensions(size.length, size.width, size.height, size.unit) if size else None,
        items=tuple(item.model_dump(exclude_unset=True) for item in sent.parcel_items),
        notes=tuple(sent.label_notes),
        details=details,
    )


def _details(body: AnyRequest, delivery_indicator: str | None) -> Document:
    """What is kept and returned: members that were sent, in the form of answers."""
    details = body.model_dump(include={"total_order_price", "reference", "carrier_fields"}, exclude_unset=True)
    if body.delivery_dates:
        details["delivery_dates"] = {
            name: moment and moment.replace("+00:00", "Z") for name, moment in body.delivery_dates.model_dump().items()
        }
    if body.customs_information:
        sent = body.customs_information.model_dump(exclude_unset=True)
        details["customs_information"] = {**sent, "export_type": body.customs_information.export_type}
    if delivery_indicator is not None:
        details["delivery_indicator"] = delivery_indicator
    label = body.label_details
    return {**details, "label_details": {"mime_type": label.mime_type, "dpi": label.used_dpi}}


def _check_values_together(body: AnyRequest) -> None:
    """Raises an error with the place of what is right by itself, but not beside the rest."""
    if body.validation_methods:
        raise Impossible(
            "Addresses cannot be validated by HERE on this installation. Leave validation_methods out, or empty; the"
            " built-in checks can be asked for with POST /addresses/validate.",
            field="validation_methods",
        )
    if body.to_service_point and not body.to_service_point.model_fields_set:
        raise Invalid("Give an id, a carrier_service_point_id, or both.", field="to_service_point")
    _check_one_currency(body)
    _check_insurance(body)


def _check_one_currency(body: AnyRequest) -> None:
    first: tuple[str, str] | None = None
    for where, currency in _currencies(body):
        if first is None:
            first = where, currency
        elif currency != first[1]:
            raise Invalid(
                f"All prices of a request are in one currency: this one is in {currency}, {first[0]} in {first[1]}.",
                field=f"{where}.currency",
            )


def _currencies(body: AnyRequest) -> Iterator[tuple[str, str]]:
    """The currency of every price, and where that stands."""
    prices: dict[str, Price | ItemPrice | None] = {"total_order_price": body.total_order_price}
    customs = body.customs_information
    for name in ("discount_granted", "freight_costs", "insurance_costs", "other_costs") if customs else ():
        prices[f"customs_information.{name}"] = getattr(customs, name)
    for place, parcel in enumerate(body.parcels):
        prices[f"parcels.{place}.additional_insured_price"] = parcel.additional_insured_price
        for line, item in enumerate(parcel.parcel_items):
            prices[f"parcels.{place}.parcel_items.{line}.price"] = item.price
    for where, price in prices.items():
        if price is not None:
            yield where, price.currency


def _check_insurance(body: AnyRequest) -> None:
    """Two to 5,000 euros a shipment; nothing says what they are in other currencies. Zero is no insurance."""
    insured = {
        place: Decimal(parcel.additional_insured_price.value)
        for place, parcel in enumerate(body.parcels)
        if parcel.additional_insured_price and parcel.additional_insured_price.currency == "EUR"
    }
    total = sum(insured.values(), Decimal(0))
    if total and not 2 <= total <= 5_000:
        raise Invalid(
            f"A shipment can be insured for 2 to 5000 EUR, not for {total}.",
            field=f"parcels.{next(iter(insured))}.additional_insured_price",
        )
