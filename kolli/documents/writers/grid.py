"""The pixels of one resolution: where a micrometre falls, and how large a barcode's modules are.

Two writers at one resolution put everything on the same pixels, because they ask here.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from kolli.documents.barcodes import SYMBOLOGIES
from kolli.documents.barcodes.modules import Modules
from kolli.drawing import Micrometres, Symbol
from kolli.errors import DoesNotFit

PDF_DPI = 300
"""PDF puts barcodes on these pixels: that is what they are most often printed with, and 150 and 600 share them."""

_UM_PER_254_MM = 254_000

# Label printers of "203 dpi" have 8 dots to the millimetre, which is 203.2.
_DOTS_PER_254_MM = {203: 2032}


class PlacedSymbol(NamedTuple):
    """A barcode on the grid, in pixels: its upper left module, its size, and the width of one module."""

    x: int
    y: int
    width: int
    height: int
    module: int


@dataclass(frozen=True)
class Grid:
    """A resolution in dots per inch."""

    dpi: int

    @cached_property
    def dots(self) -> int:
        """Dots per 254 mm, a whole number for every resolution in use."""
        return _DOTS_PER_254_MM.get(self.dpi, self.dpi * 10)

    def px(self, length: Micrometres) -> int:
        """A length or a position in whole pixels, to the nearest."""
        return (length * self.dots + _UM_PER_254_MM // 2) // _UM_PER_254_MM

    def size_64(self, size: Micrometres) -> int:
        """A font size in sixty-fourths of a pixel."""
        return size * self.dots * 64 // _UM_PER_254_MM

    def span(self, start: Micrometres, length: Micrometres) -> tuple[int, int]:
        """Start and length of something drawn, in pixels; never less than one pixel long."""
        first = self.px(start)
        return first, max(self.px(start + length) - first, 1)

    def holds(self, symbol: Symbol, modules: int, spare: int = 0) -> bool:
        """Whether `placed` finds room for the symbol wherever on a sheet its box is, which may cost it a pixel."""
        width, height = (length * self.dots // _UM_PER_254_MM for length in (symbol.width, symbol.height))
        return self._module(symbol, modules + spare, width, height) > 0

    def check(self, symbol: Symbol) -> None:
        """Raises `DoesNotFit` if a writer might, which `placed` does, on any place of a sheet."""
        if not self.holds(symbol, SYMBOLOGIES[symbol.symbology].width(symbol.text)):
            raise self._too_fine(symbol)

    def encoded(self, symbol: Symbol) -> Modules:
        """The modules of a symbol, or its pixels where modules are no squares: `placed` takes these for modules."""
        symbology = SYMBOLOGIES[symbol.symbology]
        if symbology.pixels:
            return symbology.pixels(symbol.text, self.dots)
        return symbology.encode(symbol.text)

    def placed(self, symbol: Symbol, modules: int, spare: int = 0) -> PlacedSymbol:
        """A symbol of so many modules across, in the middle of its box, with the largest modules there is room for.

        `spare` is how many modules more it may turn out to have. Raises `DoesNotFit` if its modules would be too fine.
        """
        symbology = SYMBOLOGIES[symbol.symbology]
        left, box_width = self.span(symbol.x, symbol.width)
        top, box_height = self.span(symbol.y, symbol.height)
        module = self._module(symbol, modules + spare, box_width, box_height)
        if not module:
            raise self._too_fine(symbol)
        width = modules * module
        height = box_height if symbology.is_linear else width
        return PlacedSymbol(left + (box_width - width) // 2, top + (box_height - height) // 2, width, height, module)

    def _too_fine(self, symbol: Symbol) -> DoesNotFit:
        message = (
            f'At {self.dpi} dpi the barcode of "{symbol.text}" needs bars too fine to print. Ask for a higher '
            "resolution, or for PDF."
        )
        return DoesNotFit(message, field=symbol.field, details={"value": symbol.text, "dpi": self.dpi})

    def _module(self, symbol: Symbol, modules: int, box_width: int, box_height: int) -> int:
        """How many pixels wide a module is; 0 if it would be finer than `min_module`.

        Where no whole number of pixels is between the least and the most, it is the next one above the least.
        """
        symbology = SYMBOLOGIES[symbol.symbology]
        if symbology.pixels:
            return int(symbology.size * self.dots // _UM_PER_254_MM <= min(box_width, box_height))
        needed = modules + 2 * symbology.quiet_zone
        least = -(-symbol.min_module * self.dots // _UM_PER_254_MM)
        module = min(box_width // needed, max(symbol.max_module * self.dots // _UM_PER_254_MM, least))
        if not symbology.is_linear:
            module = min(module, box_height // needed)
        return module if module >= least else 0
