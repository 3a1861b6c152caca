"""The packing table through the real web application: what is booked, what is printed, and what is said."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from kolli.account.accounts import Account, add_account, update_account
from kolli.account.idempotent_requests import LEASE, Asked, Claim
from kolli.account.integrations import add_integration
from kolli.account.packings import Begun, Packing, Said, get_packing, put_packing
from kolli.operations.packing import ROUTE
from kolli.operations.printing import add_new_printer
from kolli.orders.queries import remove_order
from kolli.panel.packing_answers import LOOKS
from kolli.printing.model import Profile
from kolli.printing.queries import list_items, list_jobs
from kolli.schema import packings
from tests.factories import NOW, an_integration, an_item, an_order, with_items
from tests.people import person, text_of

SCAN = "/panel/packing/scan/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def printer(caller):
    return add_new_printer("Table 1", Profile(way="raw", address="127.0.0.1:9100", format="zpl"), caller.context)


@pytest.fixture
def stored(caller, printer):
    """ORDER-1 in the shop, a printer at the table."""
    return caller.store(an_order())[0]


def scanned(who, text: str = "", *, key: str | None = None, **fields) -> str:
    answer = who.post(SCAN, {"text": text, **fields}, headers=HTMX, form_key=key)
    assert answer.status_code == 200, answer.text
    return text_of(answer)


def jobs(caller):
    with caller.installation.database.read() as transaction:
        return list_jobs(transaction, 1, 100)


def table_of(who):
    with who.installation.database.read() as transaction:
        return get_packing(transaction, who.user.account_id, who.user.id)


def booked(caller) -> int:
    """Labels in the sandbox's own ledger."""
    return len(caller.sandbox.ledger.entries())


def test_a_scanned_order_is_shipped_and_printed(caller, packer, stored):
    answer = scanned(packer, "ORDER-1")

    assert answer.startswith("Shipped ORDER-1 The label is printing.")
    assert "2 Candle" in answer
    assert "Netherlands" in answer
    assert "Unstamped letter" in answer
    assert booked(caller) == 1
    assert len(jobs(caller)) == 1


@pytest.mark.parametrize("text", ["order-1", "#ORDER-1", " ORDER-1 ", "shop-1", "]C1400ORDER-1", "(400)ORDER-1"])
def test_an_order_is_found_by_what_scanners_make_of_its_number(caller, packer, stored, text):
    assert scanned(packer, text).startswith("Shipped ORDER-1")


def test_a_second_scan_prints_again_and_books_nothing(caller, packer, stored):
    scanned(packer, "ORDER-1")

    answer = scanned(packer, "ORDER-1")

    assert answer.startswith("Already shipped ORDER-1 Already shipped at 13:00. The label is printed again.")
    assert booked(caller) == 1
    assert [job.is_reprint for job in jobs(caller)] == [True, False]


def test_a_second_scan_books_nothing_where_the_account_allows_other_labels(caller, packer, stored):
    with caller.installation.database.write() as transaction:
        update_account(transaction, replace(caller.context.account, repeat_labels="allowed"))

    scanned(packer, "ORDER-1")
    scanned(packer, "ORDER-1")

    assert booked(caller) == 1


def test_a_scan_that_is_sent_twice_is_answered_the_same_and_done_once(caller, packer, stored):
    first = packer.post(SCAN, {"text": "ORDER-1"}, headers=HTMX, form_key="scan-of-a-test-0001")
    second = packer.post(SCAN, {"text": "ORDER-1"}, headers=HTMX, form_key="scan-of-a-test-0001")

    assert text_of(first) == text_of(second)
    assert text_of(second).startswith("Shipped")
    assert booked(caller) == 1
    assert len(jobs(caller)) == 1
    assert len(table_of(packer).entries) == 1


def test_a_key_of_another_scan_is_refused(packer, stored):
    scanned(packer, "ORDER-1", key="scan-of-a-test-0001")

    answer = packer.post(SCAN, {"text": "ORDER-2"}, headers=HTMX, form_key="scan-of-a-test-0001")

    assert answer.status_code == 400


def test_a_scan_that_was_broken_off_after_the_booking_is_gone_on_with(caller, packer, stored):
    """As after the death of the process: the label is there, and nobody has written down the answer."""
    scanned(packer, "ORDER-1", key="scan-of-a-test-0001")
    begun = Begun("scan-of-a-test-0001", "ORDER-1", "ship", stored, "ORDER-1")
    with caller.installation.database.write() as transaction:
        put_packing(transaction, 1, packer.user.id, Packing(begun=(begun,)), NOW)

    answer = scanned(packer, "ORDER-1", key="scan-of-a-test-0001")

    assert answer.startswith("Shipped ORDER-1")
    assert booked(caller) == 1
    assert len(jobs(caller)) == 1


