"""`kolli options` and `kolli rates`: files in, lists and files out; all or nothing."""

import pytest
from typer.testing import CliRunner

from kolli.account.accounts import Account, add_account
from kolli.account.contracts import Contract, add_contract
from kolli.account.options import list_own_options
from kolli.account.rates import list_rate_sheets
from kolli.app import open_database
from kolli.carriers.registry import Carriers
from kolli.cli import cli
from kolli.settings import Settings
from tests.factories import NOW
from tests.fleets import Fleet

OPTIONS = "code,name,weight_max\nfleet:van,Van,30\nfleet:bike,Bike,5\n"
RATES = "option,weight_to,price,currency\nfleet:van,30,4.95,EUR\nfleet:standard,20,3,EUR\n"


@pytest.fixture
def database(tmp_path, monkeypatch):
    """An installation with one account, and a carrier that takes options."""
    monkeypatch.setenv("KOLLI_DATA", str(tmp_path))
    monkeypatch.setattr("kolli.app.installed_carriers", lambda data: Carriers([Fleet(data)]))
    database = open_database(Settings(data=tmp_path))
    with database.write() as transaction:
        add_account(transaction, Account(1, "One", registered_at=NOW))
    yield database
    database.close()


@pytest.fixture
def kolli(tmp_path, database):
    """Runs a command; a text with line ends becomes a file."""

    def run(*arguments):
        path = tmp_path / "file.csv"
        words = [str(path) if "\n" in argument else argument for argument in arguments]
        for argument in arguments:
            if "\n" in argument:
                path.write_text(argument, "utf-8")
        return CliRunner().invoke(cli, words)

    return run


def stored(database, listed):
    with database.read() as transaction:
        return listed(transaction, 1)


def test_options_are_imported_listed_and_exported(kolli):
    assert kolli("options", "import", OPTIONS).output == "Options imported: 2.\n"
    assert kolli("options", "list").output.splitlines() == [
        "fleet:standard\tStandard\tOwn fleet",
        "fleet:bike\tBike\tyour own",
        "fleet:van\tVan\tyour own",
    ]
    exported = kolli("options", "export").output
    assert kolli("options", "import", exported).output == "Options imported: 2.\n"


def test_a_bad_row_keeps_all_options_out(kolli, database):
    result = kolli("options", "import", f"{OPTIONS}fleet:drone,Drone,0\nvan,,1\n")

    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "row 4, weight_max: '0' is not above 0.",
        "row 5, code: 'van' does not begin with the code of a carrier and a colon. It can begin with: fleet:.",
        "row 5, name: It is empty, and has to be filled in.",
        "Nothing was imported. Mistakes: 3.",
    ]
    assert stored(database, list_own_options) == []


def test_only_so_many_mistakes_are_shown(kolli):
    output = kolli("options", "import", "code,name,weight_max\n" + "van,Van,1\n" * 102).output.splitlines()

    assert len(output) == 102
    assert output[-2:] == ["... and 103 more.", "Nothing was imported. Mistakes: 203."]


def test_an_option_is_removed(kolli, database):
    kolli("options", "import", OPTIONS)

    assert kolli("options", "remove", "fleet:van").output == "Removed fleet:van.\n"
    assert [option.code for option in stored(database, list_own_options)] == ["fleet:bike"]
    assert "no option 'fleet:van' of its own" in str(kolli("options", "remove", "fleet:van").exception)


def test_rates_are_imported_listed_and_exported(kolli, database):
    kolli("options", "import", OPTIONS)

    assert kolli("rates", "import", RATES).output == "Rate sheets imported: 2, with 2 prices.\n"
    assert kolli("rates", "list").output.splitlines() == [
        "fleet:standard\tany contract\tEUR\t1 price",
        "fleet:van\tany contract\tEUR\t1 price",
    ]
    before = [sheet.rates for sheet in stored(database, list_rate_sheets)]
    kolli("rates", "import", kolli("rates", "export").output)
    assert [sheet.rates for sheet in stored(database, list_rate_sheets)] == before


def test_an_import_replaces_the_prices_of_what_it_names_and_no_others(kolli):
    kolli("options", "import", OPTIONS)
    kolli("rates", "import", RATES)

    kolli("rates", "import", "option,weight_to,price,currency\nfleet:van,30,5.95,USD\n")

    assert kolli("rates", "list").output.splitlines() == [
        "fleet:standard\tany contract\tEUR\t1 price",
        "fleet:van\tany contract\tUSD\t1 price",
    ]


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        ("fleet:drone,,5,1,EUR", "row 3, option: There is no shipping option 'fleet:drone'. See: kolli options list"),
        ("fleet:standard,9,5,1,EUR", "row 3, contract_id: The account has no contract 9."),
        ("fleet:standard,517,5,1,EUR", "row 3, contract_id: The contract 517 is not one with Own fleet."),
        ("fleet:standard,,5,1,USD", "row 3, currency: The same option has prices in EUR in row 2."),
    ],
)
def test_a_bad_row_keeps_all_rates_out(kolli, database, row, mistake):
    with database.write() as transaction:
        add_contract(transaction, 1, Contract(517, "somebody", "Another's"))

    result = kolli("rates", "import", f"option,contract_id,weight_to,price,currency\nfleet:standard,,20,3,EUR\n{row}\n")

    assert result.exit_code == 1
    assert result.output.startswith(mistake)
    assert stored(database, list_rate_sheets) == []


def test_gaps_are_taken_on_request(kolli):
    rates = "option,weight_from,weight_to,price,currency\nfleet:standard,1,5,3,EUR\n"

    assert kolli("rates", "import", rates).exit_code == 1
    assert kolli("rates", "import", rates, "--allow-gaps").exit_code == 0


def test_a_rate_sheet_is_removed(kolli):
    kolli("rates", "import", "option,weight_to,price,currency\nfleet:standard,20,3,EUR\n")

    assert kolli("rates", "remove", "fleet:standard").output == "Removed the prices of fleet:standard.\n"
    assert "no such rate sheet of 'fleet:standard'" in str(kolli("rates", "remove", "fleet:standard").exception)
