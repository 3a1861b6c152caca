"""Orders from a CSV file: columns, preview, what is wrong by row and column, and what is imported."""

import csv
import io
import re
from decimal import Decimal

import pytest

from kolli.account.accounts import Account, add_account
from kolli.operations.import_orders import import_orders
from kolli.orders.csv_columns import FIELDS
from kolli.orders.queries import find_by_order_number
from kolli.orders.uploads import list_uploads
from kolli.panel import import_reading, imports
from kolli.panel.import_words import COLUMN_NAMES
from tests.factories import an_order
from tests.people import person, text_of

HEADER = "Order number,Recipient,Street,House number,Postal code,City,Country,Item,SKU,Quantity,Price,Item weight"
ROW = "1001,Femke de Vries,Kanaalweg,5,3526 KL,Utrecht,NL,Candle,CANDLE-1,2,8.95,0.35"
SECOND = "1001,,,,,,,Card,CARD-1,1,2.00,0.01"
OTHER = "1002,Sofie Müller,Hauptstraße,7,10115,Berlin,DE,Candle,CANDLE-1,1,8.95,0.35"
BAD = "1003,Nobody,Nowhere,1,1000,Nowhere,XX,Candle,CANDLE-1,none,8.95,0.35"


def a_file(*rows, header=HEADER, encoding="utf-8"):
    return "\n".join([header, *rows, ""]).encode(encoding)


def bring(person, content, name="orders.csv", **fields):
    fields = {"integration_id": "70", **fields}
    return person.post("/panel/inbox/import/", fields, files={"file": (name, content, "text/csv")})


def brought(person, content):
    """The path of a file that was brought."""
    answer = bring(person, content)
    assert answer.status_code == 303, text_of(answer)
    return answer.headers["location"]


def stored(caller, number):
    with caller.installation.database.read() as transaction:
        return find_by_order_number(transaction, 1, 70, number)


def mapped(person, path, **changes):
    """Sends the form about the columns as the page has filled it in, with some changes."""
    page = person.get(path).text
    fields = {
        name: re.search(rf'<select id="{name}".*?<option value="([^"]*)" selected', page, re.DOTALL)
        for name in ("encoding", "delimiter", "decimals", "weight_unit", "country", "integration_id")
    }
    values = {name: found[1] for name, found in fields.items() if found}
    columns = re.findall(r'<select id="column-\d+".*?</select>', page, re.DOTALL)
    chosen = [re.search(r'value="([^"]*)" selected', each) for each in columns]
    values |= {"currency": "EUR", "column": [each[1] if each else "" for each in chosen]}
    return person.post(path, {**values, **changes})


def test_a_file_of_two_orders_is_imported_in_three_steps(caller, packer):
    path = brought(packer, a_file(ROW, SECOND, OTHER))
    to_preview = mapped(packer, path)
    preview = text_of(packer.get(to_preview.headers["location"]))

    done = packer.post(f"{path}preview/")
    page = text_of(packer.get(done.headers["location"]))

    (order,) = stored(caller, "1001")
    assert "2 new orders" in preview
    assert "2 orders are new" in page
    assert [(item.name, item.sku, item.quantity, str(item.weight)) for item in order.items] == [
        ("Candle", "CANDLE-1", 2, "0.35 kg"),
        ("Card", "CARD-1", 1, "0.01 kg"),
    ]
    assert order.total.value == Decimal("19.90")
    assert order.shipping_address.name == "Femke de Vries"


def test_nothing_is_imported_before_somebody_says_so_and_a_reload_loses_nothing(caller, packer):
    path = brought(packer, a_file(ROW))
    mapped(packer, path)

    first, second = packer.get(f"{path}preview/"), packer.get(f"{path}preview/")

    assert text_of(first) == text_of(second)
    assert stored(caller, "1001") == []


def test_one_bad_row_keeps_all_from_being_imported_until_somebody_says_otherwise(caller, packer):
    path = brought(packer, a_file(ROW, BAD, OTHER))
    mapped(packer, path)

    refused = packer.post(f"{path}preview/")

    assert refused.status_code == 422
    assert "Nothing was imported" in text_of(refused)
    assert stored(caller, "1001") == stored(caller, "1002") == []


