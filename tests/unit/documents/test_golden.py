"""The labels as they are meant to look. Changed on purpose? `pytest tests/unit/documents --update-golden`, and look.

ZPL is compared byte for byte. How well PDF and PNG are deflated depends on the zlib of the machine, so of those the
inflated contents are compared.
"""

import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from kolli.documents import proof
from kolli.documents.layouts.label import lay_out
from kolli.documents.render import A6, LABEL_4X6, render
from tests.unit.documents.labels import PARTS, a_full_label, a_label_with_parts

GOLDEN = Path(__file__).parents[2] / "golden" / "labels"

_STREAM = re.compile(rb"<<(?P<dictionary>[^\n]*)/Length \d+>>\nstream\n(?P<data>.*?)\nendstream", re.DOTALL)


def inflated(pdf):
    """A PDF file of ours with its streams inflated, without the numbers that depend on how well they were deflated."""
    plain = _STREAM.sub(
        lambda found: (
            found["dictionary"] + zlib.decompress(found["data"]) if b"Flate" in found["dictionary"] else found[0]
        ),
        pdf,
    )
    return plain[: plain.index(b"\nxref\n")]


def pixels(png):
    picture = proof.picture_of(png, 0)
    return picture.size, picture.tobytes()


def whole(zpl):
    return zpl


class Format(NamedTuple):
    """A format, the ending of its golden files, and how two of them are compared."""

    ending: str
    mime_type: str
    dpi: int
    content: Callable[[bytes], object]


FORMATS = [
    Format(".pdf", "application/pdf", 300, inflated),
    Format("-150.png", "image/png", 150, pixels),
    Format("-300.png", "image/png", 300, pixels),
    Format(".zpl", "application/zpl", 203, whole),
]


def assert_golden(drawn, golden, form, update):
    """The file is what it was, or is so from now on."""
    if update:
        golden.write_bytes(drawn)
    assert form.content(drawn) == form.content(golden.read_bytes())


@pytest.mark.parametrize("paper", [A6, LABEL_4X6], ids=lambda paper: paper.name.lower())
@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.ending)
def test_a_label_is_drawn_as_it_was_when_a_person_looked_at_it(paper, form, fonts, update_golden):
    golden = GOLDEN / f"{paper.name.lower()}{form.ending}"

    drawn = render([lay_out(a_full_label(), paper, fonts)], form.mime_type, form.dpi, fonts)

    assert_golden(drawn, golden, form, update_golden)


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.ending)
def test_a_label_with_what_its_carrier_wants_is_drawn_as_it_was(name, form, fonts, update_golden):
    golden = GOLDEN / f"a6-{name}{form.ending}"

    drawn = render([lay_out(a_label_with_parts(name), A6, fonts)], form.mime_type, form.dpi, fonts)

    assert_golden(drawn, golden, form, update_golden)
