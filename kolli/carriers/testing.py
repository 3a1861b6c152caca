"""The conformance suite: what every carrier promises, as tests that its own package runs. It needs pytest only.

    from kolli.carriers.testing import CarrierPromises

    class TestAcme(CarrierPromises):
        @pytest.fixture
        def carrier(self, tmp_path):
            return Acme(tmp_path)

        @pytest.fixture
        def contract_data(self):
            return {"customer": "4711"}

Nothing of Kolli imports this module.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import pytest

from kolli.carriers.base import (
    REQUIRED_FIELDS,
    Announced,
    AsksForContracts,
    Carrier,
    ChecksContracts,
    LooksUp,
    Numbering,
    Numbers,
    PrintsLabels,
    Reserves,
    ShippingOption,
    Tracks,
)
from kolli.carriers.functionalities import NOTHING_DECLARED, problem_with
from kolli.carriers.label_promises import LabelPromises
from kolli.carriers.specimens import (
    a_booking,
    bare,
    is_fit,
    numbers_of,
    options_of,
)
from kolli.errors import CarrierError, CarrierRejected, CarrierUnavailable, PartlyBooked
from kolli.shipments.model import ParcelStatus
from kolli.values import COUNTRY_CODES

LATEST_CERTAINTY_SECONDS = 24 * 3600
"""The longest that anybody waits to know whether a label was paid for."""


class CarrierPromises(LabelPromises):
    """What a carrier promises. A subclass has the fixture `carrier`, and `contract_data` if contracts have any."""

    @pytest.fixture
    def carrier(self) -> Carrier:
        """The carrier that is looked at, new for each test."""
        raise NotImplementedError("Give your class a fixture `carrier`.")

    @pytest.fixture
    def contract_data(self) -> Mapping[str, str]:
        """What a contract says under which at least one of the options can be shipped with."""
        return {}

    @pytest.fixture
    def numbering(self, carrier: Carrier) -> Numbers:
        """The carrier, if its numbers are ours."""
        if not isinstance(carrier, Numbers):
            pytest.skip("its numbers are its own")
        return carrier

    @pytest.fixture
    def reserving(self, carrier: Carrier) -> Reserves:
        """The carrier, if it gives numbers before it books them."""
        if not isinstance(carrier, Reserves):
            pytest.skip("it reserves no numbers")
        return carrier

    @pytest.fixture
    def asked_twice(self, carrier: Carrier) -> None:
        """Only for carriers that are ever told about the same shipment twice."""
        if carrier.numbering is Numbering.NUMBER_AT_BOOKING:
            pytest.skip("nobody asks it to book twice")

    @pytest.fixture
    def booked(self, carrier: Carrier) -> Callable[[], Sequence[str]]:
        """The numbers of everything that is booked and not taken back, as the other side counts them.

        Give your class this fixture when you test against a server that can say so.
        """
        pytest.skip(f"nobody says what {carrier.code} has booked: there is no fixture `booked`")

    @pytest.fixture
    def failing_half_way(self, carrier: Carrier) -> Callable[[], None]:
        """Has the next announcement of three boxes fail after the first, where they are booked one by one.

        Give your class this fixture when that can happen with your carrier.
        """
        pytest.skip(f"nobody makes {carrier.code} fail half way: there is no fixture `failing_half_way`")

    @pytest.fixture
    def asking(self, carrier: Carrier) -> AsksForContracts:
        """The carrier, if it asks for something in contracts."""
        if not isinstance(carrier, AsksForContracts):
            pytest.skip("it asks for nothing in contracts")
        return carrier

    @pytest.fixture
    def looking_up(self, carrier: Carrier) -> LooksUp:
        """The carrier, if it can be asked what has become of an announcement."""
        if not isinstance(carrier, LooksUp):
            pytest.skip("it cannot be asked")
        return carrier

    @pytest.fixture
    def tracking(self, carrier: Carrier) -> Tracks:
        """The carrier, if it says what happens to parcels."""
        if not isinstance(carrier, Tracks):
            pytest.skip("it does not track")
        return carrier

    # What it declares

    def test_it_says_what_it_is(self, carrier: Carrier) -> None:
        """Its members are there, and of their types."""
        assert (type(carrier.code), type(carrier.name), type(carrier.needs_contract)) == (str, str, bool)
        assert re.fullmatch("[!-.0-9;-~]+", carrier.code), "no colon, slash or space"
        assert not isinstance(carrier, PrintsLabels) or type(carrier.label_is_certified) is bool
        assert carrier.numbering in Numbering
        assert carrier.options
        assert {type(option) for option in carrier.options} == {ShippingOption}

    def test_its_options_begin_with_its_code_and_have_a_name(self, carrier: Carrier) -> None:
        """Whose option it is can be read off it, and the label has something to print."""
        codes = [option.code for option in carrier.options]
        assert [code for code in codes if not re.fullmatch(f"{re.escape(carrier.code)}:[!-~]+", code)] == []
        assert len(set(codes)) == len(codes)
        assert [option.code for option in carrier.options if not option.name] == []

    def test_its_options_serve_countries_there_are(self, carrier: Carrier) -> None:
        """By their codes of ISO 3166-1 alpha-2; at least one each way."""
        countries = [each for option in carrier.options for each in (option.countries, option.from_countries)]
        assert frozenset().union(*filter(None, countries)) <= COUNTRY_CODES
        assert frozenset() not in countries

    def test_its_options_have_every_functionality_with_a_value_it_can_have(self, carrier: Carrier) -> None:
        """The names are those of `kolli.carriers.functionalities`."""
        problems = [
            f"{option.code}: {problem}"
            for option in carrier.options
            for name, value in option.functionalities.items()
            if (problem := problem_with(name, value))
        ]
        assert problems == []
        incomplete = [o.code for o in carrier.options if o.functionalities.keys() != NOTHING_DECLARED.keys()]
        assert incomplete == []

    def test_its_options_declare_limits_and_prices_that_can_be(self, carrier: Carrier) -> None:
        """Some weight, some parcel, no negative price."""
        options = carrier.options
        assert [option.code for option in options if option.most_parcels < 1] == []
        assert [o.code for o in options if not 0 < o.lightest.grams <= o.heaviest.grams < Decimal("Infinity")] == []
        assert [option.code for option in options if option.largest and min(option.largest.sides_mm) <= 0] == []
        assert [option.code for option in options if option.price and option.price.value < 0] == []
        assert [o.code for o in options if o.volumetric_divisor is not None and o.volumetric_divisor <= 0] == []
        assert [o.code for o in options if o.lead_time_hours is not None and o.lead_time_hours < 0] == []
        assert {name for option in options for name in option.requires} <= REQUIRED_FIELDS.keys()

    def test_it_can_number_if_its_numbers_are_ours_and_not_otherwise(self, carrier: Carrier) -> None:
        """What it says about its numbers is what it can do."""
        assert isinstance(carrier, Numbers) == (carrier.numbering is Numbering.OWN_NUMBER)
        assert isinstance(carrier, Reserves) == (carrier.numbering is Numbering.RESERVE_THEN_CONFIRM)

    # What it asks for in contracts

    @pytest.mark.usefixtures("numbering")
    def test_a_carrier_whose_numbers_are_ours_needs_a_contract(self, carrier: Carrier) -> None:
        """The ranges that numbers are taken from belong to contracts."""
        assert carrier.needs_contract

    def test_its_form_is_one_that_can_be_filled_in(self, asking: AsksForContracts) -> None:
        """Each name once, a description each, and choices where there is a choice."""
        names = [field.name for field in asking.contract_form]
        assert len(set(names)) == len(names)
        assert [field.name for field in asking.contract_form if not field.description] == []
        assert [field.name for field in asking.contract_form if field.is_secret and field.is_client_id] == []
        assert [field.name for field in asking.contract_form if (field.type == "choice") != bool(field.choices)] == []

    def test_the_contract_of_this_test_is_as_its_form_wants_it(
        self, asking: AsksForContracts, contract_data: Mapping[str, str]
    ) -> None:
        """What the numbers need is asked for."""
        assert contract_data.keys() <= {field.name for field in asking.contract_form}
        assert contract_data.keys() >= {field.name for field in asking.contract_form if field.is_required}
        assert not isinstance(asking, ChecksContracts) or asking.problem_with(contract_data) is None

    def test_something_can_be_shipped_under_the_contract_of_this_test(
        self, carrier: Carrier, contract_data: Mapping[str, str]
    ) -> None:
        """At least one of the options has numbers."""
        assert options_of(carrier, contract_data)

    def test_a_contract_that_lacks_what_is_required_is_refused_before_anything_is_booked(
        self, asking: AsksForContracts, numbering: Numbers, carrier: Carrier, contract_data: Mapping[str, str]
    ) -> None:
        """With a sentence where it can check contracts, and with CarrierRejected where it numbers."""
        option = options_of(carrier, contract_data)[0]
        for field in asking.contract_form:
            if field.is_required:
                lacking = {name: value for name, value in contract_data.items() if name != field.name}
                if isinstance(asking, ChecksContracts):
                    assert asking.problem_with(lacking)
                with pytest.raises(CarrierRejected):
                    numbering.number(1, lacking, option.code)

    def test_a_contract_with_nonsense_in_it_gives_a_number_or_is_refused(
        self, asking: AsksForContracts, numbering: Numbers, contract_data: Mapping[str, str], carrier: Carrier
    ) -> None:
        """No other error, and no number that a barcode cannot hold."""
        for field in asking.contract_form:
            for nonsense in ("é", " ", "(", "a\n", "１", "W" * 500):
                for option in options_of(carrier, contract_data):
                    numbers = numbers_of(numbering, {**contract_data, field.name: nonsense}, option, 1)
                    assert [number for number in numbers if not is_fit(number, carrier)] == []

    # Its numbers

    def test_a_serial_always_has_the_same_number(
        self, numbering: Numbers, carrier: Carrier, contract_data: Mapping[str, str]
    ) -> None:
        """Also in the next process: numbers are worked out again."""
        for option in options_of(carrier, contract_data):
            first = numbers_of(numbering, contract_data, option, 1, 2)
            assert numbers_of(numbering, contract_data, option, 1, 2, 1) == (*first, first[0])

    def test_serials_have_different_numbers_whatever_the_options(
        self, numbering: Numbers, carrier: Carrier, contract_data: Mapping[str, str]
    ) -> None:
        """A serial that is too long is refused and never cut off; one serial is used for one parcel only."""
        serials = [*range(1, 1_001), *(10**power + step for power in range(4, 18) for step in range(-200, 200))]
        serial_of: dict[str, int] = {}
        for option in options_of(carrier, contract_data):
            numbered = [(serial, numbers_of(numbering, contract_data, option, serial)) for serial in serials]
            assert sum(map(len, (numbers for _, numbers in numbered))) >= 1_000
            assert [
                serial
                for serial, numbers in numbered
                for number in numbers
                if serial_of.setdefault(number.casefold(), serial) != serial  # parcels are found in either case
            ] == []

    def test_its_numbers_are_ascii_and_no_longer_than_its_longest(
        self, numbering: Numbers, carrier: Carrier, contract_data: Mapping[str, str]
    ) -> None:
        """What a label has room for is found out with the longest number before anybody is asked."""
        serials = [1, *(10**power - 1 for power in range(1, 19))]
        for option in options_of(carrier, contract_data):
            numbers = numbers_of(numbering, contract_data, option, *serials)
            assert [number for number in numbers if not is_fit(number, carrier)] == []

    def test_people_read_the_characters_that_machines_read(
        self, carrier: Carrier, contract_data: Mapping[str, str]
    ) -> None:
        """`printed` puts spaces, dots and dashes between them, and nothing else."""
        numbers = [carrier.longest_number, *carrier.announce(a_booking(carrier, contract_data)).tracking_numbers]
        assert [bare(carrier.printed(number)) for number in numbers] == [bare(number) for number in numbers]

    # Its announcements

    def test_every_box_gets_a_number_of_its_own(self, carrier: Carrier, contract_data: Mapping[str, str]) -> None:
        """In their order, and none longer than the longest."""
        numbers = carrier.announce(a_booking(carrier, contract_data, boxes=3)).tracking_numbers
        assert len(set(numbers)) == len(numbers) == 3
        assert [number for number in numbers if not is_fit(number, carrier)] == []

    @pytest.mark.usefixtures("asked_twice")
    def test_the_same_reference_has_the_same_numbers_however_often_it_is_announced(
        self, carrier: Carrier, contract_data: Mapping[str, str]
    ) -> None:
        """We announce again what we do not know the outcome of, with the same numbers."""
        booking = a_booking(carrier, contract_data, boxes=2)
        assert carrier.announce(booking) == carrier.announce(replace(booking))

    @pytest.mark.usefixtures("asked_twice")
    def test_however_often_it_is_announced_it_is_booked_once(
        self, carrier: Carrier, contract_data: Mapping[str, str], booked: Callable[[], Sequence[str]]
    ) -> None:
        """And paid for once."""
        booking = a_booking(carrier, contract_data, boxes=2)
        numbers = carrier.announce(booking).tracking_numbers
        carrier.announce(replace(booking))
        assert sorted(booked()) == sorted(numbers)

    def test_what_it_reserves_is_a_number_for_each_box_and_never_given_again(
        self, reserving: Reserves, carrier: Carrier, contract_data: Mapping[str, str]
    ) -> None:
        """Not even for the same shipment: one that is asked for again because an answer was lost is another."""
        booking = a_booking(carrier, contract_data, boxes=3)
        numbers = [*booking.numbers, *reserving.reserve(replace(booking, numbers=()))]
        assert len({number.casefold() for number in numbers}) == len(numbers) == 6
        assert [number for number in numbers if not is_fit(number, carrier)] == []

    @pytest.mark.usefixtures("reserving")
    def test_it_books_what_was_reserved(self, carrier: Carrier, contract_data: Mapping[str, str]) -> None:
        """Those numbers and no others: they are on the disk, and perhaps on a label."""
        booking = a_booking(carrier, contract_data, boxes=3)
        assert carrier.announce(booking) == Announced(booking.numbers)

    @pytest.mark.usefixtures("reserving")
    def test_nothing_is_booked_by_reserving(
        self, carrier: Carrier, contract_data: Mapping[str, str], booked: Callable[[], Sequence[str]]
    ) -> None:
        """A number that is never used costs nothing."""
        a_booking(carrier, contract_data, boxes=3)
        assert booked() == []

    def test_what_was_booked_in_part_is_taken_back(
        self,
        carrier: Carrier,
        contract_data: Mapping[str, str],
        booked: Callable[[], Sequence[str]],
        failing_half_way: Callable[[], None],
    ) -> None:
        """By the carrier itself, or after PartlyBooked by `cancel`: nobody pays for half a shipment."""
        booking = a_booking(carrier, contract_data, boxes=3)
        failing_half_way()
        with pytest.raises(CarrierError) as raised:
            carrier.announce(booking)
        if isinstance(raised.value, PartlyBooked):
            assert booked() != []
            assert carrier.cancel(booking) is True
        assert booked() == []

    def test_another_reference_has_other_numbers(self, carrier: Carrier, contract_data: Mapping[str, str]) -> None:
        """Two shipments are two shipments, however alike."""
        first = carrier.announce(a_booking(carrier, contract_data, reference="first"))
        second = carrier.announce(a_booking(carrier, contract_data, reference="second", first_serial=2))
        assert set(first.tracking_numbers) & set(second.tracking_numbers) == set()

    @pytest.mark.usefixtures("numbering")
    def test_it_announces_the_numbers_it_was_given(self, carrier: Carrier, contract_data: Mapping[str, str]) -> None:
        """They are on the disk before it is asked."""
        booking = a_booking(carrier, contract_data, boxes=2)
        assert carrier.announce(booking) == Announced(booking.numbers)

    def test_what_was_announced_can_be_taken_back_more_than_once(
        self, carrier: Carrier, contract_data: Mapping[str, str]
    ) -> None:
        """We ask again when we died between its yes and our writing it down."""
        booking = a_booking(carrier, contract_data)
        carrier.announce(booking)
        assert carrier.cancel(booking) is True
        with suppress(CarrierError):
            assert carrier.cancel(booking) in {True, False}

    def test_it_finds_again_what_it_has_booked_and_nothing_else(
        self, looking_up: LooksUp, carrier: Carrier, contract_data: Mapping[str, str]
    ) -> None:
        """It is asked by our reference when an answer was lost."""
        booking = a_booking(carrier, contract_data, boxes=2)
        assert looking_up.look_up(booking.reference) is None
        announced = carrier.announce(booking)
        other = a_booking(carrier, contract_data, reference="another", first_serial=3)
        assert looking_up.look_up(other.reference) is None
        carrier.announce(other)
        assert looking_up.look_up(booking.reference) == announced

    def test_it_says_when_a_look_up_that_finds_nothing_is_final(self, looking_up: LooksUp) -> None:
        """In whole seconds: until then a booking may still be on its way, and nothing is booked a second time."""
        assert type(looking_up.certain_after_seconds) is int
        assert 0 <= looking_up.certain_after_seconds <= LATEST_CERTAINTY_SECONDS

    def test_it_says_of_parcels_it_was_asked_about_when_something_happened_to_them(
        self, tracking: Tracks, carrier: Carrier, contract_data: Mapping[str, str]
    ) -> None:
        """A time without a zone is no time."""
        numbers = carrier.announce(a_booking(carrier, contract_data, boxes=2)).tracking_numbers[: tracking.most_tracked]
        with suppress(CarrierUnavailable):
            for event in tracking.events(numbers, contract_data):
                assert event.tracking_number in numbers
                assert event.at.tzinfo is not None
                assert isinstance(event.status, ParcelStatus)
