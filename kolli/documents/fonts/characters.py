"""Decides which characters may stand on a label, and says why the others may not."""

import re
import unicodedata
from collections.abc import Container
from itertools import pairwise

# Spaces of every width (Unicode category Zs) print as one plain space; so does any run of them.
_SPACES = dict.fromkeys(
    map(ord, "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"), " "
)

_SEVERAL_SPACES = re.compile("  +")

# Blocks of the Unicode Standard 16.0 whose characters are found in Chinese, Japanese and Korean fonts only.
_CJK = (
    (0x1100, 0x11FF), (0x2E80, 0xA4CF), (0xA960, 0xA97F), (0xAC00, 0xD7FF), (0xF900, 0xFAFF),
    (0xFE30, 0xFE4F), (0xFF00, 0xFFEF), (0x1AFF0, 0x1B16F), (0x20000, 0x3FFFF),
)  # fmt: skip

_EMOJI = ((0x1F000, 0x1FBFF), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF), (0x20E3, 0x20E3))
"""Pictographs, and the selectors and the keycap that turn other characters into them."""

_LOST = frozenset("\ufffc\ufffd")
"""What programs write where they lost an object or a character; fonts have a picture for it."""

_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u2800\u3164\uffa0")
"""Default ignorable code points outside category Cf (Unicode Standard 16.0, 5.21), and the empty Braille cell."""

_NEVER_DRAWN = _LOST | _INVISIBLE | {chr(code) for first, last in _EMOJI for code in range(first, last + 1)}

_SELECTORS = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
"""What chooses between shapes of the character before it, and is nothing by itself."""

_WHITE = re.compile(r"\s")
_UNDRAWN = "\ufffd"
_UNDRAWN_RUN = re.compile("\ufffd+(?: \ufffd+)*")

_MOST_MARKS = 2
"""How many combining marks a letter may have that Unicode has no composed letter for: more would be a tower."""

_MARKS = frozenset(("Mn", "Me", "Mc"))

# No combining mark has a lower code.
_FIRST_MARK = "\u0300"

_CATEGORIES = {
    "Cc": "a control character",
    "Cf": "an invisible formatting character",
    "Cs": "half of a surrogate pair",
    "Co": "a private-use character, which looks different on every computer",
    "Cn": "not a character that Unicode has assigned",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}

# Line breaking between CJK characters: of the Japanese rules (kinsoku shori) those that readers notice.
_NOT_AT_LINE_START = frozenset(
    "、。，．・：；？！ー）］｝〕〉》」』】〙〗’”ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ々ゝゞヽヾ)]},.:;?!%"
)
_NOT_AT_LINE_END = frozenset("（［｛〔〈《「『【〘〖‘“([{")


# The same for text without CJK characters, which is nearly all of it.
_FIRST_CJK = chr(_CJK[0][0])
# A hyphen before a digit mostly belongs to a number (12-14, 00-049), except between the groups of a long one.
_BETWEEN_WORDS = re.compile(r" (?=[^ ])|-(?=[^\W\d_])|(?<=\w{4})-(?=\w{4})")


def normalised(text: str) -> str:
    """The text as it will be printed: composed (Unicode NFC), single plain spaces inside, none around it."""
    composed = text if text.isascii() else unicodedata.normalize("NFC", text).translate(_SPACES)
    # Only spaces are joined; a tab or a line break is not ours to swallow.
    if "  " in composed:
        composed = _SEVERAL_SPACES.sub(" ", composed)
    return composed.strip(" ")


def replaced(text: str, drawable: Container[str]) -> str:
    r"""A printable text: each run of characters that cannot be drawn is counted in its place.

    >>> replaced("Tea \N{TEACUP WITHOUT HANDLE}\t10 g", "Teag 10")
    'Tea [?] 10 g'
    """
    seen = "".join(char for char in _WHITE.sub(" ", text) if not _leaves_no_trace(char))
    printed, before, marks = [], " ", 0
    for char in normalised(seen):
        marks = marks + 1 if is_mark(char) else 0
        is_misplaced = marks > _MOST_MARKS or (marks == 1 and before in {" ", _UNDRAWN})
        before = char if char in drawable and not is_misplaced else _UNDRAWN
        printed.append(before)
    return _UNDRAWN_RUN.sub(_counted, "".join(printed))


def _counted(found: re.Match[str]) -> str:
    count = found[0].count(_UNDRAWN)
    return "[?]" if count == 1 else f"[?×{count}]"


def _leaves_no_trace(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf"} or char in _INVISIBLE or _within(ord(char), _SELECTORS)


def is_cjk(char: str) -> bool:
    """Whether this character belongs to Chinese, Japanese or Korean writing."""
    return _within(ord(char), _CJK)


def is_mark(char: str) -> bool:
    """Whether this is a combining mark, which is drawn on the character before it."""
    return unicodedata.category(char) in _MARKS


def is_refused(char: str) -> bool:
    """Whether no font may draw this character, whatever the font says about it."""
    return (
        unicodedata.category(char) in _CATEGORIES
        or unicodedata.bidirectional(char) in {"R", "AL", "AN"}
        or char in _NEVER_DRAWN
    )


def why_not_drawable(char: str, *, cjk_configured: bool) -> str:
    """The rest of a sentence that starts with the character: what it is, and what to do."""
    if (category := unicodedata.category(char)) in _CATEGORIES:
        return f"is {_CATEGORIES[category]}; remove it"
    if unicodedata.bidirectional(char) in {"R", "AL", "AN"}:
        return "is written from right to left, which this version cannot draw; use Latin letters"
    if char in _INVISIBLE:
        return "cannot be seen in print; remove it"
    if _within(ord(char), _EMOJI):
        return "is an emoji or belongs to one; remove it"
    if char in _LOST:
        return "stands where another program lost what was there; enter the text again"
    if is_cjk(char) and not cjk_configured:
        return "needs a Chinese, Japanese or Korean font, and none is configured; configure a CJK font"
    return "is in no installed font; write it in another way"


def misplaced_mark(text: str) -> tuple[str, str] | None:
    """The first combining mark that may not stand where it does, and why; the text is normalised."""
    if text.isascii() or max(text) < _FIRST_MARK:
        return None
    marks = 0
    for before, char in pairwise(" " + text):
        if not is_mark(char):
            marks = 0
        elif before == " ":
            return char, "belongs on a letter, and there is none before it; remove it"
        elif marks == _MOST_MARKS:
            return char, f"is one combining mark too many on a letter, which may have {_MOST_MARKS}; remove it"
        else:
            marks += 1
    return None


def named(char: str) -> str:
    """Code point and name of a character, for a message that must be readable even where the character is not.

    >>> named("é")
    'U+00E9 (LATIN SMALL LETTER E WITH ACUTE)'
    """
    name = unicodedata.name(char, "")
    return f"U+{ord(char):04X} ({name})" if name else f"U+{ord(char):04X}"


def break_opportunities(text: str) -> list[int]:
    """Every position where a new line may begin: after spaces, after hyphens inside words, between CJK characters."""
    if text and max(text) < _FIRST_CJK:
        return [found.end() for found in _BETWEEN_WORDS.finditer(text)]
    return [position for position, (before, after) in enumerate(pairwise(text), start=1) if _may_break(before, after)]


def _may_break(before: str, after: str) -> bool:
    if " " in {before, after}:
        return after != " "
    if before == "-":
        return after.isalpha()
    if is_mark(after) or not (is_cjk(before) or is_cjk(after)):
        return False
    return after not in _NOT_AT_LINE_START and before not in _NOT_AT_LINE_END


def _within(code: int, blocks: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code <= last for first, last in blocks)
