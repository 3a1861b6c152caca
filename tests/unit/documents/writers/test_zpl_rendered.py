"""What an independent ZPL engine makes of our commands. It runs only where `scripts/zpl-renderer` could install it.

It is the engine Zebrash compiled to WebAssembly (MIT); nothing is sent anywhere.
"""

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from kolli.documents import proof
from kolli.documents.layouts.label import lay_out
from kolli.documents.layouts.parts import Barcode, LabelParts
from kolli.documents.render import A6, LABEL_4X6, render
from kolli.drawing import Symbol
from tests.unit.documents.labels import PARTS, a_full_label, a_label, a_label_with_parts, an_address

TESTS = Path(__file__).parents[3]
PACKAGE = TESTS / "node" / "node_modules" / "zpl-renderer-js"
NODE = shutil.which("node") or ""

pytestmark = [
    pytest.mark.skipif(not NODE, reason="node is not installed"),
    pytest.mark.skipif(not PACKAGE.is_dir(), reason="the ZPL engine is not installed: scripts/zpl-renderer"),
    pytest.mark.slow,
]

RENDER = """
const fs = require("fs");
const [, packagePath, jobsPath] = process.argv;
require(packagePath).ready.then(async ({ api }) => {
  for (const { zpl, width, height, dots, png } of JSON.parse(fs.readFileSync(jobsPath, "utf8")))
    fs.writeFileSync(png, Buffer.from(await api.zplToBase64Async(zpl, width, height, dots), "base64"));
  process.exit(0);
});
"""

LABELS = {
    "usual": a_label(),
    "full": a_full_label(),
    "polish": a_label(recipient=an_address(name="Grażyna Brzęczyszczykiewicz", city="Łódź", country_code="PL")),
    "greek": a_label(recipient=an_address(name="Γεώργιος Παπαδόπουλος", city="Αθήνα", country_code="GR")),
    "cyrillic": a_label(recipient=an_address(name="Щерьо Железаров", city="София", country_code="BG")),
    "hostile": a_label(order_number="^XA^FO1,1~JR_5E\\&", reference="><_^", tracking_number="AB>5CD>12"),
    "wide": a_label(recipient=an_address(name="W" * 40, company_name="M" * 60, address_line_1="@" * 50)),
    "long number": a_label(tracking_number="JVGL0612345678901234567890"),
}


def random_parts(seed):
    """Barcodes of every symbology with data of any length there is room for: always the same for the same seed."""
    source = random.Random(seed)

    def some(alphabet, least, most):
        return "".join(source.choices(alphabet, k=source.randint(least, most)))

    digits, letters = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 +-./%$*>_"
    linear = {
        "code128": "A" + some(letters, 1, 16) + "Z",
        "gs1_128": f"(420){some(digits, 4, 9)}",
        "itf": some(digits, 12, 12),
    }
    square = {
        "datamatrix": "A" + some(letters, 1, 80) + "Z",
        "gs1_datamatrix": f"(403)276{some(digits, 5, 9)}(420){some(digits, 4, 9)}",
        "maxicode": f"[)>\x1e01\x1d96{some(digits, 9, 9)}\x1d276\x1d001\x1d1Z{some(digits, 8, 8)}\x1e\x04",
    }
    return LabelParts(
        tuple(Barcode(symbology, linear[symbology], "text") for symbology in source.sample(sorted(linear), 2)),
        Barcode(symbology := source.choice(sorted(square)), square[symbology]),
        sort_code=some(digits, 1, 9),
    )


WITH_PARTS = {name: a_label_with_parts(name) for name in PARTS} | {
    "elements": a_label(parts=LabelParts((Barcode("gs1_128", "(403)276104350(402)12345678901234560", "x"),))),
    **{f"seed {seed}": a_label(parts=random_parts(seed)) for seed in range(20)},
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, fonts):
    """Every label on both papers as that engine draws it: pictures by name of label and paper."""
    folder = tmp_path_factory.mktemp("rendered")
    jobs: list[dict[str, object]] = []
    pictures = {}
    for name, content in (LABELS | WITH_PARTS).items():
        for paper in (A6, LABEL_4X6):
            png = folder / f"{len(jobs)}.png"
            zpl = render([lay_out(content, paper, fonts)], "application/zpl", 203, fonts).decode()
            size = {"width": paper.width / 1000, "height": paper.height / 1000}
            jobs.append({"zpl": zpl, **size, "dots": 8, "png": str(png)})
            pictures[name, paper.name] = png
    (folder / "jobs.json").write_text(json.dumps(jobs))
    subprocess.run([NODE, "-e", RENDER, str(PACKAGE), str(folder / "jobs.json")], check=True, timeout=120)
    return {key: proof.picture_of(png.read_bytes(), 203) for key, png in pictures.items()}


@pytest.mark.parametrize("paper", [A6, LABEL_4X6], ids=lambda paper: paper.name)
@pytest.mark.parametrize("name", LABELS)
def test_both_barcodes_are_read_and_nothing_else(pictures, name, paper):
    content = LABELS[name]

    found = proof.codes_by_zxing(pictures[name, paper.name])

    assert found == {("code128", content.tracking_number), ("qr", content.tracking_url)}


@pytest.mark.parametrize("paper", [A6, LABEL_4X6], ids=lambda paper: paper.name)
@pytest.mark.parametrize("name", WITH_PARTS)
def test_everything_that_a_carrier_declared_is_read_and_nothing_else(pictures, fonts, name, paper):
    drawing = lay_out(WITH_PARTS[name], paper, fonts)
    asked = {(mark.symbology, mark.text) for mark in drawing.marks if isinstance(mark, Symbol)}

    assert proof.codes_in_places(pictures[name, paper.name], drawing) == asked
    assert proof.codes_by_zxing(pictures[name, paper.name]) == {code for code in asked if code[0] != "maxicode"}


@pytest.mark.parametrize("paper", [A6, LABEL_4X6], ids=lambda paper: paper.name)
@pytest.mark.parametrize("name", LABELS)
def test_no_text_reaches_into_the_margins(pictures, name, paper):
    """The margin is 4 mm, 32 dots; the barcodes stay inside it here as well."""
    picture = pictures[name, paper.name]

    left, top, right, bottom = picture.point(lambda level: 255 * (level < 128)).getbbox()

    assert (left >= 31, top >= 31) == (True, True)
    assert (right <= picture.width - 31, bottom <= picture.height - 31) == (True, True)
