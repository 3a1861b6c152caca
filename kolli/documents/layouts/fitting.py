"""Makes text fit its place: wrap it, then shrink it, and only then refuse it. Never cut it."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from kolli.documents.fonts import Fonts
from kolli.documents.fonts.characters import break_opportunities, is_mark
from kolli.documents.fonts.faces import EM, Ink
from kolli.drawing import Align, Area, Micrometres, Text, points
from kolli.errors import DoesNotFit

SMALLEST = points(6)
"""Below this size nobody reads a label; text that needs it is refused."""

# What a line takes above and below its baseline, in thousandths of the font size. With these the accents on capitals
# and the descenders of Latin letters stay out of the lines above and below.
_ABOVE, _BELOW = 970, 270

# Unicode has these letters composed, and no combining mark before it; of none does the black need to be measured.
_FIRST_MEASURED = "\u0300"

# Letters reach over their sides a little, as the tail of a j does. What a mark needs beyond that is kept free.
_ASIDE = 200

# No place on a label holds as much in the smallest type. Shaping a megabyte to find that out takes seconds.
_LONGEST = 1000
_QUOTED = 60


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text that may take several lines, and the field it came from. `text` is printable already."""

    text: str
    field: str
    bold: bool = False
    language: str = ""


Line = tuple[str, Paragraph]


@dataclass(frozen=True, slots=True)
class _Room:
    """What each line takes so that its black stays inside: above and below its baseline, and free at either end."""

    above: int = _ABOVE
    below: int = _BELOW
    aside: int = 0

    def pitch(self, size: Micrometres) -> Micrometres:
        """From one baseline to the next."""
        return size * (self.above + self.below) // EM

    def inset(self, size: Micrometres) -> Micrometres:
        """How much stays free at either end of a line."""
        return size * self.aside // EM


_LATIN = _Room()


