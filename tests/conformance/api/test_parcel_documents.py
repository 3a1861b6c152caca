"""Parcel documents does what its published description says, and what was decided where it says nothing."""

import io
import re
from urllib.parse import quote

import pikepdf
import pypdfium2
import pytest
import yaml
import zxingcpp
from jsonschema import Draft202012Validator
from PIL import Image
from sqlalchemy import func, select

from kolli.carriers.sandbox import Fault
from kolli.schema import parcels
from kolli.shipments.queries import get_shipments_of_parcels
from tests.factories import a_caller, an_installation, an_order

PDF, PNG, ZPL = "application/pdf", "image/png", "application/zpl"
NO_PARCEL = "No Parcel matches the given query."


@pytest.fixture(scope="module")
def caller(tmp_path_factory):
    """Account 1 with one announced parcel. Nothing here changes anything, so all tests share it."""
    caller = a_caller(an_installation(tmp_path_factory.mktemp("documents")))
    caller.store(an_order())
    return caller


@pytest.fixture(scope="module")
def parcel(caller):
    return caller.ship().json()["data"][0]["parcel_id"]


@pytest.fixture(scope="module")
def description(vendor_descriptions):
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((vendor_descriptions / "parcel-documents.yaml").read_text("utf-8"), loader)


@pytest.fixture
def document(caller, parcel):
    """Asks for the label, with these query parameters and this `Accept` header."""

    def ask(accept=None, **query):
        headers = {"Accept": accept} if accept is not None else {}
        return caller.client.get(f"/api/v3/parcels/{parcel}/documents/label", params=query, headers=headers)

    return ask


def content_of(answer, media_type):
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type), answer.text
    return answer.content


def millimetres(pdf):
    """Width and height of the one page, in whole millimetres."""
    with pikepdf.open(io.BytesIO(pdf)) as file:
        (page,) = file.pages
        left, bottom, right, top = (float(edge) for edge in page.mediabox)
    return round((right - left) * 25.4 / 72), round((top - bottom) * 25.4 / 72)


def pixels(png):
    with Image.open(io.BytesIO(png)) as picture:
        return picture.size


def dots(zpl):
    """Width and height that a ZPL file tells the printer."""
    found = {name: int(number) for name, number in re.findall(rb"\^(PW|LL)(\d+)", zpl)}
    return found[b"PW"], found[b"LL"]


