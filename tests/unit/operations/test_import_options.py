"""Own options from files: every mistake by row and column, and what is written is read back."""

from decimal import Decimal
from pathlib import Path

import pytest

from kolli.account.options import OwnOption
from kolli.carriers.postnl import PostNL
from kolli.carriers.registry import Carriers
from kolli.operations.import_options import COLUMNS, option_rows, read_options
from kolli.tables import write_table
from kolli.values import EU_COUNTRIES, Dimensions, Weight
from tests.fleets import Fleet
from tests.unit.account.test_options import BIKE, VAN

CARRIERS = Carriers([Fleet(), PostNL(Path())])


@pytest.fixture
def read(tmp_path):
    """(options, mistakes as texts) of a file with one row, whose usual cells are changed."""

    def read(*rows, **cells):
        path = tmp_path / "options.csv"
        usual = {"code": "fleet:van", "name": "Van", "weight_max": "30"}
        with path.open("w", encoding="utf-8", newline="") as file:
            write_table(file, COLUMNS, rows or [{**usual, **cells}])
        checked = read_options(path, CARRIERS)
        return list(checked.things), [str(mistake) for mistake in checked.mistakes]

    return read


def test_an_option_needs_a_code_a_name_and_a_weight(read):
    assert read() == ([OwnOption("fleet:van", "fleet", "Van", Weight(Decimal(30), "kg"))], [])


def test_options_are_written_as_they_are_read(read):
    everything = OwnOption(
        "fleet:night/insured=500,fast",
        "fleet",
        "=Night",
        Weight(Decimal("25000.5"), "g"),
        Weight(Decimal(1), "g"),
        countries=EU_COUNTRIES | {"CH"},
        largest=Dimensions(Decimal("39.5"), Decimal(20), Decimal(10), "in"),
        functionalities={"tracked": True, "b2b": False, "insurance": 500, "delivery_before": "0900", "size": "xs"},
    )
    known = [BIKE, everything]

    assert read(*option_rows(known)) == (known, [])


def test_what_is_written_of_nothing_is_left_out(read):
    (option,), mistakes = read(*option_rows([VAN]))

    assert mistakes == []
    assert option.functionalities == {"signature": True, "insurance": 500, "last_mile": "home_delivery"}


@pytest.mark.parametrize(
    ("cells", "mistake"),
    [
        ({"code": ""}, "code: It is empty, and has to be filled in."),
        (
            {"code": "van"},
            "code: 'van' does not begin with the code of a carrier and a colon. It can begin with: fleet:.",
        ),
        ({"code": "fleet:"}, "code: 'fleet:' does not begin with the code of a carrier and a colon."),
        ({"code": "nobody:van"}, "code: 'nobody:van' does not begin with the code of a carrier"),
        ({"code": "postnl:mine"}, "code: PostNL takes no options but its own. A code can begin with: fleet:."),
        ({"code": "fleet:standard"}, "code: Own fleet has the option 'fleet:standard' itself."),
        ({"code": "fleet:my van"}, "code: A code has at most 200 characters, and no spaces."),
        ({"code": "fleet:" + "x" * 200}, "code: A code has at most 200 characters"),
        ({"name": ""}, "name: It is empty"),
        ({"name": "x" * 61}, "name: It has 61 characters; there is room for 60."),
        ({"weight_max": ""}, "weight_max: It is empty"),
        ({"weight_max": "0"}, "weight_max: '0' is not above 0."),
        ({"weight_max": "-3"}, "weight_max: '-3' is no number of 0 or more."),
        ({"weight_max": "1e30"}, "weight_max: '1e30' is no number"),
        ({"weight_max": "NaN"}, "weight_max: 'NaN' is no number"),
        ({"weight_max": "2,5"}, "weight_max: '2,5' is no number of 0 or more. Write the decimals behind a point"),
        ({"weight_min": "31"}, "weight_min: 31 is above weight_max, 30."),
        ({"weight_unit": "stone"}, "weight_unit: 'stone' is none of kg, g, lbs, oz."),
        ({"countries": "nl"}, "countries: 'nl' is no country."),
        ({"from_countries": "NL XX"}, "from_countries: 'XX' is no country."),
        ({"max_length": "10"}, "max_width: Length, width and height go together"),
        ({"max_length": "10", "max_width": "0", "max_height": "1"}, "max_width: '0' is not above 0."),
        ({"dimension_unit": "feet"}, "dimension_unit: 'feet' is none of cm, mm, m, yd, ft, in."),
        ({"most_parcels": "51"}, "most_parcels: A shipment has at most 50 parcels, not 51."),
        ({"most_parcels": "1.5"}, "most_parcels: '1.5' is no whole number."),
        ({"divisor": "0"}, "divisor: '0' is not above 0."),
        ({"requires": "email fax"}, "requires: 'fax' is none of email, phone_number, dimensions"),
        ({"functionalities": "fast"}, "functionalities: There is no functionality 'fast'."),
        ({"functionalities": "age_check=17"}, "functionalities: age_check is 16, 18 or nothing, not 17."),
        ({"functionalities": "insurance=-1"}, "functionalities: insurance is a whole number, not '-1'."),
        ({"functionalities": "signature=yes"}, "functionalities: signature is true or false, not 'yes'."),
        ({"functionalities": "signature signature"}, "functionalities: signature is there twice."),
        ({"functionalities": "multicollo"}, "functionalities: multicollo follows from most_parcels. Leave it out."),
        ({"lead_time_hours": "soon"}, "lead_time_hours: 'soon' is no number"),
        ({"charging_type": "never"}, "charging_type: 'never' is none of label_creation, first_scan."),
    ],
)
def test_what_is_wrong_is_told_by_row_and_column(read, cells, mistake):
    options, (found,) = read(**cells)

    assert options == []
    assert found.startswith(f"row 2, {mistake}")


def test_a_code_that_is_there_twice_names_both_rows(read):
    row = {"code": "fleet:van", "name": "Van", "weight_max": "30"}

    _, mistakes = read(row, {**row, "code": "fleet:bike"}, row)

    assert mistakes == ["row 4, code: Row 2 has the code 'fleet:van' too."]
