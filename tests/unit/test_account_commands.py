"""`kolli sender-addresses`, `kolli brands`, `kolli service-points`: what the account ships from, as, and to."""

import hashlib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import kolli.demo
from kolli.account.accounts import Account, add_account
from kolli.account.brands import get_image, list_brands
from kolli.account.pages import Page
from kolli.account.sender_addresses import list_sender_addresses
from kolli.app import open_database
from kolli.cli import cli
from kolli.documents.logos import MOST_BYTES
from kolli.errors import Impossible, Invalid, KolliError, Missing, NotFound, TooLarge
from kolli.settings import Settings

DEMO = Path(kolli.demo.__file__).parent
SENDER = ("--name", "Lumen & Was", "--street", "Kanaalweg 14", "--postal-code", "3526 KL", "--city", "Utrecht")


@pytest.fixture
def database(tmp_path, monkeypatch):
    monkeypatch.setenv("KOLLI_DATA", str(tmp_path))
    database = open_database(Settings(data=tmp_path))
    with database.write() as transaction:
        add_account(transaction, Account(1, "Lumen & Was"))
    yield database
    database.close()


def run(*arguments):
    """What a command prints."""
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def senders(database):
    with database.read() as transaction:
        return list_sender_addresses(transaction, 1, Page(10)).records


def brands(database):
    with database.read() as transaction:
        return list_brands(transaction, 1, Page(10)).records


def test_sender_addresses_are_added_listed_made_the_default_and_removed(database):
    first = run("sender-addresses", "add", *SENDER, "--country", "nl")
    second = run("sender-addresses", "add", *SENDER, "--country", "NL", "--company", "Magazijn")
    one, other = senders(database)

    assert first == f"{one.id}  Lumen & Was, Kanaalweg 14, 3526 KL Utrecht, NL  (default)\n"
    assert second == f"{other.id}  Lumen & Was, Magazijn, Kanaalweg 14, 3526 KL Utrecht, NL\n"
    assert run("sender-addresses", "list") == first + second
    assert run("sender-addresses", "default", str(other.id)) == second.replace("\n", "  (default)\n")
    assert run("sender-addresses", "remove", str(one.id)) == f"Removed the sender address {one.id}.\n"
    assert [(sender.id, sender.is_default) for sender in senders(database)] == [(other.id, True)]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("add", *SENDER, "--country", "XX"), Invalid),
        (("add", *SENDER, "--country", "DE"), Invalid),
        (("add", *SENDER[:-2], "--city", " ", "--country", "NL"), Missing),
        (("add", *SENDER, "--country", "NL", "--brand", "9"), Invalid),
        (("default", "9"), NotFound),
        (("remove", "9"), NotFound),
    ],
)
def test_what_is_wrong_about_a_sender_address_is_an_error(database, arguments, error):
    with pytest.raises(error):
        run("sender-addresses", *arguments)

    assert senders(database) == []


def test_brands_get_and_lose_their_logos(database):
    added = run("brands", "add", "Wax", "--default", "--logo", str(DEMO / "logo.png"))
    (brand,) = brands(database)
    with database.read() as transaction:
        picture = get_image(transaction, 1, brand.logo_sha256)

    assert hashlib.sha256(picture).hexdigest() == brand.logo_sha256
    assert added == run("brands", "list") == f"{brand.id}  Wax  with a logo  (default)\n"
    assert run("brands", "logo", str(brand.id), "--remove") == f"{brand.id}  Wax  without a logo  (default)\n"
    assert run("brands", "logo", str(brand.id), str(DEMO / "logo.png")) == added
    assert run("brands", "remove", str(brand.id)) == f"Removed the brand {brand.id}.\n"
    assert brands(database) == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("add", " "), Invalid),
        (("add", "Wax", "--logo", str(DEMO / "orders.json")), Invalid),
        (("add", "Wax", "--logo", "nowhere.png"), KolliError),
        (("logo", "9", str(DEMO / "logo.png")), NotFound),
        (("logo", "9"), Missing),
        (("logo", "9", "--remove"), NotFound),
        (("remove", "9"), NotFound),
    ],
)
def test_what_is_wrong_about_a_brand_is_an_error(database, arguments, error):
    with pytest.raises(error):
        run("brands", *arguments)

    assert brands(database) == []


def test_a_brand_that_a_sender_address_has_cannot_be_removed(database):
    run("brands", "add", "Wax")
    (brand,) = brands(database)
    run("sender-addresses", "add", *SENDER, "--country", "NL", "--brand", str(brand.id))

    with pytest.raises(Impossible, match="Sender addresses have the brand"):
        run("brands", "remove", str(brand.id))


def test_service_points_are_imported_and_counted(database):
    sample = str(DEMO / "service-points.csv")

    imported = run("service-points", "import", sample, "--carrier", "sendcloud")

    assert imported == "Service points read: 1; new: 1; not there any more: 0.\n"
    assert run("service-points", "list") == "sendcloud  IE  1\n"


def test_a_bad_file_of_service_points_is_told_row_by_row_and_changes_nothing(database, tmp_path):
    file = tmp_path / "points.csv"
    sample = (DEMO / "service-points.csv").read_text("utf-8").replace("53.349400", "153")
    file.write_text(sample, "utf-8")

    done = CliRunner().invoke(cli, ["service-points", "import", str(file), "--carrier", "sendcloud"])

    assert done.exit_code == 1
    assert "row 2, latitude: 153 is not between -90 and 90 degrees." in done.output
    assert run("service-points", "list") == ""


def test_a_logo_that_is_too_large_names_how_large_it_may_be(database, tmp_path):
    (tmp_path / "large.png").write_bytes(b"\x89PNG" + bytes(3_000_000))

    with pytest.raises(TooLarge, match=f"more than the {MOST_BYTES} bytes it may have"):
        run("brands", "add", "Wax", "--logo", str(tmp_path / "large.png"))