def test_a_cancellation_that_was_broken_off_is_gone_on_with(caller, packer, stored):
    """As after the death of the process: the label is cancelled, and nobody has written down the answer."""
    shipment_id = caller.ship().json()["data"][0]["shipment_id"]
    key = "scan-of-a-test-0001"
    mark = f"{packer.user.id}/{key}"
    asked = Asked(1, ROUTE, mark, caller.installation.vault.marks(mark.encode()))
    begun = Begun(key, "%KOLLI%CANCEL%", "cancel", stored, "ORDER-1", shipment_id, said=Said.CANCELLED)
    with caller.installation.database.write() as transaction:
        Claim(asked, "who has died", NOW - 2 * LEASE).make(transaction)
        put_packing(transaction, 1, packer.user.id, Packing(begun=(begun,)), NOW)
    caller.client.post(f"/api/v3/shipments/{shipment_id}/cancel")

    assert scanned(packer, "%KOLLI%CANCEL%", key=key).startswith("Cancelled ORDER-1")


def test_a_scan_that_is_being_worked_on_is_to_be_sent_again(caller, packer, stored):
    mark = f"{packer.user.id}/scan-of-a-test-0001"
    asked = Asked(1, ROUTE, mark, caller.installation.vault.marks(mark.encode()))

    with caller.installation.keys_at_work.about(asked):
        answer = packer.post(SCAN, {"text": "ORDER-1"}, headers=HTMX, form_key="scan-of-a-test-0001")

    assert answer.status_code == 409
    assert booked(caller) == 0


def test_two_devices_of_one_person_make_one_label(caller, packer, stored):
    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(lambda _: scanned(packer, "ORDER-1"), range(2)))

    assert booked(caller) == 1
    assert len(table_of(packer).entries) == 2
    assert any(entry.said is Said.SHIPPED for entry in table_of(packer).entries), answers


def test_boxes_stay_as_they_are_when_their_order_fails(caller, packer, printer):
    caller.store(an_order(order_number="ORDER-1~reject:weight"))
    scanned(packer, press="into_boxes")
    scanned(packer, "ORDER-1~reject:weight")
    scanned(packer, "line-1")
    scanned(packer, "line-1")

    assert scanned(packer, press="finish").startswith("No label ORDER-1~reject:weight")
    opened = table_of(packer).opened
    assert opened is not None
    assert opened.boxes[0].pieces == {"line-1": 2}


def test_two_people_who_scan_one_order_at_once_make_one_label(caller, stored):
    both = [person(caller.installation, "packer", name=name) for name in ("Ada", "Bo")]

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(lambda who: scanned(who, "ORDER-1"), both))

    assert booked(caller) == 1
    assert sum(answer.startswith("Shipped") for answer in answers) == 1
    assert answers[0].startswith(("Already shipped", "Shipped"))
    assert answers[1].startswith(("Somebody has it", "Shipped"))


def test_an_order_that_fails_says_why_and_is_tried_again(caller, packer, printer):
    caller.store(an_order(order_number="ORDER-1~reject:address"))

    answer = scanned(packer, "ORDER-1~reject:address")

    assert answer.startswith("No label ORDER-1~reject:address Sandbox scenario")
    assert table_of(packer).entries[0].said is Said.FAILED
    assert jobs(caller) == []


def test_an_order_of_unknown_outcome_is_put_aside(caller, packer, printer):
    caller.store(an_order(order_number="ORDER-1~timeout-after"))

    answer = scanned(packer, "ORDER-1~timeout-after")

    assert answer.startswith("Put it aside ORDER-1~timeout-after")
    assert booked(caller) == 1
    assert jobs(caller) == []


def test_what_the_shop_has_called_off_is_not_shipped(caller, packer, printer):
    order = an_order()
    order["order_details"]["status"] = {"code": "cancelled"}
    caller.store(order)

    assert scanned(packer, "ORDER-1").startswith("Do not ship ORDER-1 The shop says of this order: cancelled.")
    assert booked(caller) == 0


