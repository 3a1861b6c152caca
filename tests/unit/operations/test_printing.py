"""What is queued, for whom, and what a job remembers. Nothing is sent here: see tests/end_to_end/test_printing.py."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
import zxingcpp

from kolli.documents import proof
from kolli.errors import Conflict, Impossible, Invalid, Missing, NotFound
from kolli.operations.print_papers import hashes_of
from kolli.operations.printing import (
    add_new_printer,
    cancel_job,
    change_printer,
    file_of,
    labels_file,
    move_to_printer,
    print_parcels,
    print_test_page,
    reprint,
    resume,
    set_aside,
)
from kolli.printing.model import ItemState, JobState, Profile
from kolli.printing.queries import (
    count_items,
    default_printer,
    get_job,
    get_printer,
    last_job,
    list_items,
    list_jobs,
    list_printers,
    mark_items,
    mark_sent,
    printed_parcels,
    remove_printer,
)
from kolli.shipments.model import ParcelStatus
from kolli.shipments.queries import set_status
from tests.factories import NOW, a_caller
from tests.labelled import labelled_parcels

RAW = Profile("raw", "127.0.0.1:9", "zpl")
KEY = "a-form-key-of-a-test"


@pytest.fixture
def context(caller):
    return caller.context


@pytest.fixture
def parcels(context):
    return labelled_parcels(context, 6)


@pytest.fixture
def printer(context):
    return add_new_printer("Table 1", RAW, context)


def stored(context, job):
    with context.database.read() as transaction:
        return get_job(transaction, context.account_id, job.id), list_items(transaction, context.account_id, job.id)


def numbers_on(pdf, dpi=200):
    picture = proof.picture_of(pdf, dpi)
    codes = [code for code in zxingcpp.read_barcodes(picture) if code.format.name == "Code128"]
    return [code.text for code in sorted(codes, key=lambda c: (c.position.top_left.y // 300, c.position.top_left.x))]


def test_a_job_holds_the_labels_in_the_order_they_were_named_in_each_with_its_checksum(context, printer, parcels):
    wanted = [parcels[2], parcels[0], parcels[1]]

    job = print_parcels(wanted, printer.id, KEY, "Femke", context)

    found, items = stored(context, job)
    alone = [labels_file([parcel], RAW, context).content for parcel in wanted]
    assert (found.state, found.actor, found.printer_id) == (JobState.WAITING, "Femke", printer.id)
    assert [item.parcel_id for item in items] == wanted
    assert [item.sha256 for item in items] == [hashlib.sha256(file).hexdigest() for file in alone]


def test_the_same_form_makes_the_same_job(context, printer, parcels):
    jobs = [print_parcels(parcels, printer.id, KEY, "Femke", context) for _ in range(3)]

    assert len({job.id for job in jobs}) == 1
    with context.database.read() as transaction:
        assert len(list_jobs(transaction, context.account_id, 10)) == 1


def test_without_a_form_every_job_is_a_new_one(context, printer, parcels):
    assert len({print_parcels(parcels, printer.id, None, "Femke", context).id for _ in range(3)}) == 3


def test_without_a_printer_it_is_the_default_one(context, parcels):
    add_new_printer("First", RAW, context)
    second = add_new_printer("Second", RAW, context, is_default=True)

    assert print_parcels(parcels, None, KEY, "Femke", context).printer_id == second.id


def test_without_any_printer_that_is_said(context, parcels):
    with pytest.raises(Missing, match="no printer yet") as told:
        print_parcels(parcels, None, KEY, "Femke", context)
    assert told.value.field == "printer"


def test_a_parcel_without_a_label_is_named(context, printer, parcels):
    with context.database.write() as transaction:
        set_status(transaction, context.account_id, "shipment-2", ParcelStatus.CANCELLED, NOW)

    with pytest.raises(Impossible, match="ORDER-2 has no label: Cancelled"):
        print_parcels(parcels, printer.id, KEY, "Femke", context)


@pytest.mark.parametrize("count", [0, 2_001])
def test_a_job_has_some_labels_and_not_too_many(context, printer, count):
    with pytest.raises(Invalid) as told:
        print_parcels([900_001] * count, printer.id, KEY, "Femke", context)
    assert told.value.field == "parcels"


def test_parcels_and_printers_of_others_are_not_there(caller, context, printer, parcels):
    other = a_caller(caller.installation, account_id=2, integration_id=71).context
    job = print_parcels(parcels, printer.id, KEY, "Femke", context)
    own = add_new_printer("Other", RAW, other)

    for attempt in (
        lambda: print_parcels(parcels, own.id, None, "Eve", other),
        lambda: print_parcels(parcels, printer.id, None, "Eve", other),
        lambda: file_of(job.id, other),
        lambda: reprint(job.id, None, None, "Eve", other),
        lambda: cancel_job(job.id, "Eve", other),
        lambda: set_aside(job.id, "Eve", other),
        lambda: move_to_printer(job.id, own.id, other),
        lambda: change_printer(printer, other),
        lambda: print_test_page(printer.id, None, "Eve", other),
        lambda: labels_file(parcels, RAW, other),
    ):
        with pytest.raises(NotFound):
            attempt()
    with context.database.read() as transaction:
        assert list_printers(transaction, other.account_id) == [replace(own, is_default=True)]
        assert list_jobs(transaction, other.account_id, 10) == []
        assert printed_parcels(transaction, other.account_id, parcels) == set()
        assert last_job(transaction, other.account_id, "Femke") is None


def test_what_was_printed_before_is_a_copy(context, parcels):
    office = add_new_printer("Office", Profile(), context)
    file_of(print_parcels(parcels[:2], office.id, None, "Femke", context).id, context)

    job = print_parcels(parcels[:3], office.id, None, "Femke", context)

    assert [item.is_copy for item in stored(context, job)[1]] == [True, True, False]


def test_what_is_asked_for_twice_is_a_copy_the_second_time(context, printer, parcels):
    job = print_parcels([parcels[0], parcels[0]], printer.id, None, "Femke", context)

    assert [item.is_copy for item in stored(context, job)[1]] == [False, True]


def test_sheets_that_are_half_used_are_used_up(context, parcels):
    office = add_new_printer("Office", Profile(paper="A4", start_from=2), context)

    first = print_parcels(parcels[:3], office.id, None, "Femke", context)
    second = print_parcels(parcels[3:], office.id, None, "Femke", context)

    with context.database.read() as transaction:
        left_at = get_printer(transaction, context.account_id, office.id).profile.start_from
    assert (first.form.start_from, second.form.start_from, left_at) == (2, 1, 0)
    assert numbers_on(file_of(first.id, context).content) == ["N00001", "N00002"]


def test_a_file_leaves_out_what_was_cancelled_and_keeps_the_places_of_the_others(context, parcels):
    office = add_new_printer("Office", Profile(paper="A4"), context)
    job = print_parcels(parcels[:4], office.id, None, "Femke", context)
    with context.database.write() as transaction:
        set_status(transaction, context.account_id, "shipment-2", ParcelStatus.CANCELLED, NOW)

    file = file_of(job.id, context).content

    found, items = stored(context, job)
    assert numbers_on(file) == ["N00001", "N00003", "N00004"]
    assert [item.state for item in items] == [ItemState.SENT, ItemState.SKIPPED, ItemState.SENT, ItemState.SENT]
    assert "N00002" in found.reason


def test_a_file_of_nothing_but_cancelled_labels_is_none(context, parcels):
    office = add_new_printer("Office", Profile(), context)
    job = print_parcels(parcels[:1], office.id, None, "Femke", context)
    with context.database.write() as transaction:
        set_status(transaction, context.account_id, "shipment-1", ParcelStatus.CANCELLED, NOW)

    with pytest.raises(Impossible):
        file_of(job.id, context)


@pytest.mark.parametrize(
    ("change", "states"),
    [
        (lambda job, context: set_aside(job.id, "Femke", context), [JobState.SET_ASIDE]),
        (lambda job, context: cancel_job(job.id, "Femke", context), [JobState.CANCELLED]),
    ],
)
def test_a_person_decides_about_a_job(context, printer, parcels, change, states):
    job = print_parcels(parcels, printer.id, None, "Femke", context)

    change(job, context)

    assert [stored(context, job)[0].state] == states


def test_what_is_over_stays_so(context, printer, parcels):
    job = print_parcels(parcels, printer.id, None, "Femke", context)
    cancel_job(job.id, "Femke", context)

    for attempt in (
        lambda: resume(job.id, context),
        lambda: set_aside(job.id, "Femke", context),
        lambda: cancel_job(job.id, "Femke", context),
        lambda: move_to_printer(job.id, printer.id, context),
        lambda: file_of(job.id, context),
    ):
        with pytest.raises(Conflict):
            attempt()


def test_a_job_that_moves_has_the_checksums_of_the_other_form(context, printer, parcels):
    job = print_parcels(parcels, printer.id, None, "Femke", context)
    office = add_new_printer("Office", Profile(paper="A5"), context)

    move_to_printer(job.id, office.id, context)

    expected = print_parcels(parcels, office.id, None, "Femke", context)
    assert [i.sha256 for i in stored(context, job)[1]] == [i.sha256 for i in stored(context, expected)[1]]
    assert file_of(job.id, context).content.startswith(b"%PDF")


def test_a_printer_with_open_jobs_stays(context, printer, parcels):
    print_parcels(parcels, printer.id, None, "Femke", context)

    with pytest.raises(Conflict, match="is not over"), context.database.write() as transaction:
        remove_printer(transaction, context.account_id, printer.id, NOW)


def test_the_only_printer_is_the_default_and_none_of_two_is_without_a_word(context):
    first = add_new_printer("First", RAW, context)
    with context.database.read() as transaction:
        assert default_printer(transaction, context.account_id) == replace(first, is_default=True)
    change_printer(replace(first, is_default=False), context)
    add_new_printer("Second", RAW, context)

    with context.database.read() as transaction:
        assert default_printer(transaction, context.account_id) is None


def test_the_last_job_of_a_person_is_found(context, printer, parcels):
    mine = print_parcels(parcels, printer.id, None, "Femke", context)
    print_parcels(parcels, printer.id, None, "Joost", context)

    with context.database.read() as transaction:
        assert last_job(transaction, context.account_id, "Femke") == mine
        assert last_job(transaction, context.account_id, "Nobody") is None


def test_labels_are_counted_by_their_state(context, printer, parcels):
    job = print_parcels(parcels, printer.id, None, "Femke", context)

    with context.database.read() as transaction:
        assert count_items(transaction, context.account_id, [job.id]) == {job.id: {ItemState.WAITING: 6}}


@pytest.mark.parametrize(
    "profile", [Profile(paper=paper) for paper in ("A6", "4x6", "A5", "A4")] + [Profile(format="png", dpi=300)]
)
def test_a_test_page_can_be_scanned_on_every_paper(context, profile):
    printer = add_new_printer("Büro – 印刷 ^XZ", profile, context)

    job = print_test_page(printer.id, None, "Femke", context)

    assert numbers_on(file_of(job.id, context).content, 300) == [f"KOLLI-TEST-{job.id}"]


def test_a_test_job_has_no_labels_to_be_printed_again(context):
    printer = add_new_printer("Office", Profile(), context)
    job = print_test_page(printer.id, None, "Femke", context)

    with pytest.raises(Invalid, match="no label in this job"):
        reprint(job.id, None, None, "Femke", context)


def test_what_another_printer_has_begun_is_fetched_from_where_it_stopped(context, printer, parcels):
    """As when a label printer dies and the rest comes out of the office's."""
    job = print_parcels(parcels[:4], printer.id, None, "Femke", context)
    office = add_new_printer("Office", Profile(), context)
    with context.database.write() as transaction:
        mark_sent(transaction, job, [0], NOW + timedelta(hours=1))  # the clock is set back after that
        mark_items(transaction, job, [1], ItemState.DOUBTFUL)
    move_to_printer(job.id, office.id, context)

    first, again = file_of(job.id, context).content, file_of(job.id, context).content

    separator = proof.lines_of(first)
    assert len(list(proof.page_sizes(first))) == 4
    assert "N00002" in separator
    assert separator[0].startswith("The next label may")
    assert again == first
    assert stored(context, job)[0].state is JobState.DONE


