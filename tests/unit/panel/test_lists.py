"""Lists somebody works through: only an owner says what was paid for, and only about the account's own shipments."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pypdfium2
import pytest

from kolli.carriers.base import Carrier
from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import SandboxCarrier
from kolli.errors import CarrierOutcomeUnknown
from kolli.operations.background import workers
from kolli.operations.batches import BatchChoice, make_batch
from kolli.shipments.attempts import State, get_attempt, lease
from tests.factories import NOW, a_caller, an_installation, an_order
from tests.people import person, text_of
from tests.unit.operations.scripted_carriers import Forgetful, Raises
from tests.unit.operations.what_is_stored import reasons, ship, states, stored_shipments

PATH = "/panel/lists/"
NUMBER = "F0000007"


@pytest.fixture
def caller(tmp_path):
    """An account with a carrier that was silent about ORDER-1, and cannot be asked."""
    carriers: list[Carrier] = [
        Forgetful(after=Raises([CarrierOutcomeUnknown("It was silent.")])),
        SandboxCarrier(tmp_path, lambda: NOW),
        PostNL(tmp_path),
    ]
    caller = a_caller(an_installation(tmp_path, carriers=carriers))
    caller.store(an_order())
    with pytest.raises(CarrierOutcomeUnknown):
        ship(caller, "forgetful:parcel")
    return caller


def address(caller):
    return f"{PATH}perhaps-paid/{stored_shipments(caller)[0].id}/"


def labelled(caller, number="ORDER-2"):
    caller.store(an_order(order_id=number, order_number=number))
    answer = caller.ship(order={"order_number": number})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"][0]


def stranger_of(caller):
    a_caller(caller.installation, account_id=2, integration_id=71)
    return person(caller.installation, "owner", account_id=2)


@pytest.mark.parametrize("path", ["", "perhaps-paid/", "never-scanned/", "end-of-day/", "numbers/"])
def test_everybody_who_is_signed_in_sees_the_lists(caller, viewer, packer, path):
    assert viewer.get(PATH + path).status_code == 200
    assert packer.get(PATH + path).status_code == 200


# Perhaps paid


def test_what_is_open_is_listed_with_what_happens_next(caller, viewer):
    text = text_of(viewer.get(f"{PATH}perhaps-paid/"))

    assert "ORDER-1" in text
    assert "Unknown" in text
    assert "cannot be asked" in text


def test_an_owner_says_that_it_exists_and_its_label_is_there(caller, owner):
    answer = owner.post(f"{address(caller)}exists/", {"number": f" {NUMBER} "})

    assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}perhaps-paid/")
    assert states(caller) == [State.STORED]
    assert stored_shipments(caller)[0].parcels[0].tracking_number == NUMBER
    assert reasons(caller)[0] == "Settled by hand by owner of 1: it exists."


def test_an_owner_says_that_it_does_not_and_the_order_may_be_shipped_again(caller, owner):
    answer = owner.post(f"{address(caller)}does-not-exist/", {"why": "Asked at the depot.", "sure": "on"})

    assert answer.status_code == 303
    assert states(caller) == [State.ABANDONED]
    assert reasons(caller)[0].endswith("it does not exist. Asked at the depot.")
    assert caller.ship().status_code == 201


def test_it_is_in_the_audit_trail(caller, owner):
    shipment_id = stored_shipments(caller)[0].id
    owner.post(f"{address(caller)}exists/", {"number": NUMBER})

    text = text_of(owner.get("/panel/settings/audit/"))
    assert "shipment.exists" in text
    assert shipment_id


@pytest.mark.parametrize(
    ("path", "typed", "message"),
    [
        ("exists/", {"number": ""}, "Enter a tracking number for each parcel."),
        ("exists/", {}, "Enter a tracking number for each parcel."),
        ("exists/", {"number": "ü"}, "These cannot be the numbers"),
        ("does-not-exist/", {"why": "", "sure": "on"}, "Say how you know"),
        ("does-not-exist/", {"why": "I asked."}, "Confirm it first"),
    ],
)
def test_what_is_missing_is_told_and_nothing_is_changed(caller, owner, path, typed, message):
    answer = owner.post(address(caller) + path, typed)

    assert answer.status_code == 422
    assert message in text_of(answer)
    assert states(caller) == [State.UNKNOWN]


def test_what_was_typed_is_kept(caller, owner):
    answer = owner.post(f"{address(caller)}does-not-exist/", {"why": "Asked <b>them</b>"})

    assert 'value="Asked &lt;b&gt;them&lt;/b&gt;"' in answer.text


def test_the_same_answer_sent_twice_is_told_that_it_is_settled(caller, owner):
    path = f"{address(caller)}exists/"
    owner.post(path, {"number": NUMBER})

    answer = owner.post(path, {"number": NUMBER})

    assert answer.status_code == 409
    assert "is settled" in text_of(answer)
    assert states(caller) == [State.STORED]


def test_nothing_is_said_while_a_server_asks_the_carrier(caller, owner):
    with caller.installation.database.write() as transaction:
        shipment_id = stored_shipments_ids(transaction)
        assert lease(transaction, get_attempt(transaction, 1, shipment_id), "another server", NOW)

    answer = owner.post(f"{PATH}perhaps-paid/{shipment_id}/exists/", {"number": NUMBER})

    assert answer.status_code == 409
    assert states(caller) == [State.UNKNOWN]


def stored_shipments_ids(transaction):
    return transaction.exec_driver_sql("SELECT id FROM shipments").scalar_one()


@pytest.mark.parametrize("role", ["packer", "viewer", "developer"])
@pytest.mark.parametrize("path", ["exists/", "does-not-exist/"])
def test_nobody_but_an_owner_says_so(caller, role, path):
    somebody = person(caller.installation, role)

    assert somebody.post(address(caller) + path, {"number": NUMBER, "why": "x", "sure": "on"}).status_code == 403
    assert states(caller) == [State.UNKNOWN]


def test_another_account_finds_none_of_it(caller):
    stranger = stranger_of(caller)
    there, nowhere = address(caller), f"{PATH}perhaps-paid/nothing/"

    assert "ORDER-1" not in stranger.get(f"{PATH}perhaps-paid/").text
    for path, typed in (("exists/", {"number": NUMBER}), ("does-not-exist/", {"why": "x", "sure": "on"})):
        assert stranger.post(there + path, typed).status_code == 404
    assert stranger.get(there).status_code == stranger.get(nowhere).status_code == 404
    assert states(caller) == [State.UNKNOWN]


# Never scanned


def much_later(someone, days=10):
    """The same person's browser, days later: signed in anew, and the clock gone on."""
    installation = replace(someone.installation, clock=lambda: NOW + timedelta(days=days))
    return person(installation, "viewer", name=f"viewer after {days}")