def test_the_good_rows_are_imported_and_the_others_are_told_by_row_and_column(caller, packer):
    path = brought(packer, a_file(ROW, BAD, OTHER))
    mapped(packer, path)
    preview = text_of(packer.get(f"{path}preview/"))

    packer.post(f"{path}preview/", {"good_rows": "on"})

    left_out = list(csv.DictReader(io.StringIO(packer.get(f"{path}left-out.csv").content.decode("utf-8-sig"))))
    assert "3 Country 'XX' is no country" in preview
    assert "3 Quantity 'none' is no whole number" in preview
    assert (len(stored(caller, "1001")), len(stored(caller, "1002")), stored(caller, "1003")) == (1, 1, [])
    assert "1 row was left out" in text_of(packer.get(f"{path}done/"))
    assert [row["Order number"] for row in left_out] == ["1003"]
    assert "is no country" in left_out[0]["reason"]


def test_all_rows_of_an_order_with_one_bad_row_are_left_out_together(caller, packer):
    path = brought(packer, a_file(ROW, "1001,,,,,,,Card,CARD-1,-1,2.00,0.01", OTHER))
    mapped(packer, path)

    packer.post(f"{path}preview/", {"good_rows": "on"})

    left_out = list(csv.DictReader(io.StringIO(packer.get(f"{path}left-out.csv").content.decode("utf-8-sig"))))
    assert stored(caller, "1001") == []
    assert [row["SKU"] for row in left_out] == ["CANDLE-1", "CARD-1"]
    assert left_out[0]["reason"] == "Another row of the same order cannot be imported."


def test_every_row_is_imported_or_left_out_and_none_twice(caller, packer):
    rows = [ROW, SECOND, BAD, OTHER, "", ",,,", "1004,A,B"]
    path = brought(packer, a_file(*rows))
    mapped(packer, path)

    packer.post(f"{path}preview/", {"good_rows": "on"})

    left_out = packer.get(f"{path}left-out.csv").text
    assert [number in left_out for number in ("1001", "1002", "1003", "1004")] == [False, False, True, True]


def test_an_order_that_is_there_is_told_as_one_that_will_be_updated(caller, packer):
    caller.store(an_order(order_id="1001", order_number="1001"))
    path = brought(packer, a_file(ROW, OTHER))
    mapped(packer, path)

    preview = text_of(packer.get(f"{path}preview/"))
    packer.post(f"{path}preview/")

    assert "1 new orders" in preview
    assert "1 orders are there already and will be updated" in preview
    assert len(stored(caller, "1001")) == 1


def test_the_same_import_twice_is_one(caller, packer):
    path = brought(packer, a_file(ROW))
    mapped(packer, path)

    packer.post(f"{path}preview/")
    again = packer.post(f"{path}preview/")

    assert again.headers["location"] == f"{path}done/"
    assert len(stored(caller, "1001")) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty"),
        (b"PK\x03\x04 workbook", "an Excel workbook"),
        (b"%PDF-1.7", "it is a PDF"),
        (b'{"a": 1}', "it is JSON"),
        (b"\x00\x01\x02 a,b\n", "bytes that are no text"),
        (b"a,b\n", "a header and no rows"),
        (b"one\ntwo\n", "one column only"),
        (b'a,b\n"1,2\n', "no CSV file"),
    ],
)
def test_what_is_no_table_is_refused_beside_the_field(packer, content, said):
    answer = bring(packer, content)

    assert answer.status_code == 422
    assert said in text_of(answer)


def test_a_file_that_is_too_large_is_refused(packer, monkeypatch):
    monkeypatch.setattr(import_reading, "MOST_BYTES", 100)

    answer = bring(packer, a_file(ROW, OTHER))

    assert (answer.status_code, "is larger than" in text_of(answer)) == (422, True)


