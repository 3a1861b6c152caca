"""Every installed carrier keeps the promises of `kolli.carriers.base`, also one that came in a package of its own."""

from dataclasses import replace
from datetime import date
from importlib.metadata import entry_points

import pytest

from kolli.carriers.base import Announced, Booking, Numbering, Numbers, ShippingOption
from kolli.carriers.functionalities import NOTHING_DECLARED, problem_with
from kolli.carriers.registry import GROUP
from kolli.documents.layouts.label import LabelContent, lay_out
from kolli.documents.render import A6
from kolli.shipments.model import Box, Draft
from kolli.values import COUNTRY_CODES
from tests.factories import an_address, kilograms, the_fonts

ENTRIES = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
OWN_NUMBER = [entry for entry in ENTRIES if entry.load().numbering is Numbering.OWN_NUMBER]
CAN_BE_ASKED = [entry for entry in ENTRIES if hasattr(entry.load(), "look_up")]

CONTRACT_DATA = {"customer_code": "TEST"}
"""What the contracts of all carriers here need. A carrier ignores what is not its own."""


@pytest.fixture(params=ENTRIES, ids=lambda entry: entry.name)
def entry(request):
    return request.param


@pytest.fixture
def carrier(entry, tmp_path):
    return entry.load()(tmp_path)


@pytest.fixture(params=OWN_NUMBER, ids=lambda entry: entry.name)
def own_number_carrier(request, tmp_path):
    return request.param.load()(tmp_path)


@pytest.fixture(params=CAN_BE_ASKED, ids=lambda entry: entry.name)
def carrier_that_looks_up(request, tmp_path):
    return request.param.load()(tmp_path)


def numbers_of(carrier, *serials):
    """The numbers we would allocate for these serials; none when the carrier decides."""
    option = carrier.options[0].code
    return (
        tuple(carrier.number(serial, CONTRACT_DATA, option) for serial in serials)
        if isinstance(carrier, Numbers)
        else ()
    )


def a_booking(carrier, reference="0c8f3f0e-6e0d-4a53-9c4f-3f1f5a0d9b11", boxes=1, first_serial=1):
    """A booking as we make it for the carrier's first shipping option."""
    option = carrier.options[0]
    draft = Draft(
        sender=an_address(),
        recipient=an_address(),
        carrier_code=carrier.code,
        carrier_name=carrier.name,
        shipping_option_code=option.code,
        shipping_option_name=option.name,
        contract_id=1,
        is_live=False,
        boxes=(Box(kilograms("1")),) * boxes,
        shipped_on=date(2026, 11, 24),
        tracking_base="http://kolli.test",
        integration_id=70,
        order_id=1,
        shop_order_id="shop-1",
        order_number="ORDER-1",
        order_revision=1,
        reference="shop-1",
    )
    serials = range(first_serial, first_serial + boxes)
    return Booking(reference, draft, CONTRACT_DATA, numbers_of(carrier, *serials))


def test_there_are_carriers():
    assert ENTRIES


def test_no_two_carriers_or_options_have_the_same_code(tmp_path):
    carriers = [entry.load()(tmp_path) for entry in ENTRIES]
    options = [option.code for carrier in carriers for option in carrier.options]

    assert len({carrier.code for carrier in carriers}) == len(carriers)
    assert len(set(options)) == len(options)


def test_its_entry_point_is_called_like_its_code(entry, carrier):
    assert carrier.code == entry.name


def test_it_says_what_it_is(carrier):
    assert (type(carrier.code), type(carrier.name), type(carrier.needs_contract)) == (str, str, bool)
    assert carrier.numbering in Numbering
    assert {type(option) for option in carrier.options} == {ShippingOption}


def test_its_options_begin_with_its_code_and_have_a_name(carrier):
    assert [option.code for option in carrier.options if not option.code.startswith(f"{carrier.code}:")] == []
    assert [option.code for option in carrier.options if not option.name] == []


def test_its_options_take_some_weight_and_serve_countries_there_are(carrier):
    countries = [
        (option.countries or frozenset()) | (option.from_countries or frozenset()) for option in carrier.options
    ]

    assert [option.code for option in carrier.options if option.heaviest.grams <= 0] == []
    assert frozenset().union(*countries) <= COUNTRY_CODES


