"""One font file: which characters it has, how it shapes text, the shapes of its glyphs, and subsets of it.

HarfBuzz does the work; this module gives it types. All metrics are in thousandths of an em, whatever the file uses,
because that is what PDF counts in (ISO 32000-2:2020, 9.2.4) and it makes every face look the same from outside.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from math import ceil, floor
from pathlib import Path
from typing import NamedTuple

import uharfbuzz as hb

from kolli.errors import SetupError

EM = 1000
"""The unit of every metric here: an em has this many."""

# One character, one glyph wherever the script allows it: a ligature would save nothing on a label, and text copied out
# of the PDF must be what was put in.
_FEATURES = {"liga": False, "clig": False, "dlig": False, "calt": False}

# What is measured of a glyph is 150 bytes; a shop's addresses have some hundred glyphs beyond those of Latin letters.
_EXTENTS = 2048

# What a PDF viewer needs of an embedded font (ISO 32000-2:2020, 9.9.1) is much less than a font has.
_DROPPED_TABLES = (
    "GSUB",
    "GPOS",
    "GDEF",
    "BASE",
    "OS/2",
    "name",
    "post",
    "cmap",
    "VORG",
    "vhea",
    "vmtx",
    "gasp",
    "STAT",
)

# Half of a pixel must be covered to be black. A little less than half, and hairlines that fall between two rows of
# pixels do not vanish from small type.
_BLACK_FROM = 112
_THRESHOLD = bytes(1 if coverage >= _BLACK_FROM else 0 for coverage in range(256)).translate(
    bytes.maketrans(b"\0\1", b"01")
)


class Glyph(NamedTuple):
    """One glyph of a shaped text.

    `x` and `y` are where it stands from the start of the text, up is positive; `text` is what it stands for, empty for
    a part of a cluster that another glyph already stands for.
    """

    face: int
    gid: int
    x: int
    y: int
    text: str
    cluster: int


class Run(NamedTuple):
    """A piece of a line in one face: the face's number, where the piece starts in the line, and HarfBuzz's answer."""

    face: int
    text: str
    start: int
    buffer: hb.Buffer

    @property
    def advance(self) -> int:
        """How far this piece moves the pen."""
        return sum([position.x_advance for position in self.buffer.glyph_positions])


class Bitmap(NamedTuple):
    """A rasterised glyph: its rows joined into one number, the lowest row in the lowest bits.

    Each row takes `stride` bits, so that adding a glyph to a row of pixels of that same stride is one shift and one
    `|`. `left` and `bottom` say where its lower left pixel is, seen from the pen, up and right being positive.
    """

    bits: int
    width: int
    height: int
    left: int
    bottom: int


class Ink(NamedTuple):
    """How far the black of a text reaches, in thousandths of an em: above its baseline, below it, and beyond its sides.

    `aside` is what combining marks need to the left or right of the letter they belong to.
    """

    up: int
    down: int
    aside: int


class Extents(NamedTuple):
    """The box around the black of one glyph, seen from the pen, up and right being positive; and its advance."""

    left: int
    bottom: int
    right: int
    top: int
    advance: int


@dataclass(frozen=True)
class Subset:
    """A font file with a few glyphs only: new glyph numbers by old ones, the bytes, and which kind of outlines."""

    new_gids: dict[int, int]
    data: bytes
    is_cff: bool


class Face:
    """A font file, opened once and shared by all threads."""

    def __init__(self, path: Path, name: str) -> None:
        """Opens the file; a collection is opened at its first font. Raises `SetupError` if it is no usable font."""
        try:
            face = hb.Face(hb.Blob.from_file_path(path), 0)
        except (OSError, hb.HarfBuzzError) as error:
            message = f"The font file {path} cannot be opened: {error}. Correct its path."
            raise SetupError(message) from error
        self.characters = frozenset(map(chr, filter(_is_scalar, face.unicodes)))
        if not self.characters:
            message = f"{path} is not a font file with characters in it. Give the path of a .ttf, .otf or .ttc file."
            raise SetupError(message)
        self.name = name
        self.is_cff = "CFF " in face.table_tags
        self._face = face
        self._font = hb.Font(face)
        self._font.scale = (EM, EM)
        extents = self._font.get_font_extents("ltr")
        self.ascent = extents.ascender
        self.descent = -extents.descender
        self.extents = lru_cache(_EXTENTS)(self._extents)

    def shape(self, text: str, language: str) -> hb.Buffer:
        """The glyphs of a text that this face can draw, as HarfBuzz left them."""
        buffer = hb.Buffer()
        buffer.cluster_level = hb.BufferClusterLevel.MONOTONE_CHARACTERS
        buffer.flags = hb.BufferFlags.DO_NOT_INSERT_DOTTED_CIRCLE
        buffer.add_str(text)
        buffer.guess_segment_properties()
        if language:
            buffer.language = language
        hb.shape(self._font, buffer, _FEATURES)
        return buffer

    def glyphs(self, run: "Run", pen: int) -> list[Glyph]:
        """The glyphs of a shaped run whose first pen position is `pen`."""
        gids, starts = [], []
        for info in run.buffer.glyph_infos:
            gids.append(info.codepoint)
            starts.append(info.cluster)
        glyphs = []
        for gid, meaning, cluster, position in zip(
            gids, _meanings(run.text, starts), starts, run.buffer.glyph_positions, strict=True
        ):
            x_offset, y_offset, x_advance, _ = position.position
            glyphs.append(Glyph(run.face, gid, pen + x_offset, y_offset, meaning, run.start + cluster))
            pen += x_advance
        return glyphs

    def advance(self, gid: int) -> int:
        """How far this glyph moves the pen when nothing is kerned."""
        return int(self._font.get_glyph_h_advance(gid))

    def _extents(self, gid: int) -> Extents:
        box = self._font.get_glyph_extents(gid)
        if box is None:
            return Extents(0, 0, 0, 0, self.advance(gid))
        left, top = floor(box.x_bearing), ceil(box.y_bearing)
        right, bottom = ceil(box.x_bearing + box.width), floor(box.y_bearing + box.height)
        return Extents(left, bottom, right, top, self.advance(gid))

    def bitmap(self, gid: int, size_64: int, stride: int) -> Bitmap:
        """The glyph as pixels; the em has `size_64` sixty-fourths of a pixel."""
        scale = size_64 / 64 / EM
        raster = hb.RasterDraw()
        raster.transform = (scale, 0.0, 0.0, scale, 0.0, 0.0)
        raster.draw_glyph(self._font, gid)
        image = raster.render()
        extents = image.extents
        width, height = extents.width, extents.height
        if not (width and height):
            return Bitmap(0, 0, 0, 0, 0)
        # HarfBuzz gives the lowest row first, which is the order of significance wanted here.
        pixels = bytes(image.buffer).translate(_THRESHOLD)
        rows = (int(pixels[at : at + width], 2) for at in range(0, height * extents.stride, extents.stride))
        bits = sum(row << index * stride for index, row in enumerate(rows))
        return Bitmap(bits, width, height, extents.x_origin, extents.y_origin)

    def subset(self, gids: frozenset[int]) -> Subset:
        """A font with these glyphs only, numbered anew in the order of their old numbers; glyph 0 is always there."""
        wanted = hb.SubsetInput()
        wanted.flags = (
            hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.NO_LAYOUT_CLOSURE | hb.SubsetFlags.CFF_IDENTITY_CHARSET
        )
        wanted.glyph_set.update(gids)
        wanted.drop_table_tag_set.update(int.from_bytes(tag.encode(), "big") for tag in _DROPPED_TABLES)
        plan = hb.SubsetPlan(self._subsettable, wanted)
        face = plan.execute()
        blob = face.reference_table("CFF ") if self.is_cff else face.blob
        return Subset(dict(plan.old_to_new_glyph_mapping), bytes(blob.data), self.is_cff)

    @cached_property
    def _subsettable(self) -> hb.Face:
        """The face arranged for fast subsetting: for Noto Sans CJK half a second, so only once somebody asks."""
        return hb.subset_preprocess(self._face)


def _meanings(text: str, starts: list[int]) -> Sequence[str]:
    """What each glyph stands for, from where its cluster starts; in order, they are the text or its decomposition.

    Several glyphs of one cluster are a letter and its accents, in the order of canonical decomposition.
    """
    if starts == list(range(len(text))):
        return text
    meanings: list[str] = []
    ends = [*sorted(set(starts)), len(text)]
    for start, end in pairwise(ends):
        count = starts.count(start)
        cluster = text[start:end] if count == 1 else unicodedata.normalize("NFD", text[start:end])
        meanings += [*cluster[: count - 1], cluster[count - 1 :]]
        meanings += [""] * (count - 1 - len(cluster))
    return meanings


def _is_scalar(code: int) -> bool:
    return not 0xD800 <= code <= 0xDFFF
