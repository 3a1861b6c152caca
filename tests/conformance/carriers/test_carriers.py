"""Every installed carrier keeps the promises of `kolli.carriers.base`, also one that came in a package of its own."""

from importlib.metadata import entry_points

import pytest

from kolli.carriers.base import KeepsFiles
from kolli.carriers.registry import GROUP
from kolli.carriers.testing import CarrierPromises

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
