"""The fonts inside a PDF file: only the glyphs that its texts use, and what each of them means.

Each face is a Type 0 font with two-byte codes (ISO 32000-2:2020, 9.7). A code stands for a glyph *and* the characters
it was drawn for, so that a text copied out of the file is the text that was put in.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from kolli.documents.fonts import Fonts
from kolli.documents.fonts.faces import EM, Face, Glyph, Subset
from kolli.documents.writers.pdf_objects import PdfFile, reference
from kolli.drawing import Text

_Meaning = tuple[int, str]
"""A glyph number of the whole face, and the characters that the glyph stands for."""

_CMAP = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CMapName /K def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
{blocks}
endcmap
end
end"""

# ISO 32000-2:2020, 9.10.3 refers to Adobe Technical Note 5411, which allows a hundred entries in one block.
_BLOCK = 100


class PdfFonts:
    """The faces that some texts need, cut down to what they need."""

    def __init__(self, fonts: Fonts, texts: Iterable[Text]) -> None:
        """Collects the glyphs of all texts and makes the subsets."""
        self._fonts = fonts
        used: dict[int, dict[_Meaning, None]] = {}
        for text in texts:
            for glyph in fonts.shaped(text.text, text.bold, text.language).glyphs:
                used.setdefault(glyph.face, {})[glyph.gid, glyph.text] = None
        self._embedded = {index: _EmbeddedFace(fonts.faces[index], list(used[index])) for index in sorted(used)}

    def written_to(self, file: PdfFile) -> bytes:
        """Adds the fonts to the file and returns the entries of a page's font resources."""
        return b"".join(
            b"/F%d %b" % (index, reference(embedded.written_to(file))) for index, embedded in self._embedded.items()
        )

    def shown(self, text: Text) -> str:
        """The operators that draw a text: `BT /F0 size Tf 1 0 0 -1 x y Tm [<codes>kern<codes>] TJ ET`."""
        shaped = self._fonts.shaped(text.text, text.bold, text.language)
        x = text.start(self._fonts.width(text.text, text.size, bold=text.bold, language=text.language))
        parts = ["1 g BT" if text.white else "BT"]
        # Glyphs of one face at one height are one array of codes.
        for (face, rise), group in groupby(shaped.glyphs, _FACE_AND_RISE):
            glyphs = list(group)
            codes = self._embedded[face].codes
            pen = glyphs[0].x
            left, baseline = x + pen * text.size // EM, text.baseline - rise * text.size // EM
            array = []
            for glyph in glyphs:
                # A number between codes moves what follows to the left, in thousandths of the font size (9.4.3).
                if glyph.x != pen:
                    array.append(f">{pen - glyph.x}<")
                code, advance = codes[glyph.gid, glyph.text]
                array.append(code)
                pen = glyph.x + advance
            parts.append(f"/F{face} {text.size} Tf 1 0 0 -1 {left} {baseline} Tm [<{''.join(array)}>] TJ")
        parts.append("ET 0 g" if text.white else "ET")
        return " ".join(parts)


_FACE_AND_RISE = itemgetter(Glyph._fields.index("face"), Glyph._fields.index("y"))


class _EmbeddedFace:
    """One face and the codes of its glyphs."""

    def __init__(self, face: Face, meanings: list[_Meaning]) -> None:
        self._face = face
        self._meanings = meanings
        self._subset = face.subset(frozenset(gid for gid, _ in meanings))
        numbers = self._numbers(self._subset)
        self.codes = {
            meaning: (f"{number:04X}", face.advance(meaning[0]))
            for meaning, number in zip(meanings, numbers, strict=True)
        }
        """The code of each meaning, as four hexadecimal digits, and how wide its glyph is."""

    def _numbers(self, subset: Subset) -> list[int]:
        """The code of each meaning.

        TrueType outlines are found through a map, so two meanings of one glyph have two codes. In a CFF font the code
        is the number of the glyph; there the first meaning is the one that is copied.
        """
        if subset.is_cff:
            return [subset.new_gids[gid] for gid, _ in self._meanings]
        return list(range(1, len(self._meanings) + 1))

    def written_to(self, file: PdfFile) -> int:
        """Adds the font and everything it refers to, and returns its number."""
        face, subset = self._face, self._subset
        name = b"%b+%b" % (self._tag(), face.name.encode())
        if subset.is_cff:
            program = b"/FontFile3 %b" % reference(
                file.add_stream(b"/Subtype/CIDFontType0C/Filter/FlateDecode", zlib.compress(subset.data))
            )
            kind = b"/CIDFontType0"
        else:
            program = b"/FontFile2 %b" % reference(
                file.add_stream(b"/Filter/FlateDecode/Length1 %d" % len(subset.data), zlib.compress(subset.data))
            )
            kind = b"/CIDFontType2/CIDToGIDMap %b" % reference(self._gid_map(file))
        descriptor = file.add(
            b"<</Type/FontDescriptor/FontName/%b/Flags 4/FontBBox[-1000 -500 3000 1500]/ItalicAngle 0/Ascent %d"
            b"/Descent %d/CapHeight 714/StemV 80%b>>" % (name, face.ascent, -face.descent, program)
        )
        descendant = file.add(
            b"<</Type/Font/Subtype%b/BaseFont/%b/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
            b"/FontDescriptor %b/W[%b]>>" % (kind, name, reference(descriptor), self._widths())
        )
        meanings = file.add_stream(b"/Filter/FlateDecode", zlib.compress(self._to_unicode()))
        return file.add(
            b"<</Type/Font/Subtype/Type0/BaseFont/%b/Encoding/Identity-H/DescendantFonts[%b]/ToUnicode %b>>"
            % (name, reference(descendant), reference(meanings))
        )

    def _tag(self) -> bytes:
        """Six capitals that differ between subsets (9.9.2): programs that merge files tell fonts apart by them."""
        digest = hashlib.sha256(repr(self._meanings).encode()).digest()
        return bytes(ord("A") + byte % 26 for byte in digest[:6])

    def _gid_map(self, file: PdfFile) -> int:
        """A table of two bytes per code, from 0: the number of the glyph in the subset (9.7.4.3)."""
        gids = self._subset.new_gids
        data = bytes(2) + b"".join(gids[gid].to_bytes(2, "big") for gid, _ in self._meanings)
        return file.add_stream(b"/Filter/FlateDecode", zlib.compress(data))

    def _widths(self) -> bytes:
        """`code [width] code [width]`, in thousandths of an em (9.7.4.3)."""
        return "".join(f"{int(code, 16)}[{advance}]" for code, advance in self.codes.values()).encode()

    def _to_unicode(self) -> bytes:
        return _CMAP.format(blocks="\n".join(self._meaning_blocks())).encode()

    def _meaning_blocks(self) -> Iterator[str]:
        """`n beginbfchar <code> <UTF-16> … endbfchar`."""
        entries: dict[str, str] = {}
        for (_, text), (code, _) in self.codes.items():
            entries.setdefault(code, f"<{code}> <{text.encode('utf-16-be').hex().upper()}>")
        lines = [entry for entry in entries.values() if not entry.endswith("<>")]
        for start in range(0, len(lines), _BLOCK):
            block = lines[start : start + _BLOCK]
            yield "\n".join((f"{len(block)} beginbfchar", *block, "endbfchar"))
