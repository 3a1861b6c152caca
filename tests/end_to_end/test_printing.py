"""Labels on their way to printers with real sockets: what arrives, what comes twice, and what a break leaves behind."""

import hashlib
import json
import random
import shutil
import subprocess
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
import zxingcpp
from sqlalchemy import update

from kolli.documents import proof
from kolli.operations.background import workers
from kolli.operations.printing import (
    add_new_printer,
    cancel_job,
    change_printer,
    move_to_printer,
    print_parcels,
    print_test_page,
    resume,
    set_aside,
)
from kolli.printing.model import ItemState, JobState, Profile
from kolli.printing.queries import get_job, get_printer, list_items
from kolli.printing.transports import ipp, raw
from kolli.schema import print_items
from kolli.shipments.model import ParcelStatus
from kolli.shipments.queries import set_status
from tests.factories import NOW, a_caller, an_installation
from tests.labelled import labelled_parcels
from tests.printers import a_label_printer, an_ipp_printer, number_on
from tests.unit.documents.writers.test_zpl_rendered import NODE, PACKAGE, RENDER


class Warehouse:
    """An account with 500 labelled parcels, and a clock that a test moves."""

    def __init__(self, folder):
        self.now = NOW
        self.installation = replace(an_installation(folder), clock=lambda: self.now)
        self.context = a_caller(self.installation).context
        self.parcels = labelled_parcels(self.context, 500)

    def printer(self, at, **profile):
        known = {"way": "raw", "address": at.address, "format": "zpl", **profile}
        return add_new_printer("Thermal", Profile(**known), self.context)

    def queue(self, printer, count=3, form_key=None):
        return print_parcels(self.parcels[:count], printer.id, form_key, "Femke", self.context)

    def work(self):
        """Runs what is due, and then what is due later, until nothing is."""
        for _ in range(12):
            workers(self.installation).run_due()
            self.now += timedelta(minutes=2)

    def work_once(self):
        return workers(self.installation).run_due()

    def job(self, job):
        with self.installation.database.read() as transaction:
            return get_job(transaction, self.context.account_id, job.id)

    def items(self, job):
        with self.installation.database.read() as transaction:
            return list_items(transaction, self.context.account_id, job.id)

    def states(self, job):
        return [item.state for item in self.items(job)]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    """Each test has printers of its own, so all share the parcels."""
    return Warehouse(tmp_path_factory.mktemp("warehouse"))


@pytest.fixture(autouse=True)
def haste(monkeypatch, warehouse):
    monkeypatch.setattr(raw, "ANSWERS_WITHIN", 0.2)
    monkeypatch.setattr(raw, "POLL", 0.01)
    monkeypatch.setattr(raw, "WAITS_FOR_A_PERSON", 0.3)
    monkeypatch.setattr(ipp, "POLL", 0.02)
    yield
    warehouse.installation.wires.close()


def expected(count):
    return [f"N{number:05}" for number in range(1, count + 1)]


def check_papers(papers, count):
    """Every label came out, in order, and none twice without a separator right before it."""
    check_numbers([number_on(paper) for paper in papers], count)


def check_numbers(numbers, count):
    seen: set[str] = set()
    for before, number in zip([*[""], *numbers], numbers, strict=False):
        if number in seen:
            assert before is None, f"{number} came twice, unmarked"
        if number:
            seen.add(number)
    firsts = list(dict.fromkeys(number for number in numbers if number))
    assert firsts == expected(count)


def test_labels_come_out_in_the_order_of_the_job_over_one_connection(warehouse):
    with a_label_printer() as at:
        job = warehouse.queue(warehouse.printer(at), 20)
        warehouse.work_once()

        assert [number_on(paper) for paper in at.papers] == expected(20)
        assert at.connections == 1
    assert warehouse.job(job).state is JobState.DONE
    assert {item.state for item in warehouse.items(job)} == {ItemState.SENT}