def test_a_file_of_too_many_rows_is_refused(packer, monkeypatch):
    monkeypatch.setattr(import_reading, "MOST_ROWS", 1)

    answer = bring(packer, a_file(ROW, OTHER))

    assert (answer.status_code, "more than 1 rows" in text_of(answer)) == (422, True)


def test_windows_1252_is_said_and_chosen_by_a_person(caller, packer):
    path = brought(packer, a_file(OTHER, encoding="windows-1252"))
    page = text_of(packer.get(path))

    mapped(packer, path)
    packer.post(f"{path}preview/")

    (order,) = stored(caller, "1002")
    assert "This file is not in UTF-8" in page
    assert "Sofie Müller" in page
    assert order.shipping_address.name == "Sofie Müller"


def test_the_wrong_encoding_is_said_beside_the_field(packer):
    path = brought(packer, a_file(OTHER, encoding="windows-1252"))

    answer = mapped(packer, path, encoding="utf-8")

    assert answer.status_code == 422
    assert "line 2 has a byte that means nothing in it" in text_of(answer)


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8-sig"), ("\t", "utf-8"), ("|", "utf-16")])
def test_delimiters_and_marks_of_spreadsheets_are_recognised(caller, packer, delimiter, encoding):
    content = a_file(ROW.replace(",", delimiter), header=HEADER.replace(",", delimiter), encoding=encoding)
    path = brought(packer, content)

    mapped(packer, path)
    packer.post(f"{path}preview/")

    assert len(stored(caller, "1001")) == 1


def test_decimals_behind_a_comma_are_recognised_and_exact(caller, packer):
    german = (
        "Bestellnummer;Empfänger;Straße;Hausnummer;PLZ;Ort;Land;Artikel;Menge;Einzelpreis;Artikelgewicht;Bestelldatum"
    )
    row = "77;Sofie Müller;Hauptstraße;7;10115;Berlin;Deutschland;Kerze;2;1.234,50 €;0,5 kg;24.11.2026"
    path = brought(packer, a_file(row, header=german))

    mapped(packer, path)
    packer.post(f"{path}preview/")

    (order,) = stored(caller, "77")
    assert (str(order.items[0].weight), order.total.value) == ("0.5 kg", Decimal("2469.00"))
    assert order.shipping_address.country_code == "DE"
    assert order.document["order_details"]["order_created_at"].startswith("2026-11-24")


def test_a_number_with_the_other_sign_is_a_mistake_and_no_other_number(packer):
    path = brought(packer, a_file(ROW, OTHER.replace("8.95", '"8,95"')))

    mapped(packer, path, decimals=".")

    assert "3 Price '8,95' is no number" in text_of(packer.get(f"{path}preview/"))


def test_rows_of_one_order_that_differ_are_a_mistake(packer):
    path = brought(packer, a_file(ROW, SECOND.replace("1001,,", "1001,Somebody else,")))

    mapped(packer, path)

    assert "3 Recipient It differs from row 2 of the same order" in text_of(packer.get(f"{path}preview/"))


def test_columns_that_must_be_are_asked_for(packer):
    path = brought(packer, a_file("1,2", header="Foo,Bar"))

    answer = mapped(packer, path)

    assert answer.status_code == 422
    assert "No column is the order number" in text_of(answer)


def test_a_column_can_be_chosen_otherwise_than_guessed(caller, packer):
    path = brought(packer, a_file(ROW.replace(",", ";"), header="A;B;C;D;E;F;G;H;I;J;K;L"))
    keys = (
        "order_number name street house_number postal_code city country item_name sku quantity item_price item_weight"
    )

    answer = mapped(packer, path, column=keys.split())
    packer.post(f"{path}preview/")

    assert answer.headers["location"] == f"{path}preview/"
    assert len(stored(caller, "1001")) == 1


def test_formulas_in_cells_stay_texts(caller, packer):
    path = brought(packer, a_file(ROW, BAD.replace("Nobody", "=HYPERLINK(1)")))
    mapped(packer, path)

    answer = packer.get(f"{path}left-out.csv").text

    assert "'=HYPERLINK(1)" in answer


