"""Pictures inside ZPL: `^GFA,size,size,bytes_per_row,data`, the data in hexadecimal and shortened.

Zebra, ZPL II Programming Guide, chapter "Alternative Data Compression Scheme for ~DG and ~DB Commands": `G` to `Y`
repeat the digit that follows them 1 to 19 times, `g` to `z` 20 to 400 times in steps of 20; `,` fills the rest of a row
with 0, `!` with 1 bits, and `:` repeats the row above.
"""

import re
from collections.abc import Sequence

_RUN = re.compile(r"([0-9A-F])\1{2,}")
_LONGEST_RUN = 419


def field(rows: Sequence[int], width: int) -> str:
    """The command for rows of pixels; in each, the highest of `width` bits is leftmost and 1 is black."""
    size = (width + 7) // 8
    padding = size * 8 - width
    total = size * len(rows)
    parts = [f"^GFA,{total},{total},{size},"]
    above = -1
    for row in rows:
        parts.append(":" if row == above else _shortened(f"{row << padding:0{size * 2}X}"))
        above = row
    return "".join(parts)


def _shortened(digits: str) -> str:
    kept = digits.rstrip("0")
    if len(kept) == len(digits):
        kept = digits.rstrip("F")
        end = "" if len(kept) == len(digits) else "!"
    else:
        end = ","
    return _RUN.sub(_run, kept) + end


def _run(found: re.Match[str]) -> str:
    digit, left = found[1], len(found[0])
    parts = []
    while left:
        count = min(left, _LONGEST_RUN)
        twenties, ones = divmod(count, 20)
        parts.append((chr(ord("f") + twenties) if twenties else "") + (chr(ord("F") + ones) if ones else "") + digit)
        left -= count
    return "".join(parts)