def test_what_arrives_is_what_the_checksum_was_taken_of(warehouse):
    with a_label_printer() as at:
        job = warehouse.queue(warehouse.printer(at), 2)
        warehouse.work_once()

        assert [hashlib.sha256(paper).hexdigest() for paper in at.papers] == [i.sha256 for i in warehouse.items(job)]


def test_a_printer_that_never_answers_gets_its_labels_too(warehouse):
    with a_label_printer(answers=False) as at:
        job = warehouse.queue(warehouse.printer(at), 40)
        warehouse.work_once()

        assert [number_on(paper) for paper in at.papers] == expected(40)
    assert warehouse.job(job).state is JobState.DONE


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize("dies_at", [1, 2, 59, 60, *random.Random(9100).sample(range(3, 59), 6)])
def test_a_printer_that_dies_is_gone_on_with_where_it_died(warehouse, dies_at, answers):
    with a_label_printer(answers=answers, dies_at=dies_at) as at:
        printer = warehouse.printer(at)
        job = warehouse.queue(printer, 60)
        warehouse.work_once()
        paused = warehouse.job(job)
        at.revive()
        if paused.state is JobState.PAUSED:
            resume(job.id, warehouse.context)
        warehouse.work_once()

        check_papers(at.papers, 60)
    assert warehouse.job(job).state is JobState.DONE
    assert paused.state is JobState.PAUSED
    assert "let the job go on" in paused.reason


def test_of_500_labels_a_printer_that_tells_prints_none_twice_but_the_one_in_doubt(warehouse):
    with a_label_printer(dies_at=377) as at:
        job = warehouse.queue(warehouse.printer(at), 500)
        warehouse.work_once()
        at.revive()
        resume(job.id, warehouse.context)
        warehouse.work_once()

        check_papers(at.papers, 500)
        assert len(at.papers) <= 500 + 2
        assert sum(number_on(paper) is None for paper in at.papers) <= 1


def test_a_printer_that_is_switched_off_is_tried_again_and_then_its_job_is_paused(warehouse):
    with a_label_printer(dies_at=0) as at:
        job = warehouse.queue(warehouse.printer(at))
        warehouse.work_once()
        first = warehouse.job(job)
        warehouse.work()

        assert first.state is JobState.WAITING
        assert "tried again" in first.reason
    assert warehouse.job(job).state is JobState.PAUSED
    assert set(warehouse.states(job)) == {ItemState.WAITING}


def test_a_printer_without_paper_says_so_and_prints_by_itself_once_it_has_some(warehouse):
    with a_label_printer() as at:
        at.has_paper = False
        job = warehouse.queue(warehouse.printer(at))
        warehouse.work_once()
        reason = warehouse.job(job).reason
        at.has_paper = True
        warehouse.work()

        assert "no paper" in reason
        assert [number_on(paper) for paper in at.papers] == expected(3)


def test_what_is_behind_a_paused_job_waits(warehouse):
    with a_label_printer(dies_at=1) as at:
        printer = warehouse.printer(at)
        first, second = warehouse.queue(printer), warehouse.queue(printer, 2)
        warehouse.work_once()
        at.revive()
        warehouse.work()

        assert (warehouse.job(first).state, warehouse.job(second).state) == (JobState.PAUSED, JobState.WAITING)
        cancel_job(first.id, "Femke", warehouse.context)
        warehouse.work_once()
        assert warehouse.job(second).state is JobState.DONE


def test_a_job_that_is_set_aside_lets_others_pass(warehouse):
    with a_label_printer() as at:
        printer = warehouse.printer(at)
        first, second = warehouse.queue(printer), warehouse.queue(printer, 2)
        set_aside(first.id, "Femke", warehouse.context)
        warehouse.work_once()
        assert [number_on(paper) for paper in at.papers] == expected(2)

        resume(first.id, warehouse.context)
        warehouse.work_once()
        assert len(at.papers) == 5
    assert {warehouse.job(first).state, warehouse.job(second).state} == {JobState.DONE}


