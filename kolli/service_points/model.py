"""What is known of a service point: where it is, what it is called there, and when it is open."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from kolli.values import Address

MILLIONTHS = 1_000_000
"""Parts of a degree in which positions are stored: 11 cm on the ground, and no fraction that rounds differently."""

ShopType = Literal["servicepoint", "locker", "post_office", "carrier_depot"]
"""What kind of place it is, whichever carrier. Source: Service Points, `general_shop_type` (2026-07)."""

SHOP_TYPES: tuple[ShopType, ...] = get_args(ShopType)

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
"""In the order of `date.weekday`."""

Shift = tuple[int, int]
"""From when until when, in minutes after midnight; the end is later, and 1440 at most."""

Week = Mapping[Weekday, tuple[Shift, ...]]
"""When it is open, by day; on days that are not there it is closed all day."""


_COMBINING = re.compile("[\\u0300-\\u036f]")
_NO_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class KnownPoint:
    """A service point as its carrier's data file describes it. The position is in millionths of a degree.

    `shop_type` is the carrier's own word for the kind of place. `removed_at` is set for a point that the newest file
    does not have any more: nothing new goes there.
    """

    id: int
    carrier_code: str
    carrier_service_point_id: str
    name: str
    street: str
    postal_code: str
    city: str
    country_code: str
    latitude: int
    longitude: int
    house_number: str = ""
    kind: ShopType | None = None
    shop_type: str | None = None
    email: str = ""
    phone: str = ""
    time_zone: str = "Etc/UTC"
    opening_times: Week = field(default_factory=dict, hash=False)
    removed_at: datetime | None = None

    @property
    def address(self) -> Address:
        """Where it is, as a parcel is addressed to it."""
        return Address(
            name=self.name,
            address_line_1=self.street,
            house_number=self.house_number,
            postal_code=self.postal_code,
            city=self.city,
            country_code=self.country_code,
        )


def search_key(text: str) -> str:
    """A word as it is looked for: without case, accents, spaces and signs."""
    plain = _COMBINING.sub("", unicodedata.normalize("NFKD", text.casefold()))
    return _NO_LETTER.sub("", plain)
