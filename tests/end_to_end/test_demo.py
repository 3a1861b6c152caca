"""What a person does who tries Kolli: `kolli demo`, then the call that it prints."""

import base64
import json
import re
import shutil
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest

from kolli.documents.proof import codes_by_zxing, picture_of
from tests.end_to_end.processes import ask, prepared, running

CURL = re.compile(r"^(curl .*?)\n\n", re.MULTILINE | re.DOTALL)
FILES = re.compile(r"Its label:\n((?:  .*\n)+)")
EXPORTS = re.compile(r"^(export KOLLI_DATA=.*\nexport PATH=.*)\n", re.MULTILINE)

needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")


@pytest.fixture(scope="module")
def pasted(demo):
    """The printed call, run as it stands, twice."""
    command = demo.wait_for(CURL)
    return [subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True) for _ in range(2)]


@pytest.fixture(scope="module")
def files(demo) -> dict[str, Path]:
    """The files that the demo says it has written, by their suffixes."""
    return {Path(line).suffix: Path(line.strip()) for line in demo.wait_for(FILES).splitlines()}


@needs_curl
def test_the_printed_call_gets_a_label_that_a_scanner_reads(pasted):
    label = json.loads(pasted[0].stdout)["data"][0]

    picture = picture_of(base64.b64decode(label["label"]["file"]), 300)
    assert ("code128", label["tracking_number"]) in codes_by_zxing(picture)
    assert label["order_number"] == "ORDER-25763"


@needs_curl
def test_the_printed_call_made_again_is_told_about_the_label_that_exists(pasted):
    label = json.loads(pasted[0].stdout)["data"][0]
    [problem] = json.loads(pasted[1].stdout)["errors"]

    assert problem["meta"]["tracking_number"] == label["tracking_number"]
    assert problem["meta"]["shipment_id"] == label["shipment_id"]


@needs_curl
def test_the_tracking_link_of_the_label_leads_to_its_page(pasted):
    label = json.loads(pasted[0].stdout)["data"][0]

    page = ask(label["tracking_url"])
    assert page.status == 200
    assert b"Amsterdam" in page.body


def test_the_demo_writes_the_label_in_three_formats(files):
    assert set(files) == {".pdf", ".png", ".zpl"}


def test_the_three_formats_hold_the_same_number(files):
    pdf, png = (codes_by_zxing(picture_of(files[suffix].read_bytes(), 300)) for suffix in (".pdf", ".png"))
    zpl = files[".zpl"].read_text("ascii")

    [number] = [text for kind, text in pdf if kind == "code128"]
    assert pdf == png
    assert zpl.startswith("^XA")
    assert zpl.rstrip().endswith("^XZ")
    assert number in zpl.replace(">", "")


def test_the_code_for_phones_leads_to_the_tracking_page(files):
    codes = dict(codes_by_zxing(picture_of(files[".png"].read_bytes(), 300)))

    page = ask(codes["qr"])
    assert page.status == 200
    assert urllib.parse.urlsplit(codes["qr"]).path == "/tracking/"


def test_after_the_printed_exports_a_shell_without_the_environment_finds_the_command(demo):
    command = f"{demo.wait_for(EXPORTS)}\ncommand -v kolli"
    bare = {"PATH": "/usr/bin:/bin"}
    found = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, env=bare)

    assert Path(found.stdout.strip()).parent == Path(sys.executable).parent


def test_the_demo_starts_anew_over_its_own_folder(tmp_path):
    folder = tmp_path / "data"
    with running("demo", "--folder", str(folder), folder=tmp_path) as first:
        before = first.wait_for(CURL)
    (folder / "labels" / "left-behind.pdf").write_text("from the first start")
    with running("demo", "--folder", str(folder), folder=tmp_path) as second:
        after = second.wait_for(CURL)

    assert before != after
    assert sorted(path.name for path in (folder / "labels").iterdir()) == [
        *("DEMO-1001.pdf", "DEMO-1001.png", "DEMO-1001.zpl")
    ]


def test_the_demo_leaves_alone_what_is_not_a_demo(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.txt").write_text("years of work")

    with running("demo", "--folder", str(tmp_path / "data"), folder=tmp_path) as demo:
        code = demo.process.wait(30)

    assert code == 1
    assert (tmp_path / "data" / "thesis.txt").read_text() == "years of work"
    assert re.fullmatch(
        r"kolli: The folder \S+ holds something that is not a demo\. .*--folder\.\n", demo.err.read_text()
    )


def test_the_demo_leaves_a_real_installation_alone(tmp_path):
    data = tmp_path / "data"
    prepared(data)

    with running("demo", "--folder", str(data), folder=tmp_path / "output") as demo:
        code = demo.process.wait(30)

    assert code == 1
    assert (data / "kolli.db").exists()