def test_without_a_printer_the_label_is_made_and_the_packer_is_told(caller, packer):
    caller.store(an_order())

    answer = scanned(packer, "ORDER-1")

    assert answer.startswith("Not printed ORDER-1 The label is made, but it does not print.")
    assert booked(caller) == 1


def test_a_tracking_number_prints_its_label_again(caller, packer, stored):
    caller.ship()
    number = caller.client.get("/api/v3/shipments").json()["data"][0]["parcels"][0]["tracking_number"]

    assert scanned(packer, number.lower()).startswith("Already shipped ORDER-1")
    assert booked(caller) == 1


def test_one_number_in_two_shops_is_asked_about(caller, packer, printer):
    with caller.installation.database.write() as transaction:
        add_integration(transaction, 1, an_integration(71, "Other shop"))
    there = an_order(order_id="shop-9")
    there["order_details"]["integration"] = {"id": 71}
    caller.store(an_order(), there)

    asked = scanned(packer, "ORDER-1")
    answer = scanned(packer, "2")

    assert asked.startswith("Which one? ORDER-1")
    assert "2 · Other shop" in asked
    assert answer.startswith("Shipped ORDER-1")
    assert "Other shop" in answer


def test_a_label_is_cancelled_when_cancel_is_scanned_twice(caller, packer, stored):
    scanned(packer, "ORDER-1")

    asked = scanned(packer, "%KOLLI%CANCEL%")
    answer = scanned(packer, "%KOLLI%CANCEL%")

    assert asked.startswith("Cancel the label? ORDER-1 Scan CANCEL once more within 10 seconds.")
    assert answer.startswith("Cancelled ORDER-1")
    assert scanned(packer, "ORDER-1").startswith("Label was cancelled ORDER-1")
    assert booked(caller) == 1
    assert scanned(packer, "ORDER-1").startswith("Shipped ORDER-1")
    assert booked(caller) == 2


@pytest.mark.parametrize("control", ["%KOLLI%REPRINT%", "%KOLLI%LAST%"])
def test_a_control_prints_the_label_again(caller, packer, stored, control):
    scanned(packer, "ORDER-1")

    assert scanned(packer, control).startswith("Printed again ORDER-1")
    assert booked(caller) == 1
    assert len(jobs(caller)) == 2


def test_stop_takes_the_order_off_the_table(packer, stored):
    scanned(packer, "ORDER-1")

    assert scanned(packer, "%KOLLI%STOP%").startswith("Put away ORDER-1")
    assert scanned(packer, "%KOLLI%CANCEL%").startswith("Which order?")


def test_an_order_of_the_list_is_printed_again(caller, packer, stored):
    scanned(packer, "ORDER-1")
    shipment_id = table_of(packer).entries[0].shipment_id

    assert scanned(packer, press="reprint", item=shipment_id).startswith("Printed again ORDER-1")


def test_an_order_in_two_boxes_is_one_shipment_with_items_in_each(caller, packer, printer):
    candle = an_item(item_id="candle", sku="CAN-1", quantity=2)
    match = an_item(item_id="match", name="Matches", sku="MAT-1", quantity=1)
    caller.store(
        with_items(candle, match, shipping_details={"ship_with": _with("sendcloud:letter")}),
    )
    scanned(packer, press="into_boxes")
    scanned(packer, "ORDER-1")
    scanned(packer, "CAN-1")
    scanned(packer, "%KOLLI%NEXTBOX%")
    scanned(packer, "CAN-1")
    assert scanned(packer, "MAT-1").startswith("All packed ORDER-1")

    answer = scanned(packer, press="finish")

    assert answer.startswith("Shipped ORDER-1"), answer
    (shipment,) = caller.client.get("/api/v3/shipments").json()["data"]
    inside = [[(i["item_id"], i["quantity"]) for i in p["parcel_items"]] for p in shipment["parcels"]]
    assert inside == [[("candle", 1)], [("candle", 1), ("match", 1)]]
    (job,) = jobs(caller)
    with caller.installation.database.read() as transaction:
        printed = [item.parcel_id for item in list_items(transaction, 1, job.id)]
    assert printed == [parcel["id"] for parcel in shipment["parcels"]]
    assert table_of(packer).opened is None


def _with(code: str) -> dict[str, object]:
    return {"type": "shipping_option_code", "properties": {"shipping_option_code": code}}


def test_another_device_finds_the_order_as_it_was_left(caller, packer, stored):
    scanned(packer, press="into_boxes")
    scanned(packer, "ORDER-1")

    page = text_of(packer.get("/panel/packing/"))

    assert "Order ORDER-1 goes into boxes" in page
    assert booked(caller) == 0


