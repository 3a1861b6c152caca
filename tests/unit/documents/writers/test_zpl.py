from typing import Any

import pytest

from kolli.documents.layouts.label import lay_out
from kolli.documents.render import A6, LABEL_4X6, render
from kolli.documents.writers import zpl_font, zpl_graphics
from kolli.documents.writers.grid import Grid
from kolli.documents.writers.zpl import escaped
from kolli.drawing import Drawing, Fill, Frame, Symbol, Text, mm, points
from tests.unit.documents import zpl_reader
from tests.unit.documents.labels import MAXICODE, a_full_label, a_label, an_address

ALLOWED = {
    "^XA",
    "^CI",
    "^PW",
    "^LL",
    "^LH",
    "^FO",
    "^FT",
    "^A0",
    "^FR",
    "^FH",
    "^FD",
    "^FS",
    "^GB",
    "^GF",
    "^BY",
    "^BC",
    "^BQ",
    "^XZ",
}
"""What the usual label needs. `^B2` is for carriers that want Interleaved 2 of 5."""


def zpl(*marks, fonts, dpi=203):
    return render([Drawing(A6.width, A6.height, marks)], "application/zpl", dpi, fonts)


def a_text(text, **changes):
    mark = {"x": mm(10), "baseline": mm(20), "size": points(10), "max_width": mm(60)}
    return Text(text, **(mark | changes))


@pytest.mark.parametrize(("dpi", "page"), [(203, "^PW840^LL1184"), (300, "^PW1240^LL1748"), (600, "^PW2480^LL3496")])
def test_a_page_says_its_size_in_dots(dpi, page, fonts):
    assert zpl(fonts=fonts, dpi=dpi) == f"^XA^CI28{page}^LH0,0\n^XZ\n".encode()


def test_every_page_is_a_format_of_its_own(fonts):
    page = lay_out(a_label(), A6, fonts)

    once, twice = (render([page] * count, "application/zpl", 203, fonts) for count in (1, 2))

    assert twice == once * 2


def test_text_is_drawn_by_the_printer_in_utf_8(fonts):
    assert b"\n^FT80,160^A0N,28,28^FH^FDM_C3_BCller^FS\n" in zpl(a_text("Müller"), fonts=fonts)


def test_white_text_is_reversed_out_of_its_ground(fonts):
    marks = Fill(0, 0, A6.width, mm(30)), a_text("TEST", white=True)

    assert zpl_reader.names(zpl(*marks, fonts=fonts))[5:-1] == [
        "^FO",
        "^GB",
        "^FS",
        "^FT",
        "^A0",
        "^FR",
        "^FH",
        "^FD",
        "^FS",
    ]


def test_rules_and_frames_are_boxes(fonts):
    job = zpl(Fill(mm(1), mm(2), mm(50), mm(1)), Frame(mm(1), mm(4), mm(50), mm(9), mm(1)), fonts=fonts)

    assert b"^FO8,16^GB400,8,8^FS\n^FO8,32^GB400,72,8^FS" in job


def test_a_barcode_is_a_command_of_the_printer_with_its_quiet_zone(fonts):
    symbol = Symbol("code128", "AB>5CD>12", 0, mm(10), A6.width, mm(20), 400, 250)

    assert b"^FO219,80^BY3^BCN,160,N,N,N,A^FH^FDAB>5CD>12^FS" in zpl(symbol, fonts=fonts)


def test_a_barcode_whose_bars_would_be_finer_as_a_command_is_a_picture(fonts):
    """As a command it would have two dots to a module, because the printer might choose other code sets."""
    symbol = Symbol("code128", "%01012GJ09980000020028101528", 0, mm(10), A6.width, mm(20), 500, 250)

    job = zpl(symbol, fonts=fonts)

    assert b"^BCN" not in job
    assert b"^GFA" in job


def test_a_qr_code_is_a_command_of_the_printer(fonts):
    symbol = Symbol("qr", "https://example.com/?a=1,2", mm(10), mm(10), mm(25), mm(25), 550, 250)

    assert b"^BQN,2,4^FH^FDMA,https://example.com/?a=1,2^FS" in zpl(symbol, fonts=fonts)


BOX: dict[str, Any] = {"x": 0, "y": mm(10), "width": A6.width, "height": mm(30), "max_module": 400, "min_module": 250}


def test_one_gs1_element_of_digits_is_a_command_that_begins_with_code_set_c_and_fnc1(fonts):
    symbol = Symbol("gs1_128", "(00)376123450000010039", **BOX)

    assert b"^BY3^BCN,240,N,N,N,N^FH^FD>;>800376123450000010039^FS" in zpl(symbol, fonts=fonts)


def test_interleaved_2_of_5_is_a_command_without_a_check_digit_of_the_printer(fonts):
    symbol = Symbol("itf", "50823007028005", **BOX)

    assert b"^BY3,3^B2N,240,N,N,N^FH^FD50823007028005^FS" in zpl(symbol, fonts=fonts)


