"""Printers at the panel: added, changed, removed, tested; nothing is sent anywhere here."""

import pytest

from kolli.printing.queries import list_jobs, list_printers
from tests.factories import a_caller
from tests.people import person, text_of

PATH = "/panel/settings/printers/"
FIELDS = {"name": "Table 1", "way": "raw", "address": "192.168.1.50", "format": "zpl", "dpi": "203", "paper": "A6"}


def printers_of(caller):
    with caller.installation.database.read() as transaction:
        return list_printers(transaction, caller.context.account_id)


def jobs_of(caller):
    with caller.installation.database.read() as transaction:
        return list_jobs(transaction, caller.context.account_id, 10)


def test_a_printer_is_added_and_is_the_default_because_it_is_the_first(caller, owner):
    answer = owner.post(f"{PATH}new/", FIELDS)

    (printer,) = printers_of(caller)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}{printer.id}/")
    assert (printer.name, printer.profile.address, printer.is_default) == ("Table 1", "192.168.1.50", True)
    assert "Table 1" in text_of(owner.get(PATH))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "Give the printer a name"),
        ({"address": ""}, "Give the printer's address"),
        ({"address": "169.254.169.254"}, "in no network of KOLLI_PRINTER_NETWORKS"),
        ({"address": "8.8.8.8"}, "in no network of KOLLI_PRINTER_NETWORKS"),
        ({"address": "host name"}, "is no address"),
        ({"way": "ipp", "address": "http://printer/"}, "is no URI of a printer"),
        ({"paper": "A4"}, "Label printers have no A4 sheets"),
        ({"dpi": "150"}, "Choose 203, 300 or 600 dpi"),
        ({"format": "png"}, "PNG is for downloads"),
    ],
)
def test_what_no_printer_can_be_is_told_beside_the_field_and_kept(caller, owner, changes, message):
    answer = owner.post(f"{PATH}new/", {**FIELDS, **changes})

    assert answer.status_code == 422
    assert message in text_of(answer)
    assert 'value="Table 1"' in answer.text or changes == {"name": ""}
    assert printers_of(caller) == []


@pytest.mark.parametrize("name", ["Table\u202e1", "Table\x1b%-12345X", "Table\r\n^XZ"])
def test_a_printer_has_a_name_that_can_be_printed(caller, owner, name):
    answer = owner.post(f"{PATH}new/", {**FIELDS, "name": name})

    assert answer.status_code == 422
    assert "characters that cannot be printed" in text_of(answer)
    assert printers_of(caller) == []


def test_the_place_on_a4_is_told_as_1_to_4_and_kept_as_0_to_3(caller, owner):
    owner.post(f"{PATH}new/", {"name": "Office", "way": "download", "format": "pdf", "paper": "A4", "start_from": "3"})

    (printer,) = printers_of(caller)
    assert printer.profile.start_from == 2
    assert 'value="3" checked' in owner.get(f"{PATH}{printer.id}/").text


def test_a_printer_is_changed(caller, owner):
    owner.post(f"{PATH}new/", FIELDS)
    (printer,) = printers_of(caller)

    answer = owner.post(f"{PATH}{printer.id}/", {**FIELDS, "name": "Table 2", "dpi": "300", "is_default": "on"})

    assert answer.status_code == 303
    assert [(each.name, each.profile.dpi) for each in printers_of(caller)] == [("Table 2", 300)]


def test_a_test_page_is_printed_once_however_often_the_form_is_sent(caller, owner):
    owner.post(f"{PATH}new/", FIELDS)
    (printer,) = printers_of(caller)

    answers = [owner.post(f"{PATH}{printer.id}/test/", form_key="the-same-form-key") for _ in range(2)]

    (job,) = jobs_of(caller)
    assert {answer.headers["location"] for answer in answers} == {f"/panel/print-jobs/{job.id}/"}
    assert job.purpose == "test"


def test_a_printer_with_something_to_print_is_not_removed(caller, owner):
    owner.post(f"{PATH}new/", FIELDS)
    (printer,) = printers_of(caller)
    owner.post(f"{PATH}{printer.id}/test/")

    answer = owner.post(f"{PATH}{printer.id}/remove/")

    assert answer.status_code == 422
    assert "is not over" in text_of(answer)
    assert len(printers_of(caller)) == 1


def test_a_printer_is_removed(caller, owner):
    owner.post(f"{PATH}new/", FIELDS)
    (printer,) = printers_of(caller)

    assert owner.post(f"{PATH}{printer.id}/remove/").status_code == 303
    assert printers_of(caller) == []
    assert owner.get(f"{PATH}{printer.id}/").status_code == 404


@pytest.mark.parametrize("role", ["packer", "viewer", "developer"])
def test_only_owners_have_to_do_with_printers(caller, role):
    assert person(caller.installation, role).get(PATH).status_code == 403


def test_a_printer_of_another_account_is_as_one_that_is_not_there(caller, owner):
    a_caller(caller.installation, account_id=2, integration_id=71)
    stranger = person(caller.installation, "owner", account_id=2)
    owner.post(f"{PATH}new/", FIELDS)
    (printer,) = printers_of(caller)

    assert stranger.get(f"{PATH}{printer.id}/").status_code == 404
    assert stranger.post(f"{PATH}{printer.id}/", FIELDS).status_code == 404
    assert stranger.post(f"{PATH}{printer.id}/test/").status_code == 404
    assert stranger.post(f"{PATH}{printer.id}/remove/").status_code == 404
    assert "Table 1" not in text_of(stranger.get(PATH))
