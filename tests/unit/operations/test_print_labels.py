"""Labels come out in the order asked for, each where its sheet has a place for it, and every one can be scanned."""

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

import msgspec
import pytest

from kolli.carriers.base import label_details
from kolli.carriers.postnl import PostNL
from kolli.documents import proof
from kolli.documents.layouts.parts import Barcode, LabelParts
from kolli.documents.render import A4, A5, A6, LABEL_4X6
from kolli.errors import DoesNotFit, Impossible, Invalid
from kolli.operations.print_labels import Form, check_label, print_label, print_labels
from kolli.shipments.model import Draft, Parcel, ParcelStatus, ServicePoint
from tests.factories import NOW, a_caller, an_address, an_installation
from tests.unit.shipments.made import a_draft, a_shipment

PDF, PNG, ZPL = "application/pdf", "image/png", "application/zpl"
GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    """Nothing here changes anything, so all tests share it."""
    return a_caller(an_installation(tmp_path_factory.mktemp("labels"))).context


def announced(count):
    """Shipments of one announced parcel each, numbered from N1."""
    parcels = [
        Parcel(number, 1, ParcelStatus.READY_TO_SEND, updated_at=NOW, tracking_number=f"N{number}", announced_at=NOW)
        for number in range(1, count + 1)
    ]
    return [
        (a_shipment(id=str(parcel.id), draft=a_draft(order_number=f"ORDER-{parcel.id}"), parcels=(parcel,)), parcel)
        for parcel in parcels
    ]


def numbers_on(picture):
    """The tracking numbers that both decoders read."""
    zxing, zbar = (
        {text for symbology, text in decode(picture) if symbology == "code128"}
        for decode in (proof.codes_by_zxing, proof.codes_by_zbar)
    )
    assert zxing == zbar
    return zxing


def quarters(picture):
    """The tracking number in each quarter of a picture, row by row; None where the paper is white."""
    width, height = picture.width // 2, picture.height // 2
    cut = [
        picture.crop((column * width, row * height, (column + 1) * width, (row + 1) * height))
        for row, column in product((0, 1), repeat=2)
    ]
    return [(quarter.getextrema() != (255, 255) and min(numbers_on(quarter))) or None for quarter in cut]


def zpl_numbers(job):
    """What the Code 128 of each label of a ZPL job holds."""
    return re.findall(rb"\^BCN[^\n]*?\^FD([^^]*)\^FS", job)


@pytest.mark.parametrize(
    ("start_from", "places"),
    [
        (0, ["N1", "N2", "N3", None]),
        (1, [None, "N1", "N2", "N3"]),
        (2, [None, None, "N1", "N2"]),
        (3, [None, None, None, "N1"]),
    ],
)
@pytest.mark.parametrize("dpi", [150, 300])
def test_each_label_on_a_sheet_is_read_back_from_its_own_quarter(context, start_from, places, dpi):
    file = print_labels(announced(3), Form(PDF, 72, A4, start_from), context)

    assert quarters(proof.picture_of(file, dpi)) == places


@pytest.mark.parametrize("start_from", [0, 3])
def test_the_sheet_of_a_picture_is_that_of_the_pdf(context, start_from):
    four = announced(4 - start_from)

    picture, page = (
        proof.picture_of(print_labels(four, Form(mime_type, dpi, A4, start_from), context), 300)
        for mime_type, dpi in ((PNG, 300), (PDF, 72))
    )

    assert picture.size == page.size == (2480, 3508)
    assert quarters(picture) == quarters(page)


def test_labels_go_on_over_as_many_sheets_as_they_need(context):
    file = print_labels(announced(6), Form(PDF, 72, A4, 3), context)

    assert [(round(width), round(height)) for width, height in proof.page_sizes(file)] == [(595, 842)] * 3


@pytest.mark.parametrize("paper", [A6, A5, LABEL_4X6], ids=lambda paper: paper.name)
@pytest.mark.parametrize("start_from", [0, 3])
def test_paper_for_one_label_holds_one_whatever_place_is_asked_for(context, paper, start_from):
    file = print_labels(announced(3), Form(PDF, 72, paper, start_from), context)

    assert len(list(proof.page_sizes(file))) == 3
    assert file == print_labels(announced(3), Form(PDF, 72, paper), context)


