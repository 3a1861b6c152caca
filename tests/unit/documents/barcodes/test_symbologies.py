import pytest
import zint
import zxingcpp
from PIL import Image

from kolli.documents.barcodes import SYMBOLOGIES, encoder, maxicode
from kolli.errors import DoesNotFit, NotDrawable

GS, RS, EOT = "\x1d", "\x1e", "\x04"


def a_message(postcode="841706672", country="840", rest=f"1Z00004951{GS}UPSN{GS}06X610{GS}159{RS}{EOT}"):
    """A transport message of UPS, as the manual of the encoder has it."""
    return f"[)>{RS}01{GS}96{postcode}{GS}{country}{GS}001{GS}{rest}"


def picture(symbology, text):
    """The modules as pixels, three to a module, inside the quiet zone; a MaxiCode as a printer of 203 dpi has it."""
    modules = symbology.pixels(text, 2032) if symbology.pixels else symbology.encode(text)
    rows = modules.rows * (40 if symbology.is_linear else 1)
    image = Image.new("1", (modules.width, len(rows)), 1)
    image.putdata([not int(bit) for row in rows for bit in f"{row:0{modules.width}b}"])
    quiet = symbology.quiet_zone
    framed = Image.new("1", (modules.width + 2 * quiet, len(rows) + 2 * quiet), 1)
    framed.paste(image, (quiet, quiet))
    return framed.resize((framed.width * 3, framed.height * 3), Image.Resampling.NEAREST).convert("L")


TEXTS = ["3STEST0123456789", "0", "JJD000390007890123456", "AB>5CD>12", " a b ", "H&M/100%+(x)", "~^_\\"]

READ = {
    "code128": TEXTS,
    "qr": TEXTS,
    "datamatrix": [*TEXTS, "ADE 550DE   550NL1234567890 XHAX4HDA", "0" * 300, "aZ~" * 100],
    # The SSCCs of the zint manual; 403 has letters and may have any length, so that FNC1 stands behind it.
    "gs1_128": [
        "(00)376123450000010039",
        "(00)123456789012345675",
        "(403)826SW1A1AA+67000000",
        "(403)276104350(00)376123450000010039",
    ],
    "gs1_datamatrix": [
        "(00)376123450000010039",
        "(00)376123450000010039(420)1234AB",
        "(403)276104350(401)1234A1(37)12",
    ],
    # An Identcode and Leitcodes of Deutsche Post with their check digits.
    "itf": ["563102430313", "396013134140", "50823007028005", "12345678901236", "000000"],
    "maxicode": [
        a_message(),
        a_message("1", "276"),
        a_message("010670000", "276"),
        a_message("1234AB", "528"),
        a_message("B1    ", "826", ""),
        a_message("110001", "356"),
    ],
}

REFUSED = {
    "code128": ["", "Straße", "a\nb", "\x1e"],
    "qr": ["", "Straße", "a\nb", "\x1e"],
    "datamatrix": ["", "Straße", "a\nb", "\x1e"],
    "gs1_128": [
        "",
        "376123450000010039",
        "(00)376123450000010038",
        "(00)37612345000001003",
        "(00)",
        "(9999)1",
        "(420)10(435",
        "(420)1043é",
        "(401)a b",
        "x(420)10435",
        "[00]376123450000010039",
    ],
    "gs1_datamatrix": ["", "(00)376123450000010038", "(402)1", "420 10435"],
    "itf": ["", "1234567", "1234", "12345A", "١٢٣٤٥٦", "-12345"],
    "maxicode": [
        "",
        "1Z00004951",
        a_message("8417066721"),
        a_message("B1"),
        a_message("sw1a1a"),
        a_message(country="84"),
        a_message(rest="Straße"),
        a_message().replace(GS, "|"),
    ],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in READ.items() for text in texts])
def test_a_symbol_is_read_as_what_was_put_in(name, text):
    SYMBOLOGIES[name].check(text, "tracking_number")

    (code,) = zxingcpp.read_barcodes(picture(SYMBOLOGIES[name], text))

    assert (code.bytes.decode() if name == "maxicode" else code.text) == text


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("code128", "]C0"),
        ("gs1_128", "]C1"),
        ("itf", "]I0"),
        ("qr", "]Q1"),
        ("datamatrix", "]d1"),
        ("gs1_datamatrix", "]d2"),
        ("maxicode", "]U1"),
    ],
)
def test_a_scanner_announces_what_kind_of_symbol_it_is(name, identifier):
    """ISO/IEC 15424:2008: a carrier's machine tells an SSCC from a tracking number by this."""
    (code,) = zxingcpp.read_barcodes(picture(SYMBOLOGIES[name], READ[name][0]))

    assert code.symbology_identifier == identifier


def test_parentheses_are_not_in_the_bars_and_what_may_be_longer_ends_with_a_separator():
    (code,) = zxingcpp.read_barcodes(picture(SYMBOLOGIES["gs1_128"], "(403)276104350(00)376123450000010039"))

    assert code.bytes == b"403276104350\x1d00376123450000010039"


@pytest.mark.parametrize(("postcode", "country", "mode"), [("841706672", "840", 2), ("110001", "356", 3)])
def test_only_the_postcodes_of_the_usa_are_of_the_mode_for_digits(postcode, country, mode):
    assert maxicode.encode(a_message(postcode, country, "A")) == encoder.encoded(
        zint.Symbology.MAXICODE, f"[)>{RS}01{GS}96A", option_1=mode, primary=f"{postcode}{country}001"
    )


@pytest.mark.parametrize("dpi", [150, 203, 300, 600])
@pytest.mark.parametrize("text", READ["maxicode"])
def test_hexagons_are_read_at_every_resolution(text, dpi):
    pixels = maxicode.pixels(text, {203: 2032}.get(dpi, dpi * 10))
    image = Image.new("1", (pixels.width, pixels.width), 1)
    image.putdata([not int(bit) for row in pixels.rows for bit in f"{row:0{pixels.width}b}"])

    (code,) = zxingcpp.read_barcodes(image.convert("L"))

    assert code.bytes.decode() == text


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in READ.items() for text in texts])
def test_no_symbol_is_wider_than_was_said(name, text):
    assert SYMBOLOGIES[name].encode(text).width <= SYMBOLOGIES[name].width(text)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in REFUSED.items() for text in texts])
def test_what_scanners_would_not_agree_on_is_refused(name, text, capfd):
    with pytest.raises(NotDrawable) as caught:
        SYMBOLOGIES[name].check(text, "tracking_number")

    assert caught.value.field == "tracking_number"
    assert capfd.readouterr() == ("", "")  # the encoder would print its own warnings


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("code128", "A" * 81),
        ("gs1_128", "(401)" + "A" * 80),
        ("itf", "1" * 82),
        ("datamatrix", "A" * 301),
        ("gs1_datamatrix", "(401)" + "A" * 300),
        ("maxicode", a_message(rest="A" * 300)),
        ("maxicode", a_message(rest="A" * 85)),
    ],
)
def test_what_no_label_has_room_for_is_refused(name, text):
    with pytest.raises(DoesNotFit) as caught:
        SYMBOLOGIES[name].check(text, "tracking_number")

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


def test_every_symbology_is_tried_here():
    assert set(READ) == set(REFUSED) == set(SYMBOLOGIES)


@pytest.mark.parametrize("name", SYMBOLOGIES)
def test_every_symbology_says_what_it_is_in_a_sentence(name):
    assert SYMBOLOGIES[name].sentence.endswith(".")
