"""docs/options.md: its columns are those that are read, and its examples do what it says."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kolli.account.contracts import Contract, add_contract
from kolli.account.number_ranges import add_number_range
from kolli.account.rates_csv import COLUMNS as RATE_COLUMNS
from kolli.account.rates_csv import REQUIRED as RATES_NEED
from kolli.app import open_database
from kolli.carriers.registry import installed_carriers
from kolli.cli import cli
from kolli.operations.import_options import COLUMNS as OPTION_COLUMNS
from kolli.operations.import_options import REQUIRED as OPTIONS_NEED
from kolli.settings import Settings
from tests.factories import a_caller, an_installation

PAGE = (Path(__file__).parents[2] / "docs" / "options.md").read_text("utf-8")


def section(heading):
    """What stands below a heading."""
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def block(kind):
    """What stands in the fenced block of this kind."""
    return PAGE.partition(f"```{kind}\n")[2].partition("```")[0]


def columns_in(heading):
    """The names in the first column of the table below a heading."""
    cells = re.findall(r"^\| (`.*?) \|", section(heading), re.MULTILINE)
    return [name for cell in cells for name in re.findall("`([a-z_]+)`", cell)]


@pytest.mark.parametrize(
    ("heading", "columns"), [("Your own options", OPTION_COLUMNS), ("Prices", RATE_COLUMNS)], ids=["options", "rates"]
)
def test_the_page_lists_every_column_in_its_order(heading, columns):
    assert columns_in(heading) == list(columns)


@pytest.mark.parametrize(
    ("heading", "needed"), [("Your own options", OPTIONS_NEED), ("Prices", RATES_NEED)], ids=["options", "rates"]
)
def test_the_page_says_which_columns_have_to_be_there(heading, needed):
    (sentence,) = re.findall(r"Only (`[^.]*?) have\s+to\s+be\s+there\.", section(heading))

    assert re.findall("`([a-z_]+)`", sentence) == list(needed)


@pytest.fixture
def caller(tmp_path, monkeypatch):
    """An account with a contract for its fleet, into which the page's files were imported by the page's commands."""
    monkeypatch.setenv("KOLLI_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    settings = Settings(data=tmp_path)
    database = open_database(settings)
    carriers = installed_carriers(tmp_path)
    caller = a_caller(an_installation(tmp_path, carriers=carriers, database=database))
    vault = caller.installation.vault
    with database.write() as transaction:
        data = vault.seal({"company_prefix": "0123456"})
        add_contract(transaction, 1, Contract(1600, "gs1", "Our fleet", sealed_data=data))
        add_number_range(transaction, 1, 1600, 1, 999, is_live=False, vault=vault)
    for name in ("options", "rates"):
        (tmp_path / f"{name}.csv").write_text(block(f"csv {name}"), "utf-8")
    yield caller
    carriers.close()
    database.close()


def test_the_examples_do_what_the_page_says(caller):
    commands = re.findall(r"```console\n\$ kolli (.*?)\n(.*?)```", PAGE, re.DOTALL)
    for command, output in commands:
        assert CliRunner().invoke(cli, command.split()).output == output

    answer = caller.client.post("/api/v3/shipping-options?explain=true", json=json.loads(block("json request"))).json()

    (night,) = [option for option in answer["data"] if option["code"] == "gs1:night"]
    assert night["parcel_billed_weights"][0]["value"] == "6.400"
    assert night["quotes"] == [json.loads(block("json quote"))]
    assert json.loads(block("json refused")) in answer["refused"]
