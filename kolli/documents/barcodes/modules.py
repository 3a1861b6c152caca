"""What a barcode is before anybody draws it: rows of dark and light modules."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Modules:
    """A symbol without its quiet zones. A row is a number whose highest of `width` bits is the leftmost module.

    A linear symbology has one row, which is to be drawn as high as its place is.
    """

    width: int
    rows: tuple[int, ...]
