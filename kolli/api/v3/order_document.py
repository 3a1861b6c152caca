"""The order in a request: which members there are, and what each may hold. Source: the Orders section (2026-07).

Reading an order gives the document that is stored: everything that was sent and is known, under its own name. Numbers
are exact, times are in UTC, and choices are spelled as documented.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError, PydanticKnownError

from kolli.api.bodies import encode
from kolli.api.v3 import common
from kolli.api.v3.common import Id, Schema, Whole
from kolli.orders.model import Document
from kolli.values import COUNTRY_CODES, LengthUnit, WeightUnit, plain

LONGEST_TEXT = 2_000
LONGEST_NOTE = 10_000
MOST_ITEMS = 5_000
MOST_ENTRIES = 1_000
"""Bounds of lists and texts for which the API documents none: far above what shops send, far below what hurts."""

LARGEST_ORDER_BYTES = 256 * 1024
MOST_VALUES = 1_000
"""Bounds of a whole order as it is stored, and of the values in each of its free objects.

An empty list takes two bytes of JSON and thirty times as much where somebody reads it.
"""

MOST_DIGITS = 15
MOST_DECIMALS = 20
"""Digits before and after the point. Shops print binary fractions in full: 0.30000000000000004 is a usual price."""

LARGEST_EXPONENT = 100

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DATE_FIRST = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Control characters other than tab and line ends, and the marks that turn the direction of what follows them.
_UNPRINTABLE = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]")


def printable(text: str) -> str:
    """The text itself; for a schema, an error that names a character which cannot stand on a label or a page."""
    found = _UNPRINTABLE.search(text)
    if found:
        raise PydanticCustomError(
            "unprintable",
            "The character {character} cannot be printed. Leave it out.",
            {"character": f"U+{ord(found[0]):04X}"},
        )
    return text


def title(text: str) -> str:
    """The name of something on one line, without space around it; for a schema, an error when nothing is left of it."""
    text = printable(" ".join(text.split()) if text.strip() else text)
    if not text.strip():
        raise PydanticCustomError("blank", "A name has to have letters, not spaces only.")
    return text


def _number(value: object) -> Decimal:
    """JSON numbers and numbers in quotes, exactly, without an exponent and with a bounded length."""
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT or not _NUMBER.fullmatch(value):
            raise PydanticKnownError("float_parsing")
        value = Decimal(value)
    elif type(value) is int:
        value = Decimal(value)
    elif not isinstance(value, Decimal):
        raise PydanticKnownError("float_type")
    return _bounded(value)


def _bounded(number: Decimal) -> Decimal:
    exponent = int(number.as_tuple().exponent)
    if number.is_zero():
        return Decimal((0, (0,), exponent if -MOST_DECIMALS <= exponent <= 0 else 0))
    if number.adjusted() >= MOST_DIGITS:
        message = "Number should have at most {most} digits before the decimal point"
        raise PydanticCustomError("number_too_large", message, {"most": MOST_DIGITS})
    if exponent < -MOST_DECIMALS:
        message = "Number should have at most {most} digits after the decimal point"
        raise PydanticCustomError("number_too_long", message, {"most": MOST_DECIMALS})
    return number.quantize(Decimal(1)) if exponent > 0 else number


def _cost(value: object) -> str:
    """A number in quotes stays as it was written; one without gets its quotes."""
    if isinstance(value, str) and not _PLAIN_NUMBER.fullmatch(value):
        raise PydanticKnownError("float_parsing")
    number = _number(value)
    return value if isinstance(value, str) else plain(number)


def _moment(value: object) -> str:
    """ISO 8601 in UTC with microseconds. A time that names no zone is in UTC already."""
    if not (isinstance(value, str) and _DATE_FIRST.match(value)):
        raise PydanticKnownError("datetime_type")
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticKnownError("datetime_type") from None
    return moment.isoformat(timespec="microseconds")


def _currency(code: str) -> str:
    if not (code.isascii() and code.isalpha()):
        raise PydanticCustomError("currency", "A currency is three letters of ISO 4217, such as EUR")
    return code.upper()


def _country(code: str) -> str:
    if code.upper() not in COUNTRY_CODES:
        message = '"{code}" is not a valid country code. Use two letters of ISO 3166-1, such as NL'
        raise PydanticCustomError("country", message, {"code": code[:20]})
    return code.upper()


def _text_id(value: object) -> object:
    """Ids of service points are texts, but are sent as numbers too."""
    return str(value) if type(value) is int else value


def _quantity(value: int, info: ValidationInfo) -> int:
    """A new order has at least one of everything; a change may set a quantity to zero (context `changing`)."""
    if info.context == "changing":
        if value < 0:
            raise PydanticKnownError("greater_than_equal", {"ge": 0})
    elif value <= 0:
        raise PydanticKnownError("greater_than", {"gt": 0})
    return value


def _free(value: dict[str, Any]) -> dict[str, Any]:
    for count, inner in enumerate(_values_in(value)):
        if count == MOST_VALUES:
            message = "Object should have at most {most} values, counting those inside each other"
            raise PydanticCustomError("too_many_values", message, {"most": MOST_VALUES})
        if isinstance(inner, Decimal) and abs(inner.adjusted()) > LARGEST_EXPONENT:
            message = "Numbers should have at most {most} digits"
            raise PydanticCustomError("number_too_long", message, {"most": LARGEST_EXPONENT})
    return value


def _values_in(value: object) -> Iterator[object]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for member in inner:
        yield member
        yield from _values_in(member)


def _any_case(choices: Any) -> BeforeValidator:
    """Reads one of the literals whatever its case."""
    spelled = {choice.casefold(): choice for choice in get_args(choices)}
    return BeforeValidator(lambda value: spelled.get(value.casefold(), value) if isinstance(value, str) else value)


Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
SomeText = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Printable = Annotated[Text, AfterValidator(printable)]
SomePrintable = Annotated[SomeText, AfterValidator(printable)]
Moment = Annotated[str, BeforeValidator(_moment)]
Number = Annotated[Decimal, BeforeValidator(_number)]
Length = Annotated[Number, Field(ge=0)]
Cost = Annotated[str, BeforeValidator(_cost)]
Currency = Annotated[str, Field(min_length=3, max_length=3), AfterValidator(_currency)]
Country = Annotated[str, AfterValidator(_country)]
TextId = Annotated[SomeText, BeforeValidator(_text_id)]
ProductId = Annotated[str, Field(max_length=70)]
Free = Annotated[dict[str, Any], AfterValidator(_free)]

RegulationSet = Literal["IATA", "ADR"]
GoodsUnit = Literal["KG", "G", "L", "ML"]
RegulatedLevel = Literal["LQ", "EQ"]
TransportationMode = Literal["Highway", "Ground", "PAX", "CAO"]
PackingGroup = Literal["I", "II", "III"]
WeightType = Literal["Net", "Gross"]


class Part(Schema):
    """A part of an order. A null for a member that need not be there says the same as leaving it out.

    `nullable` names the members for which null is documented as a value of its own, and comes back.
    """

    nullable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _leave_out_nulls(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: member for name, member in value.items() if member is not None or cls._keeps_null(name)}

    @classmethod
    def _keeps_null(cls, name: str) -> bool:
        known = cls.model_fields.get(name)
        return known is not None and (known.is_required() or name in cls.nullable)


class Price(Part):
    """An amount of money."""

    value: Number
    currency: Currency


class Costs(Part):
    """An amount of money whose value is written as text."""

    nullable = frozenset({"value", "currency"})

    value: Cost | None = None
    currency: Currency | None = None


class Dimension(Part):
    """Length, width and height."""

    length: Length
    width: Length
    height: Length
    unit: LengthUnit


class Weight(Part):
    """A mass."""

    value: Annotated[Number, Field(gt=0)]
    unit: WeightUnit


class Volume(Part):
    """A volume, in whole units."""

    value: Annotated[Whole, Field(ge=0)]
    unit: Literal["m3", "cm3", "l", "ml", "gal"]


class Measurement(Part):
    """Size, mass and volume."""

    dimension: Dimension | None = None
    weight: Weight | None = None
    volume: Volume | None = None


class DeliveryDates(Part):
    """When an item is handed to the carrier, and when it should arrive."""

    nullable = frozenset({"handover_at", "deliver_at"})

    handover_at: Moment | None = None
    deliver_at: Moment | None = None


class DangerousGoods(Part):
    """What makes an item dangerous."""

    chemical_record_identifier: Text | None = None
    regulation_set: Annotated[RegulationSet, _any_case(RegulationSet)] | None = None
    packaging_type_quantity: Text | None = None
    packaging_type: Text | None = None
    packaging_instruction_code: Text | None = None
    id_number: Text | None = None
    class_division_number: Text | None = None
    quantity: Text | None = None
    unit_of_measurement: Annotated[GoodsUnit, _any_case(GoodsUnit)] | None = None
    proper_shipping_name: Text | None = None
    commodity_regulated_level_code: Annotated[RegulatedLevel, _any_case(RegulatedLevel)] | None = None
    transportation_mode: Annotated[TransportationMode, _any_case(TransportationMode)] | None = None
    emergency_contact_name: Text | None = None
    emergency_contact_phone: Text | None = None
    adr_packing_group_letter: Annotated[PackingGroup, _any_case(PackingGroup)] | None = None
    local_proper_shipping_name: Text | None = None
    transport_category: Text | None = None
    tunnel_restriction_code: Text | None = None
    weight_type: Annotated[WeightType, _any_case(WeightType)] | None = None


class Item(Part):
    """One line of an order."""

    nullable = frozenset(
        {"mid_code", "material_content", "intended_use", "manufacturer_product_id", "manufacturer_product_id_std"}
    )

    item_id: SomeText | None = None
    product_id: Text | None = None
    variant_id: Text | None = None
    image_url: Text | None = None
    name: Text
    description: Annotated[str, Field(max_length=LONGEST_NOTE)] | None = None
    quantity: Annotated[Whole, AfterValidator(_quantity)]
    sku: Text | None = None
    hs_code: Text | None = None
    country_of_origin: Annotated[str, Field(min_length=2, max_length=2)] | None = None
    properties: Free | None = None
    unit_price: Price | None = None
    total_price: Price
    measurement: Measurement | None = None
    ean: Text | None = None
    delivery_dates: DeliveryDates | None = None
    mid_code: Text | None = None
    material_content: Text | None = None
    intended_use: Text | None = None
    manufacturer_product_id: ProductId | None = None
    manufacturer_product_id_std: ProductId | None = None
    dangerous_goods: DangerousGoods | None = None


class Integration(Part):
    """The shop connection that the order came through."""

    id: Id


class Status(Part):
    """A state in the shop's own words."""

    code: SomeText
    message: Text | None = None


