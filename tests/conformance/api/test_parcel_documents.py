"""Parcel documents does what its published description says, and what was decided where it says nothing."""

import io
import re

import pikepdf
import pytest
import yaml
from jsonschema import Draft202012Validator
from PIL import Image
from sqlalchemy import func, select

from kolli.carriers.sandbox import Fault
from kolli.schema import parcels
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


def test_the_documented_refusals_are_ours(caller, parcel, description):
    responses = description["paths"]["/parcels/{id}/documents/{type}"]["get"]["responses"]
    documented = {
        status: next(iter(responses[status]["content"]["application/json"]["examples"].values()))["value"]["errors"][0]
        for status in ("400", "404")
    }
    ours = {"400": ask_for(caller, parcel, "nonsense"), "404": ask_for(caller, 1)}

    assert {
        status: {name: answer.json()["errors"][0][name] for name in documented[status]}
        for status, answer in ours.items()
    } == documented


def test_refusals_keep_to_the_schema(caller, description):
    validator = Draft202012Validator({"$ref": "#/components/schemas/errors", "components": description["components"]})

    assert list(validator.iter_errors(ask_for(caller, 1).json())) == []


def test_the_label_of_a_cancelled_parcel_is_not_given_out(installation):
    caller = a_caller(installation)
    caller.store(an_order())
    label = caller.ship().json()["data"][0]
    caller.client.post(f"/api/v3/shipments/{label['shipment_id']}/cancel")

    answer = ask_for(caller, label["parcel_id"])

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["detail"] == "No Parcel matches the given query."