def test_each_person_has_a_table_of_their_own(caller, packer, owner, stored):
    scanned(packer, "ORDER-1")

    page = text_of(owner.get("/panel/packing/"))

    assert "Nothing was scanned yet" in page
    assert "1 packer of 1" in page


def test_without_scripts_the_page_shows_the_answer(packer, stored):
    answer = packer.post(SCAN, {"text": "ORDER-1"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/panel/packing/")
    assert "Shipped ORDER-1" in text_of(packer.get("/panel/packing/"))


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_may_not_ship_may_not_pack(viewer, developer, stored, method):
    for who in (viewer, developer):
        answer = who.get("/panel/packing/") if method == "get" else who.post(SCAN, {"text": "ORDER-1"}, headers=HTMX)
        assert answer.status_code == 403


def test_orders_parcels_and_papers_of_another_account_are_unknown(caller, packer, stored):
    scanned(packer, "ORDER-1")
    shipment_id = table_of(packer).entries[0].shipment_id
    with caller.installation.database.write() as transaction:
        add_account(transaction, Account(2, "Another"))
    stranger = person(caller.installation, "packer", account_id=2)

    assert scanned(stranger, "ORDER-1").startswith("Unknown ORDER-1")
    assert scanned(stranger, press="reprint", item=shipment_id).startswith("Which order?")
    assert stranger.get(f"/panel/packing/slips/{shipment_id}.pdf").status_code == 404
    assert packer.get(f"/panel/packing/slips/{shipment_id}.pdf").status_code == 200


def test_a_printer_is_chosen_and_kept(caller, owner, stored):
    other = add_new_printer("Table 2", Profile(), caller.context)

    assert owner.post("/panel/packing/printer/", {"printer": str(other.id)}).status_code == 303
    scanned(owner, "ORDER-1")

    assert jobs(caller)[0].printer_id == other.id


def test_a_label_that_no_printer_is_sent_is_opened_by_the_browser(caller, packer):
    add_new_printer("By hand", Profile(), caller.context)
    caller.store(an_order())

    page = packer.post(SCAN, {"text": "ORDER-1"}, headers=HTMX)

    assert text_of(page).startswith("Shipped ORDER-1 The label is ready.")
    fetch = f"/panel/print-jobs/{jobs(caller)[0].id}/fetch/"
    assert f'action="{fetch}"' in page.text
    assert packer.get(packer.post(fetch).headers["location"]).content.startswith(b"%PDF")


def test_a_printer_of_nobody_is_not_chosen(owner):
    assert owner.post("/panel/packing/printer/", {"printer": "99"}).status_code == 404


@pytest.mark.parametrize("said", Said)
def test_every_answer_has_a_look(said):
    assert said.value in LOOKS


def test_every_look_belongs_to_an_answer():
    assert {name.partition(".")[0] for name in LOOKS} == {said.value for said in Said}


def test_hostile_scans_are_only_text(packer):
    answer = packer.post(SCAN, {"text": "<img src=x onerror=alert(1)>%(x)s"}, headers=HTMX)

    assert "<img" not in answer.text
    assert "Unknown" in text_of(answer)


def test_nothing_else_is_kept_of_a_table_than_what_it_shows(caller, packer, stored):
    for _ in range(70):
        scanned(packer, "NOTHING")

    with caller.installation.database.read() as transaction:
        (row,) = transaction.execute(packings.select()).all()
    assert len(row.body) < 20_000


def test_a_label_whose_order_was_removed_before_it_was_printed_is_printed(caller, packer, stored):
    """As after the death of the process between the booking and the printing, and a shop that tidies up."""
    key = "scan-of-a-test-0001"
    scanned(packer, "ORDER-1", key=key)
    with caller.installation.database.write() as transaction:
        transaction.exec_driver_sql("DELETE FROM print_items")
        transaction.exec_driver_sql("DELETE FROM print_jobs")
        begun = Begun(key, "ORDER-1", "ship", stored, "ORDER-1")
        put_packing(transaction, 1, packer.user.id, Packing(begun=(begun,)), NOW)
        remove_order(transaction, 1, stored)

    answer = scanned(packer, "ORDER-1", key=key)

    assert answer.startswith("Shipped ORDER-1")
    assert (booked(caller), len(jobs(caller))) == (1, 1)
