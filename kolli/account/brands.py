"""Brands: how a sender presents itself on labels and tracking pages."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, select

from kolli.account.pages import Listed, Page, read_page
from kolli.database import insert_or_skip
from kolli.errors import NotFound
from kolli.schema import brands, images


@dataclass(frozen=True)
class BrandDetails:
    """What a brand says about itself beyond its name and its logo."""

    color: str = "#000000"  # #rrggbb
    website: str = ""
    domain: str | None = None
    notify_reply_to_email: str | None = None
    notify_bcc_email: str | None = None
    hide_powered_by: bool = False
    google_analytics_id: str = ""


@dataclass(frozen=True)
class Brand:
    """A name and, mostly, a logo."""

    id: int
    name: str
    is_default: bool = False
    logo_sha256: str | None = None
    details: BrandDetails = field(default_factory=BrandDetails)


_COLUMNS = select(brands.c.id, brands.c.name, brands.c.is_default, brands.c.logo_sha256, brands.c.body).where(
    brands.c.account_id == bindparam("account_id")
)
_BY_ID = _COLUMNS.where(brands.c.id == bindparam("id"))
_DEFAULT = _COLUMNS.where(brands.c.is_default).limit(1)
_IMAGE = select(images.c.png).where(
    images.c.account_id == bindparam("account_id"), images.c.sha256 == bindparam("sha256")
)
_LOGO_OWNER = select(brands.c.account_id).where(
    brands.c.id == bindparam("id"), brands.c.logo_sha256 == bindparam("sha256")
)

_read_details = msgspec.json.Decoder(BrandDetails).decode


def add_brand(transaction: Connection, account_id: int, brand: Brand) -> None:
    """Stores a new brand; its logo, if it has one, must have been stored with `add_image`."""
    transaction.execute(
        insert(brands).values(
            id=brand.id,
            account_id=account_id,
            name=brand.name,
            is_default=brand.is_default,
            logo_sha256=brand.logo_sha256,
            body=msgspec.json.encode(brand.details).decode(),
        )
    )


def find_brand(transaction: Connection, account_id: int, brand_id: int | None) -> Brand | None:
    """The account's brand with this id, or its default one for None."""
    row = (
        transaction.execute(_DEFAULT, {"account_id": account_id})
        if brand_id is None
        else transaction.execute(_BY_ID, {"account_id": account_id, "id": brand_id})
    ).one_or_none()
    return None if row is None else _brand(row)


def get_brand(transaction: Connection, account_id: int, brand_id: int) -> Brand:
    """The account's brand with this id, which must exist."""
    brand = find_brand(transaction, account_id, brand_id)
    if brand is None:
        raise NotFound("No Brand matches the given query.")
    return brand


def list_brands(transaction: Connection, account_id: int, page: Page) -> Listed[Brand]:
    """One page of the account's brands, oldest first."""
    return read_page(transaction, account_id, _COLUMNS, page, _brand)


def add_image(transaction: Connection, account_id: int, png: bytes) -> str:
    """Keeps a PNG under its hash, which is returned; the same picture is kept once."""
    name = hashlib.sha256(png).hexdigest()
    transaction.execute(insert_or_skip(images), {"account_id": account_id, "sha256": name, "png": png})
    return name


def get_image(transaction: Connection, account_id: int, sha256: str) -> bytes:
    """The PNG with this hash, which must have been stored."""
    png: bytes = transaction.execute(_IMAGE, {"account_id": account_id, "sha256": sha256}).scalar_one()
    return png


def find_logo_owner(transaction: Connection, brand_id: int, sha256: str) -> int | None:
    """The account whose brand has this logo. A logo is public: it stands on every parcel and every tracking page."""
    account_id: int | None = transaction.execute(_LOGO_OWNER, {"id": brand_id, "sha256": sha256}).scalar_one_or_none()
    return account_id


def _brand(row: Any) -> Brand:
    number, name, is_default, logo_sha256, body = row
    return Brand(number, name, is_default, logo_sha256, _read_details(body))