def test_the_label_of_a_shipment_that_was_cancelled_meanwhile_is_left_out_and_that_is_said(warehouse):
    with a_label_printer() as at:
        labelled_parcels(warehouse.context, 3, first=700)
        job = print_parcels([900_700, 900_701, 900_702], warehouse.printer(at).id, None, "Femke", warehouse.context)
        with warehouse.installation.database.write() as transaction:
            set_status(transaction, warehouse.context.account_id, "shipment-701", ParcelStatus.CANCELLED, NOW)
        warehouse.work_once()

        assert [number_on(paper) for paper in at.papers] == ["N00700", "N00702"]
    assert "N00701" in warehouse.job(job).reason
    assert warehouse.states(job) == [ItemState.SENT, ItemState.SKIPPED, ItemState.SENT]


def test_the_first_byte_leaves_at_once(warehouse):
    background = workers(warehouse.installation)
    background.start()
    try:
        with a_label_printer() as at:
            printer = warehouse.printer(at)
            begun = time.monotonic()
            warehouse.queue(printer, 1)
            assert at.first_byte.wait(5)
            assert time.monotonic() - begun < 2
    finally:
        background.stop(10)


def test_a_test_page_comes_out_with_its_barcode(warehouse):
    with a_label_printer() as at:
        job = print_test_page(warehouse.printer(at).id, None, "Femke", warehouse.context)
        warehouse.work_once()

        (paper,) = at.papers
        assert f"KOLLI-TEST-{job.id}".encode() in paper


needs_cups = pytest.mark.skipif(
    not (shutil.which("ippeveprinter") and shutil.which("dbus-daemon")),
    reason="cups-ipp-utils and dbus-daemon are not installed: scripts/debian-packages",
)


@needs_cups
def test_an_ipp_printer_gets_each_label_to_the_byte_and_in_order(warehouse, tmp_path):
    with an_ipp_printer(tmp_path) as at:
        printer = add_new_printer("Office", Profile("ipp", at.uri, "pdf", paper="A6"), warehouse.context)
        job = warehouse.queue(printer, 5)
        warehouse.work_once()

        assert [hashlib.sha256(document).hexdigest() for document in at.documents] == [
            item.sha256 for item in warehouse.items(job)
        ]
        assert [code for document in at.documents for code in tracking_numbers(document)] == expected(5)
        assert 'document-format="application/pdf"' in at.log
    assert warehouse.job(job).state is JobState.DONE


@needs_cups
def test_an_ipp_printer_gets_sheets_that_begin_at_the_place_that_is_free(warehouse, tmp_path):
    with an_ipp_printer(tmp_path) as at:
        profile = Profile("ipp", at.uri, "pdf", paper="A4", start_from=3)
        printer = add_new_printer("Office", profile, warehouse.context)
        warehouse.queue(printer, 6)
        warehouse.work_once()

        first, second, third = at.documents
        assert [tracking_numbers(each) for each in (first, second, third)] == [
            expected(6)[:1],
            expected(6)[1:5],
            expected(6)[5:],
        ]
    with warehouse.installation.database.read() as transaction:
        assert get_printer(transaction, warehouse.context.account_id, printer.id).profile.start_from == 1


@needs_cups
def test_labels_as_zpl_go_to_an_ipp_queue_that_takes_zpl(warehouse, tmp_path):
    with an_ipp_printer(tmp_path) as at:
        printer = add_new_printer("Queue", Profile("ipp", at.uri, "zpl"), warehouse.context)
        warehouse.queue(printer, 2)
        warehouse.work_once()

        assert [number_on(document) for document in at.documents] == expected(2)
        assert 'document-format="application/vnd.zebra-zpl"' in at.log