@pytest.mark.parametrize(
    ("symbology", "text"),
    [
        ("gs1_128", "(403)276104350A"),
        ("gs1_128", "(403)276104350(37)12"),
        ("gs1_128", "(420)104351"),
        ("gs1_128", "(402)12345678901234560(37)12"),
        ("datamatrix", "^XA~JR_5E"),
        ("gs1_datamatrix", "(420)10435"),
        ("maxicode", MAXICODE),
    ],
)
def test_what_printers_would_not_all_encode_alike_is_a_picture_of_our_modules(symbology, text, fonts):
    symbol = Symbol(symbology, text, **BOX)

    job = zpl_reader.commands(zpl(symbol, fonts=fonts))

    assert [command.name for command in job[5:-1]] == ["^FO", "^GF", "^FS"]
    grid = Grid(203)
    placed, modules = grid.placed(symbol, grid.encoded(symbol).width), grid.encoded(symbol)
    top = zpl_reader.picture(job[6].parameters)[placed.module // 2]
    assert top[placed.module // 2 : placed.width : placed.module] == f"{modules.rows[0]:0{modules.width}b}"


@pytest.mark.parametrize("text", ["Γεώργιος Παπαδόπουλος", "Щерьо Железаров", "Şișli Ğ", "x̂", "Ệ"])
def test_a_line_that_font_0_may_lack_characters_for_is_a_picture(text, fonts):
    job = zpl_reader.commands(zpl(a_text(text), fonts=fonts))

    assert [command.name for command in job[5:-1]] == ["^FO", "^GF", "^FS"]
    assert any("1" in row for row in zpl_reader.picture(job[6].parameters))


def test_the_picture_of_a_line_is_where_the_text_would_be(fonts):
    """A Cyrillic Н has the shape and place of a Latin H, which the PNG writer draws."""
    job = zpl_reader.commands(zpl(a_text("Н"), fonts=fonts, dpi=300))
    x, y = map(int, job[5].parameters.split(","))
    rows = zpl_reader.picture(job[6].parameters)

    baseline = round(mm(20) * 300 / 25_400)
    assert y + len(rows) == baseline
    assert x - mm(10) * 300 // 25_400 == pytest.approx(4, abs=1)
    assert len(rows) == pytest.approx(points(10) * 0.714 * 300 / 25_400, abs=1)


@pytest.mark.parametrize(
    "char", [chr(code) for code in range(0x20, 0x250) if chr(code).isprintable()], ids=lambda char: f"U+{ord(char):04X}"
)
def test_no_line_is_wider_than_its_place_even_on_a_wide_printer(char, fonts):
    """Font 0 is a tenth wider here than it was measured."""
    job = zpl_reader.commands(zpl(a_text(char * 60, max_width=mm(40)), fonts=fonts))
    height_and_width = [command.parameters for command in job if command.name == "^A0"]

    taken = [60 * zpl_font.WIDTHS[char] * 11 // 10 * int(each.split(",")[2]) // 1000 for each in height_and_width]

    assert all(width <= 320 for width in taken)
    assert height_and_width or "^GF" in [command.name for command in job]


def test_a_label_uses_the_commands_of_the_template_only(fonts):
    job = render([lay_out(a_full_label(), A6, fonts)], "application/zpl", 203, fonts)

    assert set(zpl_reader.names(job)) == ALLOWED
    assert b"~" not in job


def test_what_is_printed_is_what_was_laid_out(fonts):
    drawing = lay_out(a_label(), LABEL_4X6, fonts)

    asked = [mark.text for mark in drawing.marks if isinstance(mark, Text | Symbol)]
    got = [text.removeprefix("MA,") for text in zpl_reader.texts(render([drawing], "application/zpl", 203, fonts))]

    assert got == asked


HOSTILE = [
    "^XA^FDx^FS^XZ",
    "~JR",
    "^FS^JUF",
    "_5EXA",
    "_",
    "__",
    "\\&",
    "\\(x)",
    "a_7EJRb",
    "^FH^FD_5E",
    "><>;>8",
    "^CC!",
    "^DFR:X.ZPL",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_cannot_become_a_command(text, fonts):
    harmless = render([lay_out(a_label(order_number="x"), A6, fonts)], "application/zpl", 203, fonts)

    job = render([lay_out(a_label(order_number=text), A6, fonts)], "application/zpl", 203, fonts)

    assert zpl_reader.names(job) == zpl_reader.names(harmless)
    assert text in zpl_reader.texts(job)


@pytest.mark.parametrize(
    "char", [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))], ids=lambda char: f"{ord(char):02X}"
)
def test_control_characters_print_as_space(char):
    """Firmware takes 0x1E and 0x10 for the two prefixes (Zebra, ZPL II Programming Guide)."""
    assert escaped(f"a{char}b") == "a b"


@pytest.mark.parametrize(
    ("rows", "width"),
    [
        ([0b1], 1),
        ([0, 0, 0xFFFF, 0xFFFF, 0x00FF], 16),
        ([(1 << 9000) - 1, 1 << 8999, 0], 9000),
        ([int("0101101" * 30, 2) << 700 | 1, 0x123456789ABCDEF], 910),
    ],
)
def test_a_shortened_picture_is_the_same_picture(rows, width):
    padding = -width % 8

    got = zpl_reader.picture(zpl_graphics.field(rows, width).removeprefix("^GF"))

    assert got == [f"{row << padding:0{width + padding}b}" for row in rows]


def test_a_logo_is_encoded_once_and_small(fonts):
    job = render([lay_out(a_full_label(recipient=an_address()), A6, fonts)], "application/zpl", 203, fonts)

    assert zpl_reader.names(job).count("^GF") == 1
    assert len(job) < 16_000