class OrderDetails(Part):
    """What was ordered, and when."""

    integration: Integration
    status: Status
    order_created_at: Moment
    order_updated_at: Moment | None = None
    order_items: Annotated[list[Item], Field(max_length=MOST_ITEMS)]
    notes: Annotated[str, Field(max_length=LONGEST_NOTE)] | None = None
    tags: Annotated[list[Text], Field(max_length=MOST_ENTRIES)] | None = None


class PaymentDetails(Part):
    """What it costs, and whether it has been paid."""

    nullable = frozenset({"is_cash_on_delivery", "invoice_date"})

    is_cash_on_delivery: bool | None = None
    total_price: Price
    subtotal_price: Price | None = None
    estimated_shipping_price: Price | None = None
    estimated_tax_price: Price | None = None
    status: Status
    invoice_date: Text | None = None
    discount_granted: Costs | None = None
    insurance_costs: Costs | None = None
    freight_costs: Costs | None = None
    other_costs: Costs | None = None


class TaxNumber(Part):
    """A number under which somebody pays taxes."""

    nullable = frozenset({"name", "country_code", "value"})

    name: Text | None = None
    country_code: Text | None = None
    value: Text | None = None


TaxNumbersOfOne = Annotated[list[TaxNumber], Field(max_length=MOST_ENTRIES)]


