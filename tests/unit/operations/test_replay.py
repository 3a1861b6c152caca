"""Rules run over past shipments say what would be otherwise, and nothing that comes from anything else than rules."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from kolli.operations.replay import Report, replay
from kolli.operations.ship_order import Choice, ShipOrder, ship_order
from kolli.orders.model import ShipWith
from kolli.rules.engine import compile_rules
from kolli.rules.explanation import Change
from kolli.rules.model import Condition
from kolli.rules.queries import remove_all_rules
from tests.factories import NOW, an_item, an_order, kilograms, with_items
from tests.unit.operations.ways import NEVER, a_caller_with_ways, a_rule, give_rules, with_defaults

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def caller(tmp_path):
    caller = a_caller_with_ways(tmp_path)
    caller.store(an_order())
    return caller


def ship(caller, number="ORDER-1", option=None, *, rules=True, context=None):
    choice = Choice(ShipWith(option), applies_rules=rules)
    return ship_order(ShipOrder(70, choice, order_number=number), context or caller.context)


def again(caller, *rules, since=SINCE):
    """What has come of each shipment with these rules; without any, with those of the account."""
    return list(replay(since, caller.context, compile_rules(rules) if rules else None))


def test_the_same_rules_change_nothing(caller):
    give_rules(caller, a_rule(1, ("ship_with", "ways:cheap"), ("set_weight", "2"), ("set_number_of_parcels", "3")))
    shipment = ship(caller)

    (replayed,) = again(caller)

    assert (replayed.shipment_id, replayed.changes, replayed.error) == (shipment.id, (), None)


def test_a_new_rule_is_told_with_what_it_changes_and_what_that_costs(caller):
    ship(caller)

    (replayed,) = again(caller, a_rule(1, ("ship_with", "ways:cheap"), ("set_weight", "2")))

    assert replayed.changes == (
        Change("shipping_option_code", "ways:plain", "ways:cheap"),
        Change("parcels.0.weight", "0.7 kg", "2 kg"),
    )
    assert (str(replayed.cost), str(replayed.would_cost)) == ("7 EUR", "5 EUR")


def test_a_rule_that_is_gone_is_taken_back(caller):
    give_rules(caller, a_rule(1, ("ship_with", "ways:cheap"), ("set_weight", "2"), ("set_item_hs_code", "340600")))
    ship(caller)
    with caller.installation.database.write() as transaction:
        remove_all_rules(transaction, 1)

    (replayed,) = again(caller)

    assert set(replayed.changes) == {
        Change("shipping_option_code", "ways:cheap", "ways:plain"),
        Change("parcels.0.weight", "2 kg", "0.7 kg"),
        Change("items.hs_code", "340600", None),
    }


def test_parcels_that_a_rule_has_divided_are_put_together_again(caller):
    give_rules(caller, a_rule(1, ("set_number_of_parcels", "2")))
    ship(caller)

    (replayed,) = again(caller, a_rule(2, ("ship_with", "ways:plain"), conditions=NEVER))

    assert Change("number_of_parcels", "2", "1") in replayed.changes
    assert Change("parcels.0.weight", "0.35 kg", "0.7 kg") in replayed.changes


def test_a_default_that_has_changed_since_is_no_difference(caller):
    context = with_defaults(caller, insured_percentage=Decimal(10))
    ship(caller, option="ways:insurable", context=context)
    account = replace(caller.context.account, default_shipping_option_code="ways:cheap", default_weight=kilograms("9"))
    changed = replace(caller.context, account=account)

    (replayed,) = replay(SINCE, changed)

    assert replayed.changes == ()


def test_what_the_request_has_chosen_gives_way_to_rules_only(caller):
    ship(caller, option="ways:insurable")

    (replayed,) = again(caller, a_rule(1, ("set_weight", "2")))

    assert replayed.changes == (Change("parcels.0.weight", "0.7 kg", "2 kg"),)


def test_a_shipment_that_would_fail_is_told_with_the_error(caller):
    ship(caller)

    (replayed,) = again(caller, a_rule(1, ("insurance", "100"), name="Insured"))

    assert (replayed.changes, replayed.error.field) == ((), "insured_value")
    assert replayed.error.message.endswith("The insurance was chosen by the rule 'Insured'.")


def test_conditions_see_the_order(caller):
    document = an_order(order_id="shop-2", order_number="ORDER-2")
    document["payment_details"]["total_price"]["value"] = 500
    caller.store(document)
    ship(caller)
    ship(caller, "ORDER-2")
    dear = a_rule(1, ("ship_with", "ways:cheap"), conditions=[Condition("order_value", "ge", "100")])

    found = again(caller, dear)

    assert sorted((each.order_number, len(each.changes)) for each in found) == [("ORDER-1", 0), ("ORDER-2", 1)]


def test_a_removed_order_is_replayed_as_far_as_it_is_known(caller):
    give_rules(caller, a_rule(1, ("set_item_hs_code", "340600")))
    shipment = ship(caller)
    caller.client.delete(f"/api/v3/orders/{shipment.draft.order_id}")

    (replayed,) = again(caller)

    assert "the order that says what they were is gone" in replayed.error.message


def test_shipments_from_before_steps_were_kept_count_as_asked_for(caller):
    shipment = ship(caller)
    with caller.installation.database.write() as transaction:
        transaction.execute(
            text("UPDATE shipments SET body = json_remove(body, '$.decision') WHERE id = :id"), {"id": shipment.id}
        )

    assert again(caller)[0].changes == ()
    (replayed,) = again(caller, a_rule(1, ("ship_with", "ways:cheap")))
    assert replayed.changes == (Change("shipping_option_code", "ways:plain", "ways:cheap"),)


def test_what_was_shipped_before_or_without_an_order_or_has_failed_is_left_out(caller):
    ship(caller)

    assert again(caller, since=NOW.replace(day=25)) == []
    assert len(again(caller, since=NOW)) == 1
    with caller.installation.database.write() as transaction:
        transaction.execute(text("UPDATE attempts SET state = 'cancelled'"))
    assert again(caller) == []


def test_shipments_are_read_a_page_at_a_time(caller, monkeypatch):
    monkeypatch.setattr("kolli.operations.replay.AT_A_TIME", 2)
    numbers = [f"MANY-{number}" for number in range(5)]
    caller.store(*(an_order(order_id=number, order_number=number) for number in numbers))
    for number in numbers:
        ship(caller, number)

    assert sorted(each.order_number for each in again(caller)) == numbers


def test_nothing_of_another_account_is_replayed(caller):
    ship(caller)
    other = replace(caller.context, account=replace(caller.context.account, id=2))

    assert list(replay(SINCE, other, compile_rules([]))) == []


def test_a_report_counts_and_sums(caller):
    caller.store(with_items(an_item(quantity=9), order_id="shop-2", order_number="ORDER-2"))
    ship(caller)
    ship(caller, "ORDER-2")
    heavy = a_rule(1, ("ship_with", "ways:cheap"), conditions=[Condition("weight", "ge", "1")])
    report = Report()

    for replayed in again(caller, heavy):
        report.add(replayed)

    assert (report.shipments, report.different, report.failing, report.without_price) == (2, 1, 0, 0)
    assert dict(report.fields) == {"shipping_option_code": 1}
    assert (report.cost, report.would_cost) == ({"EUR": Decimal(14)}, {"EUR": Decimal(12)})
