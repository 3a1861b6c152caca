"""What an independent ZPL engine makes of our commands. It runs only where `scripts/zpl-renderer` could install it.

It is the engine Zebrash compiled to WebAssembly (MIT); nothing is sent anywhere.
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from kolli.documents import proof
from kolli.documents.layouts.label import lay_out
from kolli.documents.render import A6, LABEL_4X6, render
from tests.unit.documents.labels import a_full_label, a_label, an_address

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


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, fonts):
    """Every label on both papers as that engine draws it: pictures by name of label and paper."""
    folder = tmp_path_factory.mktemp("rendered")
    jobs: list[dict[str, object]] = []
    pictures = {}
    for name, content in LABELS.items():
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
@pytest.mark.parametrize("name", LABELS)
def test_no_text_reaches_into_the_margins(pictures, name, paper):
    """The margin is 4 mm, 32 dots; the barcodes stay inside it here as well."""
    picture = pictures[name, paper.name]

    left, top, right, bottom = picture.point(lambda level: 255 * (level < 128)).getbbox()

    assert (left >= 31, top >= 31) == (True, True)
    assert (right <= picture.width - 31, bottom <= picture.height - 31) == (True, True)