def test_its_options_have_every_functionality_with_a_value_it_can_have(carrier):
    problems = [
        f"{option.code}: {problem}"
        for option in carrier.options
        for name, value in option.functionalities.items()
        if (problem := problem_with(name, value))
    ]

    assert problems == []
    assert [option.code for option in carrier.options if option.functionalities.keys() != NOTHING_DECLARED.keys()] == []


def test_its_options_declare_limits_and_prices_that_can_be(carrier):
    assert [option.code for option in carrier.options if option.most_parcels < 1] == []
    assert [option.code for option in carrier.options if not 0 < option.lightest.grams <= option.heaviest.grams] == []
    assert [option.code for option in carrier.options if option.price and option.price.value < 0] == []
    assert [option.code for option in carrier.options if option.volumetric_divisor == 0] == []


def test_no_two_options_have_the_same_number_in_version_2(tmp_path):
    carriers = [entry.load()(tmp_path) for entry in ENTRIES]
    numbers = [option.v2_id for carrier in carriers for option in carrier.options if option.v2_id is not None]

    assert len(set(numbers)) == len(numbers)


def test_it_can_number_if_its_numbers_are_ours_and_not_otherwise(carrier):
    assert isinstance(carrier, Numbers) == (carrier.numbering is Numbering.OWN_NUMBER)


def test_its_longest_number_fits_a_label(carrier):
    content = LabelContent(
        sender=an_address(),
        recipient=an_address(),
        carrier_name=carrier.name,
        service_name=carrier.options[0].name,
        tracking_number=carrier.longest_number,
        tracking_number_printed=carrier.printed(carrier.longest_number),
    )

    assert lay_out(content, A6, the_fonts()).marks


def test_every_box_gets_a_number_of_its_own(carrier):
    numbers = carrier.announce(a_booking(carrier, boxes=3)).tracking_numbers

    assert len(set(numbers)) == len(numbers) == 3
    assert [number for number in numbers if len(number) > len(carrier.longest_number)] == []


def test_the_same_reference_has_the_same_numbers_however_often_it_is_announced(carrier):
    booking = a_booking(carrier, boxes=2)

    assert carrier.announce(booking) == carrier.announce(replace(booking))


def test_another_reference_has_other_numbers(carrier):
    first = carrier.announce(a_booking(carrier, "first"))
    second = carrier.announce(a_booking(carrier, "second", first_serial=2))

    assert set(first.tracking_numbers) & set(second.tracking_numbers) == set()


def test_people_read_the_characters_that_machines_read(carrier):
    numbers = [carrier.longest_number, *carrier.announce(a_booking(carrier)).tracking_numbers]

    assert ["".join(carrier.printed(number).split()) for number in numbers] == numbers


def test_what_was_announced_can_be_taken_back(carrier):
    booking = a_booking(carrier)
    carrier.announce(booking)

    assert carrier.cancel(booking) is True


def test_taking_it_back_twice_does_no_harm(carrier):
    """We ask again when we died between the carrier's yes and our writing it down."""
    booking = a_booking(carrier)
    carrier.announce(booking)
    carrier.cancel(booking)

    assert carrier.cancel(booking) in {True, False}


def test_a_serial_always_has_the_same_number(own_number_carrier):
    assert numbers_of(own_number_carrier, 1, 2, 1) == numbers_of(own_number_carrier, 1, 2, 1)


def test_serials_have_different_numbers(own_number_carrier):
    serials = [*range(1, 1_001), *range(9_999_000, 10_001_000)]

    assert len(set(numbers_of(own_number_carrier, *serials))) == len(serials)


def test_it_announces_the_numbers_it_was_given(own_number_carrier):
    booking = a_booking(own_number_carrier, boxes=2)

    assert own_number_carrier.announce(booking) == Announced(booking.numbers)


def test_it_finds_again_what_it_has_booked(carrier_that_looks_up):
    booking = a_booking(carrier_that_looks_up, boxes=2)
    announced = carrier_that_looks_up.announce(booking)

    assert carrier_that_looks_up.look_up(booking.reference) == announced


def test_it_is_sure_about_what_it_has_not_booked(carrier_that_looks_up):
    assert carrier_that_looks_up.look_up("never announced") is None
