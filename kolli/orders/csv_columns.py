"""What the columns of a file with orders can mean, and what people and shops call them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Decimals = Literal[".", ","]


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