def problem_of(answer, status=400):
    """(code, detail, source) of the one error."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    (found,) = answer.json()["errors"]
    assert found["status"] == str(status)
    return found["code"], found["detail"], found.get("source")


# What a document is


@pytest.mark.parametrize(("media_type", "beginning"), [(PDF, b"%PDF-"), (PNG, b"\x89PNG\r\n\x1a\n"), (ZPL, b"^XA")])
def test_a_label_comes_as_what_it_says_it_is(document, media_type, beginning):
    assert content_of(document(mime_type=media_type), media_type).startswith(beginning)


def test_the_same_document_is_the_same_to_the_byte(document):
    assert document().content == document().content
    assert document(mime_type=PNG).content == document(mime_type=PNG, dpi=300).content
    assert document(mime_type=ZPL).content == document(mime_type=ZPL, dpi=203).content


@pytest.mark.parametrize(
    ("name", "size"), [("A6", (105, 148)), ("A5", (148, 210)), ("A4", (210, 297)), ("4x6", (102, 152))]
)
@pytest.mark.parametrize("spelling", [str, str.lower, str.upper])
def test_a_pdf_has_the_size_of_the_paper(document, name, size, spelling):
    assert millimetres(content_of(document(paper_size=spelling(name)), PDF)) == size


def test_without_a_paper_size_a_label_is_a6(document):
    assert millimetres(document().content) == (105, 148)


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ({}, (1240, 1748)),
        ({"dpi": 300}, (1240, 1748)),
        ({"dpi": 150}, (620, 874)),
        ({"paper_size": "a5"}, (1748, 2480)),
        ({"paper_size": "A4"}, (2480, 3508)),
        ({"paper_size": "A4", "dpi": 150}, (1240, 1754)),
        ({"paper_size": "4x6"}, (1200, 1800)),
        ({"paper_size": "4x6", "dpi": 150}, (600, 900)),
    ],
    ids=str,
)
def test_a_png_has_the_pixels_of_the_paper_at_its_resolution(document, query, size):
    assert pixels(content_of(document(mime_type=PNG, **query), PNG)) == size


@pytest.mark.parametrize(
    ("query", "width"),
    [
        ({}, 105 / 25.4 * 203),
        ({"dpi": 72}, 105 / 25.4 * 203),
        ({"dpi": 150}, 105 / 25.4 * 203),
        ({"dpi": 203}, 105 / 25.4 * 203),
        ({"dpi": 300}, 105 / 25.4 * 300),
        ({"dpi": 600}, 105 / 25.4 * 600),
        ({"paper_size": "4x6"}, 4 * 203),
    ],
    ids=str,
)
def test_zpl_is_drawn_for_the_resolution_of_a_printer(document, query, width):
    assert dots(content_of(document(mime_type=ZPL, **query), ZPL))[0] == pytest.approx(width, abs=8)


# What is asked for


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, PDF),
        ("", PDF),
        ("*/*", PDF),
        (PDF, PDF),
        (PNG, PNG),
        (ZPL, ZPL),
        ("APPLICATION/ZPL", ZPL),
        ("application/zpl; charset=utf-8", ZPL),
        ("text/html, image/png", PNG),
        ("image/png, application/zpl", PNG),
        ("image/png;q=0.5, application/zpl", ZPL),
        ("image/png;q=0.5,application/zpl;q=0.6,application/pdf;q=0.1", ZPL),
        ("image/png ; q=0.9 , application/pdf ; q=0.8", PNG),
        ("image/png;q=0", PDF),
        ("image/png;q=0, application/zpl;q=0.1", ZPL),
        ("image/png;q=nonsense, application/zpl;q=0.1", ZPL),
        ("application/pdf, application/json", PDF),
        ("application/json, text/plain, */*", PDF),
        ("application/json, image/png", PNG),
        ("application/zpl;charset=utf-8", ZPL),
        ("application/zpl;charset=utf-8;q=0.3, image/png;q=0.2", ZPL),
        ("application/octet-stream", PDF),
        ("application/octet-stream, application/zpl", ZPL),
        ("application/*", PDF),
        ("image/*", PNG),
        ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", PNG),
        ("*/*, image/png", PNG),
        ("*/*;q=0.8, image/png;q=0.5", PDF),
        ("application/pdf;q=0, */*", PNG),
        ("application/zpl;q=1.000, application/pdf;q=0.999", ZPL),
        ("*/*;q=0", PDF),
        ("application/json", PDF),
        ("image/jpeg", PDF),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8", PDF),
        (",;,;q=", PDF),
    ],
)
def test_the_accept_header_chooses_the_format(document, accept, media_type):
    assert document(accept=accept).headers["content-type"] == media_type


def test_a_query_parameter_chooses_before_the_header(document):
    assert document(accept=PNG, mime_type=ZPL).headers["content-type"] == ZPL


@pytest.mark.parametrize("media_type", [PDF, PNG, ZPL])
def test_the_header_and_the_parameter_give_the_same_document(document, media_type):
    assert document(accept=media_type).content == document(mime_type=media_type).content


PAIRS = {PDF: (72,), PNG: (150, 300), ZPL: (72, 150, 203, 300, 600)}


@pytest.mark.parametrize("dpi", [72, 150, 203, 300, 600])
@pytest.mark.parametrize("media_type", PAIRS)
def test_every_documented_resolution_is_served_or_refused_as_documented(document, media_type, dpi):
    answer = document(mime_type=media_type, dpi=dpi)

    assert (answer.status_code == 200) == (dpi in PAIRS[media_type])
    assert answer.headers["content-type"] == (media_type if dpi in PAIRS[media_type] else "application/json")


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ({"mime_type": PDF, "dpi": 300}, "application/pdf is not available at 300 dpi. Valid values: 72."),
        ({"mime_type": PNG, "dpi": 72}, "image/png is not available at 72 dpi. Valid values: 150 or 300."),
        ({"dpi": 0}, "application/pdf is not available at 0 dpi. Valid values: 72."),
        ({"dpi": ""}, "Input should be a valid integer, not ''"),
        ({"dpi": "72.0"}, "Input should be a valid integer, not '72.0'"),
        ({"dpi": "-72"}, "Input should be a valid integer, not '-72'"),
        ({"dpi": "٧٢"}, "Input should be a valid integer, not '٧٢'"),
        ({"dpi": "9" * 20}, f"Input should be a valid integer, not '{'9' * 20}'"),
    ],
    ids=str,
)
def test_a_wrong_resolution_is_named(document, query, detail):
    assert problem_of(document(**query)) == ("invalid", detail, {"parameter": "dpi"})


@pytest.mark.parametrize("paper", ["A3", "letter", "", "A6 "])
def test_a_paper_that_is_not_there_is_named(document, paper):
    detail = f'There is no paper "{paper}". Choose one of A6, A5, A4, 4x6.'

    assert problem_of(document(paper_size=paper)) == ("invalid", detail, {"parameter": "paper_size"})


def test_a_format_that_is_not_there_is_named(document):
    detail = "Input should be application/pdf, image/png, application/zpl, not 'image/jpeg'"

    assert problem_of(document(mime_type="image/jpeg")) == ("invalid", detail, {"parameter": "mime_type"})


@pytest.mark.parametrize("start_from", ["4", "-1", "", "1.0", "one", "00", "١"])
def test_a_place_that_is_not_there_is_named(document, start_from):
    detail = f"Input should be 0, 1, 2 or 3, not {start_from!r}"

    assert problem_of(document(start_from=start_from)) == ("invalid", detail, {"parameter": "start_from"})


@pytest.mark.parametrize("query", [{}, {"paper_size": "A5"}, {"paper_size": "4x6"}, {"mime_type": ZPL}], ids=str)
def test_where_there_is_one_place_it_makes_no_difference_which_is_asked_for(document, query):
    assert content_of(document(start_from=3, **query), query.get("mime_type", PDF)) == document(**query).content


@pytest.mark.parametrize(
    ("start_from", "corner"), [(None, (0, 0)), (0, (0, 0)), (1, (1, 0)), (2, (0, 1)), (3, (1, 1))], ids=str
)
def test_a_label_stands_in_the_quarter_of_the_sheet_that_is_asked_for(document, start_from, corner):
    query = {} if start_from is None else {"start_from": start_from}

    with Image.open(io.BytesIO(document(mime_type=PNG, paper_size="A4", dpi=150, **query).content)) as picture:
        black = picture.convert("L").point(lambda level: 255 - level).getbbox()

    assert black is not None
    assert (black[0] // 620, black[1] // 874) == (black[2] // 620, black[3] // 874) == corner


@pytest.mark.parametrize("paper", ["A5", "a4"])
def test_zpl_is_for_one_label_whatever_the_paper(document, paper):
    assert document(mime_type=ZPL, paper_size=paper).content == document(mime_type=ZPL).content


# What is not there


def ask_for(caller, parcel, kind="label"):
    return caller.client.get(f"/api/v3/parcels/{parcel}/documents/{kind}")


@pytest.mark.parametrize("kind", ["Label", "labels", "cn23", "invoice", "%20"])
def test_a_type_that_is_not_documented_is_invalid(caller, parcel, kind):
    assert problem_of(ask_for(caller, parcel, kind)) == ("invalid", "Invalid document type.", None)


@pytest.mark.parametrize("kind", ["customs-declaration", "air-waybill", "proof-of-delivery"])
def test_a_document_that_the_parcel_does_not_have_is_not_found(caller, parcel, kind):
    assert problem_of(ask_for(caller, parcel, kind), 404) == ("not_found", NO_PARCEL, None)


@pytest.mark.parametrize("number", ["0", "1", "9223372036854775807", "9223372036854775808", "9" * 100])
def test_a_parcel_that_does_not_exist_is_not_found(caller, number):
    assert problem_of(ask_for(caller, number), 404) == ("not_found", NO_PARCEL, None)


@pytest.mark.parametrize("number", ["-1", "one", "1.0", "1e3", "9" * 5_000])
def test_what_is_no_number_leads_nowhere(caller, number):
    detail = "The page you have requested could not be found."

    assert problem_of(ask_for(caller, number), 404) == ("not_found", detail, None)


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.UNREACHABLE, Fault.SILENT_AFTER])
def test_a_parcel_that_is_not_announced_has_no_label(installation, fault):
    caller = a_caller(installation)
    caller.store(an_order())
    caller.sandbox.ledger.fail_next(fault)
    caller.ship()
    with installation.database.read() as transaction:
        parcel = transaction.execute(select(func.max(parcels.c.id))).scalar_one()

    assert problem_of(ask_for(caller, parcel), 404) == ("not_found", NO_PARCEL, None)


@pytest.mark.parametrize("path", ["/parcels/{id}/documents/{type}", "/parcel-documents/{type}"])
def test_the_documented_refusals_are_ours(caller, parcel, bulk, description, path):
    responses = description["paths"][path]["get"]["responses"]
    documented = {
        status: next(iter(responses[status]["content"]["application/json"]["examples"].values()))["value"]["errors"][0]
        for status in ("400", "404")
    }
    ours = {
        "/parcels/{id}/documents/{type}": {"400": ask_for(caller, parcel, "nonsense"), "404": ask_for(caller, 1)},
        "/parcel-documents/{type}": {"400": bulk("parcels=1", "nonsense"), "404": bulk("parcels=1")},
    }[path]

    assert {
        status: {name: answer.json()["errors"][0][name] for name in documented[status]}
        for status, answer in ours.items()
    } == documented


def test_refusals_keep_to_the_schema(caller, bulk, description):
    validator = Draft202012Validator({"$ref": "#/components/schemas/errors", "components": description["components"]})
    answers = [ask_for(caller, 1), bulk("parcels=1"), bulk(""), bulk("parcels=one"), bulk("parcels=1&start_from=9")]

    assert [list(validator.iter_errors(answer.json())) for answer in answers] == [[]] * len(answers)


def test_the_label_of_a_cancelled_parcel_is_not_given_out(installation):
    caller = a_caller(installation)
    caller.store(an_order())
    label = caller.ship().json()["data"][0]
    caller.client.post(f"/api/v3/shipments/{label['shipment_id']}/cancel")

    answer = ask_for(caller, label["parcel_id"])

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["detail"] == "No Parcel matches the given query."


# Several parcels at a time


@pytest.fixture(scope="module")
def parcels_of(caller):
    """Five announced parcels and their tracking numbers, by their ids, in the order of announcement."""
    numbers = [f"BULK-{number}" for number in range(5)]
    caller.store(*[an_order(order_id=number, order_number=number) for number in numbers])
    shipped = [caller.ship(order={"order_number": number}).json()["data"][0] for number in numbers]
    ids = [label["parcel_id"] for label in shipped]
    with caller.installation.database.read() as transaction:
        wanted = get_shipments_of_parcels(transaction, caller.context.account_id, ids)
    return {parcel.id: parcel.tracking_number for _, parcel in wanted}


@pytest.fixture
def bulk(caller):
    """Asks for the documents of several parcels, with a query string as clients write it."""

    def ask(query, kind="label", accept="*/*"):
        return caller.client.get(f"/api/v3/parcel-documents/{kind}?{query}", headers={"Accept": accept})

    return ask


def numbers_of(zpl):
    """The tracking numbers of a ZPL job, in the order in which they are printed."""
    return [number.decode() for number in re.findall(rb"\^BCN[^\n]*?\^FD([^^]*)\^FS", zpl)]


@pytest.mark.parametrize(
    ("first", "between"),
    [
        ("parcels=", "&parcels="),
        ("parcels[]=", "&parcels[]="),
        ("parcels%5B%5D=", "&parcels%5B%5D="),
        ("parcels=", ","),
        ("parcels=", "%2C%20"),
        ("parcels[]=", ","),
        ("parcels[0]=", "&parcels[1]="),
    ],
)
def test_a_list_may_be_written_as_the_libraries_of_clients_do(bulk, parcels_of, first, between):
    ids = list(parcels_of)[:3]

    answer = bulk(first + between.join(map(str, ids)), accept=ZPL)

    assert numbers_of(content_of(answer, ZPL)) == [parcels_of[number] for number in ids]


def test_forms_of_a_list_may_be_mixed(bulk, parcels_of):
    a, b, c, d, _ = parcels_of

    answer = bulk(f"parcels={d},{b}&parcels[]={c}&parcels={a}", accept=ZPL)

    assert numbers_of(content_of(answer, ZPL)) == [parcels_of[number] for number in (d, b, c, a)]


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 4, 0)])
def test_labels_come_in_the_order_asked_for(bulk, parcels_of, order):
    ids = [list(parcels_of)[place] for place in order]

    pdf = content_of(bulk(f"parcels={','.join(map(str, ids))}"), PDF)

    with pypdfium2.PdfDocument(pdf) as file:
        pages = [page.get_textpage().get_text_range().replace(" ", "") for page in file]
    assert len(pages) == len(ids)
    assert [parcels_of[number] in page for number, page in zip(ids, pages, strict=True)] == [True] * len(ids)


def test_a_parcel_that_is_named_twice_is_printed_once(bulk, parcels_of):
    """Two copies of one label are two parcels with one number as soon as somebody sticks both."""
    a, b, *_ = parcels_of

    assert numbers_of(bulk(f"parcels={b},{a},{b},{a}", accept=ZPL).content) == [parcels_of[b], parcels_of[a]]


def test_one_parcel_in_bulk_is_its_single_document(bulk, document, parcel):
    assert bulk(f"parcels={parcel}").content == document().content
    assert bulk(f"parcels={parcel}&mime_type={PNG}&dpi=150").content == document(mime_type=PNG, dpi=150).content


@pytest.mark.parametrize(("query", "pages"), [("", 5), ("&paper_size=a5", 5), ("&paper_size=4x6", 5)])
def test_without_sheets_every_label_has_a_page(bulk, parcels_of, query, pages):
    pdf = content_of(bulk(f"parcels={','.join(map(str, parcels_of))}{query}"), PDF)

    with pikepdf.open(io.BytesIO(pdf)) as file:
        assert len(file.pages) == pages


@pytest.mark.parametrize(("start_from", "sheets"), [(0, (4, 1)), (1, (3, 2)), (2, (2, 3)), (3, (1, 4))])
def test_on_a4_four_labels_share_a_sheet(bulk, parcels_of, start_from, sheets):
    query = f"parcels={','.join(map(str, parcels_of))}&paper_size=A4&start_from={start_from}"

    pdf = content_of(bulk(query), PDF)

    found = []
    with pypdfium2.PdfDocument(pdf) as file:
        for page in file:
            codes = zxingcpp.read_barcodes(page.render(scale=150 / 72, grayscale=True).to_pil())
            found.append({code.text for code in codes if code.format.name == "Code128"})
    numbers = list(parcels_of.values())
    assert found == [set(numbers[: sheets[0]]), set(numbers[sheets[0] :])]


@pytest.mark.parametrize(
    ("query", "size"),
    [("", (1240, 5 * 1748)), ("&dpi=150", (620, 5 * 874)), ("&paper_size=A4&dpi=150&start_from=2", (1240, 2 * 1754))],
)
def test_the_pages_of_a_picture_stand_below_each_other(bulk, parcels_of, query, size):
    answer = bulk(f"parcels={','.join(map(str, parcels_of))}{query}", accept=PNG)

    assert pixels(content_of(answer, PNG)) == size


def test_a_picture_that_many_programs_could_not_open_is_refused(bulk, caller):
    numbers = [f"MANY-{number}" for number in range(19)]
    caller.store(*[an_order(order_id=number, order_number=number) for number in numbers])
    ids = [caller.ship(order={"order_number": number}).json()["data"][0]["parcel_id"] for number in numbers]
    query = f"parcels={','.join(map(str, ids))}"

    code, detail, source = problem_of(bulk(query, accept=PNG))

    assert (code, source) == ("invalid", {"parameter": "parcels"})
    assert detail.startswith("19 pages at 300 dpi would be a picture of 33,212 pixels in height")
    assert {bulk(query + more, accept=PNG).status_code for more in ("&dpi=150", "&paper_size=A4")} == {200}


def test_a_file_says_what_it_is(bulk, document, parcel):
    answers = (bulk(f"parcels={parcel}", accept=ZPL), document(accept=PNG))

    assert [answer.headers["content-disposition"] for answer in answers] == [
        'inline; filename="labels.zpl"',
        f'inline; filename="label-{parcel}.png"',
    ]


@pytest.mark.parametrize("kind", ["proof-of-delivery", "Label", "labels", "cn23", "%20"])
def test_a_type_that_is_not_documented_for_several_is_invalid(bulk, parcel, kind):
    assert problem_of(bulk(f"parcels={parcel}", kind)) == ("invalid", "Invalid document type.", None)


@pytest.mark.parametrize("kind", ["customs-declaration", "air-waybill"])
def test_documents_that_parcels_do_not_have_are_not_found(bulk, parcel, kind):
    assert problem_of(bulk(f"parcels={parcel}", kind), 404) == ("not_found", NO_PARCEL, None)


@pytest.mark.parametrize("query", ["", "parcels=", "parcels=,", "parcel=1", "ids=1", "parcels[x]=1"])
def test_no_parcels_are_a_mistake(bulk, query):
    detail = "This field is required. Name 1 to 20 parcels, as in parcels=1&parcels=2."

    assert problem_of(bulk(query)) == ("required", detail, {"parameter": "parcels"})


@pytest.mark.parametrize("between", [",", "&parcels="])
def test_more_than_twenty_parcels_are_too_many(bulk, between):
    query = "parcels=" + between.join(["1"] * 21)

    assert problem_of(bulk(query)) == (
        "invalid",
        "List should have at most 20 items, not 21",
        {"parameter": "parcels"},
    )


@pytest.mark.parametrize("text", ["one", "1.0", "-1", "1;2", "1 2", "[1", "٣", "9" * 101])
def test_a_parcel_that_is_no_number_is_named(bulk, parcel, text):
    answer = bulk(f"parcels={parcel},{quote(text)}")

    detail = f"Input should be a valid integer, not {text!r}"
    assert problem_of(answer) == ("invalid", detail, {"parameter": "parcels"})


@pytest.mark.parametrize("number", ["0", "1", "9223372036854775807", "9223372036854775808", "9" * 100])
def test_one_parcel_that_does_not_exist_and_there_is_no_file(bulk, parcel, number):
    assert problem_of(bulk(f"parcels={parcel},{number}"), 404) == ("not_found", NO_PARCEL, None)


def test_a_parcel_of_another_account_is_one_that_does_not_exist(caller, parcels_of):
    other = a_caller(caller.installation, account_id=2, integration_id=71)

    answer = other.client.get("/api/v3/parcel-documents/label", params={"parcels": list(parcels_of)})

    assert answer.content == other.client.get("/api/v3/parcel-documents/label", params={"parcels": 1}).content
    assert problem_of(answer, 404) == ("not_found", NO_PARCEL, None)


def test_one_cancelled_parcel_and_there_is_no_file(installation):
    caller = a_caller(installation)
    caller.store(an_order(), an_order(order_id="shop-2", order_number="ORDER-2"))
    kept = caller.ship().json()["data"][0]
    gone = caller.ship(order={"order_number": "ORDER-2"}).json()["data"][0]
    caller.client.post(f"/api/v3/shipments/{gone['shipment_id']}/cancel")

    answer = caller.client.get(f"/api/v3/parcel-documents/label?parcels={kept['parcel_id']},{gone['parcel_id']}")

    assert problem_of(answer, 404) == ("not_found", NO_PARCEL, None)


def test_one_parcel_that_is_not_announced_and_there_is_no_file(installation):
    caller = a_caller(installation)
    caller.store(an_order(), an_order(order_id="shop-2", order_number="ORDER-2"))
    kept = caller.ship().json()["data"][0]["parcel_id"]
    caller.sandbox.ledger.fail_next(Fault.REFUSE)
    caller.ship(order={"order_number": "ORDER-2"})
    with installation.database.read() as transaction:
        failed = transaction.execute(select(func.max(parcels.c.id))).scalar_one()

    answer = caller.client.get(f"/api/v3/parcel-documents/label?parcels={kept},{failed}")

    assert problem_of(answer, 404) == ("not_found", NO_PARCEL, None)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("dpi=300", "dpi"), ("paper_size=A3", "paper_size"), ("start_from=4", "start_from"), ("mime_type=x", "mime_type")],
)
def test_a_wrong_form_is_named_in_bulk_too(bulk, parcel, query, parameter):
    assert problem_of(bulk(f"parcels={parcel}&{query}"))[2] == {"parameter": parameter}


def test_nobody_gets_documents_without_credentials(caller, parcel):
    answer = caller.client.get(f"/api/v3/parcel-documents/label?parcels={parcel}", auth=("", ""))

    assert answer.status_code == 401
