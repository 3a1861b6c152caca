"""The control barcodes of the packing table: what a scanner says instead of a hand that presses a button.

Scanners type what they read as if they were keyboards, and often one that is set to another country. So a code has
only characters that American, German and Dutch keyboards have in one place: capitals other than Y and Z, and `%`.
"""

from dataclasses import dataclass
from typing import Literal

from kolli.documents.fonts import Fonts
from kolli.documents.layouts import codes
from kolli.documents.layouts.parts import Barcode
from kolli.documents.layouts.sheets import ON_A4, Sheets
from kolli.documents.writers.grid import PDF_DPI, Grid
from kolli.drawing import Drawing, Paper, mm, points

ControlName = Literal["REPRINT", "LAST", "CANCEL", "NEXT_BOX", "STOP"]

_GRIDS = (Grid(PDF_DPI), Grid(203))


@dataclass(frozen=True, slots=True)
class Control:
    """A barcode that is a command: what it holds, what it is called, and what it does."""

    name: ControlName
    code: str
    title: str
    sentence: str


CONTROLS = (
    Control("REPRINT", "%KOLLI%REPRINT%", "REPRINT", "Prints the label of the order on the table again."),
    Control("LAST", "%KOLLI%LAST%", "LAST LABEL AGAIN", "Prints the label that came out last once more."),
    Control("NEXT_BOX", "%KOLLI%NEXTBOX%", "NEXT BOX", "Closes this box; what is scanned now goes into another one."),
    Control("CANCEL", "%KOLLI%CANCEL%", "CANCEL", "Cancels the label of the order on the table."),
    Control("STOP", "%KOLLI%STOP%", "STOP", "Puts the order away, with nothing printed and nothing cancelled."),
)
"""Every control there is, in the sequence in which they stand on the sheet."""

_BY_CODE = {control.code: control for control in CONTROLS}


def control_of(scanned: str) -> Control | None:
    """The control that was scanned, in whatever case a keyboard made of it; None when it is something else."""
    return _BY_CODE.get(scanned.strip().upper())


def lay_out(controls: tuple[Control, ...], paper: Paper, fonts: Fonts) -> list[Drawing]:
    """The sheet, to hang beside the packing table: each control with its barcode, far enough apart to hit one."""
    sheets = Sheets(paper, fonts, "Control barcodes", ON_A4)
    sheets.texts("Control barcodes of the packing table", size=points(16), bold=True)
    sheets.gap(mm(4))
    for control in controls:
        sheets.rule()
        sheets.texts(control.title, size=points(20), bold=True)
        sheets.texts(control.sentence, size=points(11))
        area = sheets.area(mm(20), mm(6))
        barcode = Barcode("code128", control.code)
        sheets.add(codes.symbol_for(barcode, "code", area, _GRIDS, is_linear=True))
    return sheets.drawings()