def test_a_batch_is_the_single_labels_one_after_the_other(context):
    wanted = list(reversed(announced(3)))

    job = print_labels(wanted, Form(ZPL, 203), context)

    assert job == b"".join(print_label(shipment, parcel, Form(ZPL, 203), context) for shipment, parcel in wanted)
    assert zpl_numbers(job) == [b"N3", b"N2", b"N1"]


@pytest.mark.parametrize("paper", [A4, A5], ids=lambda paper: paper.name)
def test_a_label_printer_has_no_sheets(context, paper):
    assert print_labels(announced(2), Form(ZPL, 203, paper, 2), context) == print_labels(
        announced(2), Form(ZPL, 203), context
    )


def test_a_picture_of_several_labels_is_read_in_their_order(context):
    picture = proof.picture_of(print_labels(announced(3), Form(PNG, 300), context), 300)

    assert picture.size == (1240, 3 * 1748)
    assert [numbers_on(picture.crop((0, top, 1240, top + 1748))) for top in (0, 1748, 2 * 1748)] == [
        {"N1"},
        {"N2"},
        {"N3"},
    ]


def test_no_parcels_are_no_file(context):
    with pytest.raises(Invalid, match="none to write"):
        print_labels([], Form(PDF, 72, A4), context)


def test_a_place_that_a_sheet_does_not_have_is_refused(context):
    with pytest.raises(Invalid, match="no place 4") as caught:
        print_labels(announced(1), Form(PDF, 72, A4, 4), context)

    assert caught.value.field == "start_from"


def test_a_batch_holds_far_less_than_its_labels_alone(context):
    """Fonts are what is large in a label; a batch has them once."""
    wanted = [
        (a_shipment(draft=a_draft(recipient=an_address(house_number=str(number)))), parcel)
        for number, (_, parcel) in enumerate(announced(20))
    ]

    together = print_labels(wanted, Form(PDF, 72), context)

    alone = sum(len(print_label(shipment, parcel, Form(PDF, 72), context)) for shipment, parcel in wanted)
    assert len(together) * 3 < alone


class Regional(PostNL):
    """A carrier from elsewhere whose labels have everything a label can have besides."""

    code = "regional"
    name = "Regional Parcels"
    label_is_certified = False

    def printed_details(self, contract_data: Mapping[str, str]) -> dict[str, str]:
        return {}

    def label_parts(self, draft: Draft, box_number: int, tracking_number: str) -> LabelParts:
        if not draft.recipient.postal_code.isdecimal():
            raise Impossible("Regional Parcels delivers to numeric postal codes only.", field="recipient.postal_code")
        return LabelParts(
            barcodes=(
                Barcode("code128", tracking_number, f"No. {tracking_number}"),
                Barcode("itf", f"{draft.recipient.postal_code:0>8}", draft.recipient.postal_code, caption="ROUTE"),
            ),
            square=Barcode("datamatrix", f"{tracking_number}/{box_number}"),
            sort_code=f"{draft.recipient.country_code} {draft.recipient.postal_code}",
        )


class Certified(Regional):
    """Its labels have been looked at by itself."""

    label_is_certified = True


def with_carrier(kind, folder):
    return a_caller(an_installation(folder, carriers=[kind(folder)])).context


def a_regional_draft(**changes):
    recipient = an_address(postal_code="10435", country_code="DE")
    known = {"carrier_code": "regional", "carrier_name": "Regional Parcels", "recipient": recipient}
    return a_draft(**(known | changes))


def the_label_of(draft, context):
    ((_, parcel),) = announced(1)
    return print_label(a_shipment(draft=draft, parcels=(parcel,)), parcel, Form(PDF, 72), context)


def test_a_label_has_what_its_carrier_wants(tmp_path):
    label = the_label_of(a_regional_draft(is_live=True), with_carrier(Regional, tmp_path))

    assert proof.codes_by_zxing(proof.picture_of(label, 300)) == {
        ("code128", "N1"),
        ("itf", "00010435"),
        ("datamatrix", "N1/1"),
    }
    assert {"DE 10435", "ROUTE 10435", "No. N1"} <= set(proof.lines_of(label))


