"""The tutorial in docs/carriers.md, done word by word: a carrier in a package of its own that ships an order."""

import re
import subprocess
import sys
from base64 import b64decode
from importlib.metadata import distributions
from pathlib import Path

import pytest

from kolli.account.contracts import Contract, add_contract
from kolli.account.number_ranges import add_number_range
from kolli.account.sender_addresses import SenderAddress, add_sender_address
from kolli.carriers.registry import GROUP
from kolli.documents import proof
from tests.factories import a_caller, an_address, an_installation, an_order

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "carriers.md").read_text("utf-8")
FILES = dict(
    re.findall(r"^`([a-z_]+\.[a-z]+)`,[^\n]*(?:\n[^\n`]+)*\n\n```[a-z]+\n(.+?)^```$", PAGE, re.MULTILINE | re.DOTALL)
)

ANTWERP = {
    "address_line_1": "Meir",
    "house_number": "48",
    "postal_code": "2000",
    "city": "Antwerpen",
    "country_code": "BE",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The tutorial's folder, with its package installed into `site` beside Kolli."""
    folder = tmp_path_factory.mktemp("acme")
    for name, text in FILES.items():
        (folder / name).write_text(text, "utf-8")
    flags = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    run(sys.executable, "-m", "pip", "install", *flags, "--target", folder / "site", folder, within=folder)
    return folder


@pytest.fixture
def acme(folder, tmp_path, monkeypatch):
    """The carrier, as its entry point gives it."""
    monkeypatch.syspath_prepend(folder / "site")
    (distribution,) = distributions(path=[str(folder / "site")])
    (entry,) = distribution.entry_points.select(group=GROUP)
    return entry.load()(tmp_path)


def run(*command, within, **environment):
    done = subprocess.run(command, cwd=within, capture_output=True, text=True, check=False, env=environment or None)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_page_has_the_files_and_the_carrier_is_60_lines_at_most():
    assert list(FILES) == ["acme.py", "pyproject.toml", "test_acme.py", "acme_online.py", "test_acme_online.py"]
    assert len(FILES["acme.py"].splitlines()) <= 60


@pytest.mark.parametrize("file", ["test_acme.py", "test_acme_online.py"])
def test_its_own_tests_pass(folder, file):
    flags = ["-q", "-p", "no:cacheprovider", "--rootdir", folder]
    told = run(*(sys.executable, "-m", "pytest", *flags, file), within=folder, PYTHONPATH=str(folder / "site"))

    assert re.search(r"[1-9][0-9] passed", told)


def test_it_is_among_the_installed_carriers(folder):
    script = "from kolli.carriers.registry import installed_carriers; from pathlib import Path; import sys;"
    script += "print([carrier.name for carrier in installed_carriers(Path(sys.argv[1]))])"

    told = run(sys.executable, "-c", script, folder, within=folder, PYTHONPATH=str(folder / "site"))

    assert "Acme Bikes" in told


@pytest.fixture
def caller(acme, tmp_path):
    """An account in Antwerp with a contract with Acme, and an order to ship."""
    from_here = an_installation(tmp_path, carriers=[acme])
    caller = a_caller(from_here, default_shipping_option_code="acme:today")
    vault = caller.installation.vault
    with caller.installation.database.write() as transaction:
        contract = Contract(9, "acme", "Acme", is_default=True, sealed_data=vault.seal({"customer": "471"}))
        add_contract(transaction, 1, contract)
        add_number_range(transaction, 1, 9, 1234567, 1234569, is_live=False, vault=vault)
        add_sender_address(transaction, 1, SenderAddress(8, an_address(**ANTWERP), is_default=True))
    return caller


def test_an_order_ships_with_it_from_the_offer_to_the_label(caller):
    caller.store(an_order(shipping_address={"name": "Jan Peeters", **ANTWERP}))
    wish = {"from_country_code": "BE", "to_country_code": "BE"}

    offered = caller.client.post("/api/v3/shipping-options", json=wish).json()["data"]
    shipped = caller.ship(sender_address_id=8, label_details={"mime_type": "image/png", "dpi": 300})

    assert [option["code"] for option in offered] == ["acme:today"]
    assert shipped.status_code == 201, shipped.text
    label = shipped.json()["data"][0]
    assert label["tracking_number"] == "AC47112345674"
    codes = proof.codes_by_zxing(proof.picture_of(b64decode(label["label"]["file"]), 300))
    assert ("code128", "AC47112345674") in codes


def test_an_address_that_it_does_not_serve_is_refused_before_anything_is_booked(caller):
    gent = {**ANTWERP, "postal_code": "9000", "city": "Gent"}
    caller.store(an_order(shipping_address={"name": "Jan Peeters", **gent}))

    shipped = caller.ship(sender_address_id=8)

    (error,) = shipped.json()["errors"]
    pointer = "/data/attributes/order/shipping_address/postal_code"
    assert (shipped.status_code, error["source"]) == (400, {"pointer": pointer})
    assert "Acme's bikes do not get to postal code '9000'" in error["detail"]