@dataclass(frozen=True, slots=True)
class Fitted:
    """Lines of one size that together fit the area they were fitted to."""

    size: Micrometres
    lines: tuple[Line, ...]
    room: _Room = _LATIN

    @property
    def height(self) -> Micrometres:
        """How high the lines are together."""
        return self.room.pitch(self.size) * len(self.lines)

    @property
    def pitch(self) -> Micrometres:
        """From one baseline to the next."""
        return self.room.pitch(self.size)

    def beside(self, others: Sequence["Fitted"]) -> "Fitted":
        """The same with lines as far apart as those of all the others, so that they stand on the same baselines."""
        above, below = (max(getattr(each.room, side) for each in others) for side in ("above", "below"))
        return replace(self, room=_Room(above, below, self.room.aside))

    def part(self, start: int, stop: int) -> "Fitted":
        """Some of the lines."""
        return replace(self, lines=self.lines[start:stop])

    def placed(self, area: Area, *, align: Align = "left", white: bool = False) -> Iterator[Text]:
        """The lines as marks: from the top of the area down, or in its middle if they are centred."""
        line_pitch = self.room.pitch(self.size)
        top = area.y + ((area.height - self.height) // 2 if align == "center" else 0)
        inset = self.room.inset(self.size)
        max_width = area.width - 2 * inset
        x = {"left": area.x + inset, "center": area.x + area.width // 2, "right": area.right - inset}[align]
        baseline = top + self.size * self.room.above // EM
        for text, paragraph in self.lines:
            yield Text(
                text,
                x,
                baseline,
                self.size,
                max_width,
                bold=paragraph.bold,
                white=white,
                align=align,
                language=paragraph.language,
                field=paragraph.field,
            )
            baseline += line_pitch


def pitch(size: Micrometres) -> Micrometres:
    """From one baseline to the next, in text that is not taller than Latin letters are."""
    return _LATIN.pitch(size)


def fit(
    paragraphs: Sequence[Paragraph], width: Micrometres, height: Micrometres, largest: Micrometres, fonts: Fonts
) -> Fitted:
    """The paragraphs in the largest size at which they fit, `largest` at most.

    They wrap between words. Only when that does not do at the smallest size, words that are wider than the area are
    broken. Raises `DoesNotFit` naming the paragraph with the most text.
    """
    measured = []
    for paragraph in paragraphs:
        if len(paragraph.text) > _LONGEST:
            raise _does_not_fit(paragraphs, width, height, fonts)
        measured.append(_Measured(paragraph, fonts))
    room = _room(measured)
    for break_words in (False, True):
        for size in _sizes(largest):
            line_width = width * EM // size - 2 * room.aside
            lines = _lines(measured, line_width, height // room.pitch(size), break_words=break_words)
            if lines is not None:
                return Fitted(size, tuple(lines), room)
    if room != _LATIN and _lines(measured, width * EM // SMALLEST, height // pitch(SMALLEST), break_words=True):
        raise _marks_do_not_fit(measured)
    raise _does_not_fit(paragraphs, width, height, fonts)


def wrap(paragraphs: Sequence[Paragraph], width: Micrometres, size: Micrometres, fonts: Fonts) -> Fitted:
    """The paragraphs in this size, on as many lines as they take: for papers that go on on another page.

    A word that is wider than a line is broken. What cannot even be broken stands on a line of its own.
    """
    measured = [_Measured(paragraph, fonts) for paragraph in paragraphs]
    room = _room(measured)
    line_width = width * EM // size - 2 * room.aside
    lines = [
        (line, each.paragraph)
        for each in measured
        for line in each.wrapped(line_width, break_words=True) or [each.paragraph.text]
    ]
    return Fitted(size, tuple(lines), room)


def _room(measured: Sequence["_Measured"]) -> _Room:
    """What a line takes that may be any of these paragraphs."""
    inks = [each.ink for each in measured if not _is_latin(each.paragraph.text)]
    if not inks:
        return _LATIN
    return _Room(
        max(_ABOVE, *(ink.up for ink in inks)),
        max(_BELOW, *(ink.down for ink in inks)),
        max(0, *(ink.aside - _ASIDE for ink in inks)),
    )


def _is_latin(text: str) -> bool:
    return text.isascii() or max(text) < _FIRST_MEASURED


def _lines(measured: Sequence["_Measured"], width: int, most: int, *, break_words: bool) -> list[Line] | None:
    """The paragraphs as at most `most` lines no wider than `width` thousandths of an em; `None` if that cannot be."""
    lines: list[Line] = []
    for each in measured:
        wrapped = each.wrapped(width, break_words=break_words)
        lines += [(line, each.paragraph) for line in wrapped]
        if not wrapped or len(lines) > most:
            return None
    return lines


def _sizes(largest: Micrometres) -> Iterator[Micrometres]:
    """From the largest size down to the smallest, in steps of about 6 %: finer ones look like mistakes."""
    size = largest
    while size > SMALLEST:
        yield size
        size = size * 94 // 100
    yield SMALLEST


class _Measured:
    """A paragraph and, once it has to be wrapped, where in it a line may end and how far the pen is there."""

    def __init__(self, paragraph: Paragraph, fonts: Fonts) -> None:
        self.paragraph = paragraph
        self._shaped = fonts.measured(paragraph.text, paragraph.bold, paragraph.language)

    @property
    def ink(self) -> Ink:
        """How far the black of the paragraph reaches."""
        return self._shaped.ink

    @cached_property
    def _pens(self) -> list[int]:
        return self._shaped.pen_before(len(self.paragraph.text))

    @cached_property
    def _between_words(self) -> list[int]:
        return [*break_opportunities(self.paragraph.text), len(self.paragraph.text)]

    def wrapped(self, width: int, *, break_words: bool) -> list[str]:
        """The paragraph as lines no wider than `width` thousandths of an em; no line at all if a word is too wide."""
        text = self.paragraph.text
        if self._shaped.advance <= width:
            return [text]
        lines: list[str] = []
        start = 0
        while start < len(text):
            end = self._line_end(self._between_words, start, width)
            if end is None and break_words:
                end = self._line_end(_between_characters(text), start, width)
            if end is None:
                return []
            lines.append(text[start:end].rstrip(" "))
            start = end
        return lines

    def _line_end(self, ends: Sequence[int], start: int, width: int) -> int | None:
        """The last of these positions at which a line from `start` may end; `None` if all are too far."""
        text, pens = self.paragraph.text, self._pens
        best = None
        for end in ends[bisect_right(ends, start) :]:
            # The space at the end of a line is not printed.
            visible = end - 1 if text[end - 1] == " " else end
            if pens[visible] - pens[start] > width:
                break
            best = end
        return best


def _between_characters(text: str) -> list[int]:
    """Every position at which a word may be broken when nothing else helps: never before a combining mark."""
    return [*(end for end in range(1, len(text)) if not is_mark(text[end])), len(text)]


def _marks_do_not_fit(measured: Sequence["_Measured"]) -> DoesNotFit:
    """Blames the paragraph whose black reaches furthest."""
    worst = max(measured, key=lambda each: sum(each.ink)).paragraph
    message = (
        f'The accents of "{worst.text}" reach out of its place on the label, even in the smallest type. Write it with '
        "fewer accents."
    )
    return DoesNotFit(message, field=worst.field, details={"value": worst.text})


def _does_not_fit(paragraphs: Sequence[Paragraph], width: Micrometres, height: Micrometres, fonts: Fonts) -> DoesNotFit:
    """Blames the paragraph with the most text, and says how much of it there is room for."""
    starts = [each.text[:_LONGEST] for each in paragraphs]
    widths = [
        fonts.width(start, SMALLEST, bold=each.bold, language=each.language)
        for start, each in zip(starts, paragraphs, strict=True)
    ]
    worst = widths.index(max(widths))
    longest, length = paragraphs[worst], len(starts[worst])
    most = height // pitch(SMALLEST)
    lines = [-(-each // width) for each in widths]
    if max(lines) == 1:
        message = (
            f'"{longest.text}" and what belongs to it are {len(lines)} lines; their place on the label holds {most} '
            "of the smallest type. Put two of them into one, or leave one out."
        )
        return DoesNotFit(message, field=longest.field, details={"value": longest.text, "lines": most})
    room = max(most - sum(lines) + lines[worst], 1) * width
    # A line rarely ends exactly where its place does, so a tenth of the room is not counted on.
    limit = max(min(length * room * 9 // (widths[worst] * 10), length - 1), 1)
    message = (
        f'"{_quoted(longest.text)}" has {len(longest.text)} characters and does not fit its place on the label, not '
        f"even in the smallest type. About {limit} characters fit; shorten it or move a part of it to another field."
    )
    return DoesNotFit(message, field=longest.field, details={"value": longest.text, "limit": limit})


def _quoted(text: str) -> str:
    """A text for a message: as much of a very long one as shows which it is."""
    return text if len(text) <= _LONGEST else f"{text[:_QUOTED]}…"
