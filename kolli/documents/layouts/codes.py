"""Where the barcodes of a label stand, and how high and fine their bars are."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from kolli.documents.barcodes import SYMBOLOGIES, Symbology
from kolli.documents.layouts.parts import Barcode
from kolli.documents.writers.grid import Grid
from kolli.drawing import Area, Micrometres, Symbol, mm
from kolli.errors import DoesNotFit, Invalid, InvalidChoice

# The widest and narrowest modules. 0.40 mm lets 203, 300 and 600 dpi have 0.34 to 0.38 mm bars, about the 13 mil that
# hand scanners read at arm's length; below 0.25 mm a worn thermal head drops bars.
_BAR_MODULE = Micrometres(400), Micrometres(250)
_SQUARE_MODULE = Micrometres(550), Micrometres(250)

# 12.5 mm is the least that UPU S10-12 recommends. Barcodes further up say what only the carrier's machines read.
_LOWEST_HEIGHT, _LOWEST_LEAST = mm(24), mm(12, 5)
_HIGHER_HEIGHT, _HIGHER_LEAST = mm(13), mm(10)

_LOWEST_TEXT = mm(5, 5)
_HIGHER_TEXT = mm(4)
_GAP = mm(1)


class Row(NamedTuple):
    """A barcode across the whole label above its line of text, and the fields that both come from."""

    barcode: Barcode
    field: str
    printed_field: str
    height: Micrometres
    least: Micrometres
    text_height: Micrometres
    text_gap: Micrometres = _GAP


def declared_rows(barcodes: Iterable[Barcode]) -> list[Row]:
    """The rows for what a carrier has declared, the lowest first."""
    rows = []
    for index, barcode in enumerate(barcodes):
        field = f"parts.barcodes.{index}"
        least = barcode.min_height or (_HIGHER_LEAST if index else _LOWEST_LEAST)
        height = max(barcode.height or (_HIGHER_HEIGHT if index else _LOWEST_HEIGHT), least)
        text = (_HIGHER_TEXT if index else _LOWEST_TEXT, _GAP) if barcode.printed or barcode.caption else (0, 0)
        rows.append(Row(barcode, field, field, height, least, *text))
    return rows


def usual_row(tracking_number: str, printed: str, printed_field: str) -> Row:
    """The row of a label whose carrier has declared none."""
    barcode = Barcode("code128", tracking_number, printed)
    return Row(barcode, "tracking_number", printed_field, _LOWEST_HEIGHT, _LOWEST_HEIGHT, _LOWEST_TEXT)


def bar_heights(rows: Sequence[Row], room: Micrometres, most: Micrometres) -> list[Micrometres]:
    """How high the bars of each row are: as much as they want of `room`, the first ones before the others.

    If `room` does not even hold the least they need, they get that. Raises `DoesNotFit` naming the last row if that is
    more than `most`.
    """
    needed = sum([row.least + row.text_height + row.text_gap for row in rows], _GAP * (len(rows) - 1))
    if needed > most:
        message = (
            f'Together with "{rows[-1].barcode.data}" the barcodes take {needed // 1000} mm of the height of the '
            f"label, which has {max(most, 0) // 1000} mm for them. Have fewer or lower ones."
        )
        raise DoesNotFit(message, field=rows[-1].field, details={"value": rows[-1].barcode.data})
    heights, spare = [], max(room - needed, 0)
    for row in rows:
        more = min(spare, row.height - row.least)
        heights.append(row.least + more)
        spare -= more
    return heights


def total_height(rows: Sequence[Row], heights: Iterable[Micrometres]) -> Micrometres:
    """What the rows take with bars of these heights."""
    return sum(heights) + sum([row.text_height + row.text_gap for row in rows], _GAP * (len(rows) - 1))


def placed(rows: Sequence[Row], heights: Sequence[Micrometres], area: Area) -> Iterator[tuple[Row, Area, Area]]:
    """Each row, from the bottom of the area upwards, with the places of its bars and of its text."""
    for row, height in zip(rows, heights, strict=True):
        area, text = area.split_bottom(row.text_height, row.text_gap)
        area, bars = area.split_bottom(height, _GAP)
        yield row, bars, text


def symbol_for(barcode: Barcode, field: str, area: Area, grids: Iterable[Grid], *, is_linear: bool) -> Symbol:
    """A barcode in this area.

    Raises `InvalidChoice` for a symbology that does not exist, `Invalid` for one of the other shape, `NotDrawable` for
    what it cannot hold, and `DoesNotFit` if it would need finer modules than may be printed.
    """
    symbology = _symbology(barcode, field, is_linear=is_linear)
    symbology.check(barcode.data, field)
    widest, narrowest = _BAR_MODULE if is_linear else _SQUARE_MODULE
    widest = max(barcode.max_module or widest, barcode.min_module)
    wanted = max(barcode.min_module, narrowest)
    taken = symbology.size or (symbology.width(barcode.data) + 2 * symbology.quiet_zone) * wanted
    if taken > area.width:
        limit = len(barcode.data) * area.width // taken
        message = f'"{barcode.data}" is too long for its barcode; about {limit} characters fit. Use a shorter one.'
        raise DoesNotFit(message, field=field, details={"value": barcode.data, "limit": limit})
    symbol = Symbol(symbology.name, barcode.data, area.x, area.y, area.width, area.height, widest, narrowest, field)
    for grid in grids:
        grid.check(symbol)
    return symbol


def _symbology(barcode: Barcode, field: str, *, is_linear: bool) -> Symbology:
    symbology = SYMBOLOGIES.get(barcode.symbology)
    if symbology and symbology.is_linear == is_linear:
        return symbology
    choices = ", ".join(each.name for each in SYMBOLOGIES.values() if each.is_linear == is_linear)
    if symbology is None:
        message = f'There is no symbology "{barcode.symbology}". Choose one of {choices}.'
        raise InvalidChoice(message, field=field, details={"value": barcode.symbology, "choices": choices})
    shape = "bars" if is_linear else "a square"
    message = f"There is a place for {shape} here, and {symbology.name} is not. Choose one of {choices}."
    raise Invalid(message, field=field, details={"value": barcode.symbology, "choices": choices})
