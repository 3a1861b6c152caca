"""Whether a label file is complete, found out cheaply: the file is not opened, nothing in it is drawn or run."""

import re
import struct
import zlib
from collections.abc import Callable, Mapping

MOST_PIXELS = 40_000_000
"""Of a picture: a sheet of A4 at 600 dots per inch has 35 million."""

_PDF_END = 1024
"""In how many bytes at its end a PDF says where its table is. Source: ISO 32000-1, annex H.3, note 18."""

_START = re.compile(rb"startxref\s+([0-9]{1,10})\s+%%EOF\s*\Z")
_TABLE = re.compile(rb"xref\b|[0-9]{1,10}\s+[0-9]{1,5}\s+obj\b")
_PNG = b"\x89PNG\r\n\x1a\n"


def problem_with_file(content: bytes, mime_type: str) -> str | None:
    """What is wrong with a label file of this type, in words; None: nothing that can be seen from outside."""
    look = _LOOKS.get(mime_type)
    return f"nobody knows the type {mime_type}" if look is None else look(content)


def _pdf(content: bytes) -> str | None:
    """`%PDF-1.7` … the table of objects … `startxref`, where that table is, `%%EOF`."""
    if not re.match(rb"%PDF-[12]\.[0-9]", content):
        return "it does not begin like a PDF"
    end = _START.search(content, max(0, len(content) - _PDF_END))
    if not end:
        return "the PDF is cut off"
    # What begins at the wrong place has lost something on the way, or was put together from two halves.
    if not _TABLE.match(content, int(end[1])):
        return "the PDF is not whole: its table of objects is not where it says"
    return None


def _zpl(content: bytes) -> str | None:
    """`^XA` … `^XZ`, as often as there are labels."""
    text = content.strip().upper()
    if not text.startswith(b"^XA"):
        return "it does not begin like ZPL"
    if not text.endswith(b"^XZ"):
        return "the ZPL is cut off"
    if b"\0" in text or text.count(b"^XA") != text.count(b"^XZ"):
        return "the ZPL is not whole"
    return None


def _png(content: bytes) -> str | None:
    """Signature, then parts of `length type data checksum`, of which IHDR is the first and IEND the last."""
    if not content.startswith(_PNG):
        return "it does not begin like a PNG"
    at, kinds = len(_PNG), []
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        kind, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        at += 12 + length
        if at > len(content) or zlib.crc32(kind + data) != struct.unpack_from(">I", content, at - 4)[0]:
            return "the PNG is cut off or damaged"
        kinds.append(kind)
        if kind == b"IHDR" and (length != 13 or not _is_drawable(*struct.unpack_from(">II", data))):
            return "the PNG has no size that a label can have"
    if at != len(content) or kinds[:1] != [b"IHDR"] or kinds[-1:] != [b"IEND"] or b"IDAT" not in kinds:
        return "the PNG is cut off"
    return None


def _is_drawable(width: int, height: int) -> bool:
    return 0 < width * height <= MOST_PIXELS


_LOOKS: Mapping[str, Callable[[bytes], str | None]] = {
    "application/pdf": _pdf,
    "application/zpl": _zpl,
    "x-application/zpl": _zpl,
    "image/png": _png,
}
"""Type of a label file → what finds fault with it."""
