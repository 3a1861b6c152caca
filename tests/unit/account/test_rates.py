"""Rate sheets are kept by account, option and contract, and read from files whose rows must go together."""

from decimal import Decimal

import pytest

from kolli.account.accounts import Account, add_account, revision_of
from kolli.account.contracts import Contract, add_contract
from kolli.account.rates import (
    SURCHARGES,
    Rate,
    RateSheet,
    Surcharge,
    get_rate_sheet,
    list_rate_sheet_ids,
    list_rate_sheets,
    remove_rate_sheet,
    replace_rate_sheets,
)
from kolli.account.rates_csv import COLUMNS, rates_rows, read_rates, sheets_of
from kolli.tables import write_table
from kolli.values import EU_COUNTRIES, Weight
from tests.factories import NOW, a_database, kilograms

HEADER = "option,contract_id,from_countries,to_countries,postal_codes,weight_from,weight_to,weight_unit,price,currency"

CLOSE = " Close the gap, or import with --allow-gaps."

RATE = Rate(
    kilograms("0"),
    kilograms("10"),
    Decimal("4.95"),
    from_countries=frozenset({"NL"}),
    to_countries=EU_COUNTRIES,
    surcharges=(Surcharge("fuel", Decimal("12.5"), is_percentage=True), Surcharge("toll", Decimal("0.19"))),
    insurance_percentage=Decimal("0.5"),
    insurance_minimum=Decimal(2),
)


def a_sheet(number=1, option="fleet:van", contract_id=None, *rates):
    return RateSheet(option, contract_id, "EUR", rates or (RATE,), number)


@pytest.fixture
def database():
    database = a_database()
    with database.write() as transaction:
        add_account(transaction, Account(1, "One"))
        add_account(transaction, Account(2, "Two"))
        add_contract(transaction, 1, Contract(517, "fleet", "Ours"))
    return database


def test_sheets_are_kept_as_they_are(database):
    sheets = [a_sheet(1), a_sheet(2, contract_id=517)]

    with database.write() as transaction:
        replace_rate_sheets(transaction, 1, sheets, NOW)

    with database.read() as transaction:
        assert list_rate_sheets(transaction, 1) == sheets
        assert sorted(list_rate_sheet_ids(transaction, 1)) == [1, 2]
        assert get_rate_sheet(transaction, 1, 2) == sheets[1]


def test_a_sheet_takes_the_place_of_the_one_of_the_same_option_and_contract(database):
    other = a_sheet(3, "fleet:bike")

    with database.write() as transaction:
        replace_rate_sheets(transaction, 1, [a_sheet(1), a_sheet(2, contract_id=517), other], NOW)
        replace_rate_sheets(transaction, 1, [a_sheet(4)], NOW)

    with database.read() as transaction:
        assert [sheet.id for sheet in list_rate_sheets(transaction, 1)] == [3, 4, 2]


def test_no_account_sees_or_removes_anothers_sheets(database):
    with database.write() as transaction:
        replace_rate_sheets(transaction, 1, [a_sheet()], NOW)

        assert list_rate_sheets(transaction, 2) == []
        assert list_rate_sheet_ids(transaction, 2) == []
        assert not remove_rate_sheet(transaction, 2, "fleet:van", None)
        assert remove_rate_sheet(transaction, 1, "fleet:van", None)
        assert list_rate_sheets(transaction, 1) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda transaction: replace_rate_sheets(transaction, 1, [a_sheet(9)], NOW),
        lambda transaction: remove_rate_sheet(transaction, 1, "fleet:van", None),
    ],
    ids=["replaced", "removed"],
)
def test_each_change_counts_as_one_of_the_account(database, change):
    with database.write() as transaction:
        replace_rate_sheets(transaction, 1, [a_sheet()], NOW)
        before = revision_of(transaction, 1)

        change(transaction)

        assert revision_of(transaction, 1) > before


# Files


@pytest.fixture
def read(tmp_path):
    """(sheets, mistakes as texts) of a file with these rows."""

    def read(*rows, header=HEADER, allow_gaps=False):
        path = tmp_path / "rates.csv"
        path.write_text("\n".join([header, *rows]), "utf-8")
        priced, mistakes = read_rates(path)
        sheets, unfit = sheets_of(priced, allow_gaps=allow_gaps)
        return sheets, [str(mistake) for mistake in [*mistakes, *unfit]]

    return read


