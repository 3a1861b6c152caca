"""Brands: how a sender presents itself on labels and tracking pages.

At most one of an account's brands is its default.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from kolli.account.accounts import touch
from kolli.account.pages import Listed, Page, read_page
from kolli.database import insert_or_skip
from kolli.errors import Impossible, NotFound
from kolli.schema import brands, images, sender_addresses


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
_OWN = (brands.c.account_id == bindparam("account"), brands.c.id == bindparam("brand"))
_OTHERS = (
    update(brands)
    .where(brands.c.account_id == bindparam("account"), brands.c.id != bindparam("brand"))
    .values(is_default=False)
)
_REMOVE = delete(brands).where(*_OWN)
_USERS = (
    select(sender_addresses.c.id)
    .where(
        sender_addresses.c.account_id == bindparam("account_id"), sender_addresses.c.brand_id == bindparam("brand_id")
    )
    .order_by(sender_addresses.c.id)
)

MOST_NAMED = 5
"""Sender addresses that one message names."""

_read_details = msgspec.json.Decoder(BrandDetails).decode


def add_brand(transaction: Connection, account_id: int, brand: Brand) -> None:
    """Stores a new brand; its logo, if it has one, must have been stored with `add_image`.

    If it is to be the default, no other one is then.
    """
    transaction.execute(insert(brands).values(id=brand.id, account_id=account_id, **_columns(brand)))
    _settle_default(transaction, account_id, brand)
    touch(transaction, account_id)


def update_brand(transaction: Connection, account_id: int, brand: Brand) -> None:
    """Stores what has changed about a brand, which must exist; see `add_brand`."""
    statement = update(brands).where(brands.c.account_id == account_id, brands.c.id == brand.id)
    transaction.execute(statement.values(**_columns(brand)))
    _settle_default(transaction, account_id, brand)
    touch(transaction, account_id)


def remove_brand(transaction: Connection, account_id: int, brand_id: int) -> None:
    """Removes a brand, which must exist. Labels that carry its logo have kept it.

    Impossible while sender addresses have it: their parcels would carry another brand, or none, all at once.
    """
    get_brand(transaction, account_id, brand_id)
    users = list(transaction.execute(_USERS, {"account_id": account_id, "brand_id": brand_id}).scalars())
    if users:
        named = ", ".join(map(str, users[:MOST_NAMED])) + (" …" if len(users) > MOST_NAMED else "")
        raise Impossible(f"Sender addresses have the brand {brand_id}: {named}. Give them another one, or none, first.")
    transaction.execute(_REMOVE, {"account": account_id, "brand": brand_id})
    touch(transaction, account_id)


def _settle_default(transaction: Connection, account_id: int, brand: Brand) -> None:
    if brand.is_default:
        transaction.execute(_OTHERS, {"account": account_id, "brand": brand.id})


def _columns(brand: Brand) -> dict[str, Any]:
    return {
        "name": brand.name,
        "is_default": brand.is_default,
        "logo_sha256": brand.logo_sha256,
        "body": msgspec.json.encode(brand.details).decode(),
    }


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
