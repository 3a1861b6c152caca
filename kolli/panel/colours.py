"""A brand's colour as a style sheet: whatever colour somebody has chosen, what is written in it can be read.

Text on the colour is black or white, whichever stands out more; for text in the colour it is made darker on light
pages and lighter on dark ones, until it stands out as WCAG 2.2 asks (1.4.3: 4.5 to 1).
"""

import re
from functools import lru_cache

ENOUGH = 4.5
"""The contrast of a text with what is behind it."""

LIGHT_PAGES = ((255, 255, 255), (243, 245, 247))
DARK_PAGES = ((26, 34, 43), (17, 23, 29))
"""What text stands on in `tracking.css`: cards, and the page around them."""

COLOUR = re.compile(r"#?([0-9a-fA-F]{6})")

_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
_STEPS = 64

Rgb = tuple[int, int, int]


def parsed(text: str) -> Rgb | None:
    """Red, green and blue of `#1d4ed8`, with or without its sign; None for everything else."""
    found = COLOUR.fullmatch(text)
    if found is None:
        return None
    number = int(found[1], 16)
    return number >> 16, number >> 8 & 255, number & 255


def contrast(one: Rgb, other: Rgb) -> float:
    """How much two colours differ in brightness, from 1 to 21. Source: WCAG 2.2, "contrast ratio"."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def ink_on(colour: Rgb) -> Rgb:
    """Black or white, whichever can be read better on a colour. It is always enough."""
    return max((_BLACK, _WHITE), key=lambda ink: contrast(ink, colour))


def readable(colour: Rgb, pages: tuple[Rgb, ...], towards: Rgb) -> Rgb:
    """The colour, mixed with as little of another as makes it readable on all these pages."""
    mixed = colour
    for step in range(_STEPS + 1):
        red, green, blue = (old + (new - old) * step // _STEPS for old, new in zip(colour, towards, strict=True))
        mixed = red, green, blue
        if min(contrast(mixed, page) for page in pages) >= ENOUGH:
            break
    return mixed


@lru_cache(maxsize=256)
def style_sheet(colour: Rgb) -> str:
    """The variables that `tracking.css` uses where there are any."""
    on_light, on_dark = readable(colour, LIGHT_PAGES, _BLACK), readable(colour, DARK_PAGES, _WHITE)
    return (
        f":root {{ --brand: {written(colour)}; --brand-ink: {written(ink_on(colour))};"
        f" --accent: {written(on_light)}; }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ --accent: {written(on_dark)}; }} }}\n"
    )


def written(colour: Rgb) -> str:
    """A colour as style sheets write it: `#1d4ed8`."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _luminance(colour: Rgb) -> float:
    """How bright a colour is, from 0 to 1. Source: WCAG 2.2, "relative luminance"."""
    parts = [part / 255 for part in colour]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
