"""Half a label file is found out, cheaply; whole ones are let through."""

import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolli.carriers.label_files import problem_with_file

GOLDEN = Path(__file__).parents[2] / "golden"
TYPES = {".pdf": "application/pdf", ".png": "image/png", ".zpl": "application/zpl"}
WHOLE = [path for path in sorted(GOLDEN.rglob("*")) if path.suffix in TYPES]
SMALLEST = {suffix: min((path.read_bytes() for path in WHOLE if path.suffix == suffix), key=len) for suffix in TYPES}


def problem(content: bytes, suffix: str) -> str | None:
    return problem_with_file(content, TYPES[suffix])


def a_part(kind: bytes, data: bytes = b"") -> bytes:
    """One part of a PNG."""
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def a_png(width: int, height: int) -> bytes:
    header = width.to_bytes(4) + height.to_bytes(4) + b"\x01\0\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + a_part(b"IHDR", header) + a_part(b"IDAT", zlib.compress(b"")) + a_part(b"IEND")


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.relative_to(GOLDEN).as_posix())
def test_a_whole_label_is_whole(path):
    assert problem(path.read_bytes(), path.suffix) is None


def test_there_are_labels_of_every_type():
    assert {path.suffix for path in WHOLE} == TYPES.keys()


@pytest.mark.parametrize("suffix", TYPES)
@given(data=st.data())
def test_a_label_that_is_cut_anywhere_is_found_out(suffix, data):
    """Blanks at its end are no loss."""
    whole = SMALLEST[suffix].rstrip()
    at = data.draw(st.integers(0, len(whole) - 1))

    assert problem(whole[:at], suffix)
    assert at == 0 or problem(whole[at:], suffix)


@pytest.mark.parametrize("suffix", [".pdf", ".png"])
@given(data=st.data())
def test_a_label_that_has_lost_its_middle_is_found_out(suffix, data):
    whole = SMALLEST[suffix]
    first = data.draw(st.integers(20, len(whole) // 2))
    second = data.draw(st.integers(first + 1, len(whole) - 1))

    assert problem(whole[:first] + whole[second:], suffix)


@given(content=st.binary(max_size=200), suffix=st.sampled_from(sorted(TYPES)))
def test_any_bytes_have_a_problem_and_no_error(content, suffix):
    assert problem(content, suffix)


def test_what_is_wrong_is_said():
    assert problem(b"<html>", ".pdf") == "it does not begin like a PDF"
    assert problem(SMALLEST[".pdf"][:-30], ".pdf") == "the PDF is cut off"
    assert problem(b"^XA^FDX^FS^XA^FDY^FS^XZ", ".zpl") == "the ZPL is not whole"
    assert problem(a_png(1, 1), ".png") is None
    assert problem(a_png(100_000, 100_000), ".png") == "the PNG has no size that a label can have"
    assert problem(a_png(0, 5), ".png") == "the PNG has no size that a label can have"
    assert problem_with_file(b"GIF89a", "image/gif") == "nobody knows the type image/gif"


def test_zpl_is_taken_in_small_letters_and_with_blanks_around_it():
    assert problem(b"\r\n^xa^fdHello^fs^xz\r\n", ".zpl") is None
