"""Account (v2): who calls, and their sender addresses, brands and integrations, as version 2 of the API has them."""

from typing import Any, cast

from typing_extensions import TypedDict

from kolli.account.brands import Brand, get_brand, list_brands
from kolli.account.integrations import Integration, get_integration, list_integrations
from kolli.account.pages import Page
from kolli.account.sender_addresses import (
    SenderAddress,
    find_sender_address,
    get_sender_address,
    list_sender_addresses,
)
from kolli.api.endpoint import Answer, Request
from kolli.api.v2.errors import V2
from kolli.api.v3.brands import logo_link
from kolli.operations.context import Context
from kolli.webhooks.payloads import integration_changed, line_1

EVERYTHING = Page(10_000)
"""Version 2 has no pages for these."""


class UserAnswer(TypedDict):
    """Who calls. Kolli has no invoices and no modules."""

    username: str
    company_name: str
    company_logo: None
    email: str
    telephone: str
    address: str
    postal_code: str
    city: str
    registered: str
    data: list[Any]
    modules: list[Any]
    invoices: list[Any]


class OneUserAnswer(TypedDict):
    """The account."""

    user: UserAnswer


class SenderAnswer(TypedDict):
    """A sender address."""

    id: int
    company_name: str
    contact_name: str
    email: str
    telephone: str
    street: str
    house_number: str
    postal_box: str
    postal_code: str
    city: str
    country: str
    country_state: str | None
    vat_number: str
    coc_number: str
    eori_number: str
    brand_id: int | None


class SendersAnswer(TypedDict):
    """Every sender address."""

    sender_addresses: list[SenderAnswer]


class OneSenderAnswer(TypedDict):
    """One sender address."""

    sender_address: SenderAnswer


class LogoAnswer(TypedDict):
    """Where a picture is."""

    url: str | None


class BrandAnswer(TypedDict):
    """A brand."""

    id: int
    name: str
    color: str
    secondary_color: str
    website: str
    domain: str
    screen_logo: LogoAnswer
    print_logo: LogoAnswer
    screen_thumb: str | None
    print_thumb: str | None
    overlay_logo: dict[str, Any]
    overlay_thumb: dict[str, Any]
    notify_reply_to_email: str | None
    notify_bcc_email: str | None
    hide_powered_by: bool
    google_analytics_id: str


class BrandsAnswer(TypedDict):
    """Every brand."""

    next: None
    previous: None
    brands: list[BrandAnswer]


class IntegrationAnswer(TypedDict):
    """A shop connection."""

    id: int
    shop_name: str
    shop_url: str
    system: str
    failing_since: str | None
    last_fetch: str | None
    last_updated_at: str | None
    service_point_enabled: bool
    service_point_carriers: list[str]
    webhook_active: bool
    webhook_url: str


def retrieve_user(_: Request, context: Context) -> Answer:
    """The account, with the address it ships from unless told otherwise."""
    account = context.account
    with context.database.read() as transaction:
        sender = find_sender_address(transaction, context.account_id, None)
    address = sender.address if sender else None
    user: UserAnswer = {
        "username": f"user-{account.id}",
        "company_name": account.name,
        "company_logo": None,
        "email": address.email if address else "",
        "telephone": address.phone_number if address else "",
        "address": line_1(address) if address else "",
        "postal_code": address.postal_code if address else "",
        "city": address.city if address else "",
        "registered": f"{account.registered_at:%Y-%m-%d %H:%M:%S}",
        "data": [],
        "modules": [],
        "invoices": [],
    }
    return Answer(200, {"user": user})


def list_senders(_: Request, context: Context) -> Answer:
    """Every sender address."""
    with context.database.read() as transaction:
        found = list_sender_addresses(transaction, context.account_id, EVERYTHING).records
    return Answer(200, {"sender_addresses": [_sender(sender) for sender in found]})


def retrieve_sender(request: Request, context: Context) -> Answer:
    """One sender address."""
    with context.database.read() as transaction:
        sender = get_sender_address(transaction, context.account_id, request.id)
    return Answer(200, {"sender_address": _sender(sender)})


