"""The print queue at the panel. Printers are files here: what goes over sockets is in tests/end_to_end."""

import pytest

from kolli.operations.printing import add_new_printer, print_parcels
from kolli.printing.model import ItemState, JobState, Profile
from kolli.printing.queries import get_job, list_items, list_jobs
from tests.factories import a_caller
from tests.labelled import labelled_parcels
from tests.people import person, text_of

PATH = "/panel/print-jobs/"
RAW = Profile("raw", "127.0.0.1:9", "zpl")


@pytest.fixture
def parcels(caller):
    return labelled_parcels(caller.context, 5)


def a_job(caller, parcels, profile=None):
    printer = add_new_printer("Table 1", profile or Profile(), caller.context)
    return print_parcels(parcels, printer.id, None, "Femke", caller.context)


def now(caller, job):
    with caller.installation.database.read() as transaction:
        return get_job(transaction, 1, job.id), list_items(transaction, 1, job.id)


def newest(caller):
    with caller.installation.database.read() as transaction:
        return list_jobs(transaction, 1, 1)[0]


def test_the_queue_shows_every_job_with_its_printer_and_who_asked(caller, viewer, parcels):
    job = a_job(caller, parcels)

    text = text_of(viewer.get(PATH))

    assert str(job.id) in text
    assert "Table 1" in text
    assert "Femke" in text
    assert "To be fetched" in text


def fetched(packer, job):
    """What a browser shows after the button was pressed."""
    return packer.get(packer.post(f"{PATH}{job.id}/fetch/").headers["location"])


def test_a_file_that_is_fetched_counts_as_printed(caller, packer, parcels):
    job = a_job(caller, parcels)

    answer = fetched(packer, job)

    found, items = now(caller, job)
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")
    assert answer.headers["content-disposition"] == f'inline; filename="labels-{job.id}.pdf"'
    assert found.state is JobState.DONE
    assert {item.state for item in items} == {ItemState.SENT}


def test_a_file_can_be_fetched_again(caller, packer, parcels):
    job = a_job(caller, parcels)

    first, second = (fetched(packer, job).content for _ in range(2))

    assert first == second


def test_an_address_that_is_opened_prints_nothing_unmarked(caller, packer, parcels):
    """Browsers open addresses by themselves: a preview, a restored window, a link from elsewhere."""
    job = a_job(caller, parcels)

    answer = packer.get(f"{PATH}{job.id}/labels.pdf")

    assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}{job.id}/")
    assert now(caller, job)[0].state is JobState.WAITING


def test_a_job_of_which_nothing_is_left_is_not_fetched_and_says_why(caller, packer, parcels):
    job = a_job(caller, parcels)
    packer.post(f"{PATH}{job.id}/cancel/")

    answer = packer.post(f"{PATH}{job.id}/fetch/")

    assert answer.status_code == 409
    assert "The print job was cancelled." in text_of(answer)


def test_whoever_only_looks_prints_nothing(caller, viewer, parcels):
    job = a_job(caller, parcels)

    assert viewer.get(f"{PATH}{job.id}/labels.pdf").status_code == 403
    assert viewer.post(f"{PATH}{job.id}/fetch/").status_code == 403
    assert viewer.post(f"{PATH}{job.id}/cancel/").status_code == 403
    assert viewer.get(f"{PATH}{job.id}/").status_code == 200


def test_a_job_is_paused_resumed_and_cancelled(caller, packer, parcels):
    job = a_job(caller, parcels, RAW)

    states = []
    for step in ("pause", "resume", "cancel"):
        assert packer.post(f"{PATH}{job.id}/{step}/").status_code == 303
        states.append(now(caller, job)[0].state)

    assert states == [JobState.SET_ASIDE, JobState.WAITING, JobState.CANCELLED]


def test_what_is_over_cannot_be_resumed_and_that_is_said(caller, packer, parcels):
    job = a_job(caller, parcels, RAW)
    packer.post(f"{PATH}{job.id}/cancel/")

    assert packer.post(f"{PATH}{job.id}/resume/").status_code == 303
    assert "this is not possible" in text_of(packer.get(f"{PATH}{job.id}/"))


