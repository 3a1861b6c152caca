"""What every carrier promises about its labels, as tests; a part of `kolli.carriers.testing`."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from kolli.carriers.base import AsksForContracts, Booking, Carrier, PrintsLabels, ShippingOption
from kolli.carriers.specimens import (
    a_draft,
    bare,
    crowded,
    draw,
    has_room,
    numbered,
    options_of,
    parts_of,
    refusal,
)
from kolli.shipments.model import Draft

_HOSTILE_POSTAL_CODES = ("", "12345678901234567890123", "１２３４５", "10*35", "é", "(00)", "%", "\x1d")


class LabelPromises:
    """What a carrier promises about its labels, for a class that has the fixtures of `CarrierPromises`."""

    def test_its_label_can_be_drawn_with_the_longest_number(
        self, carrier: Carrier, contract_data: Mapping[str, str]
    ) -> None:
        """This is how it is found out before booking whether there is room."""
        for option in options_of(carrier, contract_data):
            draw(carrier, a_draft(carrier, option, contract_data), carrier.longest_number)

    def test_the_label_of_what_it_announced_can_be_drawn(
        self, carrier: Carrier, contract_data: Mapping[str, str]
    ) -> None:
        """After the yes there is a label."""
        for option, draft, number in self._announced(carrier, contract_data):
            assert draft.shipping_option_code == option.code
            draw(carrier, draft, number)

    def test_what_has_room_with_the_longest_number_has_room_with_its_own(
        self, carrier: Carrier, contract_data: Mapping[str, str]
    ) -> None:
        """Nothing may be found out after the yes, however full a label is."""
        for _option, draft, number in self._announced(carrier, contract_data):
            for full in crowded(draft):
                if has_room(carrier, full, carrier.longest_number):
                    draw(carrier, full, number)

    def test_the_label_of_every_box_can_be_drawn(self, carrier: Carrier, contract_data: Mapping[str, str]) -> None:
        """Not only that of the first."""
        for option, draft, number in self._announced(carrier, contract_data):
            boxes = draft.boxes * min(option.most_parcels, 3)
            for box_number in range(1, len(boxes) + 1):
                draw(carrier, replace(draft, boxes=boxes), number, box_number)

    def test_its_label_is_the_same_for_the_same_draft(self, carrier: Carrier, contract_data: Mapping[str, str]) -> None:
        """A reprint next year is the label of today."""
        for _option, draft, number in self._announced(carrier, contract_data):
            assert parts_of(carrier, draft, 1, number) == parts_of(carrier, replace(draft), 1, number)

    def test_a_barcode_of_its_label_has_the_number_that_is_stored(
        self, carrier: Carrier, contract_data: Mapping[str, str]
    ) -> None:
        """Parentheses stand around the identifiers of GS1 and are in no bars."""
        for _option, draft, number in self._announced(carrier, contract_data):
            barcodes = parts_of(carrier, draft, 1, number).barcodes
            of_number = [barcode for barcode in barcodes if number in bare(barcode.data)]
            assert of_number or not barcodes
            assert [barcode.printed for barcode in of_number if number not in bare(barcode.printed)] == []

    def test_what_of_the_contract_is_printed_is_text_and_no_secret(
        self, carrier: Carrier, contract_data: Mapping[str, str]
    ) -> None:
        """It is stored with the draft."""
        form = carrier.contract_form if isinstance(carrier, AsksForContracts) else ()
        secrets = {field.name: f"secret of {field.name}" for field in form if field.is_secret}
        details = {}
        if isinstance(carrier, PrintsLabels):
            details = carrier.printed_details({**contract_data, **secrets})
        assert {type(each) for pair in details.items() for each in pair} <= {str}
        assert set(details.values()) & set(secrets.values()) == set()

    def test_an_address_that_has_no_place_in_its_codes_is_refused_by_its_field(
        self, carrier: Carrier, contract_data: Mapping[str, str]
    ) -> None:
        """With Impossible or Missing and the field of the draft; no other error comes out."""
        for _option, draft, number in self._announced(carrier, contract_data):
            for postal_code in _HOSTILE_POSTAL_CODES:
                hostile = replace(draft, recipient=replace(draft.recipient, postal_code=postal_code))
                error = refusal(carrier, hostile, number)
                assert error is None or (error.field or "").startswith("recipient."), error

    def _announced(
        self, carrier: Carrier, contract_data: Mapping[str, str]
    ) -> Iterator[tuple[ShippingOption, Draft, str]]:
        """Each option with a draft and the number of its first box."""
        for serial, option in enumerate(options_of(carrier, contract_data), start=1):
            draft = a_draft(carrier, option, contract_data)
            booking = numbered(Booking(f"reference {serial}", draft, contract_data), carrier, serial)
            announced = carrier.announce(booking)
            yield option, draft, announced.tracking_numbers[0]
