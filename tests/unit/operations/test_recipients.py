"""A recipient is made to fit a carrier's limits by named rules, or refused; never cut."""

import pytest

from kolli.addresses import AddressLimits
from kolli.carriers.sandbox import SandboxCarrier
from kolli.errors import Impossible
from kolli.operations.recipients import fitted
from kolli.shipments.model import Step
from tests.factories import an_address


class Narrow(SandboxCarrier):
    """A carrier with little room."""

    name = "Narrow"
    address_limits = AddressLimits(address_line_1=20, address_line_2=20)


@pytest.fixture
def narrow(tmp_path):
    carrier = Narrow(tmp_path)
    yield carrier
    carrier.close()


def test_a_recipient_that_fits_stays_as_it_is(narrow):
    assert fitted(an_address(address_line_1="Damrak"), narrow) == (an_address(address_line_1="Damrak"), ())


def test_what_is_shortened_is_a_step_that_names_the_rule(narrow):
    recipient, steps = fitted(an_address(address_line_1="Hoofdstationsstraat 1"), narrow)

    assert recipient == an_address(address_line_1="Hoofdstationsstr. 1")
    assert steps == (
        Step(
            "recipient.address_line_1",
            "Hoofdstationsstraat 1",
            "Hoofdstationsstr. 1",
            "carrier",
            note="Shortened by the rule 'abbreviation', as Narrow has not room for more.",
        ),
    )


def test_what_does_not_fit_is_refused_with_the_part_the_value_and_the_room(narrow):
    with pytest.raises(Impossible) as refused:
        fitted(an_address(city="a" * 31), narrow)

    assert refused.value.field == "recipient.city"
    assert refused.value.message.startswith(f"Narrow has room for 30 characters here, and '{'a' * 31}' has 31")
