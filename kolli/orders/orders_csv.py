"""Orders as CSV: what columns can mean, what people and shops call them, and the orders that rows make.

What a row makes is a document as the API takes it; whether it is a valid one, the schema of the API says.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from io import StringIO
from typing import Any, Literal

from babel import Locale

from kolli.errors import Invalid
from kolli.orders.model import Document, Order
from kolli.standing import Standing
from kolli.tables import Mistake, write_table
from kolli.values import COUNTRY_CODES, WEIGHT_UNITS, WeightUnit, plain

Decimals = Literal[".", ","]

MOST_MISTAKES = 5_000


@dataclass(frozen=True)
class Field:
    """What a column can hold. `names` are what such columns are called, in lower case without signs between words."""

    key: str
    label: str
    names: frozenset[str]
    path: str  # in the document; `items.` for those of a line
    is_of_item: bool = False


def _field(key: str, label: str, names: str, path: str, *, is_of_item: bool = False) -> Field:
    return Field(key, label, frozenset(name.strip() for name in names.split(",")), path, is_of_item)


_ADDRESS = "shipping_address."
_DETAILS = "order_details."

FIELDS: tuple[Field, ...] = (
    _field(
        "order_number",
        "Order number",
        "order number, order no, order nr, order, ordernumber, bestellnummer, bestellnr, auftragsnummer, auftragsnr,"
        " bestelnummer, ordernummer, bestelling, name, number, reference, referenz, referentie, increment id",
        "order_number",
    ),
    _field("order_id", "Order id of the shop", "order id, orderid, id, bestell id, bestel id, shop id", "order_id"),
    _field(
        "created",
        "Date of the order",
        "date, order date, created at, created, paid at, datum, bestelldatum, auftragsdatum, besteldatum, orderdatum,"
        " purchase date, purchase point",
        _DETAILS + "order_created_at",
    ),
    _field(
        "status", "Status", "status, order status, fulfillment status, bestellstatus, orderstatus", _DETAILS + "status"
    ),
    _field(
        "payment",
        "Payment status",
        "payment status, financial status, zahlungsstatus, betaalstatus",
        "payment_details.status",
    ),
    _field(
        "total",
        "Total price",
        "total, order total, grand total, total price, gesamt, gesamtbetrag, summe, gesamtsumme, totaal, totaalbedrag,"
        " order total amount",
        "payment_details.total_price.value",
    ),
    _field(
        "currency", "Currency", "currency, waehrung, währung, valuta, order currency", "payment_details.total_price"
    ),
    _field(
        "name",
        "Recipient’s name",
        "recipient, recipient name, ship to name, shipping name, full name, customer, customer name, empfaenger,"
        " empfänger, empfängername, kunde, kundenname, lieferadresse name, ontvanger, naam, klant, klantnaam,"
        " naam ontvanger, shipping full name, deliver to, delivery name, name",
        _ADDRESS + "name",
    ),
    _field(
        "first_name",
        "First name",
        "first name, firstname, shipping first name, first name shipping, vorname, voornaam, delivery first name",
        _ADDRESS + "name",
    ),
    _field(
        "last_name",
        "Last name",
        "last name, lastname, surname, shipping last name, last name shipping, nachname, familienname, achternaam,"
        " delivery last name",
        _ADDRESS + "name",
    ),
    _field(
        "company",
        "Company",
        "company, company name, shipping company, company shipping, firma, firmenname, bedrijf, bedrijfsnaam",
        _ADDRESS + "company_name",
    ),
    _field(
        "street",
        "Street, with or without the house number",
        "street, address, address 1, address1, address line 1, shipping address, shipping address 1, shipping address1,"
        " shipping street, address 1 2 shipping, straße, strasse, anschrift, adresse, lieferadresse, straat, adres,"
        " straatnaam, ship address 1",
        _ADDRESS + "address_line_1",
    ),
    _field(
        "house_number",
        "House number",
        "house number, house no, housenumber, hausnummer, hausnr, hnr, huisnummer, huisnr, nr",
        _ADDRESS + "house_number",
    ),
    _field(
        "street_2",
        "Address line 2",
        "address 2, address2, address line 2, shipping address 2, shipping address2, adresszusatz, zusatz,"
        " adresregel 2, toevoeging, ship address 2, street 2",
        _ADDRESS + "address_line_2",
    ),
    _field(
        "postal_code",
        "Postal code",
        "postal code, postcode, post code, zip, zip code, zipcode, shipping zip, shipping postcode,"
        " shipping postal code, postcode shipping, postleitzahl, plz, ship postal code, ship zip",
        _ADDRESS + "postal_code",
    ),
    _field(
        "city",
        "City",
        "city, town, place, shipping city, city shipping, ort, stadt, wohnort, plaats, stad, woonplaats, ship city",
        _ADDRESS + "city",
    ),
    _field(
        "state",
        "State or province",
        "state, province, region, state province, shipping state, shipping province, state code shipping, state code,"
        " bundesland, provincie, ship state",
        _ADDRESS + "state_province_code",
    ),
    _field(
        "country",
        "Country",
        "country, country code, shipping country, shipping country code, country code shipping, country name shipping,"
        " land, ländercode, laendercode, landcode, landkürzel, ship country",
        _ADDRESS + "country_code",
    ),
    _field(
        "email",
        "E-mail",
        "email, e mail, mail, email address, customer email, email billing, billing email, e mail adresse,"
        " emailadres, e mailadres",
        "customer_details.email",
    ),
    _field(
        "phone",
        "Phone",
        "phone, telephone, phone number, shipping phone, phone billing, telefon, telefonnummer, telefoon,"
        " telefoonnummer, mobile, handy, mobiel",
        _ADDRESS + "phone_number",
    ),
    _field(
        "weight",
        "Weight of the whole order",
        "weight, total weight, order weight, gewicht, gesamtgewicht, totaalgewicht",
        "shipping_details.measurement.weight",
    ),
    _field(
        "option",
        "Code of the shipping option",
        "shipping option, shipping option code, versandart code, verzendoptie",
        "shipping_details.ship_with.properties.shipping_option_code",
    ),
    _field(
        "notes",
        "Notes",
        "notes, note, order note, customer note, bemerkung, notiz, kommentar, opmerking",
        _DETAILS + "notes",
    ),
    _field(
        "item_name",
        "Item: name",
        "item, item name, product, product name, lineitem name, title, description, artikel, artikelname, produkt,"
        " produktname, bezeichnung, artikelnaam, productnaam, omschrijving, artikelbezeichnung",
        "items.name",
        is_of_item=True,
    ),
    _field(
        "sku",
        "Item: SKU",
        "sku, item sku, lineitem sku, article number, artikelnummer, artikelnr, art nr, productcode",
        "items.sku",
        is_of_item=True,
    ),
    _field(
        "quantity",
        "Item: quantity",
        "quantity, qty, lineitem quantity, amount, count, pieces, menge, anzahl, stück, stueck, stk, aantal,"
        " quantity refund",
        "items.quantity",
        is_of_item=True,
    ),
    _field(
        "item_price",
        "Item: price of one",
        "price, item price, unit price, lineitem price, item cost, preis, einzelpreis, stückpreis, prijs, stukprijs",
        "items.total_price.value",
        is_of_item=True,
    ),
    _field(
        "item_weight",
        "Item: weight of one",
        "item weight, unit weight, product weight, lineitem weight, lineitem grams, artikelgewicht, stückgewicht",
        "items.measurement.weight.value",
        is_of_item=True,
    ),
    _field(
        "hs_code",
        "Item: HS code",
        "hs code, hscode, hs, tariff number, customs code, zolltarifnummer, warennummer, douanecode, goederencode",
        "items.hs_code",
        is_of_item=True,
    ),
    _field(
        "origin",
        "Item: country of origin",
        "country of origin, origin, origin country, ursprungsland, herkunftsland, land van herkomst,"
        " land van oorsprong",
        "items.country_of_origin",
        is_of_item=True,
    ),
)
"""Everything that a column can be, in the sequence in which it is offered."""

BY_KEY: Mapping[str, Field] = {each.key: each for each in FIELDS}

REQUIRED = ("order_number", "street", "postal_code", "city")
"""Without a column for each of these there is no order that could be shipped; and a name, in one part or two."""


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


def guess(header: Sequence[str]) -> tuple[str, ...]:
    """Which field each column probably is, by what it is called; no field twice."""
    names = [_bare(name) for name in header]
    chosen = [""] * len(names)
    for each in FIELDS:
        exact = [place for place, name in enumerate(names) if name in each.names and not chosen[place]]
        if exact:
            chosen[min(exact, key=lambda place: (not names[place].startswith("ship"), place))] = each.key
    return tuple(chosen)


def _bare(name: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"(?<=[a-zß-ÿ])(?=[A-Z])", " ", name).lower()))


def guess_decimals(grid: Sequence[Sequence[str]], columns: Sequence[str]) -> Decimals:
    """Whether the file writes its decimals behind a point or a comma: what more of its numbers do."""
    places = [place for place, key in enumerate(columns) if key in {"total", "weight", "item_price", "item_weight"}]
    cells = [row[place] for row in grid for place in places if place < len(row)]
    commas = sum(bool(re.search(r",\d{1,2}\D*$|^0,\d+\D*$", cell)) for cell in cells)
    points = sum(bool(re.search(r"\.\d{1,2}\D*$|^0\.\d+\D*$", cell)) for cell in cells)
    return "," if commas > points else "."


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


# Orders → CSV

EXPORTED = (
    "order_number",
    "order_id",
    "standing",
    "created",
    "status",
    "payment",
    "total",
    "currency",
    "name",
    "company",
    "street",
    "house_number",
    "street_2",
    "postal_code",
    "city",
    "state_province",
    "country",
    "email",
    "phone",
    "weight",
    "items",
    "sku",
)
"""The columns of an export."""


def header_line() -> str:
    """The first line of an export."""
    file = StringIO()
    write_table(file, EXPORTED, [])
    return file.getvalue()


def order_lines(orders: Iterable[tuple[Order, Standing]]) -> Iterator[str]:
    """A line for each order and where it stands, as text; `header_line` stands above them."""
    for order, standing in orders:
        file = StringIO()
        write_table(file, EXPORTED, [_exported(order, standing)])
        yield file.getvalue().split("\n", 1)[1]


def _exported(order: Order, standing: Standing) -> dict[str, str]:
    address = order.document.get("shipping_address") or {}
    details, total = order.document["order_details"], order.total
    names = {
        "company": "company_name",
        "street": "address_line_1",
        "street_2": "address_line_2",
        "phone": "phone_number",
    }
    names |= {"state_province": "state_province_code", "country": "country_code"}
    names |= {name: name for name in ("name", "house_number", "postal_code", "city")}
    customer = order.document.get("customer_details") or {}
    return {
        "order_number": order.order_number,
        "order_id": order.order_id,
        "standing": standing.value,
        "created": details["order_created_at"],
        "status": details["status"]["code"],
        "payment": order.payment_status,
        "total": plain(total.value) if total else "",
        "currency": total.currency if total else "",
        **{column: str(address.get(member) or "") for column, member in names.items()},
        "email": str(address.get("email") or customer.get("email") or ""),
        "weight": str(order.weight or ""),
        "items": "; ".join(f"{item.quantity} × {item.name}" for item in order.items),
        "sku": " ".join(item.sku for item in order.items if item.sku),
    }
