"""Brands: how the account presents itself on labels and tracking pages."""

from typing_extensions import TypedDict

from kolli.account.brands import Brand, get_brand, list_brands
from kolli.api.endpoint import Answer, Endpoint, Request
from kolli.api.lists import PARAMETERS, links, read_page_of_ids
from kolli.operations.context import Context


class BrandAnswer(TypedDict):
    """A brand. It has one logo, for screens and for labels: all four links show the same picture."""

    id: int
    name: str
    domain: str | None
    color: str
    website: str
    screen_logo: str | None
    print_logo: str | None
    screen_thumb: str | None
    print_thumb: str | None
    notify_reply_to_email: str | None
    notify_bcc_email: str | None
    hide_powered_by: bool
    google_analytics_id: str


class OneBrand(TypedDict):
    """One brand."""

    data: BrandAnswer


class Brands(TypedDict):
    """One page of brands."""

    data: list[BrandAnswer]


def list_all_brands(request: Request, context: Context) -> Answer:
    """One page of the account's brands, oldest first."""
    page = read_page_of_ids(request)
    with context.database.read() as transaction:
        listed = list_brands(transaction, context.account_id, page)
    data: Brands = {"data": [_answered(brand, context) for brand in listed.records]}
    return Answer(200, data, links("/api/v3/brands", request, context, listed))


def retrieve_brand(request: Request, context: Context) -> Answer:
    """One brand."""
    with context.database.read() as transaction:
        brand = get_brand(transaction, context.account_id, request.id)
    data: OneBrand = {"data": _answered(brand, context)}
    return Answer(200, data)


def logo_link(brand: Brand, public_url: str) -> str | None:
    """Where anybody can see the brand's logo; None when it has none."""
    return brand.logo_sha256 and f"{public_url}/brands/{brand.id}/{brand.logo_sha256}.png"


def _answered(brand: Brand, context: Context) -> BrandAnswer:
    details, logo = brand.details, logo_link(brand, context.installation.public_url)
    return {
        "id": brand.id,
        "name": brand.name,
        "domain": details.domain,
        "color": details.color,
        "website": details.website,
        "screen_logo": logo,
        "print_logo": logo,
        "screen_thumb": logo,
        "print_thumb": logo,
        "notify_reply_to_email": details.notify_reply_to_email,
        "notify_bcc_email": details.notify_bcc_email,
        "hide_powered_by": details.hide_powered_by,
        "google_analytics_id": details.google_analytics_id,
    }


ROUTES = [
    Endpoint(
        "GET",
        "/brands",
        list_all_brands,
        "Retrieve a list of brands",
        scope="read:operational-settings",
        parameters=PARAMETERS,
        answers={200: Brands},
        errors=[404],
    ),
    Endpoint(
        "GET",
        "/brands/{id:int}",
        retrieve_brand,
        "Retrieve a brand",
        scope="read:operational-settings",
        answers={200: OneBrand},
    ),
]
