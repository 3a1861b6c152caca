"""A file with orders, read as somebody wants it read: what can be imported, what cannot, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from kolli.api.v3.order_document import OrderDocument
from kolli.errors import Invalid
from kolli.orders.csv_columns import BY_KEY, guess, guess_decimals
from kolli.orders.model import Document
from kolli.orders.orders_csv import Reading, RowsOfOrder, orders_in
from kolli.tables import DELIMITERS, Mistake, cells_of, delimiter_of, table_text

MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 200

ENCODINGS = {"utf-8": "UTF-8", "windows-1252": "Windows-1252", "utf-16": "UTF-16"}

WHY = "reason"
"""The column of the file with the rows that were left out."""


@dataclass(frozen=True)
class Table:
    """The cells of a file: its header, and its rows with their numbers."""

    header: list[str]
    rows: list[tuple[int, list[str]]]

    def samples(self, place: int) -> list[str]:
        """Some of what stands in a column."""
        found = dict.fromkeys(cells[place] for _, cells in self.rows[:50] if place < len(cells) and cells[place])
        return list(found)[:3]


@dataclass(frozen=True)
class Good:
    """One order that can be imported."""

    rows: RowsOfOrder
    document: Document


@dataclass(frozen=True)
class Checked:
    """All orders of a file: those that can be imported, those that cannot, and each mistake by its row."""

    good: list[Good]
    bad: list[RowsOfOrder]
    mistakes: list[Mistake]

    @property
    def bad_rows(self) -> int:
        """How many rows belong to orders that cannot be imported."""
        return sum(len(each.numbers) for each in self.bad)


def check_is_text(content: bytes) -> None:
    """Raises Invalid when a file is no text at all, and says what it is instead."""
    if not content.strip():
        raise Invalid("The file is empty.", field="file")
    if len(content) > MOST_BYTES:
        raise Invalid(f"The file is larger than {MOST_BYTES // 1024 // 1024} MiB. Divide it.", field="file")
    kinds = {b"PK\x03\x04": "an Excel workbook, or another packed file", b"\xd0\xcf\x11\xe0": "an old Excel workbook"}
    kinds |= {
        b"%PDF": "a PDF",
        b"\x89PNG": "a picture",
        b"\xff\xd8\xff": "a picture",
        b"{": "JSON",
        b"<": "XML or HTML",
    }
    for beginning, kind in kinds.items():
        if content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(beginning):
            raise Invalid(f"This file is no CSV file: it is {kind}. Save it as “CSV UTF-8” first.", field="file")
    if b"\0" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Invalid("This file is no CSV file: it holds bytes that are no text.", field="file")


def encoding_of(content: bytes) -> str:
    """How a file is probably written; `windows-1252` is a guess that somebody has to confirm."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def text_of(content: bytes, encoding: str) -> str:
    """The text of a file; Invalid, with the field `encoding`, when it is not written so."""
    if encoding not in ENCODINGS:
        raise Invalid("Choose one of the encodings.", field="encoding")
    try:
        return content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        message = f"The file is not in {ENCODINGS[encoding]}: line {line} has a byte that means nothing in it."
        raise Invalid(
            f"{message} Choose another encoding, or save the file as “CSV UTF-8”.", field="encoding"
        ) from error


def table_of(content: bytes, encoding: str, delimiter: str) -> Table:
    """The cells of a file; Invalid when it is no table."""
    if delimiter not in DELIMITERS:
        raise Invalid("Choose what divides the columns.", field="delimiter")
    rows = cells_of(text_of(content, encoding), delimiter, most_rows=MOST_ROWS)
    if len(rows) < 2:
        raise Invalid("The file has a header and no rows. There is nothing to import.", field="file")
    (_, header), *others = rows
    if len(header) > MOST_COLUMNS:
        message = f"The file has {len(header):,} columns; at most {MOST_COLUMNS} are read. Leave out what nobody needs."
        raise Invalid(message, field="file")
    if len(header) < 2:
        raise Invalid(
            "The file has one column only. Choose what divides its columns, or save it as CSV again.", field="delimiter"
        )
    return Table(header, others)