@needs_cups
def test_paper_that_an_ipp_printer_does_not_have_is_named_before_anything_is_sent(warehouse, tmp_path):
    with an_ipp_printer(tmp_path) as at:
        printer = add_new_printer("Office", Profile("ipp", at.uri, "pdf", paper="4x6"), warehouse.context)
        job = warehouse.queue(printer)
        warehouse.work_once()

        assert at.documents == []
    assert "does not know 4x6 paper" in warehouse.job(job).reason


@needs_cups
def test_an_ipp_printer_that_gives_a_job_up_pauses_ours(warehouse, tmp_path):
    with an_ipp_printer(tmp_path, prints_with="/bin/false") as at:
        printer = add_new_printer("Office", Profile("ipp", at.uri, "pdf", paper="A6"), warehouse.context)
        job = warehouse.queue(printer)
        warehouse.work_once()

    paused = warehouse.job(job)
    assert paused.state is JobState.PAUSED
    assert "given up" in paused.reason


@needs_cups
def test_an_ipp_printer_that_is_switched_off_midway_is_gone_on_with_without_a_gap(warehouse, tmp_path):
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    with an_ipp_printer(tmp_path / "first") as at:
        printer = add_new_printer("Office", Profile("ipp", at.uri, "pdf", paper="A6"), warehouse.context)
        job = warehouse.queue(printer, 20)
        background = workers(warehouse.installation)
        background.start()
        wait_until(lambda: len(at.documents) >= 8)
        at.process.kill()
        wait_until(lambda: warehouse.job(job).state is not JobState.PRINTING)
        background.stop(10)
        came_out = at.documents
    stopped = warehouse.job(job)
    with an_ipp_printer(tmp_path / "second") as at:
        moved = replace(printer, profile=replace(printer.profile, address=at.uri))
        change_printer(moved, warehouse.context)
        if stopped.state is JobState.PAUSED:
            resume(job.id, warehouse.context)
        warehouse.now += timedelta(minutes=1)
        warehouse.work_once()
        came_out += at.documents

    check_numbers([next(iter(tracking_numbers(document)), None) for document in came_out], 20)
    assert warehouse.job(job).state is JobState.DONE


