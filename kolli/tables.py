"""CSV files as people write them: rows by the names of columns, and what is wrong by row and column.

It is the one place that writes CSV, because a spreadsheet takes a text that begins like a formula for one.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import TextIO, TypeVar

from babel.core import get_global

from kolli.errors import Invalid
from kolli.values import COUNTRY_CODES, EU_COUNTRIES

Value = TypeVar("Value")
Default = TypeVar("Default")

LONGEST_CELL = 4_000
LONGEST_TEXT = 1_000
MOST_DIGITS = 12
MOST_DECIMALS = 6

DELIMITERS = (",", ";", "\t", "|")
"""What can divide columns."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the last ones are wide
_HIDDEN = re.compile("(?<=[;|\t\r\n])(?='*[=+@\uff1d\uff0b\uff0d\uff20-])")
_MARKED = re.compile("(?<=[;|\t\r\n])'(?='*[=+@\uff1d\uff0b\uff0d\uff20-])")
_UNPRINTABLE = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")
_NUMBER = re.compile("[0-9]+([.][0-9]+)?")

EUROPEAN_UNION = "EU"
EVERYWHERE = "*"

CURRENCIES = frozenset(
    code
    for history in get_global("territory_currencies").values()
    for code, _since, until, is_tender in history
    if is_tender and until is None
)
"""The currencies that are legal tender somewhere today (ISO 4217); source: Unicode CLDR through babel."""


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a row, and in which column; empty when it is the row as a whole."""

    number: int
    column: str
    message: str

    def __str__(self) -> str:
        where = f"row {self.number}, {self.column}" if self.column else f"row {self.number}"
        return f"{where}: {self.message}"


@dataclass(frozen=True)
class TableRow:
    """One row: its cells without spaces around them, by column, and what was found wrong on the way.

    `number` counts from 1, the header's, as a spreadsheet counts.
    """

    number: int
    cells: Mapping[str, str]
    mistakes: list[Mistake] = field(default_factory=list)

    def text(self, column: str) -> str:
        """What stands in a column; empty where the file has no such column."""
        return self.cells.get(column, "")

    def read(self, column: str, parse: Callable[[str], Value], default: Default) -> Value | Default:
        """What a cell says; the default when it is empty, or wrong and a mistake was noted."""
        text = self.text(column)
        if not text:
            return default
        try:
            return parse(text)
        except Invalid as error:
            self.wrong(column, error.message)
            return default

    def need(self, column: str, parse: Callable[[str], Value]) -> Value | None:
        """What a cell says that must not be empty; None when a mistake was noted."""
        if not self.text(column):
            self.wrong(column, "It is empty, and has to be filled in.")
            return None
        return self.read(column, parse, None)

    def wrong(self, column: str, message: str) -> None:
        """Notes a mistake."""
        self.mistakes.append(Mistake(self.number, column, message))


def read_table(path: Path, columns: Sequence[str], required: Sequence[str], *, most_rows: int) -> list[TableRow]:
    """The rows of a file that are not empty.

    Columns are divided by commas, semicolons or tabs; the text is UTF-8, with or without a mark at its beginning.
    Raises Invalid when the file cannot be read as such a table at all.
    """
    return list(rows_of_table(path, columns, required, most_rows=most_rows))


def rows_of_table(path: Path, columns: Sequence[str], required: Sequence[str], *, most_rows: int) -> Iterator[TableRow]:
    """The same rows one by one, for files that are too long to hold in memory."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _rows(file, path, columns, required, most_rows)
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{path} is not in UTF-8. Save it as “CSV UTF-8”.") from error
    except csv.Error as error:
        raise Invalid(f"{path} is no CSV file: {error}.") from error


def _rows(
    file: TextIO, path: Path, known: Sequence[str], required: Sequence[str], most_rows: int
) -> Iterator[TableRow]:
    first = file.readline()
    file.seek(0)
    delimiter = max(",;\t", key=first.count)
    table = csv.reader(file, delimiter=delimiter, strict=True)
    columns = [name.strip().lower() for name in _without_end(next(table, []), 0)]
    _check_header(columns, path, known, required)
    count = 0
    for number, whole_row in enumerate(table, start=2):
        cells = _without_end(whole_row, len(columns))
        if not any(cell.strip() for cell in cells):
            continue
        if count == most_rows:
            raise Invalid(f"{path} has more than {most_rows:,} rows. Divide it.")
        row = TableRow(number, {name: _plain(cell) for name, cell in zip(columns, cells, strict=False)})
        if len(cells) != len(columns):
            row.wrong("", f"It has {len(cells)} columns, and the header has {len(columns)}.")
        for name, cell in row.cells.items():
            check_cell(row, name, cell)
        count += 1
        yield row


def cells_of(text: str, delimiter: str, *, most_rows: int) -> list[tuple[int, list[str]]]:
    """The rows of a text that are not empty, whatever their columns are called, each with its number.

    Rows are numbered as a spreadsheet does, from 1, the header's. Cells are without spaces around them. Raises Invalid
    when the text is no such table at all.
    """
    table = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for number, cells in enumerate(table, start=1):
            row = [_plain(cell) for cell in _without_end(cells, 0)]
            if not any(row):
                continue
            if len(rows) > most_rows:
                raise Invalid(f"The file has more than {most_rows:,} rows. Divide it.")
            rows.append((number, row))
    except csv.Error as error:
        raise Invalid(f"The file is no CSV file: {error}, in row {len(rows) + 1}.") from error
    return rows


def delimiter_of(text: str) -> str:
    """What divides the columns of a text: the one of `DELIMITERS` that its first line has most of."""
    first = next(iter(text.splitlines()), "")
    return max(DELIMITERS, key=first.count)


