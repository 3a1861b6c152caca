from pathlib import Path

import pytest

from kolli.documents.fonts import Fonts
from kolli.errors import NotDrawable, SetupError


def test_latin_greek_and_cyrillic_come_with_kolli(fonts):
    text = "Łódź Ørsted Șofron ẞ Ελλάδα Щерьо Їжак €12"

    assert fonts.printable(text, "recipient.name") == text


@pytest.mark.parametrize(
    ("char", "says"),
    [
        ("\n", "control character"),
        ("\u202e", "invisible formatting character"),
        ("\u200b", "invisible formatting character"),
        ("\ud83d", "surrogate"),
        ("\ue000", "private-use"),
        ("\u0378", "not a character that Unicode has assigned"),
        ("🙂", "emoji"),
        ("ש", "right to left"),
        ("م", "right to left"),
        ("京", "configure a CJK font"),
        ("한", "configure a CJK font"),
        ("ก", "no installed font"),
        ("अ", "no installed font"),
        ("\ufffd", "enter the text again"),
    ],
)
def test_what_cannot_be_drawn_is_named_with_its_field(fonts, char, says):
    with pytest.raises(NotDrawable, match=says) as caught:
        fonts.printable(f"Main Street {char}", "sender.address_line_1")

    assert (caught.value.field, caught.value.details["character"]) == ("sender.address_line_1", f"U+{ord(char):04X}")


@pytest.mark.parametrize(
    ("text", "says", "character"),
    [
        ("a" + "\u0301\u0302\u0303" * 40, "one combining mark too many", "U+0301"),
        ("x\u0323\u0302\u0303", "one combining mark too many", "U+0303"),
        ("\u0301x", "none before it", "U+0301"),
        (" \u0323", "none before it", "U+0323"),
        ("x \u0301", "none before it", "U+0301"),
        ("\u034f", "cannot be seen", "U+034F"),
        ("x\u034fy", "cannot be seen", "U+034F"),
        ("\u3164", "cannot be seen", "U+3164"),
        ("x\u200by", "invisible", "U+200B"),
        ("x\ufe0e", "emoji", "U+FE0E"),
    ],
)
def test_marks_without_a_letter_towers_of_marks_and_what_cannot_be_seen_are_refused(fonts, text, says, character):
    with pytest.raises(NotDrawable, match=says) as caught:
        fonts.printable(text, "sender.name")

    assert (caught.value.field, caught.value.details["character"]) == ("sender.name", character)


def test_a_letter_may_have_two_marks_that_unicode_has_not_composed(fonts):
    text = "x\u0323\u0302 g\u0323\u0308"

    assert fonts.printable(text, "name") == text


def test_a_text_too_long_for_any_label_is_not_kept(fonts):
    text = "w" * 201

    assert fonts.measured(text, False, "") is not fonts.measured(text, False, "")
    assert fonts.measured("w", False, "") is fonts.measured("w", False, "")


def test_the_black_of_a_text_is_measured_with_its_marks(fonts):
    plain, below, above = (fonts.shaped(text, False, "").ink for text in ("g", "g\u0323", "g\u0302\u0302"))

    assert below.down > plain.down
    assert above.up > plain.up


def test_chinese_japanese_and_korean_are_drawn_once_a_font_is_configured(cjk_fonts):
    text = "東京都 타워 港区 ﾀﾜｰ 〒105"

    assert cjk_fonts.printable(text, "recipient.city") == text


def test_an_emoji_stays_refused_whatever_font_is_configured(cjk_fonts):
    with pytest.raises(NotDrawable, match="emoji"):
        cjk_fonts.printable("東京 🗼", "recipient.city")


def test_the_glyphs_of_a_text_stand_for_exactly_that_text(fonts):
    text = "Office fjord ffi Żółć x̂ Ąǵ̃ Íj́"

    shaped = fonts.shaped(fonts.printable(text, "name"), False, "")

    assert "".join(glyph.text for glyph in shaped.glyphs) == text


def test_a_mixed_line_is_drawn_with_two_faces_one_behind_the_other(cjk_fonts):
    shaped = cjk_fonts.shaped("Tower 東京", True, "ja")

    assert [glyph.face for glyph in shaped.glyphs] == [1] * 6 + [3] * 2
    assert [glyph.x for glyph in shaped.glyphs] == sorted(glyph.x for glyph in shaped.glyphs)
    assert shaped.advance == shaped.glyphs[-1].x + 1000


def test_a_country_reads_its_own_shape_of_a_chinese_character(cjk_fonts):
    """Unicode gives U+9AA8 one code; Japan and mainland China write it differently."""
    japanese = cjk_fonts.shaped("骨", False, "ja").glyphs[0].gid
    chinese = cjk_fonts.shaped("骨", False, "zh-Hans").glyphs[0].gid

    assert japanese != chinese


def test_width_grows_with_size_and_is_rounded_up(fonts):
    advance = fonts.shaped("Kolli", False, "").advance

    assert fonts.width("Kolli", 1000) == advance
    assert fonts.width("Kolli", 1) == -(-advance // 1000)


def test_the_pen_is_known_before_every_character_also_inside_a_cluster(fonts):
    text = "ax̂b"

    pens = fonts.shaped(text, False, "").pen_before(len(text))

    assert pens == sorted(pens)
    assert (pens[0], pens[-1]) == (0, fonts.shaped(text, False, "").advance)


def test_a_glyph_becomes_pixels(fonts):
    """A full stop is a small square that stands on the baseline."""
    dot = fonts.shaped(".", True, "").glyphs[0]

    bitmap = fonts.bitmap(dot.face, dot.gid, 32 * 64, 64)

    assert bitmap.bottom in {-1, 0}
    assert bitmap.width == pytest.approx(bitmap.height, abs=2)
    assert bitmap.bits.bit_count() > bitmap.width * bitmap.height // 2


def test_a_font_that_is_missing_is_a_matter_of_setup():
    with pytest.raises(SetupError, match=r"/nowhere/font\.ttc"):
        Fonts(Path("/nowhere/font.ttc"))


def test_a_file_that_is_no_font_is_a_matter_of_setup():
    with pytest.raises(SetupError, match=r"test_fonts\.py"):
        Fonts(Path(__file__))