def test_what_nobody_has_scanned_is_listed_after_the_days_one_chooses(caller, owner):
    label = labelled(caller)
    viewer = much_later(owner)

    assert label["tracking_number"] in viewer.get(f"{PATH}never-scanned/").text
    assert label["tracking_number"] not in viewer.get(f"{PATH}never-scanned/?days=11").text


@pytest.mark.parametrize("days", ["0", "-1", "90", "x", "1" * 30, "%00", ""])
def test_a_number_of_days_that_makes_no_sense_is_told(caller, owner, days):
    answer = owner.get(f"{PATH}never-scanned/?days={days}")

    assert answer.status_code == 422
    assert "Choose a whole number of days from 1 to 89." in text_of(answer)


def test_the_table_of_what_was_never_scanned_starts_no_formula(caller, owner):
    labelled(caller, "=cmd()")
    answer = much_later(owner).get(f"{PATH}never-scanned/never-scanned.csv")

    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert row["order_number"] == "'=cmd()"


# The end of the day


def test_the_list_of_today_is_shown_and_printed(caller, packer):
    label = labelled(caller)
    page = packer.get(f"{PATH}end-of-day/")
    pdf = packer.get(f"{PATH}end-of-day/list.pdf?carrier=sendcloud&day=2026-11-24")
    table = packer.get(f"{PATH}end-of-day/list.csv?carrier=sendcloud&day=2026-11-24")

    assert label["tracking_number"] in page.text
    assert "1 parcel" in text_of(page)
    assert (pdf.status_code, pdf.headers["content-type"], pdf.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert label["tracking_number"] in table.text


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "0001-01-01", "9999-12-31", "<script>"])
def test_a_day_that_is_none_is_told(caller, packer, day):
    answer = packer.get(f"{PATH}end-of-day/", params={"day": day})

    assert answer.status_code == 422
    assert "Write the day as year, month and day" in text_of(answer)
    assert packer.get(f"{PATH}end-of-day/list.pdf", params={"day": day, "carrier": "sendcloud"}).status_code == 422


