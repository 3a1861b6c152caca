"""What customs want to know, and what each member of it may be. Source: the Shipments section (2026-07)."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError, PydanticKnownError

from kolli.api.v3.order_document import Cost, Country, Currency, Part

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _not_negative(value: str) -> str:
    if Decimal(value) < 0:
        raise PydanticKnownError("greater_than_equal", {"ge": 0})
    return value


def _date(value: str) -> str:
    """`2026-11-24`, as it was sent."""
    try:
        date.fromisoformat(value if _DATE.fullmatch(value) else "")
    except ValueError:
        raise PydanticCustomError("date", "Input should be a valid date in the format YYYY-MM-DD") from None
    return value


Amount = Annotated[Cost, AfterValidator(_not_negative)]
Day = Annotated[str, AfterValidator(_date)]
Name = Annotated[str, Field(min_length=1, max_length=75)]
Line = Annotated[str, Field(min_length=1, max_length=150)]


class Price(Part):
    """An amount of money, its value written as text."""

    value: Amount
    currency: Currency


class Importer(Part):
    """Who imports the goods, where that is not the receiver."""

    name: Name
    company_name: Annotated[str, Field(max_length=50)] | None = None
    address_line_1: Line
    address_line_2: Annotated[str, Field(max_length=150)] | None = None
    house_number: Annotated[str, Field(max_length=20)] | None = None
    city: Annotated[str, Field(min_length=1, max_length=30)]
    postal_code: Annotated[str, Field(min_length=1, max_length=12)]
    country_code: Annotated[Country, Field(min_length=2, max_length=2)]
    state_province_code: Annotated[str, Field(max_length=14)] | None = None
    telephone: Annotated[str, Field(max_length=20)] | None = None
    email: Annotated[str, Field(max_length=320)] | None = None


ExportReason = Literal[
    "gift", "documents", "commercial_goods", "commercial_sample", "returned_goods", "personal_use",
]  # fmt: skip
"""Why goods cross a customs border."""

TaxNumberName = Literal[
    "VAT", "EIN", "GST", "SSN", "EORI", "DUN", "FED", "STA", "CNP", "IE", "INN", "KPP", "OGR", "OKP", "IOSS", "FTZ",
    "DAN", "TAN", "DTF", "RGP", "DLI", "NID", "PAS", "MID", "UKIMS",
]  # fmt: skip


class TaxNumber(Part):
    """A number that a tax or customs office has given."""

    name: TaxNumberName
    country_code: Annotated[str, Field(max_length=2)]
    value: Annotated[str, Field(max_length=100)]


TaxNumbersOfOne = Annotated[list[TaxNumber], Field(max_length=20)]


class TaxNumbers(Part):
    """The tax numbers of everybody customs may ask about."""

    sender: TaxNumbersOfOne
    receiver: TaxNumbersOfOne
    importer_of_record: TaxNumbersOfOne


class LooseCustoms(Part):
    """What customs want to know; the reason of the export may be left to the account's default."""

    invoice_number: Annotated[str, Field(min_length=1, max_length=40)]
    export_reason: ExportReason | None = None
    export_type: Literal["private", "commercial_b2c", "commercial_b2b"] = "commercial_b2c"
    invoice_date: Day | None = None
    discount_granted: Price | None = None
    freight_costs: Price | None = None
    insurance_costs: Price | None = None
    other_costs: Price | None = None
    goods_description: Annotated[str, Field(max_length=255)] | None = None
    general_notes: Annotated[str, Field(max_length=500)] | None = None
    additional_declaration_statements: (
        Annotated[list[Annotated[str, Field(min_length=1, max_length=1024)]], Field(max_length=100)] | None
    ) = None
    importer_of_record: Importer | None = None
    tax_numbers: TaxNumbers | None = None


class KnownCustoms(LooseCustoms):
    """What is known of it: an order may say less than a request for a shipment has to."""

    invoice_number: Annotated[str, Field(min_length=1, max_length=40)] | None = None  # type: ignore[assignment]


class Customs(LooseCustoms):
    """What customs want to know."""

    export_reason: ExportReason