def _without_end(cells: list[str], least: int) -> list[str]:
    """A row without the empty cells at its end that spreadsheets leave behind deleted columns."""
    end = len(cells)
    while end > least and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _plain(cell: str) -> str:
    """A cell without spaces around it, and without the mark that keeps a spreadsheet from reading a formula."""
    text = _MARKED.sub("", cell.strip())
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_FORMULA) else text


def check_cell(row: TableRow, name: str, cell: str) -> None:
    """Notes what no cell may hold, whatever it means: what cannot be printed, and far too much."""
    if found := _UNPRINTABLE.search(cell):
        row.wrong(name, f"The character U+{ord(found[0]):04X} cannot be printed. Leave it out.")
    if len(cell) > LONGEST_CELL:
        row.wrong(name, f"It has {len(cell)} characters; at most {LONGEST_CELL} are read.")


def _check_header(columns: Sequence[str], path: Path, known: Sequence[str], required: Sequence[str]) -> None:
    missing = [name for name in required if name not in columns]
    if missing:
        raise Invalid(
            f"{path} has no column {', '.join(missing)}. The first row has to name the columns: {', '.join(known)}."
        )
    unknown = [name for name in columns if name not in known]
    if unknown:
        raise Invalid(f"{path} has the column {unknown[0]!r}, which is not known. Known are: {', '.join(known)}.")
    if len(set(columns)) < len(columns):
        raise Invalid(f"{path} has a column twice: {', '.join(columns)}.")


def write_table(file: TextIO, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Writes rows so that `read_table` reads the same; columns that a row does not name stay empty."""
    table = csv.writer(file, lineterminator="\n")
    table.writerow(columns)
    for row in rows:
        table.writerow([_safe(row.get(name, "")) for name in columns])


def table_text(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """The same as one text."""
    file = StringIO()
    write_table(file, columns, rows)
    return file.getvalue()


def _safe(text: str) -> str:
    """A text that is no formula, also for a spreadsheet that divides columns where we do not."""
    marked = _HIDDEN.sub("'", text)
    return f"'{marked}" if marked.lstrip("'").startswith(_FORMULA) else marked


# What stands in cells


def text_from(text: str) -> str:
    """A text that can be shown anywhere."""
    found = _UNPRINTABLE.search(text)
    if found:
        raise Invalid(f"The character U+{ord(found[0]):04X} cannot be printed. Leave it out.")
    if len(text) > LONGEST_TEXT:
        raise Invalid(f"The text has {len(text)} characters; at most {LONGEST_TEXT} are kept.")
    return text


def number_from(text: str) -> Decimal:
    """A number of 0 or more, as `12` or `12.50`."""
    if not _NUMBER.fullmatch(text):
        point = " Write the decimals behind a point: 4.95." if "," in text else ""
        raise Invalid(f"{text[:40]!r} is no number of 0 or more.{point}")
    whole, _, decimals = text.partition(".")
    if len(whole.lstrip("0")) > MOST_DIGITS or len(decimals) > MOST_DECIMALS:
        raise Invalid(
            f"{text[:40]!r} has more than {MOST_DIGITS} digits, or more than {MOST_DECIMALS} behind the point."
        )
    return Decimal(text)


def positive_from(text: str) -> Decimal:
    """A number above 0."""
    number = number_from(text)
    if not number:
        raise Invalid(f"{text[:40]!r} is not above 0.")
    return number


def whole_from(text: str) -> int:
    """A whole number above 0."""
    number = positive_from(text)
    if number != int(number):
        raise Invalid(f"{text[:40]!r} is no whole number.")
    return int(number)


def choice_from(choices: Sequence[Value]) -> Callable[[str], Value]:
    """Reads one of some words, spelled exactly so."""
    known = {str(choice): choice for choice in choices}

    def choose(text: str) -> Value:
        if text not in known:
            raise Invalid(f"{text[:40]!r} is none of {', '.join(known)}.")
        return known[text]

    return choose


def currency_from(text: str) -> str:
    """A currency by its three letters."""
    if text in CURRENCIES:
        return text
    capitals = f" Write it in capital letters: {text.upper()}." if text.upper() in CURRENCIES else ""
    raise Invalid(f"{text[:40]!r} is no currency. Use three letters of ISO 4217, such as EUR.{capitals}")


def words_of(text: str) -> list[str]:
    """The words of a list in one cell, divided by spaces, commas or semicolons."""
    return [word for word in re.split("[\\s,;]+", text) if word]


def countries_from(text: str) -> frozenset[str] | None:
    """Countries, such as `NL BE DE`; `EU` stands for the members of the European Union, `*` for everywhere (None)."""
    words = words_of(text)
    if words == [EVERYWHERE]:
        return None
    countries: set[str] = set()
    for word in words:
        if word == EUROPEAN_UNION:
            countries |= EU_COUNTRIES
        elif word in COUNTRY_CODES:
            countries.add(word)
        else:
            capitals = f" Country codes have capital letters: {word.upper()}." if word.upper() in COUNTRY_CODES else ""
            raise Invalid(f"{word[:40]!r} is no country. Use two letters of ISO 3166-1, such as NL.{capitals}")
    return frozenset(countries)


def countries_text(countries: frozenset[str] | None) -> str:
    """The same list as a cell."""
    if countries is None:
        return ""
    if countries >= EU_COUNTRIES:
        return " ".join([EUROPEAN_UNION, *sorted(countries - EU_COUNTRIES)])
    return " ".join(sorted(countries))