def first_reading(content: bytes, integration_id: int, country: str) -> Reading:
    """How a file that was just brought is probably to be read."""
    encoding = encoding_of(content)
    delimiter = delimiter_of(text_of(content, encoding))
    table = table_of(content, encoding, delimiter)
    columns = guess(table.header)
    decimals = guess_decimals([cells for _, cells in table.rows[:200]], columns)
    return Reading(integration_id, columns, encoding, delimiter, decimals, country=country)


def checked(table: Table, reading: Reading, now: datetime) -> Checked:
    """Every order of the file, checked as the API checks those that programs send."""
    good: list[Good] = []
    bad: list[RowsOfOrder] = []
    mistakes: list[Mistake] = []
    seen: dict[str, int] = {}
    for rows in orders_in(table.header, table.rows, reading, now):
        document, found = _validated(rows, reading, table.header)
        order_id = str(rows.document["order_id"])
        if order_id in seen:
            text = f"The order id {order_id[:60]!r} is that of the order in row {seen[order_id]}, with another number."
            found.append(Mistake(rows.numbers[0], "", text))
        seen.setdefault(order_id, rows.numbers[0])
        if document is None or found:
            bad.append(rows)
            mistakes += found
        else:
            good.append(Good(rows, document))
    return Checked(good, bad, sorted(mistakes, key=lambda mistake: mistake.number))


def _validated(rows: RowsOfOrder, reading: Reading, header: Sequence[str]) -> tuple[Document | None, list[Mistake]]:
    found = list(rows.mistakes)
    try:
        return OrderDocument.model_validate(rows.document).document(), found
    except ValidationError as error:
        told = {mistake.column for mistake in found}
        for each in error.errors(include_url=False, include_context=False, include_input=False):
            number, column = _place(each["loc"], rows, reading, header)
            if not (column in told or (told and not column)):  # it follows from what was told
                found.append(Mistake(number, column, each["msg"].removeprefix("Value error, ")))
        return None, found


def _place(
    location: Sequence[int | str], rows: RowsOfOrder, reading: Reading, header: Sequence[str]
) -> tuple[int, str]:
    """The row and the column that a member of a document comes from."""
    number, path = rows.numbers[0], [str(part) for part in location]
    if path[:2] == ["order_details", "order_items"] and len(location) > 2:
        number, path = rows.numbers[int(location[2])], ["items", *path[3:]]
    dotted = ".".join(path)
    for place, key in enumerate(reading.columns):
        if key and (dotted.startswith(BY_KEY[key].path) or BY_KEY[key].path.startswith(dotted)):
            return number, header[place]
    return number, ""


def left_out(table: Table, found: Checked) -> str:
    """The rows of the orders that cannot be imported, as CSV, and why; mended it can be imported by itself."""
    reasons: dict[int, list[str]] = {}
    for mistake in found.mistakes:
        where = f"{mistake.column}: " if mistake.column else ""
        reasons.setdefault(mistake.number, []).append(f"{where}{mistake.message}")
    of_order = {number: each.numbers for each in found.bad for number in each.numbers}
    header = _unlike(table.header)
    rows = []
    for number, cells in table.rows:
        if number in of_order:
            why = reasons.get(number) or ["Another row of the same order cannot be imported."]
            rows.append({**dict(zip(header, cells, strict=False)), WHY: " | ".join(why)})
    return table_text([*header, WHY], rows)


def _unlike(header: Sequence[str]) -> list[str]:
    """The header with names that are all different."""
    names: list[str] = []
    for name in header:
        more = 1
        unlike = name
        while unlike in names or unlike == WHY:
            more += 1
            unlike = f"{name} {more}"
        names.append(unlike)
    return names
