"""`kolli print` and `kolli printers`."""

import pytest
import zxingcpp
from typer.testing import CliRunner

from kolli.app import open_database
from kolli.cli import cli
from kolli.documents import proof
from kolli.printing.queries import list_items, list_jobs, list_printers
from kolli.settings import Settings
from tests.factories import a_caller, an_installation
from tests.labelled import labelled_parcels


def kolli(*arguments):
    return CliRunner().invoke(cli, list(map(str, arguments)))


@pytest.fixture
def caller(tmp_path, monkeypatch):
    """An account in a folder that commands find, with three parcels that have labels."""
    monkeypatch.setenv("KOLLI_DATA", str(tmp_path))
    caller = a_caller(an_installation(tmp_path, database=open_database(Settings(data=tmp_path))))
    labelled_parcels(caller.context, 3)
    yield caller
    caller.installation.database.close()


def jobs_of(caller):
    with caller.installation.database.read() as transaction:
        return [(job, list_items(transaction, 1, job.id)) for job in list_jobs(transaction, 1, 10)]


def test_a_printer_is_added_shown_and_removed(caller):
    added = kolli("printers", "add", "Table 1", "--raw", "192.168.1.50", "--dpi", 300, "--paper", "4x6")
    shown = kolli("printers", "list")
    removed = kolli("printers", "remove", "table 1")

    assert added.exit_code == 0
    assert added.output == shown.output
    assert "Table 1  192.168.1.50  ZPL 300 dpi 4x6  (default)" in shown.output
    assert removed.output == "Removed the printer Table 1.\n"
    assert kolli("printers", "list").output == ""


def test_labels_are_queued_in_the_order_of_the_command(caller):
    kolli("printers", "add", "Table 1", "--raw", "192.168.1.50")

    told = kolli("print", "N00003", "shipment-1", "n00002", "--copies", 2)

    ((job, items),) = jobs_of(caller)
    assert told.output == f"Print job {job.id}: 6 labels for Table 1. A running server sends them at once.\n"
    assert [item.parcel_id for item in items] == [900_003] * 2 + [900_001] * 2 + [900_002] * 2
    assert [item.is_copy for item in items] == [False, True] * 3


def test_a_printer_of_files_tells_where_the_file_is(caller):
    kolli("printers", "add", "Office", "--paper", "A4", "--start", 3)

    told = kolli("print", "N00001", "--printer", "office")

    ((job, _),) = jobs_of(caller)
    assert f"/panel/print-jobs/{job.id}/" in told.output


def test_labels_are_written_to_a_file(caller, tmp_path):
    told = kolli("print", "N00002", "--file", tmp_path / "label.pdf")

    picture = proof.picture_of((tmp_path / "label.pdf").read_bytes(), 200)
    assert told.exit_code == 0
    assert "N00002" in {code.text for code in zxingcpp.read_barcodes(picture)}
    assert jobs_of(caller) == []


def test_a_test_page_is_queued(caller):
    kolli("printers", "add", "Table 1", "--raw", "192.168.1.50")

    told = kolli("printers", "test", "Table 1")

    ((job, _),) = jobs_of(caller)
    assert job.purpose == "test"
    assert told.output.startswith(f"Print job {job.id}: 1 label for Table 1.")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["print", "N00001"], "There is no printer yet"),
        (["print", "nothing"], "Nothing was shipped that 'nothing' names"),
        (["print", "N00001", "--printer", "Table 9"], "is called 'Table 9'"),
        (["print", "N00001", "--copies", "11"], "Choose 1 to 10 copies, not 11"),
        (["print", "N00001", "--file", "label.doc"], "must end in .pdf, .png or .zpl"),
        (["print", "N00001", "--file", "label.pdf", "--paper", "A3"], "There is no paper 'A3'"),
        (["printers", "add", "X", "--raw", "8.8.8.8"], "in no network of KOLLI_PRINTER_NETWORKS"),
        (["printers", "add", "X", "--raw", "a", "--ipp", "ipp://b/"], "a printer has one address"),
        (["printers", "remove", "X"], "is called 'X'"),
    ],
)
def test_what_cannot_be_done_is_said(caller, arguments, message):
    told = kolli(*arguments)

    assert told.exit_code == 1
    assert message in str(told.exception)
    assert jobs_of(caller) == []
    with caller.installation.database.read() as transaction:
        assert list_printers(transaction, 1) == []