def test_a_parcel_for_a_service_point_goes_there_in_the_name_of_who_collects_it(context):
    there = an_address(name="", address_line_1="Markt", house_number="1", postal_code="9711 AA", city="Groningen")
    point = ServicePoint("7", "NL-1", "Boekhandel", there)
    ((shipment, parcel),) = announced(1)
    shipment = replace(shipment, draft=replace(shipment.draft, service_point=point))

    lines = proof.lines_of(print_label(shipment, parcel, Form(PDF, 72), context))

    at = next(place for place, line in enumerate(lines) if line.endswith("TO Boekhandel"))
    assert lines[at + 1 : at + 4] == ["Femke de Vries", "Markt 1", "9711 AA Groningen"]
    assert not any("Voorburgwal" in line for line in lines[at:])


def test_a_service_point_of_which_only_the_name_is_known_leaves_the_address_as_it_is(context):
    ((shipment, parcel),) = announced(1)
    kept = replace(shipment, draft=replace(shipment.draft, service_point=ServicePoint("7")))

    assert print_label(kept, parcel, Form(PDF, 72), context) == print_label(shipment, parcel, Form(PDF, 72), context)


NOT_CERTIFIED = "The layout of this label has not been certified by Regional Parcels"


def warnings_on(label):
    return {line for line in proof.lines_of(label) if line in {"TEST – NOT FOR POSTAGE", NOT_CERTIFIED}}


@pytest.mark.parametrize(
    ("kind", "is_live", "said"),
    [
        (Regional, False, {"TEST – NOT FOR POSTAGE", NOT_CERTIFIED}),
        (Certified, False, {"TEST – NOT FOR POSTAGE"}),
        (Regional, True, set()),
        (Certified, True, set()),
    ],
)
def test_a_label_says_that_it_is_not_certified_until_its_contract_is_live(kind, is_live, said, tmp_path):
    draft = a_regional_draft(is_live=is_live, carrier_details=label_details(kind(tmp_path), {}))

    assert warnings_on(the_label_of(draft, with_carrier(kind, tmp_path))) == said


def test_a_test_label_still_says_so_when_its_carrier_has_certified_the_layout_since(tmp_path):
    draft = a_regional_draft(carrier_details=label_details(Regional(tmp_path), {}))

    label = the_label_of(draft, with_carrier(Regional, tmp_path))

    assert the_label_of(draft, with_carrier(Certified, tmp_path)) == label
    assert NOT_CERTIFIED in warnings_on(label)


def test_a_label_that_was_announced_before_there_were_notices_is_drawn_as_on_its_first_day(context):
    """Draft and label are as the version of the schema 0002 has stored and drawn them."""
    announced_then = GOLDEN / "announced"
    draft = msgspec.json.decode((announced_then / "postnl-0002.json").read_bytes(), type=Draft)
    parcel = Parcel(1, 1, ParcelStatus.READY_TO_SEND, updated_at=NOW, tracking_number="3SKOLL1234567", announced_at=NOW)

    label = print_label(a_shipment(draft=draft, parcels=(parcel,)), parcel, Form(ZPL, 203), context)

    assert label == (announced_then / "postnl-0002.zpl").read_bytes()


def test_a_draft_that_has_no_place_in_a_carriers_codes_is_refused_beforehand_with_its_field(tmp_path):
    draft = a_regional_draft(recipient=an_address(postal_code="SW1A 1AA", country_code="GB"))

    with pytest.raises(Impossible) as caught:
        check_label(draft, with_carrier(Regional, tmp_path))

    assert caught.value.field == "recipient.postal_code"


def test_a_draft_whose_codes_do_not_fit_the_label_is_refused_beforehand(tmp_path):
    """Each part is checked with the longest number there is, at the coarsest resolution."""
    draft = a_regional_draft(recipient=an_address(postal_code="1" * 60, country_code="DE"))

    with pytest.raises(DoesNotFit) as caught:
        check_label(draft, with_carrier(Regional, tmp_path))

    assert caught.value.field == "parts.barcodes.1"


def test_a_draft_with_room_for_everything_is_not_refused(tmp_path):
    check_label(a_regional_draft(), with_carrier(Regional, tmp_path))
