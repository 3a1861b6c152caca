import pytest
import zxingcpp
from PIL import Image

from kolli.documents.barcodes import SYMBOLOGIES
from kolli.errors import DoesNotFit, NotDrawable


def picture(symbology, text):
    """The modules as pixels, three to a module, inside the quiet zone."""
    modules = symbology.encode(text)
    rows = modules.rows * (40 if symbology.is_linear else 1)
    image = Image.new("1", (modules.width, len(rows)), 1)
    image.putdata([not int(bit) for row in rows for bit in f"{row:0{modules.width}b}"])
    quiet = symbology.quiet_zone
    framed = Image.new("1", (modules.width + 2 * quiet, len(rows) + 2 * quiet), 1)
    framed.paste(image, (quiet, quiet))
    return framed.resize((framed.width * 3, framed.height * 3), Image.Resampling.NEAREST).convert("L")


TEXTS = ["3STEST0123456789", "0", "JJD000390007890123456", "AB>5CD>12", " a b ", "H&M/100%+(x)", "~^_\\"]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", SYMBOLOGIES)
def test_a_symbol_is_read_as_what_was_put_in(name, text):
    (code,) = zxingcpp.read_barcodes(picture(SYMBOLOGIES[name], text))

    assert code.text == text


@pytest.mark.parametrize("text", [*TEXTS, "A1b2" * 20])
def test_no_symbol_is_wider_than_was_said(text):
    assert all(symbology.encode(text).width <= symbology.width(text) for symbology in SYMBOLOGIES.values())


@pytest.mark.parametrize("text", ["", "Straße", "a\nb", "\x1e"])
@pytest.mark.parametrize("name", SYMBOLOGIES)
def test_what_scanners_would_not_agree_on_is_refused(name, text):
    with pytest.raises(NotDrawable) as caught:
        SYMBOLOGIES[name].check(text, "tracking_number")

    assert caught.value.field == "tracking_number"


def test_a_number_no_label_is_wide_enough_for_is_refused():
    with pytest.raises(DoesNotFit) as caught:
        SYMBOLOGIES["code128"].check("A" * 81, "tracking_number")

    assert caught.value.field == "tracking_number"


def test_a_link_that_is_too_long_is_refused_with_the_limit():
    with pytest.raises(DoesNotFit, match="287") as caught:
        SYMBOLOGIES["qr"].check("h" * 288, "tracking_url")

    assert caught.value.field == "tracking_url"


@pytest.mark.parametrize("length", range(1, 288))
def test_a_qr_code_of_any_length_is_no_wider_than_was_said(length):
    """Lower-case letters need the byte mode, which is what the limits are counted in."""
    qr = SYMBOLOGIES["qr"]

    assert qr.encode("a" * length).width == qr.width("a" * length)


@pytest.mark.parametrize("name", SYMBOLOGIES)
def test_every_symbology_says_what_it_is_in_a_sentence(name):
    assert SYMBOLOGIES[name].sentence.endswith(".")
