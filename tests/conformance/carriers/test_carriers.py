"""Every installed carrier keeps the promises of `kolli.carriers.base`, also one that came in a package of its own."""

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from kolli.carriers.base import AsksForContracts, KeepsFiles
from kolli.carriers.registry import GROUP
from kolli.carriers.sandbox import SandboxCarrier
from kolli.carriers.testing import CarrierPromises
from kolli.errors import CarrierRejected

ENTRIES = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)

CONTRACTS = {
    "postnl": {"3S": {"customer_code": "TEST"}, "3S and S10": {"customer_code": "T", "service_letters": "CD"}},
    "dpd": {"digits": {"depot_range": "0998"}, "letters": {"depot_range": "AB12"}},
    "dhl_de": {
        "SSCC": {"number_prefix": "34043416", "service_letters": "CY"},
        "Identcode": {"distribution_centre": "39", "customer": "601"},
        "S10": {"service_letters": "CY"},
    },
    "gls_de": {"usual": {"depot": "85", "product": "10"}},
    "ups": {
        "usual": {"shipper_account": "999AA1", "service_code": "01"},
        "MaxiCode": {"shipper_account": "999AA1", "service_code": "68", "service_class": "068"},
    },
    "gs1": {
        "short": {"company_prefix": "7612345"},
        "long": {"company_prefix": "761234500000", "extension_digit": "3", "printed_name": "Rad & Tat Kuriere"},
    },
    "upu_s10": {
        "one kind": {"issuing_country": "NL", "service_letters": "RA"},
        "every kind": {"issuing_country": "GB", "service_letters": "RA CX EA VV LB UA HC"},
    },
}
"""Contracts of every kind that carriers tell apart. Those that ask for nothing have none."""

SUBJECTS = [
    pytest.param((entry, data), id=f"{entry.name} {kind}".strip())
    for entry in ENTRIES
    for kind, data in CONTRACTS.get(entry.name, {"": {}}).items()
]


class TestEveryInstalledCarrier(CarrierPromises):
    @pytest.fixture(params=SUBJECTS)
    def subject(self, request):
        return request.param

    @pytest.fixture
    def contract_data(self, subject):
        return subject[1]

    @pytest.fixture
    def carrier(self, subject, tmp_path):
        carrier = subject[0].load()(tmp_path)
        yield carrier
        if isinstance(carrier, KeepsFiles):
            carrier.close()

    @pytest.fixture
    def booked(self, carrier):
        if not isinstance(carrier, SandboxCarrier):
            pytest.skip("it books nothing")
        return lambda: [entry.tracking_number for entry in carrier.ledger.entries() if not entry.is_cancelled]


def test_there_are_carriers():
    assert {"sendcloud", *CONTRACTS} <= {entry.name for entry in ENTRIES}


def test_no_two_carriers_or_options_have_the_same_code(tmp_path):
    carriers = [entry.load()(tmp_path) for entry in ENTRIES]
    options = [option.code for carrier in carriers for option in carrier.options]

    assert len({carrier.code for carrier in carriers}) == len(carriers)
    assert len(set(options)) == len(options)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_its_entry_point_is_called_like_its_code(entry, tmp_path):
    assert entry.load()(tmp_path).code == entry.name


def test_no_two_options_have_the_same_number_in_version_2(tmp_path):
    carriers = [entry.load()(tmp_path) for entry in ENTRIES]
    numbers = [option.v2_id for carrier in carriers for option in carrier.options if option.v2_id is not None]

    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("code", ["sendcloud", *CONTRACTS])
def test_the_page_about_carriers_has_every_carrier_and_what_it_asks_for(code, tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "carriers.md").read_text("utf-8")
    (entry,) = entry_points(group=GROUP, name=code)
    carrier = entry.load()(tmp_path)
    fields = [field.name for field in carrier.contract_form] if isinstance(carrier, AsksForContracts) else []

    assert [name for name in (code, *fields) if f"`{name}`" not in page] == []


@pytest.mark.parametrize(
    ("code", "answers", "problem"),
    [
        ("postnl", {"customer_code": "test"}, "'test' as its customer code; PostNL's have 1 to 4 letters"),
        (
            "postnl",
            {"customer_code": "TEST", "service_letters": "SD"},
            "'SD' as its service letters; they are two capitals",
        ),
        ("dpd", {"depot_range": "09980"}, "'09980' as its depot range; it is two capitals or digits and two digits"),
        ("dpd", {"depot_range": "09AB"}, "'09AB' as its depot range"),
        ("dhl_de", {}, "says nothing about its numbers"),
        ("dhl_de", {"number_prefix": "0034043416", "customer": "601"}, "need both"),
        ("dhl_de", {"distribution_centre": "39"}, "need both the digits of the distribution centre"),
        ("dhl_de", {"number_prefix": "34043416", "distribution_centre": "39", "customer": "601"}, "has either"),
        ("dhl_de", {"number_prefix": "3404"}, "'3404' as its number prefix; it is 8 to 14 digits"),
        ("dhl_de", {"service_letters": "RA"}, "the first is C for parcels"),
        ("gls_de", {"depot": "8", "product": "10"}, "'8' as its depot; it is two digits"),
        ("ups", {"shipper_account": "999aa1", "service_code": "01"}, "it is six capitals and digits"),
        ("ups", {"shipper_account": "999AA1", "service_code": "01", "service_class": "1"}, "it is three digits"),
        ("gs1", {"company_prefix": "123"}, "'123' as its company prefix; it is 4 to 12 digits"),
        ("gs1", {"company_prefix": "7612345", "extension_digit": "10"}, "'10' as its extension digit; it is one digit"),
        ("gs1", {"company_prefix": "7612345", "printed_name": "W" * 31}, "it has 30 characters at most"),
        ("upu_s10", {"issuing_country": "NL", "service_letters": ""}, "'' as its service letters"),
        ("upu_s10", {"issuing_country": "XX", "service_letters": "RA"}, "there is no such country"),
        ("upu_s10", {"issuing_country": "nl", "service_letters": "RA"}, "it is two capitals, such as NL"),
        ("upu_s10", {"issuing_country": "NL", "service_letters": "RA RB"}, "one pair at most for each kind"),
        ("upu_s10", {"issuing_country": "NL", "service_letters": "BA"}, "Pairs begin with R, C, E, V, L, U, H"),
        *(
            ("upu_s10", {"issuing_country": "NL", "service_letters": f"{first}A"}, "which are reserved")
            for first in "JKSTWFIOXY"
        ),
    ],
)
def test_a_contract_that_cannot_be_is_refused_with_a_sentence_and_numbers_nothing(code, answers, problem, tmp_path):
    (entry,) = entry_points(group=GROUP, name=code)
    carrier = entry.load()(tmp_path)

    assert problem in carrier.problem_with(answers)
    with pytest.raises(CarrierRejected):
        carrier.number(1, answers, carrier.options[0].code)
