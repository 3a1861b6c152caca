"""Batches on the page: how far they are, stop, resume, one again, and print."""

import pytest

from kolli.account.accounts import Account, add_account
from kolli.operations.background import workers
from kolli.operations.batches import BatchChoice, make_batch
from kolli.operations.printing import add_new_printer
from kolli.printing.model import Profile
from kolli.printing.queries import list_items, list_jobs
from tests.factories import an_order
from tests.people import person, text_of


def a_batch(caller, *numbers):
    orders = [an_order(order_id=str(number), order_number=f"ORDER-{number}") for number in numbers]
    return make_batch(caller.store(*orders), BatchChoice(), "a-form-of-a-test", "Femke", caller.context)


def run(caller):
    workers(caller.installation).run_due()


def test_a_batch_shows_each_order_and_what_is_in_the_way(caller, packer):
    batch = a_batch(caller, 1, "2~reject:address")
    run(caller)

    page = text_of(packer.get(f"/panel/batches/{batch.id}/"))

    assert "ORDER-1 Femke de Vries, Amsterdam Shipped" in page
    assert "Not shipped" in page
    assert "Nothing was booked" in page


def test_the_page_asks_again_by_itself_until_the_batch_is_over(caller, packer):
    batch = a_batch(caller, 1)
    before = packer.get(f"/panel/batches/{batch.id}/", headers={"hx-request": "true"}).text
    run(caller)

    after = packer.get(f"/panel/batches/{batch.id}/", headers={"hx-request": "true"}).text

    assert ("every 2s" in before, "every 2s" in after) == (True, False)
    assert "<html" not in before


def test_a_batch_is_stopped_and_gone_on_with(caller, packer):
    batch = a_batch(caller, 1, 2)
    packer.post(f"/panel/batches/{batch.id}/stop/")
    stopped = text_of(packer.get(f"/panel/batches/{batch.id}/"))

    packer.post(f"/panel/batches/{batch.id}/resume/")
    run(caller)

    assert "2 orders wait until you go on" in stopped
    assert "All shipped" in text_of(packer.get(f"/panel/batches/{batch.id}/"))


def test_one_order_is_tried_again(caller, packer):
    batch = a_batch(caller, "2~reject:address")
    run(caller)
    caller.store(an_order(order_id="2~reject:address", order_number="ORDER-2"))

    packer.post(f"/panel/batches/{batch.id}/1/retry/")
    run(caller)

    assert "All shipped" in text_of(packer.get(f"/panel/batches/{batch.id}/"))


def test_all_labels_are_printed_as_one_job(caller, packer):
    batch = a_batch(caller, 1, 2)
    run(caller)
    printer = add_new_printer("Table", Profile(), caller.context)

    first = packer.post(
        f"/panel/batches/{batch.id}/print/", {"printer": str(printer.id)}, form_key="one-form-sent-twice"
    )
    second = packer.post(
        f"/panel/batches/{batch.id}/print/", {"printer": str(printer.id)}, form_key="one-form-sent-twice"
    )

    assert first.status_code == 303
    assert first.headers["location"] == second.headers["location"]


def test_a_batch_without_labels_says_so(caller, packer):
    batch = a_batch(caller, 1)

    answer = packer.post(f"/panel/batches/{batch.id}/print/")

    assert (answer.status_code, "no label to print yet" in text_of(answer)) == (422, True)


def test_batches_are_listed(caller, packer):
    a_batch(caller, 1, 2)

    assert "Femke 2 0 of 2 shipped" in text_of(packer.get("/panel/batches/"))


def test_only_some_orders_are_shown_on_demand(caller, packer):
    batch = a_batch(caller, 1, "2~reject:address")
    run(caller)

    page = text_of(packer.get(f"/panel/batches/{batch.id}/?state=failed"))

    assert ("ORDER-2" in page, "ORDER-1 " in page) == (True, False) or "2~reject" in page


@pytest.mark.parametrize(
    ("method", "part"), [("get", ""), ("post", "stop/"), ("post", "resume/"), ("post", "1/retry/"), ("post", "print/")]
)
def test_nobody_sees_or_changes_the_batches_of_others(caller, owner, installation, method, part):
    batch = a_batch(caller, 1)
    with installation.database.write() as transaction:
        add_account(transaction, Account(2, "Two"))
    stranger = person(installation, "owner", account_id=2)

    assert getattr(stranger, method)(f"/panel/batches/{batch.id}/{part}").status_code == 404


def test_who_only_looks_sees_and_changes_nothing(caller, viewer):
    batch = a_batch(caller, 1)

    assert viewer.get(f"/panel/batches/{batch.id}/").status_code == 200
    assert viewer.post(f"/panel/batches/{batch.id}/stop/").status_code == 403


def test_more_labels_than_one_job_has_are_several_jobs(caller, packer, monkeypatch):
    monkeypatch.setattr("kolli.panel.batches.MOST_LABELS", 2)
    batch = a_batch(caller, 1, 2, 3)
    run(caller)
    add_new_printer("Table", Profile(), caller.context)

    for _ in "12":
        answer = packer.post(f"/panel/batches/{batch.id}/print/", form_key="one-form-sent-twice")

    assert answer.headers["location"] == "/panel/print-jobs/"
    with caller.installation.database.read() as transaction:
        jobs = list_jobs(transaction, 1, 10)
        labels = [len(list_items(transaction, 1, job.id)) for job in jobs]
    assert labels == [1, 2]
