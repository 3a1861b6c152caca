"""Writes pages as PDF: shaped text in subset fonts, barcodes as bit masks, one file for all pages.

Format: ISO 32000-2:2020; only what PDF 1.7 has already is used. Each page's content starts by turning the coordinate
system round (`72/25400 0 0 -72/25400 0 height cm`), so that everything after it is in the micrometres of the drawing,
Y downwards.
"""

import zlib
from collections.abc import Sequence

from kolli.documents.barcodes import SYMBOLOGIES
from kolli.documents.fonts import Fonts
from kolli.documents.writers.grid import PDF_DPI, Grid
from kolli.documents.writers.pdf_fonts import PdfFonts
from kolli.documents.writers.pdf_objects import PdfFile, reference
from kolli.documents.writers.pictures import in_colour, place_in_box
from kolli.drawing import Drawing, Fill, Frame, Image, Mark, Micrometres, Symbol, Text

_GRID = Grid(PDF_DPI)
_UM_PER_PIXEL = 25_400 / PDF_DPI

_UNIT = 72 / 25_400

# What has pixels instead of modules is as fine as any printer.
_FINE_GRID = Grid(600)

# A barcode of square modules is smaller: the largest QR code has 81 rows of 11 bytes.
_WORTH_DEFLATING = 2000


def write(pages: Sequence[Drawing], dpi: int, fonts: Fonts) -> bytes:  # noqa: ARG001 - writers are called alike
    """The pages as a PDF file. Fonts and logos are stored once, however many pages use them."""
    file = PdfFile()
    catalog, tree, information = file.reserve(), file.reserve(), file.reserve()
    texts = [mark for page in pages for mark in page.marks if isinstance(mark, Text)]
    embedded = PdfFonts(fonts, texts)
    font_names = embedded.written_to(file)
    logos: dict[tuple[bytes, int, int], tuple[int, int, int]] = {}
    kids = [file.add(_Page(page, file, embedded, logos).dictionary(tree, font_names)) for page in pages]
    file.set(tree, b"<</Type/Pages/Kids[%b]/Count %d>>" % (b" ".join(map(reference, kids)), len(kids)))
    file.set(catalog, b"<</Type/Catalog/Pages %b/ViewerPreferences<</PrintScaling/None>>>>" % reference(tree))
    title = "\ufeff" + pages[0].title
    file.set(information, b"<</Producer(Kolli)/Title<%b>>>" % title.encode("utf-16-be").hex().encode())
    return file.finished(catalog, information)


class _Page:
    """One page while it is written: its content so far, and the images it uses."""

    def __init__(
        self,
        page: Drawing,
        file: PdfFile,
        fonts: PdfFonts,
        logos: dict[tuple[bytes, int, int], tuple[int, int, int]],
    ) -> None:
        self._page = page
        self._file = file
        self._fonts = fonts
        self._logos = logos
        self._images: list[int] = []
        self._content = [f"{_UNIT:.10f} 0 0 {-_UNIT:.10f} 0 {_points(page.height)} cm"]

    def dictionary(self, tree: int, font_names: bytes) -> bytes:
        """The page object, once everything it refers to is in the file."""
        for mark in self._page.marks:
            self._draw(mark)
        data = zlib.compress("\n".join(self._content).encode("ascii"))
        content = self._file.add_stream(b"/Filter/FlateDecode", data)
        images = b" ".join(b"/I%d %b" % (name, reference(image)) for name, image in enumerate(self._images))
        return (b"<</Type/Page/Parent %b/MediaBox[0 0 %b %b]/Contents %b/Resources<</Font<<%b>>/XObject<<%b>>>>>>") % (
            reference(tree),
            _points(self._page.width).encode(),
            _points(self._page.height).encode(),
            reference(content),
            font_names,
            images,
        )

    def _draw(self, mark: Mark) -> None:
        match mark:
            case Text():
                self._content.append(self._fonts.shown(mark))
            case Fill():
                self._content.append(f"{mark.x} {mark.y} {mark.width} {mark.height} re f")
            case Frame():
                half = mark.line / 2
                width, height = mark.width - mark.line, mark.height - mark.line
                self._content.append(f"{mark.line} w {mark.x + half} {mark.y + half} {width} {height} re S")
            case Symbol():
                self._draw_symbol(mark)
            case Image():
                self._draw_image(mark)

    def _draw_symbol(self, symbol: Symbol) -> None:
        """A mask of one pixel per module, painted black where its bits are 1.

        Renderers widen filled rectangles to whole pixels, the bars of a mask they do not.
        """
        modules = _GRID.encoded(symbol)
        placed = _GRID.placed(symbol, modules.width)
        if SYMBOLOGIES[symbol.symbology].pixels:
            modules = _FINE_GRID.encoded(symbol)
        size = (modules.width + 7) // 8
        padding = size * 8 - modules.width
        data = b"".join((row << padding).to_bytes(size, "big") for row in modules.rows)
        dictionary = b"/Type/XObject/Subtype/Image/ImageMask true/BitsPerComponent 1/Decode[1 0]/Width %d/Height %d" % (
            modules.width,
            len(modules.rows),
        )
        if len(data) > _WORTH_DEFLATING:
            dictionary, data = dictionary + b"/Filter/FlateDecode", zlib.compress(data)
        image = self._file.add_stream(dictionary, data)
        self._show_image(image, *(length * _UM_PER_PIXEL for length in placed[:4]))

    def _draw_image(self, image: Image) -> None:
        # Not the span from edge to edge, which may be a pixel more or less elsewhere on a sheet: that would be a second
        # picture of the same logo.
        left, top, box_width, box_height = map(_GRID.px, (image.x, image.y, image.width, image.height))
        key = (image.png, box_width, box_height)
        if key not in self._logos:
            width, height, samples = in_colour(*key)
            number = self._file.add_stream(
                b"/Type/XObject/Subtype/Image/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode"
                b"/Width %d/Height %d" % (width, height),
                samples,
            )
            self._logos[key] = number, width, height
        number, width, height = self._logos[key]
        x, y = place_in_box(image, (left, top, box_width, box_height), width, height)
        self._show_image(number, *(length * _UM_PER_PIXEL for length in (x, y, width, height)))

    def _show_image(self, image: int, x: float, y: float, width: float, height: float) -> None:
        """`width 0 0 -height x bottom cm` maps the unit square, which stands upright in PDF, onto our page."""
        self._content.append(f"q {width:.2f} 0 0 {-height:.2f} {x:.2f} {y + height:.2f} cm /I{len(self._images)} Do Q")
        self._images.append(image)


def _points(length: Micrometres) -> str:
    """A length in points, cut off after three digits: papers are rounded down, see there."""
    thousandths = length * 72_000 // 25_400
    return f"{thousandths // 1000}.{thousandths % 1000:03}"