class TaxNumbers(Part):
    """The tax numbers of everybody customs may ask about."""

    sender: TaxNumbersOfOne | None = None
    receiver: TaxNumbersOfOne | None = None
    importer_of_record: TaxNumbersOfOne | None = None


class CustomsDetails(Part):
    """What customs want to know."""

    nullable = frozenset({"tax_numbers"})

    commercial_invoice_number: Text | None = None
    shipment_type: Literal["gift", "commercial_goods", "commercial_sample", "returned_goods"] | None = None
    export_type: Literal["private", "commercial_b2c", "commercial_b2b"] | None = None
    tax_numbers: TaxNumbers | None = None


class CustomerDetails(Part):
    """Who bought it."""

    name: Text
    phone_number: Text | None = None
    email: Text | None = None


class Address(Part):
    """Where it goes, or where the bill goes. Addresses are printed, so every character must be printable."""

    nullable = frozenset({"po_box"})

    name: SomePrintable
    company_name: Printable | None = None
    address_line_1: Printable
    house_number: Printable | None = None
    address_line_2: Printable | None = None
    postal_code: SomePrintable
    city: SomePrintable
    po_box: Printable | None = None
    state_province_code: Printable | None = None
    country_code: Country
    email: Printable | None = None
    phone_number: Printable | None = None


