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
from kolli.carriers.base import Announced, CarrierEvent, ContractField, ShippingOption
from kolli.carriers.own_numbers import OwnNumberCarrier, filled_up
from kolli.carriers.specimens import an_address_in
from kolli.carriers.testing import CarrierPromises
from kolli.documents.layouts.parts import Barcode, LabelParts
from kolli.errors import DoesNotFit, Impossible
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


def test_an_address_is_in_a_country_that_is_served_and_in_another_one_where_there_is_a_choice():
    assert an_address_in(None).country_code == "BE"
    assert an_address_in(None, but="BE").country_code == "DE"
    assert an_address_in(frozenset({"NL"}), but="NL").country_code == "NL"
    assert an_address_in(frozenset({"JP"})).country_code == "JP"


def test_nothing_of_kolli_needs_what_only_tests_have():
    """A server is installed without pytest."""
    package = Path(kolli.__file__).parent
    texts = {path.relative_to(package).as_posix(): path.read_text("utf-8") for path in package.rglob("*.py")}

    assert [name for name, text in texts.items() if "import pytest" in text] == ["carriers/testing.py"]
    assert [
        name
        for name, text in texts.items()
        if re.search(r"^(from|import) kolli\.carriers\.testing", text, re.MULTILINE)
    ] == []