def wait_until(is_so):
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def tracking_numbers(document):
    """The tracking numbers in the barcodes of a page, row by row."""
    picture = proof.picture_of(document, 200)
    codes = [code for code in zxingcpp.read_barcodes(picture) if code.format.name == "Code128"]
    placed = sorted(codes, key=lambda code: (code.position.top_left.y // 300, code.position.top_left.x))
    return [code.text for code in placed]


def test_a_label_that_is_not_what_it_was_is_not_printed(warehouse):
    """As after an update that draws labels differently."""
    with a_label_printer() as at:
        printer = warehouse.printer(at)
        job, behind = warehouse.queue(printer, 3), warehouse.queue(printer, 1)
        with warehouse.installation.database.write() as transaction:
            values = {"sha256": "0" * 64}
            transaction.execute(
                update(print_items).where(print_items.c.job_id == job.id, print_items.c.position == 1).values(**values)
            )
        warehouse.work_once()

        assert [number_on(paper) for paper in at.papers] == [*expected(1), *expected(1)]
    assert (warehouse.job(job).state, warehouse.job(behind).state) == (JobState.SET_ASIDE, JobState.DONE)
    assert "Label 2 is not what it was" in warehouse.job(job).reason


def test_a_person_who_cancels_a_job_stops_it_between_two_labels(warehouse):
    with a_label_printer() as at:
        job = warehouse.queue(warehouse.printer(at), 400)
        background = workers(warehouse.installation)
        background.start()
        wait_until(lambda: len(at.papers) > 5)
        cancel_job(job.id, "Femke", warehouse.context)
        background.stop(20)

        came_out = len(at.papers)
        assert 5 < came_out < 400
    states = warehouse.states(job)
    assert warehouse.job(job).state is JobState.CANCELLED
    assert states == [ItemState.SENT] * came_out + [ItemState.WAITING] * (400 - came_out)


def test_a_silent_printer_is_not_asked_again_for_every_label(warehouse):
    with a_label_printer(answers=False) as at:
        printer = warehouse.printer(at)
        warehouse.queue(printer, 1)
        warehouse.work_once()
        begun = time.monotonic()
        warehouse.queue(printer, 1)
        warehouse.work_once()

        assert time.monotonic() - begun < raw.ANSWERS_WITHIN


@pytest.mark.skipif(not (NODE and PACKAGE.is_dir()), reason="the ZPL engine is not installed: scripts/zpl-renderer")
def test_the_barcodes_of_what_arrived_can_be_scanned(warehouse, tmp_path):
    """An independent ZPL engine draws what the printer was sent, and a decoder reads it."""
    with a_label_printer() as at:
        warehouse.queue(warehouse.printer(at), 3)
        warehouse.work_once()
        papers = list(at.papers)
    pictures = [tmp_path / f"{number}.png" for number in range(len(papers))]
    jobs = [
        {"zpl": paper.decode(), "width": 105, "height": 148, "dots": 8, "png": str(png)}
        for paper, png in zip(papers, pictures, strict=True)
    ]
    (tmp_path / "jobs.json").write_text(json.dumps(jobs))
    subprocess.run([NODE, "-e", RENDER, str(PACKAGE), str(tmp_path / "jobs.json")], check=True, timeout=60)

    assert [tracking_numbers(png.read_bytes()) for png in pictures] == [[number] for number in expected(3)]


def test_a_job_that_is_moved_while_a_label_is_on_its_way_comes_out_of_one_printer_only(warehouse, monkeypatch):
    """The first printer is in the middle of a label when a person pauses the job and moves it to the second one."""
    is_at_second, first_is_done = threading.Event(), threading.Event()
    send = raw.RawLink.send

    with a_label_printer() as at, a_label_printer() as other:
        job = warehouse.queue(warehouse.printer(at), 4)
        second = warehouse.printer(other)
        threads = [threading.Thread(target=warehouse.work_once) for _ in range(2)]

        def send_and_be_moved(link, paper, wait):
            is_first_of_job = not link._ends
            if link._wire.where == other.address and is_first_of_job:
                is_at_second.set()
                assert first_is_done.wait(20)
            send(link, paper, wait)
            if link._wire.where == at.address and is_first_of_job:
                set_aside(job.id, "Femke", warehouse.context)
                move_to_printer(job.id, second.id, warehouse.context)
                threads[1].start()
                assert is_at_second.wait(20)

        monkeypatch.setattr(raw.RawLink, "send", send_and_be_moved)
        threads[0].start()
        threads[0].join(30)
        first_is_done.set()
        threads[1].join(30)

        assert [number_on(paper) for paper in at.papers] == expected(1)
        assert [number_on(paper) for paper in other.papers] == [None, *expected(4)]
    assert warehouse.job(job).state is JobState.DONE
    assert set(warehouse.states(job)) == {ItemState.SENT}


def test_a_label_that_the_paper_ran_out_on_comes_again_marked(warehouse, monkeypatch):
    """The printer has taken the second label, has no paper for it, and forgets it when the connection ends."""
    send = raw.RawLink.send

    def send_and_run_out(link, paper, wait):
        at.has_paper = link._ends == []
        send(link, paper, wait)

    with a_label_printer() as at:
        with monkeypatch.context() as patch:
            patch.setattr(raw.RawLink, "send", send_and_run_out)
            job = warehouse.queue(warehouse.printer(at))
            warehouse.work_once()
        found, states = warehouse.job(job), warehouse.states(job)
        at.has_paper = True
        resume(job.id, warehouse.context)
        warehouse.work()

        assert (found.state, states) == (JobState.PAUSED, [ItemState.SENT, ItemState.DOUBTFUL, ItemState.WAITING])
        assert "no paper" in found.reason
        assert [number_on(paper) for paper in at.papers] == ["N00001", None, "N00002", "N00003"]