def test_a_file_of_every_column_is_read_as_it_is_written(tmp_path):
    rate = Rate(
        Weight(Decimal(0), "lbs"),
        Weight(Decimal(5), "lbs"),
        Decimal("9.10"),
        to_countries=frozenset({"GB"}),
        postal_codes=("BT", "HS"),
        surcharges=tuple(
            Surcharge(name, Decimal(place), is_percentage=place % 2 == 0) for place, name in enumerate(SURCHARGES, 1)
        ),
    )
    sheets = [a_sheet(0), RateSheet("fleet:van", 517, "GBP", (rate,))]
    path = tmp_path / "rates.csv"

    with path.open("w", encoding="utf-8") as file:
        write_table(file, COLUMNS, rates_rows(sheets))

    priced, mistakes = read_rates(path)
    assert (mistakes, sheets_of(priced, allow_gaps=False)) == ([], (sheets, []))


def test_only_four_columns_are_needed(read):
    (sheet,), mistakes = read("fleet:van,10,4.95,EUR", header="option,weight_to,price,currency")

    assert mistakes == []
    assert sheet == RateSheet("fleet:van", None, "EUR", (Rate(kilograms("0"), kilograms("10"), Decimal("4.95")),))


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        ("fleet:van,,,NL,,0,0,kg,4.95,EUR", "row 2, weight_to: '0' is not above 0."),
        ("fleet:van,,,NL,,0,-5,kg,4.95,EUR", "row 2, weight_to: '-5' is no number of 0 or more."),
        ("fleet:van,,,NL,,0,1e30,kg,4.95,EUR", "row 2, weight_to: '1e30' is no number of 0 or more."),
        ("fleet:van,,,NL,,0,NaN,kg,4.95,EUR", "row 2, weight_to: 'NaN' is no number of 0 or more."),
        ("fleet:van,,,NL,,0,,kg,4.95,EUR", "row 2, weight_to: It is empty, and has to be filled in."),
        ("fleet:van,,,NL,,5,5,kg,4.95,EUR", "row 2, weight_to: 5 is not above weight_from, 5."),
        ("fleet:van,,,NL,,0,5,stone,4.95,EUR", "row 2, weight_unit: 'stone' is none of kg, g, lbs, oz."),
        ("fleet:van,,,nl,,0,5,kg,4.95,EUR", "row 2, to_countries: 'nl' is no country."),
        ("fleet:van,,XX,NL,,0,5,kg,4.95,EUR", "row 2, from_countries: 'XX' is no country."),
        ("fleet:van,,,NL,,0,5,kg,4.95,eur", "row 2, currency: 'eur' is no currency."),
        ("fleet:van,,,NL,,0,5,kg,4.95,EURO", "row 2, currency: 'EURO' is no currency."),
        ("fleet:van,,,NL,,0,5,kg,-4.95,EUR", "row 2, price: '-4.95' is no number of 0 or more."),
        ('fleet:van,,,NL,,0,5,kg,"4,95",EUR', "row 2, price: '4,95' is no number of 0 or more. Write the decimals"),
        ("fleet:van,abc,,NL,,0,5,kg,4.95,EUR", "row 2, contract_id: 'abc' is no number"),
        (",,,NL,,0,5,kg,4.95,EUR", "row 2, option: It is empty"),
        ("fleet:van,,,NL BE,10,0,5,kg,4.95,EUR", "row 2, postal_codes: Postal codes belong to one country."),
        ("fleet:van,,,NL,10-12,0,5,kg,4.95,EUR", "row 2, postal_codes: '10-12' is nothing that a postal code begins"),
    ],
)
def test_what_is_wrong_is_told_by_row_and_column(read, row, mistake):
    _, (found,) = read(row)

    assert found.startswith(mistake)


@pytest.mark.parametrize(
    ("cell", "mistake"),
    [
        ("-1", "row 2, fuel: '-1' is no number of 0 or more."),
        ("1001%", "row 2, fuel: '1001%' is more than 1000 percent."),
        ("a lot", "row 2, fuel: 'a lot' is no number of 0 or more."),
    ],
)
def test_a_surcharge_is_an_amount_or_a_percentage(read, cell, mistake):
    _, mistakes = read(f"fleet:van,5,1,EUR,{cell}", header="option,weight_to,price,currency,fuel")

    assert mistakes == [mistake]


def test_all_mistakes_of_a_file_are_told(read):
    _, mistakes = read("fleet:van,,,nl,,0,0,kg,x,EUR", "fleet:van,,,NL,,0,5,kg,4.95,EUR", ",,,NL,,0,5,kg,4.95,EUR")

    assert [mistake.split(":")[0] for mistake in mistakes] == [
        "row 2, weight_to",
        "row 2, price",
        "row 2, to_countries",
        "row 4, option",
    ]


