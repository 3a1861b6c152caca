import pytest

from kolli.documents.layouts.fitting import SMALLEST, Paragraph, fit, pitch
from kolli.drawing import Area, mm, points
from kolli.errors import DoesNotFit

WIDTH, HEIGHT, LARGEST = mm(60), mm(20), points(12)


def fitted(fonts, *texts, width=WIDTH, height=HEIGHT, largest=LARGEST):
    return fit(
        tuple(Paragraph(text, f"notes.{index}") for index, text in enumerate(texts)), width, height, largest, fonts
    )


def limit_of(caught):
    return int(str(caught.value.details["limit"]))


def lines_of(result):
    return [text for text, _ in result.lines]


def test_text_that_fits_stays_large_and_whole(fonts):
    result = fitted(fonts, "Main Street 12")

    assert (result.size, lines_of(result)) == (points(12), ["Main Street 12"])


def test_text_that_is_too_wide_wraps_before_it_shrinks(fonts):
    result = fitted(fonts, "Przedsiębiorstwo Handlowe Żółw sp. z o.o.")

    assert (result.size, lines_of(result)) == (points(12), ["Przedsiębiorstwo Handlowe", "Żółw sp. z o.o."])


def test_text_that_has_no_room_to_wrap_shrinks(fonts):
    result = fitted(fonts, "Przedsiębiorstwo Handlowe Żółw sp. z o.o.", height=pitch(points(12)))

    assert SMALLEST < result.size < points(12)
    assert len(result.lines) == 1


def test_a_word_is_broken_only_when_the_smallest_size_did_not_help(fonts):
    result = fitted(fonts, "W" * 60, height=mm(60))

    assert lines_of(result) == ["W" * 15] * 4


def test_chinese_text_wraps_between_characters(cjk_fonts):
    result = fitted(cjk_fonts, "北京市朝阳区建国门外大街一号国贸大厦", height=mm(12))

    assert (result.size, "".join(lines_of(result))) == (points(12), "北京市朝阳区建国门外大街一号国贸大厦")
    assert len(result.lines) == 2


def test_an_accent_is_never_parted_from_its_letter(fonts):
    result = fitted(fonts, "x̂" * 60, height=mm(60))

    assert all(line.startswith("x") for line in lines_of(result))


def test_accents_taller_than_a_line_push_the_lines_apart(fonts):
    result = fitted(fonts, "Ho\u0302\u0302st\u0323\u0331")

    assert result.size == LARGEST
    assert result.height > pitch(LARGEST)


def test_accents_that_reach_out_of_a_low_place_are_refused(fonts):
    with pytest.raises(DoesNotFit, match="fewer accents") as caught:
        fitted(fonts, "H\u0302\u0302", height=pitch(SMALLEST))

    assert caught.value.field == "notes.0"


def test_a_mark_wider_than_its_letter_stays_within_the_width(fonts):
    (line,) = fitted(fonts, "i\u0489").placed(Area(0, 0, WIDTH, HEIGHT))

    assert line.x > 0
    assert line.max_width == WIDTH - 2 * line.x


def test_a_text_of_a_megabyte_is_refused_at_once(fonts):
    with pytest.raises(DoesNotFit, match="shorten it") as caught:
        fitted(fonts, "word " * 200_000)

    assert caught.value.field == "notes.0"
    assert len(str(caught.value)) < 400


def test_text_that_cannot_fit_is_refused_with_field_value_and_limit(fonts):
    text = "word " * 200 + "end"

    with pytest.raises(DoesNotFit, match="shorten it") as caught:
        fitted(fonts, "short", text, height=mm(10))

    assert caught.value.field == "notes.1"
    assert caught.value.details["value"] == text
    assert text[: limit_of(caught)] != text


def test_text_shortened_to_the_limit_that_was_named_fits(fonts):
    text = "word " * 200 + "end"
    with pytest.raises(DoesNotFit) as caught:
        fitted(fonts, "short", text, height=mm(10))

    result = fitted(fonts, "short", text[: limit_of(caught)].strip(), height=mm(10))

    assert result.size >= SMALLEST


@pytest.mark.parametrize(("align", "x"), [("left", 1000), ("center", 31_000), ("right", 61_000)])
def test_lines_are_placed_one_below_the_other(fonts, align, x):
    area = Area(1000, 2000, mm(60), mm(20))

    first, second = fitted(fonts, "one", "two").placed(area, align=align)

    assert (first.x, second.x) == (x, x)
    assert second.baseline - first.baseline == pitch(points(12))
    assert area.y < first.baseline < second.baseline < area.bottom
