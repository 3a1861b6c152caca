"""The outer form of a PDF file: numbered objects, streams, and the table that says where each begins.

ISO 32000-2:2020, 7.5: header, body, cross-reference table, trailer.
"""

# The second line tells transfer programs that the file is binary (7.5.2).
_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


class PdfFile:
    """A file while it is written. An object is known by its number, from 1."""

    def __init__(self) -> None:
        """A file without objects."""
        self._objects: list[bytes] = []

    def reserve(self) -> int:
        """The number of an object that is set later."""
        self._objects.append(b"")
        return len(self._objects)

    def set(self, number: int, body: bytes) -> None:
        """Gives a reserved object its body."""
        self._objects[number - 1] = body

    def add(self, body: bytes) -> int:
        """Appends an object and returns its number."""
        self._objects.append(body)
        return len(self._objects)

    def add_stream(self, entries: bytes, data: bytes) -> int:
        """Appends a stream with these dictionary entries; its length is added to them."""
        return self.add(b"<<%b/Length %d>>\nstream\n%b\nendstream" % (entries, len(data), data))

    def finished(self, catalog: int, information: int) -> bytes:
        """The whole file. No date and no random identifier is in it: the same objects make the same file."""
        parts = [_HEADER]
        offsets = []
        position = len(_HEADER)
        for number, body in enumerate(self._objects, start=1):
            part = b"%d 0 obj\n%b\nendobj\n" % (number, body)
            parts.append(part)
            offsets.append(position)
            position += len(part)
        count = len(offsets) + 1
        entries = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
        parts.append(
            b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<</Size %d/Root %b/Info %b>>\nstartxref\n%d\n%%%%EOF\n"
            % (count, entries, count, reference(catalog), reference(information), position)
        )
        return b"".join(parts)


def reference(number: int) -> bytes:
    """How one object refers to another: `12 0 R`."""
    return b"%d 0 R" % number