def test_a_job_that_goes_on_while_it_is_moved_stays_where_it_is(context, printer, parcels, monkeypatch):
    job = print_parcels(parcels[:3], printer.id, None, "Femke", context)
    other = add_new_printer("Table 2", RAW, context)

    def meanwhile(*told):
        with context.database.write() as transaction:
            mark_sent(transaction, job, [0], NOW)
        return hashes_of(*told)

    monkeypatch.setattr("kolli.operations.printing.hashes_of", meanwhile)
    with pytest.raises(Conflict):
        move_to_printer(job.id, other.id, context)

    assert stored(context, job)[0].printer_id == printer.id


def test_what_waits_in_another_job_is_a_copy_in_the_next_one(context, printer, parcels):
    """Two people who have the same labels printed at once: one of the two papers is marked."""
    first = print_parcels(parcels[:2], printer.id, None, "Femke", context)
    second = print_parcels(parcels[:2], printer.id, None, "Bram", context)
    cancel_job(first.id, "Femke", context)
    cancel_job(second.id, "Bram", context)
    third = print_parcels(parcels[:2], printer.id, None, "Femke", context)

    copies = [[item.is_copy for item in stored(context, job)[1]] for job in (first, second, third)]
    assert copies == [[False, False], [True, True], [False, False]]
