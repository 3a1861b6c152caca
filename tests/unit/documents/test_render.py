import pytest

from kolli.documents.layouts.label import lay_out
from kolli.documents.render import A4, A5, A6, LABEL_4X6, on_sheet, render
from kolli.documents.writers import WRITERS
from kolli.drawing import Drawing, Image, mm
from kolli.errors import DoesNotFit, Invalid, InvalidChoice
from tests.unit.documents.labels import a_full_label, a_label


@pytest.mark.parametrize("mime_type", WRITERS)
@pytest.mark.parametrize("paper", [A6, LABEL_4X6, A5, A4], ids=lambda paper: paper.name)
def test_every_writer_writes_every_paper(mime_type, paper, fonts):
    writer = WRITERS[mime_type]
    magic = {"pdf": b"%PDF-1.7", "png": b"\x89PNG", "zpl": b"^XA^CI28"}

    file = render([lay_out(a_full_label(), paper, fonts)], mime_type, writer.default_dpi, fonts)

    assert file.startswith(magic[writer.extension])
    assert writer.sentence.endswith(".")


def test_a_format_there_is_not_is_refused_with_those_there_are(fonts):
    with pytest.raises(InvalidChoice, match="application/pdf, image/png, application/zpl") as caught:
        render([lay_out(a_label(), A6, fonts)], "image/gif", 300, fonts)

    assert caught.value.field == "mime_type"


@pytest.mark.parametrize(("mime_type", "dpi"), [("image/png", 72), ("image/png", 1200), ("application/zpl", 150)])
def test_a_resolution_a_format_is_not_written_at_is_refused(mime_type, dpi, fonts):
    with pytest.raises(InvalidChoice, match=str(dpi)) as caught:
        render([lay_out(a_label(), A6, fonts)], mime_type, dpi, fonts)

    assert caught.value.field == "dpi"


@pytest.mark.parametrize("mime_type", WRITERS)
def test_no_page_is_no_file(mime_type, fonts):
    with pytest.raises(Invalid):
        render([], mime_type, WRITERS[mime_type].default_dpi, fonts)


def test_a_barcode_too_fine_for_the_resolution_is_refused_and_not_drawn_badly(fonts):
    """At 150 dpi a module of one pixel is 0.17 mm, and the next finer one would be none at all."""
    page = lay_out(a_label(tracking_number="ABCDEFGHIJKLMNOPQRSTUVWXYZ"), A6, fonts)

    with pytest.raises(DoesNotFit, match="higher resolution") as caught:
        render([page], "image/png", 150, fonts)

    assert caught.value.field == "tracking_number"
    assert render([page], "image/png", 300, fonts)


@pytest.mark.parametrize("mime_type", ["application/pdf", "application/zpl"])
def test_a_sheet_is_a_page_like_any_other(mime_type, fonts):
    sheet = on_sheet(lay_out(a_label(), A6, fonts), A4, 2)

    assert render([sheet, sheet], mime_type, WRITERS[mime_type].default_dpi, fonts)


@pytest.mark.parametrize("mime_type", WRITERS)
def test_a_logo_that_is_no_picture_is_refused(mime_type, fonts):
    page = Drawing(mm(10), mm(10), (Image(b"GIF89a", 0, 0, mm(9), mm(9), field="logo"),))

    with pytest.raises(Invalid, match="Upload it again") as caught:
        render([page], mime_type, WRITERS[mime_type].default_dpi, fonts)

    assert caught.value.field == "logo"