@pytest.mark.parametrize("part", ["", "preview/", "done/", "left-out.csv"])
def test_nobody_sees_the_files_of_others(caller, packer, installation, part):
    path = brought(packer, a_file(ROW))
    with installation.database.write() as transaction:
        add_account(transaction, Account(2, "Two"))

    answer = person(installation, "owner", account_id=2).get(f"{path}{part}")

    assert answer.status_code == 404


def test_who_only_looks_imports_nothing(viewer):
    assert bring(viewer, a_file(ROW)).status_code == 403


def test_a_file_can_be_removed(packer):
    path = brought(packer, a_file(ROW))

    packer.post(f"{path}remove/")

    assert packer.get(path).status_code == 404


def test_every_page_of_an_import_can_be_opened(packer):
    path = brought(packer, a_file(ROW, BAD))
    mapped(packer, path)
    packer.post(f"{path}preview/", {"good_rows": "on"})

    assert [packer.get(each).status_code for each in (imports.PATH, path, f"{path}done/")] == [200, 200, 200]


# Export


def test_what_is_on_screen_is_exported(caller, packer):
    german = {**an_order()["shipping_address"], "country_code": "DE", "name": "=cmd()"}
    caller.store(an_order(), an_order(order_id="b", order_number="B", shipping_address=german))

    answer = packer.get("/panel/inbox/orders.csv?country=DE&state=all")

    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["order_number"], row["name"], row["standing"], row["weight"]) == ("B", "'=cmd()", "open", "0.7 kg")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"


def test_an_export_has_every_page(caller, packer, monkeypatch):
    monkeypatch.setattr("kolli.panel.exports.AT_A_TIME", 2)
    caller.store(*(an_order(order_id=str(number), order_number=str(number)) for number in range(5)))

    answer = packer.get("/panel/inbox/orders.csv")

    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["order_number"] for row in rows] == ["4", "3", "2", "1", "0"]


def test_an_export_can_be_imported_again(caller, packer):
    caller.store(an_order())
    exported = packer.get("/panel/inbox/orders.csv").content

    path = brought(packer, exported)
    mapped(packer, path)
    preview = text_of(packer.get(f"{path}preview/"))

    assert "1 orders are there already and will be updated" in preview
    assert "cannot be imported" not in preview


def test_nobody_exports_what_others_have(caller, installation, packer):
    caller.store(an_order())
    with installation.database.write() as transaction:
        add_account(transaction, Account(2, "Two"))

    answer = person(installation, "owner", account_id=2).get("/panel/inbox/orders.csv?state=all")

    assert "ORDER-1" not in answer.text


def test_a_file_that_is_imported_twice_at_once_is_imported_once(caller, packer, monkeypatch):
    """Two tabs: the second one presses the button while the first one's import runs."""
    path = brought(packer, a_file(ROW))
    mapped(packer, path)
    sent = []

    def meanwhile(documents, context):
        done = import_orders(documents, context)
        sent.append(packer.post(f"{path}preview/"))
        return done

    monkeypatch.setattr("kolli.panel.imports.import_orders", meanwhile)
    packer.post(f"{path}preview/")

    assert [answer.headers["location"].partition("?")[0] for answer in sent] == [f"{path}preview/"]
    with caller.installation.database.read() as transaction:
        (upload,) = list_uploads(transaction, 1, 10)
    assert upload.result is not None
    assert (upload.result["added"], upload.result["updated"]) == (1, 0)


def test_a_file_of_far_too_many_columns_is_not_kept(caller, packer):
    content = f"{','.join(f'c{n}' for n in range(100_000))}\n1,2\n".encode()

    answer = bring(packer, content)

    assert answer.status_code == 422
    assert "100,000 columns; at most 200 are read" in text_of(answer)
    with caller.installation.database.read() as transaction:
        assert list_uploads(transaction, 1, 10) == []


def test_every_name_of_a_column_is_in_the_catalogue_of_texts():
    assert {each.label for each in FIELDS} == set(COLUMN_NAMES)
