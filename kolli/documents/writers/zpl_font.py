"""Font 0 of label printers: which characters it holds for certain, and how wide they are at most.

The printer's scalable font (`^A0`, CG Triumvirate Bold Condensed on Zebra printers) is not ours to measure. The widths
were taken from the free renderer zpl-renderer-js 3.4.0, whose font 0 imitates it, by drawing each character ten times
(November 2026), and a tenth is added to them wherever text must not be wider than its place.

The characters are those of Windows code page 1252, and of code page 1250 as far as that renderer draws them. Anything
else may come out as an empty box on some printer, so it is drawn by us.
"""

import unicodedata

# Thousandths of the character height (the `h` of ^A0N,h,w) when w is h.
_GROUPS = {
    250: "'\\|¦",
    277: " /:;Ifijltı’‘‹›",
    333: '!"(),.[]`r¡¨´·¸¯{}',
    389: "z",
    400: "°ªº²³¹",
    444: "Jckvsxyƒ•",
    500: "#$*+<=>?^_~0123456789EFLTZabdeghnopqu¢£¤¥§«»¬±µ÷×¿ßøðþđŁł–†‡€“”„",
    555: "ABCKPRSVXYÞ¶",
    610: "DGHNOQUØÐĐ",
    666: "&w",
    721: "æœ",
    778: "MmÆ¼½¾",
    800: "-",
    832: "%@WŒ©®",
    860: "™",
    1000: "—…",
    1110: "‰",
}
_ACCENTED = "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝàáâãäåçèéêëìíîïñòóôõöùúûüýÿŠšŽžŸĄąĆćČčĎďĘęĚěŃńŇňŐőŘřŚśŞşŤťŮůŹźŻżİ"

_BASE = {char: width for width, chars in _GROUPS.items() for char in chars}

WIDTHS = _BASE | {char: _BASE[unicodedata.normalize("NFD", char)[0]] for char in _ACCENTED}
"""How wide each character is, in thousandths of the height. A character that is not here is not drawn in font 0."""


def width(text: str) -> int | None:
    """How wide a text is, in thousandths of the height; `None` if font 0 may lack one of its characters."""
    try:
        return sum(map(WIDTHS.__getitem__, text))
    except KeyError:
        return None


def at_most(width_of_text: int) -> int:
    """The width to reckon with where nothing may be wider: a tenth more than measured."""
    return width_of_text * 11 // 10 + 1