class ShipWithProperties(common.ShipWithProperties):
    """Which shipping option, under which contract. Answers always name the option, if only by null."""

    shipping_option_code: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _always_named(cls, value: Any) -> Any:
        return {"shipping_option_code": None, **value} if isinstance(value, dict) else value


class ShipWith(common.ShipWith):
    """How the order is to be sent."""

    properties: ShipWithProperties


class ShippingDetails(Part):
    """How the order is to be sent, and what it weighs and measures as a whole."""

    nullable = frozenset({"is_local_pickup"})

    is_local_pickup: bool | None = None
    delivery_indicator: Text | None = None
    measurement: Measurement | None = None
    ship_with: ShipWith | None = None


class ServicePoint(Part):
    """Where the buyer picks the order up: named by our id, or by the carrier's own."""

    id: TextId | None = None
    carrier_service_point_id: TextId | None = None
    post_number: Text | None = None
    latitude: Text | None = None
    longitude: Text | None = None
    type: Text | None = None
    extra_data: Free | None = None

    @model_validator(mode="after")
    def _is_named_once(self) -> Self:
        if (self.id is None) is (self.carrier_service_point_id is None):
            raise PydanticCustomError("service_point", "Give either id or carrier_service_point_id")
        return self


class OrderDocument(Part):
    """A whole order."""

    nullable = frozenset({"customs_details"})

    id: Text | None = None
    order_id: SomePrintable
    order_number: SomePrintable
    order_details: OrderDetails
    payment_details: PaymentDetails
    customs_details: CustomsDetails | None = None
    customer_details: CustomerDetails | None = None
    billing_address: Address | None = None
    shipping_address: Address | None = None
    shipping_details: ShippingDetails | None = None
    service_point_details: ServicePoint | None = None

    @model_validator(mode="after")
    def _is_not_too_large(self) -> Self:
        size = len(encode(self.document()))
        if size > LARGEST_ORDER_BYTES:
            message = "An order should take at most {most} bytes, not {size}"
            raise PydanticCustomError("order_too_large", message, {"most": LARGEST_ORDER_BYTES, "size": size})
        return self

    @property
    def integration_id(self) -> int:
        """The integration that the order belongs to."""
        return self.order_details.integration.id

    def document(self) -> Document:
        """What is stored: the members that were given."""
        return self.model_dump(exclude={"id"}, exclude_unset=True)
