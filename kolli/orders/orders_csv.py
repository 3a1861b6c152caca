"""CSV → orders: the documents that the rows of a file make, read as somebody has said.

What a row makes is a document as the API takes it; whether it is a valid one, the schema of the API says.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from babel import Locale

from kolli.errors import Invalid
from kolli.orders.csv_columns import BY_KEY, REQUIRED, Decimals
from kolli.orders.model import Document
from kolli.tables import Mistake
from kolli.values import COUNTRY_CODES, WEIGHT_UNITS, WeightUnit


@dataclass(frozen=True)
class Reading:
    """How somebody wants a file read. `columns` says for each column of the file which field it is; empty: none."""

    integration_id: int
    columns: tuple[str, ...] = ()
    encoding: str = "utf-8"
    delimiter: str = ","
    decimals: Decimals = "."
    weight_unit: WeightUnit = "kg"
    country: str = ""  # where a row names none
    currency: str = "EUR"  # likewise


@dataclass(frozen=True)
class RowsOfOrder:
    """One order as the file has it: its rows, the document that they make, and what cannot be read."""

    order_number: str
    numbers: tuple[int, ...]  # of its rows, as a spreadsheet counts
    document: Document
    mistakes: tuple[Mistake, ...] = ()


def problems_with(reading: Reading) -> Iterator[tuple[str, str]]:
    """What keeps a file from being read like this: fields of a form, and what is wrong."""
    keys = [key for key in reading.columns if key]
    for key in REQUIRED:
        if key not in keys:
            yield "columns", f"No column is the {BY_KEY[key].label.lower()}. Choose the one that is."
    if "name" not in keys and "last_name" not in keys:
        yield "columns", "No column is the recipient’s name. Choose the one that is."
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield "columns", f"Two columns are chosen as “{BY_KEY[key].label}”. Leave one of them out."
    if "country" not in keys and not reading.country:
        yield "country", "No column is the country, so choose where all of them go."


def orders_in(
    header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], reading: Reading, now: datetime
) -> list[RowsOfOrder]:
    """The orders of a file, in its sequence. Rows with the same order number are items of one order.

    A row that cannot be read is never left out: it is there, with what is wrong.
    """
    places = {key: place for place, key in enumerate(reading.columns) if key}
    grouped: dict[str, list[_Row]] = {}
    for number, cells in rows:
        row = _Row(number, cells, places, header)
        key = row.text("order_number")
        if not key:
            row.wrong("order_number", "It is empty, and every row needs the number of its order.")
            key = f"\0{number}"
        if len(cells) > len(header):
            row.wrong("", f"It has {len(cells)} columns, and the header has {len(header)}.")
        grouped.setdefault(key, []).append(row)
    return [_order(rows_of, reading, now) for rows_of in grouped.values()]


@dataclass
class _Row:
    """One row: its cells by field, and what was found wrong with them."""

    number: int
    cells: Sequence[str]
    places: Mapping[str, int]
    header: Sequence[str]
    mistakes: list[Mistake] = field(default_factory=list)

    def text(self, key: str) -> str:
        place = self.places.get(key, len(self.cells))
        return self.cells[place] if place < len(self.cells) else ""

    def wrong(self, key: str, message: str) -> None:
        place = self.places.get(key)
        column = self.header[place] if place is not None else ""
        self.mistakes.append(Mistake(self.number, column, message))

    def number_in(self, key: str, decimals: Decimals) -> Decimal | None:
        text = self.text(key)
        if not text:
            return None
        try:
            return number_in(text, decimals)
        except Invalid as error:
            self.wrong(key, error.message)
            return None


def _order(rows: Sequence[_Row], reading: Reading, now: datetime) -> RowsOfOrder:
    first = rows[0]
    _compare(rows)
    values = {key: next((row.text(key) for row in rows if row.text(key)), "") for key in first.places}
    currency = (values.get("currency") or reading.currency).upper()
    items = [_item(row, place, reading, currency) for place, row in enumerate(rows, start=1)]
    total = first.number_in("total", reading.decimals)
    if total is None:
        total = sum((item["total_price"]["value"] for item in items), Decimal(0))
    number = values.get("order_number", "")
    document: Document = {
        "order_id": values.get("order_id") or number,
        "order_number": number,
        "order_details": {
            "integration": {"id": reading.integration_id},
            "status": {"code": values.get("status") or "unfulfilled"},
            "order_created_at": _created(first, values.get("created", ""), now),
            "order_items": items,
            **({"notes": values["notes"]} if values.get("notes") else {}),
        },
        "payment_details": {
            "total_price": {"value": total, "currency": currency},
            "status": {"code": values.get("payment") or "unknown"},
        },
        "shipping_address": _address(first, values, reading),
    }
    if values.get("email"):
        document["customer_details"] = {"name": document["shipping_address"]["name"], "email": values["email"]}
    if shipping := _shipping(first, values, reading):
        document["shipping_details"] = shipping
    mistakes = tuple(mistake for row in rows for mistake in row.mistakes)
    return RowsOfOrder(number, tuple(row.number for row in rows), document, mistakes)


def _compare(rows: Sequence[_Row]) -> None:
    """Notes where rows of one order say different things about it; a cell that is empty says nothing."""
    for key in rows[0].places:
        if BY_KEY[key].is_of_item:
            continue
        said: tuple[int, str] | None = None
        for row in rows:
            text = row.text(key)
            if text and said is None:
                said = (row.number, text)
            elif text and said is not None and text != said[1]:
                row.wrong(key, f"It differs from row {said[0]} of the same order, which has {said[1][:60]!r}.")


def _item(row: _Row, place: int, reading: Reading, currency: str) -> dict[str, Any]:
    text = row.text("quantity") or "1"
    whole = re.sub(r"[.,]0+$", "", text)
    if not re.fullmatch(r"[0-9]{1,9}", whole):
        row.wrong("quantity", f"{text[:40]!r} is no whole number of pieces.")
        whole = "1"
    quantity = int(whole)
    price = row.number_in("item_price", reading.decimals) or Decimal(0)
    known = {"sku": row.text("sku"), "hs_code": row.text("hs_code"), "country_of_origin": row.text("origin").upper()}
    item: dict[str, Any] = {
        "item_id": str(place),
        "name": row.text("item_name") or row.text("sku") or "Goods",
        "quantity": quantity,
        "total_price": {"value": price * quantity, "currency": currency},
        **{name: text for name, text in known.items() if text},
    }
    if price:
        item["unit_price"] = {"value": price, "currency": currency}
    weight = _weight(row, "item_weight", reading)
    return {**item, "measurement": {"weight": weight}} if weight else item


def _weight(row: _Row, key: str, reading: Reading) -> dict[str, Any] | None:
    text = row.text(key).lower()
    if not text:
        return None
    unit: str = reading.weight_unit
    for each in sorted((*WEIGHT_UNITS, "lb"), key=len, reverse=True):
        if text.endswith(each):
            text, unit = text.removesuffix(each).strip(), "lbs" if each == "lb" else each
            break
    try:
        value = number_in(text, reading.decimals)
    except Invalid as error:
        row.wrong(key, error.message)
        return None
    return {"value": value, "unit": unit} if value else None


def _address(row: _Row, values: Mapping[str, str], reading: Reading) -> dict[str, str]:
    parts = " ".join(filter(None, (values.get("first_name"), values.get("last_name"))))
    country = reading.country
    if values.get("country"):
        code = country_in(values["country"])
        if code is None:
            row.wrong("country", f"{values['country'][:40]!r} is no country. Write two letters, such as NL.")
        country = code or ""
    address = {
        "name": values.get("name") or parts or values.get("company") or "",
        "company_name": values.get("company") or "",
        "address_line_1": values.get("street") or "",
        "house_number": values.get("house_number") or "",
        "address_line_2": values.get("street_2") or "",
        "postal_code": (values.get("postal_code") or "").removeprefix("'"),
        "city": values.get("city") or "",
        "state_province_code": values.get("state") or "",
        "country_code": country,
        "phone_number": (values.get("phone") or "").removeprefix("'"),
        "email": values.get("email") or "",
    }
    for name, key in (("name", "name"), ("address_line_1", "street"), ("city", "city"), ("postal_code", "postal_code")):
        if not address[name]:
            row.wrong(key, "It is empty, and has to be filled in.")
    if not country and not values.get("country"):
        row.wrong("country", "It is empty, and no country was chosen for such rows.")
    needed = {"name", "address_line_1", "postal_code", "city", "country_code"}
    return {name: text for name, text in address.items() if text or name in needed}


def _shipping(row: _Row, values: Mapping[str, str], reading: Reading) -> dict[str, Any]:
    shipping: dict[str, Any] = {}
    weight = _weight(row, "weight", reading)
    if weight:
        shipping["measurement"] = {"weight": weight}
    if values.get("option"):
        properties = {"shipping_option_code": values["option"]}
        shipping["ship_with"] = {"type": "shipping_option_code", "properties": properties}
    return shipping


_DAY_FIRST = re.compile(r"(\d{1,2})[.-](\d{1,2})[.-](\d{4})(?:[ ,T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})[ T]?(\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?")


def _created(row: _Row, text: str, now: datetime) -> str:
    """When the order was made; now where the file does not say. A time that names no zone is in UTC."""
    if not text:
        return now.isoformat()
    try:
        if found := _ISO.fullmatch(text):
            day, time, zone = found.groups()
            zone = "+00:00" if zone in {None, "Z", "UTC"} else zone
            return datetime.fromisoformat(f"{day}T{time or '00:00'}{zone}").astimezone(UTC).isoformat()
        if found := _DAY_FIRST.fullmatch(text):
            day_, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
            return datetime(year, month, day_, hour, minute, second, tzinfo=UTC).isoformat()
    except ValueError:
        pass
    row.wrong("created", f"{text[:40]!r} is no date that can be read for certain. Write it as 2026-04-28.")
    return now.isoformat()


def number_in(text: str, decimals: Decimals) -> Decimal:
    """The number that a cell holds, written with this sign before its decimals; a currency beside it is no matter."""
    bare = re.sub(r"^(EUR|USD|GBP|CHF|€|\$|£)\s*|\s*(EUR|USD|GBP|CHF|€|\$|£)$", "", text.strip()).replace("\u00a0", "")
    groups = "," if decimals == "." else "."
    sign, between = re.escape(decimals), re.escape(groups)
    if not re.fullmatch(rf"([0-9]{{1,12}}|[0-9]{{1,3}}({between}[0-9]{{3}}){{1,3}})({sign}[0-9]{{1,6}})?", bare):
        other = f" In this file decimals stand behind a {'point' if decimals == '.' else 'comma'}." if bare else ""
        raise Invalid(f"{text[:40]!r} is no number of 0 or more.{other}")
    return Decimal(bare.replace(groups, "").replace(decimals, "."))


def country_in(text: str) -> str | None:
    """The country that a cell names: by its two letters, or by its name in English, German or Dutch."""
    code = text.strip().upper()
    return code if code in COUNTRY_CODES else _names().get(text.strip().casefold())


@cache
def _names() -> Mapping[str, str]:
    return {
        str(name).casefold(): code
        for language in ("en", "de", "nl")
        for code, name in Locale(language).territories.items()
        if code in COUNTRY_CODES
    }