def _sender(sender: SenderAddress) -> SenderAnswer:
    address = sender.address
    numbers = {number.name: number.value for number in reversed(sender.details.tax_numbers)}
    return {
        "id": sender.id,
        "company_name": address.company_name,
        "contact_name": address.name,
        "email": address.email,
        "telephone": address.phone_number,
        "street": address.address_line_1,
        "house_number": address.house_number,
        "postal_box": address.po_box,
        "postal_code": address.postal_code,
        "city": address.city,
        "country": address.country_code,
        "country_state": address.state_province_code or None,
        "vat_number": numbers.get("VAT", ""),
        "coc_number": "",
        "eori_number": numbers.get("EORI", ""),
        "brand_id": sender.brand_id,
    }


def list_all_brands(_: Request, context: Context) -> Answer:
    """Every brand."""
    with context.database.read() as transaction:
        found = list_brands(transaction, context.account_id, EVERYTHING).records
    return Answer(200, {"next": None, "previous": None, "brands": [_brand(brand, context) for brand in found]})


def retrieve_brand(request: Request, context: Context) -> Answer:
    """One brand."""
    with context.database.read() as transaction:
        brand = get_brand(transaction, context.account_id, request.id)
    return Answer(200, _brand(brand, context))


def _brand(brand: Brand, context: Context) -> BrandAnswer:
    details, logo = brand.details, logo_link(brand, context.installation.public_url)
    return {
        "id": brand.id,
        "name": brand.name,
        "color": details.color,
        "secondary_color": details.color,
        "website": details.website,
        "domain": details.domain or "",
        "screen_logo": {"url": logo},
        "print_logo": {"url": logo},
        "screen_thumb": logo,
        "print_thumb": logo,
        "overlay_logo": {},
        "overlay_thumb": {},
        "notify_reply_to_email": details.notify_reply_to_email,
        "notify_bcc_email": details.notify_bcc_email,
        "hide_powered_by": details.hide_powered_by,
        "google_analytics_id": details.google_analytics_id,
    }


def list_all_integrations(_: Request, context: Context) -> Answer:
    """Every integration, as a bare list."""
    with context.database.read() as transaction:
        found = list_integrations(transaction, context.account_id)
    return Answer(200, [_integration(integration, context) for integration in found])


def retrieve_integration(request: Request, context: Context) -> Answer:
    """One integration."""
    with context.database.read() as transaction:
        integration = get_integration(transaction, context.account_id, request.id)
    return Answer(200, _integration(integration, context))


def _integration(integration: Integration, context: Context) -> IntegrationAnswer:
    told = integration_changed(integration, "integration_updated", context.now())
    return cast("IntegrationAnswer", told["integration"])


ROUTES = [
    V2(
        "GET",
        "/user",
        retrieve_user,
        "Retrieve the account",
        scope="read:operational-settings",
        answers={200: OneUserAnswer},
    ),
    V2(
        "GET",
        "/user/addresses/sender",
        list_senders,
        "Retrieve the sender addresses",
        scope="read:operational-settings",
        answers={200: SendersAnswer},
    ),
    V2(
        "GET",
        "/user/addresses/sender/{id:int}",
        retrieve_sender,
        "Retrieve a sender address",
        scope="read:operational-settings",
        answers={200: OneSenderAnswer},
    ),
    V2(
        "GET",
        "/brands",
        list_all_brands,
        "Retrieve the brands",
        scope="read:operational-settings",
        answers={200: BrandsAnswer},
    ),
    V2(
        "GET",
        "/brands/{id:int}",
        retrieve_brand,
        "Retrieve a brand",
        scope="read:operational-settings",
        answers={200: BrandAnswer},
    ),
    V2(
        "GET",
        "/integrations",
        list_all_integrations,
        "Retrieve the integrations",
        scope="read:integration",
        answers={200: list[IntegrationAnswer]},
    ),
    V2(
        "GET",
        "/integrations/{id:int}",
        retrieve_integration,
        "Retrieve an integration",
        scope="read:integration",
        answers={200: IntegrationAnswer},
    ),
]
