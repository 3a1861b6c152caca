"""The fonts of this process: which text they can draw, how wide it is, and what it looks like in pixels.

Noto Sans comes with Kolli for Latin, Greek and Cyrillic; a font for Chinese, Japanese and Korean is too large for that
and may be configured. A `Fonts` is made once per process and shared by its threads.
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path

from kolli.documents.fonts.characters import (
    is_mark,
    is_refused,
    misplaced_mark,
    named,
    normalised,
    replaced,
    why_not_drawable,
)
from kolli.documents.fonts.faces import EM, Bitmap, Face, Glyph, Ink, Run
from kolli.errors import NotDrawable

_HERE = Path(__file__).parent

# A label has some twenty different texts, of which half come back on the next label: captions, sender, services.
_SHAPED_TEXTS = 4096
# Longer texts are not kept: no label prints one, and 4096 of the longest would be hundreds of megabytes.
_LONGEST_KEPT = 200
# Three sizes, two weights and some 80 letters are 480 glyphs per paper and resolution. A glyph is 2 to 12 kB.
_GLYPH_BITMAPS = 2048

_REGULAR, _BOLD, _CJK, _CJK_BOLD = range(4)


class Shaped:
    """A text that HarfBuzz has shaped, and its width in thousandths of an em."""

    def __init__(self, runs: Sequence[Run], faces: Sequence[Face]) -> None:
        self._runs = runs
        self._faces = faces
        self.advance = sum(run.advance for run in runs)

    @cached_property
    def glyphs(self) -> tuple[Glyph, ...]:
        """The glyphs from left to right, made when they are first asked for: a layout needs only the width."""
        glyphs: list[Glyph] = []
        pen = 0
        for run in self._runs:
            glyphs += self._faces[run.face].glyphs(run, pen)
            pen += run.advance
        return tuple(glyphs)

    @cached_property
    def ink(self) -> Ink:
        """How far the black of the text reaches, measured glyph by glyph."""
        up = down = aside = 0
        start = end = 0
        for glyph in self.glyphs:
            box = self._faces[glyph.face].extents(glyph.gid)
            if glyph.text and not is_mark(glyph.text[0]):
                start, end = glyph.x, glyph.x + box.advance
            else:
                aside = max(aside, start - glyph.x - box.left, glyph.x + box.right - end)
            up = max(up, glyph.y + box.top)
            down = max(down, -glyph.y - box.bottom)
        return Ink(up, down, aside)

    def pen_before(self, length: int) -> list[int]:
        """Where the pen is before each of the `length` characters and after the last one, in thousandths of an em."""
        pens = [self.advance] * (length + 1)
        for glyph in reversed(self.glyphs):
            pens[glyph.cluster] = glyph.x
        for position in range(length - 1, -1, -1):
            pens[position] = min(pens[position], pens[position + 1])
        return pens


class Fonts:
    """All fonts there are. Its two caches are bounded; both keep what was used last."""

    def __init__(self, cjk: Path | None = None, cjk_bold: Path | None = None) -> None:
        """Opens the font files. Raises `SetupError` naming the file that cannot be used.

        Without `cjk_bold`, bold Chinese, Japanese and Korean text is drawn with `cjk`.
        """
        faces = [Face(_HERE / "NotoSans-Regular.ttf", "NotoSans"), Face(_HERE / "NotoSans-Bold.ttf", "NotoSans-Bold")]
        if cjk is not None:
            regular = Face(cjk, "CJK")
            faces += [regular, regular if cjk_bold is None else Face(cjk_bold, "CJK-Bold")]
        self.faces = tuple(faces)
        self._has_cjk = cjk is not None
        drawable = faces[_REGULAR].characters & faces[_BOLD].characters
        if self._has_cjk:
            drawable |= faces[_CJK].characters & faces[_CJK_BOLD].characters
        self._drawable = frozenset(char for char in drawable if not is_refused(char))
        self._latin = faces[_REGULAR].characters
        self.shaped = lru_cache(_SHAPED_TEXTS)(self._shaped)
        self.bitmap = lru_cache(_GLYPH_BITMAPS)(self._bitmap)

    def printable(self, text: str, field: str) -> str:
        """The text as it will be printed. Raises `NotDrawable` for the first character that cannot be, naming both."""
        printed = normalised(text)
        if self._drawable.issuperset(printed):
            if (wrong := misplaced_mark(printed)) is None:
                return printed
            char, why = wrong
            message = f"{named(char)} {why}."
            raise NotDrawable(message, field=field, details={"character": f"U+{ord(char):04X}", "value": printed})
        char = next(char for char in printed if char not in self._drawable)
        message = f"{named(char)} {why_not_drawable(char, cjk_configured=self._has_cjk)}."
        raise NotDrawable(message, field=field, details={"character": f"U+{ord(char):04X}", "value": printed})

    def legible(self, text: str) -> str:
        """The text as papers print it that must not fail: what cannot be drawn is counted in its place, `[?×3]`.

        A label refuses such a text; on a list it is one product's name among many. Nothing is left out in silence: only
        what nobody could have seen, such as control characters, leaves no trace.
        """
        return replaced(text, self._drawable)

    def measured(self, text: str, bold: bool, language: str) -> Shaped:
        """A printable text as `shaped` gives it, which may be too long for a label: such a text is not kept."""
        return self.shaped(text, bold, language) if len(text) <= _LONGEST_KEPT else self._shaped(text, bold, language)

    def width(self, text: str, size: int, *, bold: bool = False, language: str = "") -> int:
        """How wide a printable text is, in the unit of `size` (the em) and rounded up."""
        return _ceiling(self.measured(text, bold, language).advance * size, EM)

    def ascent(self, size: int) -> int:
        """How far above its baseline text of this size may reach, accents on capitals included."""
        return _ceiling(self.faces[_BOLD].ascent * size, EM)

    def descent(self, size: int) -> int:
        """How far below its baseline text of this size may reach."""
        return _ceiling(self.faces[_BOLD].descent * size, EM)

    def _shaped(self, text: str, bold: bool, language: str) -> Shaped:
        if self._latin.issuperset(text):
            index = _REGULAR + bold
            return Shaped([Run(index, text, 0, self.faces[index].shape(text, language))], self.faces)
        runs: list[Run] = []
        start = 0
        for is_latin, group in groupby(text, self._latin.__contains__):
            piece = "".join(group)
            index = (_REGULAR if is_latin else _CJK) + bold
            runs.append(Run(index, piece, start, self.faces[index].shape(piece, language)))
            start += len(piece)
        return Shaped(runs, self.faces)

    def _bitmap(self, face: int, gid: int, size_64: int, stride: int) -> Bitmap:
        return self.faces[face].bitmap(gid, size_64, stride)


def _ceiling(number: int, divisor: int) -> int:
    return -(-number // divisor)
