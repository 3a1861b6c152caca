"""Brands: how the account presents itself on labels and tracking pages."""

from dataclasses import fields, replace
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, TypeAdapter
from sqlalchemy import Connection
from typing_extensions import TypedDict

from kolli.account.brands import (
    Brand,
    BrandDetails,
    add_brand,
    add_image,
    get_brand,
    list_brands,
    remove_brand,
    update_brand,
)
from kolli.api.endpoint import Answer, Endpoint, Request
from kolli.api.errors import Pointers
from kolli.api.lists import PARAMETERS, links, read_page_of_ids
from kolli.api.v3.common import Schema
from kolli.api.v3.integrations import url_of_web
from kolli.api.v3.order_document import title
from kolli.documents.logos import clean_logo
from kolli.operations.context import Context
from kolli.outgoing import LONGEST_URL

POINTERS = Pointers(root="", fields={"logo": ""}, says_required=True)
"""The logo is the whole body."""

SCOPE = "write:operational-settings"


def _website(text: str) -> str:
    return url_of_web(text) if text else text


Website = Annotated[
    str,
    BeforeValidator(lambda value: "" if value is None else value),
    Field(max_length=LONGEST_URL),
    AfterValidator(_website),
]
Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(title)]
Email = Annotated[str, Field(max_length=255, pattern=r"^[^@\s]+@[^@\s]+$")]


class BrandChange(Schema):
    """What is to be different about a brand. What is absent stays as it is."""

    name: Name = ""
    is_default: StrictBool = False
    domain: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")] | None = None
    color: Annotated[str, Field(pattern=r"^#[a-fA-F0-9]{6}$")] = "#000000"
    website: Website = ""
    notify_reply_to_email: Email | None = None
    notify_bcc_email: Email | None = None
    hide_powered_by: StrictBool = False
    google_analytics_id: Annotated[str, Field(pattern=r"^$|^G-[0-9]{10}$")] = ""


class NewBrand(BrandChange):
    """A brand, without its logo, which is sent by itself."""

    name: Name


_NEW = TypeAdapter(NewBrand)
_CHANGE = TypeAdapter(BrandChange)
_FILE = TypeAdapter(bytes)


class BrandAnswer(TypedDict):
    """A brand. It has one logo, for screens and for labels: all four links show the same picture.

    `is_default` is ours.
    """

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
    is_default: bool


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


def create_brand(request: Request, context: Context) -> Answer:
    """Adds a brand."""
    body = request.read(_NEW, POINTERS)
    brand = changed_brand(Brand(context.installation.sequences.take_id(), body.name), body.model_dump())
    with context.write() as transaction:
        add_brand(transaction, context.account_id, brand)
    data: OneBrand = {"data": _answered(brand, context)}
    return Answer(201, data)


def change_brand(request: Request, context: Context) -> Answer:
    """Changes what the body names. Labels that were made before keep what they show."""
    given = request.read(_CHANGE, POINTERS).model_dump(exclude_unset=True)
    with context.write() as transaction:
        brand = changed_brand(get_brand(transaction, context.account_id, request.id), given)
        update_brand(transaction, context.account_id, brand)
    data: OneBrand = {"data": _answered(brand, context)}
    return Answer(200, data)


def delete_brand(request: Request, context: Context) -> Answer:
    """Removes a brand that no sender address has."""
    with context.write() as transaction:
        remove_brand(transaction, context.account_id, request.id)
    return Answer(204)


def upload_logo(request: Request, context: Context) -> Answer:
    """Gives a brand a logo: a PNG or JPEG file of at most 2 MiB and 4 megapixels, which is the whole body.

    It is drawn anew, as a PNG without anything else that was in the file. Labels that were made before keep theirs.
    """
    with context.database.read() as transaction:
        get_brand(transaction, context.account_id, request.id)  # nothing is decoded for a brand that is not there
    png = clean_logo(request.body)
    with context.write() as transaction:
        logo = add_image(transaction, context.account_id, png)
        brand = _with_logo(transaction, request.id, logo, context)
    data: OneBrand = {"data": _answered(brand, context)}
    return Answer(200, data)


def delete_logo(request: Request, context: Context) -> Answer:
    """Takes a brand's logo away, if it has one."""
    with context.write() as transaction:
        _with_logo(transaction, request.id, None, context)
    return Answer(204)


def _with_logo(transaction: Connection, brand_id: int, logo: str | None, context: Context) -> Brand:
    brand = replace(get_brand(transaction, context.account_id, brand_id), logo_sha256=logo)
    update_brand(transaction, context.account_id, brand)
    return brand


def changed_brand(brand: Brand, given: dict[str, Any]) -> Brand:
    """The brand with everything that is given."""
    details = {field.name: given[field.name] for field in fields(BrandDetails) if field.name in given}
    others = {name: given[name] for name in ("name", "is_default") if name in given}
    return replace(brand, details=replace(brand.details, **details), **others)


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
        "is_default": brand.is_default,
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
    Endpoint(
        "POST",
        "/brands",
        create_brand,
        "Create a brand",
        POINTERS,
        scope=SCOPE,
        body=_NEW,
        answers={201: OneBrand},
        is_extension=True,
    ),
    Endpoint(
        "PATCH",
        "/brands/{id:int}",
        change_brand,
        "Change a brand",
        POINTERS,
        scope=SCOPE,
        body=_CHANGE,
        answers={200: OneBrand},
        errors=[404],
        is_extension=True,
    ),
    Endpoint(
        "DELETE",
        "/brands/{id:int}",
        delete_brand,
        "Delete a brand",
        POINTERS,
        scope=SCOPE,
        answers={204: None},
        errors=[400, 404],
        is_extension=True,
    ),
    Endpoint(
        "PUT",
        "/brands/{id:int}/logo",
        upload_logo,
        "Upload a brand's logo",
        POINTERS,
        scope=SCOPE,
        body=_FILE,
        body_type="image/*",
        answers={200: OneBrand},
        errors=[404],
        is_extension=True,
    ),
    Endpoint(
        "DELETE",
        "/brands/{id:int}/logo",
        delete_logo,
        "Delete a brand's logo",
        POINTERS,
        scope=SCOPE,
        answers={204: None},
        errors=[404],
        is_extension=True,
    ),
]
