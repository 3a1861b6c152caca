"""A process that dies while it prints, at each step: nothing is missing afterwards, and nothing came twice unmarked.

The process is a real one and dies at once (`_exit`), the printer a real socket, the database a file.
"""

import contextlib
import os
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from kolli.database import Database
from kolli.jobs import release_leases
from kolli.migrations import migrate
from kolli.operations.background import workers
from kolli.operations.printing import add_new_printer, print_parcels
from kolli.printing.model import ItemState, JobState, Profile
from kolli.printing.queries import get_job, list_items
from kolli.wires import Wire
from tests.factories import NOW, a_caller, an_installation
from tests.labelled import labelled_parcels
from tests.printers import SEPARATOR, a_label_printer, number_on

LABELS = 3

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def opened(folder, now=NOW):
    return replace(an_installation(folder, database=Database(folder / "kolli.db")), clock=lambda: now)


def prepare(folder, at):
    """An account whose labels are queued for a printer; gives the job."""
    database = Database(folder / "kolli.db")
    with database.write() as transaction:
        migrate(transaction)
    database.close()
    installation = opened(folder)
    context = a_caller(installation).context
    parcels = labelled_parcels(context, LABELS)
    printer = add_new_printer("Thermal", Profile("raw", at.address, "zpl"), context)
    job = print_parcels(parcels, printer.id, None, "Femke", context)
    installation.database.close()
    return job


def die_at(border, folder):
    """Prints in a process that dies at the border with this number; False when it came to its end before that."""
    process = os.fork()
    if process == 0:
        _print_until(border, folder)
        os._exit(0)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status) == 9


def _print_until(border, folder):
    """Borders are before and after each commit, and before and after whatever is handed to the printer."""
    left = border

    def pass_by():
        nonlocal left
        left -= 1
        if left == 0:
            os._exit(9)

    transaction_of, write = Database._transaction, Wire.write

    def transaction_with_borders(self):
        pass_by()
        with transaction_of(self) as transaction:
            yield transaction
        pass_by()

    def write_with_borders(self, data):
        pass_by()
        write(self, data)
        pass_by()

    installation = opened(folder)
    setattr(Database, "_transaction", contextlib.contextmanager(transaction_with_borders))  # noqa: B010 - it is a method
    setattr(Wire, "write", write_with_borders)  # noqa: B010
    workers(installation).run_due()


def go_on(folder):
    """What the next process does: leases of the dead one end, and what was begun is gone on with."""
    installation = opened(folder, NOW + timedelta(minutes=1))
    with installation.database.write() as transaction:
        release_leases(transaction, installation.clock())
    workers(installation).run_due()
    return installation


def what_became(installation, job):
    with installation.database.read() as transaction:
        found = get_job(transaction, 1, job.id), list_items(transaction, 1, job.id)
    installation.database.close()
    return found


@pytest.mark.parametrize("answers", [True, False])
def test_whenever_the_process_dies_no_label_is_missing_and_none_comes_twice_unmarked(tmp_path, monkeypatch, answers):
    monkeypatch.setattr("kolli.printing.transports.raw.ANSWERS_WITHIN", 0.05)
    monkeypatch.setattr("kolli.printing.transports.raw.POLL", 0.01)
    border, has_died = 0, True
    with a_label_printer(answers=answers) as at:
        (tmp_path / "queued").mkdir()
        job = prepare(tmp_path / "queued", at)
        while has_died:
            border += 1
            at.papers.clear()
            folder = shutil.copytree(tmp_path / "queued", tmp_path / str(border))
            has_died = die_at(border, folder)
            at.wait_until_read()
            found, items = what_became(go_on(folder), job)
            at.wait_until_read()

            check(at.papers, f"border {border}")
            assert found.state is JobState.DONE, border
            assert {item.state for item in items} == {ItemState.SENT}, border

    assert border > 15


def check(papers, when):
    numbers = [None if SEPARATOR in paper else number_on(paper) for paper in papers]
    firsts = list(dict.fromkeys(number for number in numbers if number))
    assert firsts == [f"N{number:05}" for number in range(1, LABELS + 1)], when
    for at, number in enumerate(numbers):
        if number and number in numbers[:at]:
            assert numbers[at - 1] is None, when