def test_another_account_hands_nothing_over(caller):
    label = labelled(caller)
    stranger = stranger_of(caller)

    for path in ("end-of-day/?carrier=sendcloud", "end-of-day/list.csv?carrier=sendcloud&day=2026-11-24"):
        assert label["tracking_number"] not in stranger.get(PATH + path).text


# Papers


def test_slips_and_pick_lists_open_in_the_browser(caller, packer):
    label = labelled(caller)
    (order_id,) = caller.store(an_order(order_id="3", order_number="ORDER-3"))

    for path in (f"packing-slips.pdf?parcel={label['parcel_id']}&paper=A6", f"pick-list.pdf?order={order_id}"):
        answer = packer.get(PATH + path)
        assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")
        assert answer.headers["content-disposition"].startswith("inline")
    assert packer.get(f"{PATH}control-sheet.pdf").content[:5] == b"%PDF-"


def test_another_accounts_slip_is_not_found(caller):
    label = labelled(caller)
    stranger = stranger_of(caller)

    for parcel_id in (label["parcel_id"], 4711, "x", ""):
        assert stranger.get(f"{PATH}packing-slips.pdf?parcel={parcel_id}").status_code == 404


def test_a_batch_has_its_papers_in_one_file_each(caller, packer):
    ids = caller.store(*(an_order(order_id=f"{place}", order_number=f"B-{place}") for place in range(3)))
    batch = make_batch(ids, BatchChoice(), "form-key-of-a-test", "packer", caller.context)

    picked = packer.get(f"{PATH}pick-list.pdf?batch={batch.id}")
    nothing_yet = packer.get(f"{PATH}packing-slips.pdf?batch={batch.id}")
    workers(caller.installation).run_due()
    slips = packer.get(f"{PATH}packing-slips.pdf?batch={batch.id}&paper=A6")

    assert ["B-0" in text_in(picked), "B-2" in text_in(picked), nothing_yet.status_code] == [True, True, 404]
    assert [text_in(slips).index(f"B-{place}") for place in range(3)] == sorted(
        text_in(slips).index(f"B-{place}") for place in range(3)
    )


def test_another_accounts_batch_is_not_found(caller):
    ids = caller.store(an_order(order_id="9", order_number="B-9"))
    batch = make_batch(ids, BatchChoice(), "form-key-of-a-test", "packer", caller.context)
    stranger = stranger_of(caller)

    for path in ("pick-list.pdf", "packing-slips.pdf"):
        assert stranger.get(f"{PATH}{path}?batch={batch.id}").status_code == 404
        assert stranger.get(f"{PATH}{path}?batch=x").status_code == 404


def text_in(answer):
    with pypdfium2.PdfDocument(answer.content) as document:
        return " ".join(page.get_textpage().get_text_range() for page in document)


def test_a_paper_that_there_is_not_is_told(caller, packer):
    label = labelled(caller)

    assert packer.get(f"{PATH}packing-slips.pdf?parcel={label['parcel_id']}&paper=letter").status_code == 422


def test_one_file_holds_no_more_papers_than_anybody_prints(caller, packer):
    many = "&".join(f"order={number}" for number in range(1001))

    assert packer.get(f"{PATH}pick-list.pdf?{many}").status_code == 422


# Numbers


def test_each_contract_has_its_numbers(caller, viewer):
    text = text_of(viewer.get(f"{PATH}numbers/"))

    assert "9,999,999" in text
    assert "Enough" in text