def test_brackets_that_overlap_name_their_rows(read):
    _, mistakes = read(
        "fleet:van,,,NL,,0,5,kg,1,EUR", "fleet:van,,,NL BE,,4.5,9,kg,2,EUR", "fleet:van,,,BE,,0,4.5,kg,1,EUR"
    )

    assert mistakes == ["row 3, weight_from: It overlaps row 2, which goes up to 5 kg, from anywhere to NL."]


def test_the_same_bracket_twice_is_an_overlap(read):
    _, mistakes = read("fleet:van,,,NL,,0,5,kg,1,EUR", "fleet:van,,,NL,,0,5,kg,2,EUR", allow_gaps=True)

    assert mistakes == ["row 3, weight_from: It overlaps row 2, which goes up to 5 kg, from anywhere to NL."]


def test_each_row_that_lies_in_a_longer_one_is_an_overlap_with_that(read):
    _, mistakes = read("fleet:van,,,NL,,0,9,kg,1,EUR", "fleet:van,,,NL,,2,3,kg,2,EUR", "fleet:van,,,NL,,5,8,kg,2,EUR")

    assert mistakes == [
        f"row {row}, weight_from: It overlaps row 2, which goes up to 9 kg, from anywhere to NL." for row in (3, 4)
    ]


def test_many_ways_are_looked_at_as_few_and_each_is_looked_at(read):
    """27 countries times 27, in each of 400 rows; the last row lacks a way that all others have."""
    rows = [f"fleet:van,,EU,EU,,{number},{number + 1},kg,1,EUR" for number in range(400)]
    fewer = " ".join(sorted(EU_COUNTRIES - {"MT"}))

    _, complete = read(*rows)
    _, incomplete = read(*rows[:200], f"fleet:van,,EU,{fewer},,200,201,kg,1,EUR", *rows[201:])

    assert complete == []
    assert incomplete == [
        f"row 203, weight_from: fleet:van has no rate from 200 kg (row 201) to 201 kg, from AT to MT.{CLOSE}"
    ]


def test_a_gap_names_its_rows_and_may_be_allowed(read):
    rows = ("fleet:van,,NL,DE,,0,5,kg,1,EUR", "fleet:van,,NL,DE,,5.001,9,kg,2,EUR")

    _, mistakes = read(*rows)

    assert mistakes == [
        f"row 3, weight_from: fleet:van has no rate from 5 kg (row 2) to 5.001 kg, from NL to DE.{CLOSE}"
    ]
    assert read(*rows, allow_gaps=True)[1] == []


def test_brackets_begin_at_nothing(read):
    _, mistakes = read("fleet:van,,,,,2,5,kg,1,EUR")

    assert mistakes == [
        f"row 2, weight_from: fleet:van has no rate from 0 to 2 kg, from anywhere to anywhere else.{CLOSE}"
    ]


def test_units_may_be_mixed_and_are_compared_exactly(read):
    fits = read("fleet:van,,,NL,,0,1,kg,1,EUR", "fleet:van,,,NL,,1000,2500,g,2,EUR")
    does_not = read("fleet:van,,,NL,,0,1,lbs,1,EUR", "fleet:van,,,NL,,0.5,2,kg,2,EUR")

    assert fits[1] == []
    assert does_not[1] == [
        f"row 3, weight_from: fleet:van has no rate from 1 lbs (row 2) to 0.5 kg, from anywhere to NL.{CLOSE}"
    ]


def test_brackets_of_different_ways_options_and_contracts_are_apart(read):
    sheets, mistakes = read(
        "fleet:van,,,NL,,0,5,kg,1,EUR",
        "fleet:van,,,BE,,0,9,kg,1,EUR",
        "fleet:van,,,NL,10,0,9,kg,1,EUR",
        "fleet:van,,BE,NL,,0,9,kg,1,EUR",
        "fleet:van,517,,NL,,0,9,kg,1,GBP",
        "fleet:bike,,,NL,,0,9,kg,1,EUR",
    )

    assert mistakes == []
    assert [(*sheet.key, len(sheet.rates)) for sheet in sheets] == [
        ("fleet:van", None, 4),
        ("fleet:van", 517, 1),
        ("fleet:bike", None, 1),
    ]


def test_a_sheet_has_one_currency(read):
    _, mistakes = read("fleet:van,,,NL,,0,5,kg,1,EUR", "fleet:van,,,BE,,0,5,kg,1,GBP")

    assert mistakes == ["row 3, currency: The same option has prices in EUR in row 2. A sheet has one currency."]
