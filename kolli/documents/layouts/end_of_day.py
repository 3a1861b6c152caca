"""The end-of-day list: every parcel a carrier takes with it, with sums and a line for the driver's signature."""

from dataclasses import dataclass

from kolli.documents.fonts import Fonts
from kolli.documents.layouts.sheets import GUTTER, ON_A4, Column, Row, Sheets
from kolli.drawing import Drawing, Fill, Paper, mm, points


@dataclass(frozen=True)
class HandedOver:
    """One parcel of the list."""

    tracking_number: str
    order_number: str
    city: str
    country_code: str
    weight: str
    is_test: bool = False


@dataclass(frozen=True)
class EndOfDayContent:
    """What an end-of-day list says. `remarks` are sentences about parcels that are not in it."""

    carrier_name: str
    day: str
    sender: tuple[str, ...]
    parcels: tuple[HandedOver, ...]
    total_weight: str
    by_country: tuple[tuple[str, int], ...] = ()
    remarks: tuple[str, ...] = ()


def lay_out(content: EndOfDayContent, paper: Paper, fonts: Fonts) -> list[Drawing]:
    """The pages of an end-of-day list. There is no text that it refuses."""
    sheets = Sheets(paper, fonts, f"End of day: {content.carrier_name}, {content.day}", ON_A4)
    sheets.texts(f"End of day: {content.carrier_name}", size=points(16), bold=True)
    sheets.texts(content.day, *content.sender)
    sheets.gap(mm(3))
    columns = [
        Column("No.", mm(10), "right"),
        Column("Tracking number", mm(52), bold=True),
        Column("Order", mm(34)),
        Column("To"),
        Column("Weight", mm(20), "right"),
    ]
    rows = [_row(number, parcel) for number, parcel in enumerate(content.parcels, start=1)]
    sum_of_all = f"{len(content.parcels)} parcel" + ("" if len(content.parcels) == 1 else "s")
    sheets.table(columns, [*rows, Row(("", sum_of_all, "", "", content.total_weight), bold=True)])
    if content.by_country:
        sheets.gap(mm(2))
        sheets.texts("By country: " + ", ".join(f"{country} {count}" for country, count in content.by_country))
    if content.remarks:
        sheets.gap(mm(2))
        sheets.texts(*content.remarks)
    _signatures(sheets)
    return sheets.drawings()


def _row(number: int, parcel: HandedOver) -> Row:
    to = f"{parcel.city}, {parcel.country_code}" + (" (TEST)" if parcel.is_test else "")
    return Row((str(number), parcel.tracking_number, parcel.order_number, to, parcel.weight))


def _signatures(sheets: Sheets) -> None:
    """Two lines to sign on, which are never alone without their words."""
    sheets.keep(mm(30))
    sheets.gap(mm(6))
    area = sheets.area(mm(12))
    half = (area.width - GUTTER) // 2
    for x in (area.x, area.x + half + GUTTER):
        sheets.add(Fill(x, area.bottom - mm(0, 3), half, mm(0, 3)))
    captions = Row(("Handed over: name, time, signature", "Taken by the driver: name, time, signature"))
    sheets.table([Column("", half), Column("", half)], [captions], ruled=False)