def test_a_job_moves_to_another_printer_in_that_printers_form(caller, packer, parcels):
    job = a_job(caller, parcels, RAW)
    other = add_new_printer("Office", Profile(paper="A4", start_from=2), caller.context)

    answer = packer.post(f"{PATH}{job.id}/move/", {"to_printer": str(other.id)})

    found, _ = now(caller, job)
    assert answer.status_code == 303
    assert (found.printer_id, found.form.format, found.form.start_from) == (other.id, "pdf", 2)
    assert fetched(packer, job).status_code == 200


def test_some_labels_of_a_job_are_printed_again_as_copies(caller, packer, parcels):
    job = a_job(caller, parcels)

    answer = packer.post(f"{PATH}{job.id}/reprint/", {"first": "2", "last": "3"})

    again = newest(caller)
    assert answer.headers["location"] == f"{PATH}{again.id}/"
    assert again.is_reprint
    assert [(item.parcel_id, item.is_copy) for item in now(caller, again)[1]] == [(id_, True) for id_ in parcels[1:3]]


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"first": "0", "last": ""}, "from 1 to the number of labels"),
        ({"first": "6", "last": ""}, "from 1 to the number of labels"),
        ({"first": "x", "last": ""}, "from 1 to the number of labels"),
        ({"first": "3", "last": "2"}, "not below the first one"),
        ({"first": "3", "last": "6"}, "not below the first one"),
    ],
)
def test_labels_that_a_job_does_not_have_are_not_printed_again(caller, packer, parcels, numbers, message):
    job = a_job(caller, parcels)

    answer = packer.post(f"{PATH}{job.id}/reprint/", numbers)

    assert answer.status_code == 422
    assert message in text_of(answer)
    assert newest(caller).id == job.id


def test_reprinting_twice_with_one_form_prints_once(caller, packer, parcels):
    job = a_job(caller, parcels)

    places = [
        packer.post(f"{PATH}{job.id}/reprint/", form_key="the-same-form-key").headers["location"] for _ in range(2)
    ]

    assert places[0] == places[1] != f"{PATH}{job.id}/"


def test_the_part_that_changes_by_itself_stops_asking_when_nothing_will_change(caller, packer, parcels):
    job = a_job(caller, parcels, RAW)
    waiting = packer.get(f"{PATH}{job.id}/progress/").text
    packer.post(f"{PATH}{job.id}/cancel/")
    over = packer.get(f"{PATH}{job.id}/progress/").text

    assert "hx-get" in waiting
    assert "hx-get" not in over


def test_a_job_of_another_account_is_as_one_that_is_not_there(caller, parcels):
    job = a_job(caller, parcels)
    a_caller(caller.installation, account_id=2, integration_id=71)
    stranger = person(caller.installation, "owner", account_id=2)

    answers = [stranger.get(f"{PATH}{job.id}/{page}") for page in ("", "progress/", "labels.pdf")]
    steps = ("fetch", "pause", "resume", "cancel", "move", "reprint")
    answers += [stranger.post(f"{PATH}{job.id}/{step}/") for step in steps]

    assert {answer.status_code for answer in answers} == {404}
    assert str(job.id) not in text_of(stranger.get(PATH))
    assert now(caller, job)[0].state is JobState.WAITING


def test_each_range_that_one_page_sends_is_printed_and_each_only_once(caller, packer, parcels):
    """As when somebody goes back to a page that the browser has kept, with the form's key as it was."""
    job = a_job(caller, parcels)
    kept = {"form_key": "a-page-that-was-kept"}

    sent = [
        packer.post(f"{PATH}{job.id}/reprint/", {"first": first, "last": first}, **kept).headers["location"]
        for first in ("1", "1", "2")
    ]

    assert sent[0] == sent[1]
    assert [item.parcel_id for item in now(caller, newest(caller))[1]] == [parcels[1]]
