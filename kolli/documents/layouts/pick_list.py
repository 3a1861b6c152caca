"""The pick list: what to fetch from the shelves for several orders, each thing once, and which orders it is for."""

from dataclasses import dataclass

from kolli.documents.fonts import Fonts
from kolli.documents.layouts.sheets import ON_A4, Column, Row, Sheets
from kolli.drawing import Drawing, Paper, mm, points


@dataclass(frozen=True)
class Pick:
    """So many pieces of something, where it lies, and how many of them each order gets."""

    quantity: int
    sku: str
    name: str
    location: str
    orders: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class PickListContent:
    """What a pick list says, in this sequence. `missing` are the orders that are not in it, and why."""

    title: str
    made_at: str
    picks: tuple[Pick, ...]
    order_count: int
    missing: tuple[str, ...] = ()


def lay_out(content: PickListContent, paper: Paper, fonts: Fonts) -> list[Drawing]:
    """The pages of a pick list. There is no text that it refuses."""
    title = f"Pick list {content.title}".strip()
    sheets = Sheets(paper, fonts, title, ON_A4)
    pieces = sum(pick.quantity for pick in content.picks)
    sheets.texts(title, size=points(16), bold=True)
    sheets.texts(f"{content.made_at} · {content.order_count} orders · {len(content.picks)} articles · {pieces} pieces")
    sheets.gap(mm(2))
    has_locations = any(pick.location for pick in content.picks)
    columns = [Column("", mm(5), tick=True), Column("Qty", mm(12), "right", bold=True)]
    columns += [Column("Location", mm(22))] if has_locations else []
    columns += [Column("SKU", mm(34), bold=True), Column("Item"), Column("For orders", mm(42))]
    sheets.table(columns, [_row(pick, has_locations=has_locations) for pick in content.picks])
    if content.missing:
        sheets.gap(mm(3))
        sheets.texts("Not in this list", bold=True)
        sheets.texts(*content.missing)
    return sheets.drawings()


def _row(pick: Pick, *, has_locations: bool) -> Row:
    orders = ", ".join(f"{number} × {count}" if count > 1 else number for number, count in pick.orders)
    location = (pick.location,) if has_locations else ()
    return Row(("", str(pick.quantity), *location, pick.sku or "–", pick.name, orders))
