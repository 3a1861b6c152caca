"""The conformance suite finds what it is for: each promise is broken once."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

import kolli
from kolli.carriers.base import Announced, CarrierEvent, ContractField, Numbering, ShippingOption
from kolli.carriers.own_numbers import OwnNumberCarrier, filled_up
from kolli.carriers.specimens import an_address_in
from kolli.carriers.testing import CarrierPromises
from kolli.documents.layouts.parts import Barcode, LabelParts
from kolli.errors import CarrierRejected, DoesNotFit, Impossible, PartlyBooked
from kolli.shipments.model import ParcelStatus
from kolli.values import Dimensions, Weight

OPTION = ShippingOption("good:standard", "Standard", heaviest=Weight(Decimal(5), "kg"), most_parcels=5)
DATA = {"customer": "471"}
PROMISES = CarrierPromises()


class Good(OwnNumberCarrier):
    code = "good"
    name = "Good"
    longest_number = "GO1234567890"
    options: tuple[ShippingOption, ...] = (OPTION, replace(OPTION, code="good:express"))
    contract_form: tuple[ContractField, ...] = (ContractField("customer", "Three digits."),)
    contract_rules = {"customer": ("[0-9]{3}", "it is three digits.")}  # noqa: RUF012 - as in a carrier

    def number(self, serial, contract_data, option_code):
        self.check_contract(contract_data)
        return f"GO{contract_data['customer']}{filled_up(serial, 7, 'it')}"

    def label_parts(self, draft, box_number, tracking_number):
        return LabelParts((Barcode("code128", tracking_number, tracking_number),))


class NamesOthers(Good):
    options = (replace(OPTION, code="other:standard"),)


class ServesNowhere(Good):
    options = (replace(OPTION, countries=frozenset({"QQ"})),)


class CutsOff(Good):
    def number(self, serial, contract_data, option_code):
        self.check_contract(contract_data)
        return f"GO{contract_data['customer']}{serial % 10_000_000:07d}"


class MixesOptions(Good):
    def number(self, serial, contract_data, option_code):
        return super().number(serial + (option_code == "good:express"), contract_data, option_code)


class ChangesItsMind(Good):
    count = 0

    def number(self, serial, contract_data, option_code):
        self.count += 1
        return super().number(serial + self.count, contract_data, option_code)


class IsLonger(Good):
    longest_number = "GO1"


class TakesAnything(Good):
    def check_contract(self, contract_data):
        pass

    def number(self, serial, contract_data, option_code):
        return f"GO{contract_data.get('customer', '000')}{filled_up(serial, 7, 'it')}"


class PrintsMore(Good):
    def printed(self, tracking_number):
        return f"No. {tracking_number}"


class NumbersAnew(Good):
    def announce(self, booking):
        return Announced(tuple(number[::-1] for number in booking.numbers))


class Forgets(Good):
    def cancel(self, booking):
        return False


class HasAnotherNumberInItsBars(Good):
    def label_parts(self, draft, box_number, tracking_number):
        return LabelParts((Barcode("code128", "GO1", "GO1"),))


class HasNoRoom(Good):
    def label_parts(self, draft, box_number, tracking_number):
        return LabelParts((Barcode("code128", "W" * 60),))


class GrowsAfterwards(Good):
    def label_parts(self, draft, box_number, tracking_number):
        barcode = Barcode("code128", tracking_number, tracking_number)
        return LabelParts((barcode,) if tracking_number == self.longest_number else (barcode, barcode, barcode))


class RollsDice(Good):
    count = 0

    def label_parts(self, draft, box_number, tracking_number):
        self.count += 1
        return LabelParts(sort_code=str(self.count))


class PointsNowhere(Good):
    def label_parts(self, draft, box_number, tracking_number):
        if not draft.recipient.postal_code:
            raise Impossible("There is no postal code.")
        return super().label_parts(draft, box_number, tracking_number)


class FallsOver(Good):
    def label_parts(self, draft, box_number, tracking_number):
        return LabelParts(sort_code=str(int(draft.recipient.postal_code[0:4])))


class HasAColonInItsCode(Good):
    code = "go:od"


class DoesNotKnowWhetherItIsCertified(Good):
    label_is_certified: Any = None


def declares(**changes: Any) -> type[Good]:
    """A carrier with an option that cannot be."""
    return type("Declares", (Good,), {"options": (replace(OPTION, **changes),)})


class TellsTwinsApartByCase(Good):
    longest_number = "GO1234567890X"

    def number(self, serial, contract_data, option_code):
        return super().number((serial + 1) // 2, contract_data, option_code) + "xX"[serial % 2]


class FailsForTheSecondBox(Good):
    def label_parts(self, draft, box_number, tracking_number):
        return replace(super().label_parts(draft, box_number, tracking_number), badge=("1",)[box_number - 1])


class PrintsAnotherNumberBelowItsBars(Good):
    def label_parts(self, draft, box_number, tracking_number):
        return LabelParts((Barcode("code128", tracking_number, "GO1"),))


class PrintsAPassword(Good):
    contract_form = (*Good.contract_form, ContractField("password", "A word.", is_required=False, is_secret=True))
    printed_fields = ("password",)


class ShowsAPassword(Good):
    contract_form = (ContractField("customer", "Three digits.", is_secret=True, is_client_id=True),)


class Follows(Good):
    most_tracked = 1
    at = datetime(2026, 11, 24, tzinfo=UTC)

    def events(self, tracking_numbers, contract_data):
        return [CarrierEvent(number, ParcelStatus.DELIVERED, self.at) for number in tracking_numbers]


class FollowsOthers(Follows):
    def events(self, tracking_numbers, contract_data):
        return super().events(["GO1"], contract_data)


class KnowsNoZone(Follows):
    at = datetime(2026, 11, 24)  # noqa: DTZ001 - that is what is wrong


DECLARE = "its_options_declare_limits_and_prices_that_can_be"


@pytest.mark.parametrize(
    ("carrier", "promise", "broken"),
    [
        (NamesOthers, "its_options_begin_with_its_code_and_have_a_name", AssertionError),
        (ServesNowhere, "its_options_serve_countries_there_are", AssertionError),
        (CutsOff, "serials_have_different_numbers_whatever_the_options", AssertionError),
        (MixesOptions, "serials_have_different_numbers_whatever_the_options", AssertionError),
        (ChangesItsMind, "a_serial_always_has_the_same_number", AssertionError),
        (IsLonger, "its_numbers_are_ascii_and_no_longer_than_its_longest", AssertionError),
        (IsLonger, "every_box_gets_a_number_of_its_own", AssertionError),
        (
            *(TakesAnything, "a_contract_that_lacks_what_is_required_is_refused_before_anything_is_booked"),
            pytest.fail.Exception,
        ),
        (TakesAnything, "a_contract_with_nonsense_in_it_gives_a_number_or_is_refused", AssertionError),
        (PrintsMore, "people_read_the_characters_that_machines_read", AssertionError),
        (NumbersAnew, "it_announces_the_numbers_it_was_given", AssertionError),
        (Forgets, "what_was_announced_can_be_taken_back_more_than_once", AssertionError),
        (HasAnotherNumberInItsBars, "a_barcode_of_its_label_has_the_number_that_is_stored", AssertionError),
        (HasNoRoom, "its_label_can_be_drawn_with_the_longest_number", DoesNotFit),
        (HasNoRoom, "the_label_of_what_it_announced_can_be_drawn", DoesNotFit),
        (GrowsAfterwards, "what_has_room_with_the_longest_number_has_room_with_its_own", DoesNotFit),
        (RollsDice, "its_label_is_the_same_for_the_same_draft", AssertionError),
        (PointsNowhere, "an_address_that_has_no_place_in_its_codes_is_refused_by_its_field", AssertionError),
        (HasAColonInItsCode, "it_says_what_it_is", AssertionError),
        (DoesNotKnowWhetherItIsCertified, "it_says_what_it_is", AssertionError),
        (declares(code="good:a b"), "its_options_begin_with_its_code_and_have_a_name", AssertionError),
        (declares(heaviest=Weight(Decimal("Infinity"), "kg")), DECLARE, AssertionError),
        (declares(largest=Dimensions(Decimal(0), Decimal(1), Decimal(1), "cm")), DECLARE, AssertionError),
        (declares(volumetric_divisor=-5), DECLARE, AssertionError),
        (declares(lead_time_hours=-1), DECLARE, AssertionError),
        (declares(requires=("telephone",)), DECLARE, AssertionError),
        (TellsTwinsApartByCase, "serials_have_different_numbers_whatever_the_options", AssertionError),
        (FailsForTheSecondBox, "the_label_of_every_box_can_be_drawn", IndexError),
        (PrintsAnotherNumberBelowItsBars, "a_barcode_of_its_label_has_the_number_that_is_stored", AssertionError),
        (PrintsAPassword, "what_of_the_contract_is_printed_is_text_and_no_secret", AssertionError),
        (ShowsAPassword, "its_form_is_one_that_can_be_filled_in", AssertionError),
        (FollowsOthers, "it_says_of_parcels_it_was_asked_about_when_something_happened_to_them", AssertionError),
        (KnowsNoZone, "it_says_of_parcels_it_was_asked_about_when_something_happened_to_them", AssertionError),
        (FallsOver, "an_address_that_has_no_place_in_its_codes_is_refused_by_its_field", ValueError),
    ],
)
def test_a_broken_promise_is_found_and_a_kept_one_is_not(carrier, promise, broken):
    test = getattr(PROMISES, f"test_{promise}")

    test(**arguments(test, Follows(Path())))
    with pytest.raises(broken):
        test(**arguments(test, carrier(Path())))


def arguments(test, carrier):
    """What the fixtures of a test would be for a carrier that has all abilities that this one has."""
    fixtures = {"carrier": carrier, "numbering": carrier, "asking": carrier, "tracking": carrier, "contract_data": DATA}
    return {name: fixtures[name] for name in signature(test).parameters}


class Wire:
    """A carrier that is asked, which keeps account of what it has booked."""

    code = "wire"
    name = "Wire"
    needs_contract = False
    longest_number = "W99999999"
    options: tuple[ShippingOption, ...] = (replace(OPTION, code="wire:parcel"),)
    fails_at = 0

    def __init__(self, folder: Path) -> None:
        self.bookings: dict[str, list[str]] = {}
        self.given = 0

    def fail_half_way(self):
        self.fails_at = 2

    def booked(self):
        return [number for numbers in self.bookings.values() for number in numbers]

    def numbers(self, booking):
        self.given += len(booking.draft.boxes)
        return tuple(f"W{self.given - box}" for box in range(len(booking.draft.boxes)))

    def announce(self, booking):
        numbers = self.bookings[booking.reference] = []
        for box, number in enumerate(booking.numbers or self.numbers(booking), start=1):
            if box == self.fails_at:
                raise PartlyBooked(f"Of 3 parcels 1 is booked: {', '.join(numbers)}.")
            numbers.append(number)
        return Announced(tuple(numbers))

    def cancel(self, booking):
        return self.bookings.pop(booking.reference, None) is not None

    def printed(self, tracking_number):
        return tracking_number


class Reserving(Wire):
    numbering = Numbering.RESERVE_THEN_CONFIRM

    def reserve(self, booking):
        return self.numbers(booking)


class AtBooking(Wire):
    numbering = Numbering.NUMBER_AT_BOOKING
    certain_after_seconds = 60

    def look_up(self, reference):
        numbers = self.bookings.get(reference)
        return Announced(tuple(numbers)) if numbers else None


class ReservesTooFew(Reserving):
    def reserve(self, booking):
        return super().reserve(booking)[:-1]


class ReservesTwins(Reserving):
    def reserve(self, booking):
        return ("W1",) * len(booking.draft.boxes)


class ReservesTheSameAgain(Reserving):
    def reserve(self, booking):
        return tuple(f"W{box}" for box in range(len(booking.draft.boxes)))


class ReservesNonsense(Reserving):
    def reserve(self, booking):
        return tuple(f"{number} \n" for number in super().reserve(booking))


class BooksByReserving(Reserving):
    def reserve(self, booking):
        self.bookings[booking.reference] = list(super().reserve(booking))
        return self.bookings[booking.reference]


class ConfirmsOthers(Reserving):
    def announce(self, booking):
        return super().announce(replace(booking, numbers=()))


class BooksEveryTime(Reserving):
    def announce(self, booking):
        announced = super().announce(booking)
        self.bookings[f"{booking.reference} {len(self.bookings)}"] = list(announced.tracking_numbers)
        return announced


class ReservesWithoutSayingSo(AtBooking):
    def reserve(self, booking):
        return self.numbers(booking)


class SaysItReserves(AtBooking):
    numbering = Numbering.RESERVE_THEN_CONFIRM


class FindsEverything(AtBooking):
    def look_up(self, reference):
        return Announced(tuple(self.booked()))


class FindsNothing(AtBooking):
    def look_up(self, reference):
        return None


class FindsTheNewest(AtBooking):
    def look_up(self, reference):
        known = reference in self.bookings
        return Announced(tuple(list(self.bookings.values())[-1])) if known else None


class FindsTheBoxesInAnySequence(AtBooking):
    def look_up(self, reference):
        found = super().look_up(reference)
        return found and Announced(found.tracking_numbers[::-1])


class IsNeverCertain(AtBooking):
    certain_after_seconds = -1


class IsCertainAfterAWeek(AtBooking):
    certain_after_seconds = 7 * 24 * 3600


class KeepsSilentAboutAHalf(AtBooking):
    def announce(self, booking):
        try:
            return super().announce(booking)
        except PartlyBooked:
            return Announced(tuple(self.booked()))


class CallsAHalfANo(AtBooking):
    def announce(self, booking):
        try:
            return super().announce(booking)
        except PartlyBooked as error:
            raise CarrierRejected("The second parcel is refused.") from error


class DoesNotTakeAHalfBack(AtBooking):
    def cancel(self, booking):
        return self.fails_at == 0 and super().cancel(booking)


class TakesAHalfBackItself(AtBooking):
    def announce(self, booking):
        try:
            return super().announce(booking)
        except PartlyBooked as error:
            self.cancel(booking)
            raise CarrierRejected("The second parcel is refused. The first is taken back.") from error


RESERVES = "what_it_reserves_is_a_number_for_each_box_and_never_given_again"
FINDS = "it_finds_again_what_it_has_booked_and_nothing_else"
FINAL = "it_says_when_a_look_up_that_finds_nothing_is_final"
ABILITIES = "it_can_number_if_its_numbers_are_ours_and_not_otherwise"
HALF = "what_was_booked_in_part_is_taken_back"
NOT_RAISED = pytest.fail.Exception


@pytest.mark.parametrize(
    ("honest", "liar", "promise", "broken"),
    [
        (Reserving, ReservesTooFew, RESERVES, AssertionError),
        (Reserving, ReservesTwins, RESERVES, AssertionError),
        (Reserving, ReservesTheSameAgain, RESERVES, AssertionError),
        (Reserving, ReservesNonsense, RESERVES, AssertionError),
        (Reserving, BooksByReserving, "nothing_is_booked_by_reserving", AssertionError),
        (Reserving, ConfirmsOthers, "it_books_what_was_reserved", AssertionError),
        (
            *(Reserving, ConfirmsOthers, "the_same_reference_has_the_same_numbers_however_often_it_is_announced"),
            AssertionError,
        ),
        (Reserving, BooksEveryTime, "however_often_it_is_announced_it_is_booked_once", AssertionError),
        (AtBooking, ReservesWithoutSayingSo, ABILITIES, AssertionError),
        (Reserving, SaysItReserves, ABILITIES, AssertionError),
        (AtBooking, FindsEverything, FINDS, AssertionError),
        (AtBooking, FindsNothing, FINDS, AssertionError),
        (AtBooking, FindsTheNewest, FINDS, AssertionError),
        (AtBooking, FindsTheBoxesInAnySequence, FINDS, AssertionError),
        (AtBooking, IsNeverCertain, FINAL, AssertionError),
        (AtBooking, IsCertainAfterAWeek, FINAL, AssertionError),
        (AtBooking, KeepsSilentAboutAHalf, HALF, NOT_RAISED),
        (AtBooking, CallsAHalfANo, HALF, AssertionError),
        (TakesAHalfBackItself, DoesNotTakeAHalfBack, HALF, AssertionError),
    ],
)
def test_a_carrier_that_is_asked_and_lies_is_found_out_and_an_honest_one_is_not(honest, liar, promise, broken):
    test = getattr(PROMISES, f"test_{promise}")

    test(**arguments_over_the_wire(test, honest(Path())))
    with pytest.raises(broken):
        test(**arguments_over_the_wire(test, liar(Path())))


def arguments_over_the_wire(test, carrier):
    fixtures = {
        "carrier": carrier,
        "reserving": carrier,
        "looking_up": carrier,
        "contract_data": {},
        "booked": carrier.booked,
        "failing_half_way": carrier.fail_half_way,
    }
    return {name: fixtures[name] for name in signature(test).parameters}


class TestReserving(CarrierPromises):
    """Every promise to a carrier that reserves numbers, as its own package would test them."""

    kind: type[Wire] = Reserving

    @pytest.fixture
    def carrier(self, tmp_path):
        return self.kind(tmp_path)

    @pytest.fixture
    def booked(self, carrier):
        return carrier.booked

    @pytest.fixture
    def failing_half_way(self, carrier):
        return carrier.fail_half_way


class TestAtBooking(TestReserving):
    """Every promise to a carrier that numbers what it books, and can be asked about it."""

    kind = AtBooking


def test_an_address_is_in_a_country_that_is_served_and_in_another_one_where_there_is_a_choice():
    assert an_address_in(None).country_code == "BE"
    assert an_address_in(None, but="BE").country_code == "DE"
    assert an_address_in(frozenset({"NL"}), but="NL").country_code == "NL"
    assert an_address_in(frozenset({"JP"})).country_code == "JP"


def test_nothing_of_kolli_needs_what_only_tests_have():
    """A server is installed without pytest."""
    package = Path(kolli.__file__).parent
    texts = {path.relative_to(package).as_posix(): path.read_text("utf-8") for path in package.rglob("*.py")}

    needs_pytest = sorted(name for name, text in texts.items() if "import pytest" in text)
    assert needs_pytest == ["carriers/testing.py", "testing/fixture.py"]
    assert [
        name
        for name, text in texts.items()
        if re.search(r"^(from|import) kolli\.carriers\.testing", text, re.MULTILINE)
    ] == []
