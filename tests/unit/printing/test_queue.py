"""Which job a printer prints next."""

from datetime import timedelta

from kolli.account.accounts import Account, add_account
from kolli.printing.model import ItemState, JobForm, JobState, Printer, PrintItem, PrintJob, Profile
from kolli.printing.queries import add_job, add_printer, next_job
from tests.factories import NOW, a_database

PAGE = [PrintItem(0, None, "0" * 64, ItemState.WAITING, is_copy=False)]


def a_job(job_id: int, minutes: int) -> PrintJob:
    at = NOW + timedelta(minutes=minutes)
    return PrintJob(job_id, 1, 5, None, JobState.WAITING, "", "Femke", at, at, JobForm.of(Profile()))


def test_the_job_that_was_queued_first_comes_out_first_whatever_its_id():
    database = a_database()
    with database.write() as transaction:
        add_account(transaction, Account(1, "One"))
        add_printer(transaction, 1, Printer(5, "Table 1", Profile("raw", "localhost")), NOW)
        add_job(transaction, a_job(1_001_025, minutes=1), PAGE)
        add_job(transaction, a_job(1_056_001, minutes=0), PAGE)  # a command takes its ids from a block of its own

        found = next_job(transaction, 1, 5)

    assert found is not None
    assert found.id == 1_056_001
