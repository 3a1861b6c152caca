"""Carriers are found by their code, and shipping options by theirs."""

import pytest

from kolli.carriers.postnl import PostNL
from kolli.carriers.registry import Carriers, installed_carriers
from kolli.carriers.sandbox import SandboxCarrier
from kolli.errors import SetupError


@pytest.fixture
def both(tmp_path):
    return SandboxCarrier(tmp_path), PostNL(tmp_path)


def test_all_carriers_are_listed(both):
    assert list(Carriers(both)) == list(both)


def test_a_carrier_is_found_by_its_code(both):
    assert [Carriers(both).get(code) for code in ("sendcloud", "postnl")] == list(both)


def test_a_carrier_that_is_not_installed_is_named(both):
    with pytest.raises(SetupError, match="The carrier 'dhl' is not installed"):
        Carriers(both).get("dhl")


def test_an_option_is_found_with_its_carrier(both):
    sandbox, postnl = both
    carriers = Carriers(both)

    assert carriers.find_option("sendcloud:letter") == (sandbox, sandbox.options[0])
    assert carriers.find_option("postnl:standard/insured=3000") == (postnl, postnl.options[1])


@pytest.mark.parametrize("code", ["", "postnl", "POSTNL:STANDARD", "postnl:standard ", "postnl:standard/insured=300"])
def test_an_option_is_found_by_exactly_its_code(both, code):
    assert Carriers(both).find_option(code) is None


def test_an_option_is_found_by_the_number_version_2_has_for_it(both):
    sandbox, postnl = both
    carriers = Carriers(both)

    assert carriers.find_option_by_v2_id(8) == (sandbox, sandbox.options[0])
    assert carriers.find_option_by_v2_id(1) == (postnl, postnl.options[0])
    assert carriers.find_option_by_v2_id(2) is None


def test_installed_carriers_are_those_of_the_entry_points(tmp_path):
    installed = {carrier.code: type(carrier) for carrier in installed_carriers(tmp_path)}

    assert (installed["sendcloud"], installed["postnl"]) == (SandboxCarrier, PostNL)
    assert installed.keys() >= {"dhl_de", "dpd", "gls_de", "gs1", "postnl", "sendcloud", "ups", "upu_s10"}
