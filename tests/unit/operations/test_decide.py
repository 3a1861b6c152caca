"""Who decides what, for each value in the documented order; and what is said when it comes to nothing."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from kolli.account.accounts import touch
from kolli.account.contracts import Contract, add_contract
from kolli.errors import Impossible, Invalid, Missing
from kolli.operations.boxes import WantedBox
from kolli.shipments.model import ServicePoint
from kolli.values import Dimensions, Money
from tests.factories import an_item, an_order, kilograms, with_items
from tests.unit.operations.ways import (
    NEVER,
    a_caller_with_ways,
    a_rule,
    chooser,
    decide_on,
    give_rules,
    with_defaults,
)


@pytest.fixture
def caller(tmp_path):
    return a_caller_with_ways(tmp_path)


def shipping(option=None, contract_id=None, **more):
    properties = {"shipping_option_code": option, "contract_id": contract_id}
    return {"ship_with": {"type": "shipping_option_code", "properties": properties}, **more}


def measured(weight=None, size=None):
    members = {"weight": weight and {"value": weight, "unit": "kg"}}
    if size:
        members["dimension"] = {**dict(zip(("length", "width", "height"), size, strict=True)), "unit": "cm"}
    return {name: value for name, value in members.items() if value}


def centimetres(length, width, height):
    return Dimensions(Decimal(length), Decimal(width), Decimal(height), "cm")


def who(decision, field):
    step = chooser(decision, field)
    return step.after, step.source


# The shipping option: rule, request, order, default


def test_a_rule_chooses_the_option_before_the_request(caller):
    caller.store(an_order(shipping_details=shipping("ways:cheap")))
    give_rules(caller, a_rule(1, ("ship_with", "ways:insurable")))

    assert who(decide_on(caller.context, "ways:plain"), "shipping_option_code") == ("ways:insurable", "rule")


def test_the_request_chooses_the_option_before_the_order(caller):
    caller.store(an_order(shipping_details=shipping("ways:cheap")))

    assert who(decide_on(caller.context, "ways:insurable"), "shipping_option_code") == ("ways:insurable", "request")


def test_the_order_chooses_the_option_before_the_default(caller):
    caller.store(an_order(shipping_details=shipping("ways:cheap")))

    assert who(decide_on(caller.context), "shipping_option_code") == ("ways:cheap", "order")


def test_the_default_chooses_the_option_when_nobody_else_does(caller):
    caller.store(an_order())

    assert who(decide_on(caller.context), "shipping_option_code") == ("ways:plain", "default")


def test_a_rule_is_not_asked_unless_that_is_wanted(caller):
    caller.store(an_order())
    give_rules(caller, a_rule(1, ("ship_with", "ways:cheap")))

    decision = decide_on(caller.context, applies_rules=False)

    assert (decision.draft.shipping_option_code, decision.applied) == ("ways:plain", ())


def test_of_two_rules_the_later_one_chooses(caller):
    caller.store(an_order())
    give_rules(caller, a_rule(1, ("ship_with", "ways:cheap")), a_rule(2, ("ship_with", "ways:insurable")))

    step = chooser(decide_on(caller.context), "shipping_option_code")

    assert (step.before, step.after, step.rule_id, step.rule_revision) == ("ways:plain", "ways:insurable", 2, 1)


# A default option that cannot carry it


def test_the_cheapest_usable_option_is_taken_in_place_of_a_default_one_that_cannot_carry_the_weight(tmp_path):
    caller = a_caller_with_ways(tmp_path, default_shipping_option_code="ways:light")
    caller.store(an_order(shipping_details={"measurement": measured(2)}))

    step = chooser(decide_on(caller.context), "shipping_option_code")

    # The letter of the sandbox costs nothing.
    assert (step.before, step.after, step.source) == ("ways:light", "sendcloud:letter", "default")
    assert "ways:light takes 0.001 kg to 1 kg, the parcel weighs 2 kg." in step.note


def test_a_test_label_does_not_take_the_place_of_a_live_one(tmp_path):
    caller = a_caller_with_ways(tmp_path, default_shipping_option_code="ways:light")
    with caller.installation.database.write() as transaction:
        add_contract(transaction, 1, Contract(700, "ways", "Live", is_live=True))
    caller.store(an_order(shipping_details={"measurement": measured(2)}))

    with pytest.raises(Impossible) as refused:
        decide_on(with_defaults(caller, contract_id=700))

    assert refused.value.message.endswith("The shipping option is the account's default.")


def test_a_real_label_is_not_bought_in_place_of_a_test_one(tmp_path):
    caller = a_caller_with_ways(tmp_path, default_shipping_option_code="sendcloud:letter")
    with caller.installation.database.write() as transaction:
        transaction.execute(text("UPDATE contracts SET is_live = true"))
        touch(transaction, 1)
    caller.store(an_order(shipping_details={"measurement": measured(31)}))

    with pytest.raises(Impossible, match="The shipping option is the account's default"):
        decide_on(caller.context)


def test_a_default_option_that_does_not_go_there_is_replaced_too(tmp_path):
    caller = a_caller_with_ways(tmp_path, default_shipping_option_code="ways:light")
    caller.store(an_order(shipping_address={**an_order()["shipping_address"], "country_code": "BE"}))

    decision = decide_on(caller.context)

    assert decision.draft.shipping_option_code == "sendcloud:letter"


@pytest.mark.parametrize("source", ["rule", "request", "order"])
def test_an_option_that_somebody_has_chosen_is_never_replaced(caller, source):
    details = shipping("ways:light" if source == "order" else None, measurement=measured(2))
    caller.store(an_order(shipping_details=details))
    give_rules(caller, *([a_rule(1, ("ship_with", "ways:light"))] if source == "rule" else []))

    with pytest.raises(Impossible, match="No shipping option could be found for the given weight"):
        decide_on(caller.context, "ways:light" if source == "request" else None)


# The contract: rule, next to the option, the carrier's default, the built-in one


def test_a_rule_chooses_the_contract_before_the_request(caller):
    caller.store(an_order())
    give_rules(caller, a_rule(1, ("use_contract", "601")))

    decision = decide_on(caller.context, "ways:plain", 600)

    assert (decision.draft.contract_id, who(decision, "contract_id")) == (601, ("601", "rule"))


def test_the_contract_next_to_the_option_goes_before_the_default_one(caller):
    caller.store(an_order(shipping_details=shipping("ways:cheap", 601)))

    decision = decide_on(caller.context)

    assert (decision.draft.contract_id, who(decision, "contract_id")) == (601, ("601", "order"))


def test_the_contract_next_to_the_default_option_goes_before_the_carriers_default(caller):
    caller.store(an_order())

    assert who(decide_on(with_defaults(caller, contract_id=601)), "contract_id") == ("601", "default")


def test_the_default_contract_of_the_carrier_serves_when_nobody_names_one(caller):
    caller.store(an_order())

    decision = decide_on(caller.context)

    assert (decision.draft.contract_id, who(decision, "contract_id")) == (600, ("600", "default"))


def test_a_rule_that_changes_to_another_carrier_leaves_the_contract_behind(caller):
    caller.store(an_order())
    give_rules(caller, a_rule(1, ("ship_with", "postnl:standard")))

    decision = decide_on(caller.context, "ways:plain", 601)

    assert (decision.draft.contract_id, who(decision, "contract_id")) == (1517, ("1517", "default"))


def test_without_a_contract_of_the_accounts_the_installations_own_serves(caller):
    caller.store(an_order())

    decision = decide_on(caller.context, "sendcloud:letter")

    (step,) = [step for step in decision.draft.decision if step.field == "contract_id"]
    assert (decision.contract, step.after, step.source) == (None, None, "carrier")


# The sender address: rule, request, default


def test_a_rule_chooses_the_sender_before_the_request(caller):
    caller.store(an_order())
    give_rules(caller, a_rule(1, ("ship_with_address", "18")))

    decision = decide_on(caller.context, sender_address_id=1017)

    assert (decision.draft.sender.name, who(decision, "sender_address_id")) == ("Second", ("18", "rule"))


def test_the_request_chooses_the_sender_before_the_default(caller):
    caller.store(an_order())

    assert who(decide_on(caller.context, sender_address_id=18), "sender_address_id") == ("18", "request")


def test_the_default_sender_serves_when_nobody_names_one(caller):
    caller.store(an_order())

    assert who(decide_on(caller.context), "sender_address_id") == ("1017", "default")


# The brand: request, that of the sender that was chosen in the end, default


def test_the_request_chooses_the_brand_before_the_sender(caller):
    caller.store(an_order())

    assert who(decide_on(caller.context, sender_address_id=18, brand_id=1042), "brand_id") == ("1042", "request")


def test_the_sender_that_a_rule_has_chosen_brings_its_brand(caller):
    caller.store(an_order())
    give_rules(caller, a_rule(1, ("ship_with_address", "18")))

    decision = decide_on(caller.context)

    assert (decision.draft.brand_name, who(decision, "brand_id")) == ("Second", ("43", "sender_address"))


def test_the_default_brand_serves_when_the_sender_has_none(caller):
    caller.store(an_order())

    assert who(decide_on(caller.context), "brand_id") == ("1042", "default")


# Weight: rule, request, order, its items, default

WEIGHED = an_order(shipping_details={"measurement": measured(4)})
BOX = WantedBox((("line-1", 2),), kilograms("5"))


def test_a_rule_sets_the_weight_before_the_request(caller):
    caller.store(WEIGHED)
    give_rules(caller, a_rule(1, ("set_weight", "6")))

    decision = decide_on(caller.context, boxes=(BOX,))

    assert (decision.draft.boxes[0].weight, who(decision, "parcels.0.weight")) == (kilograms("6"), ("6 kg", "rule"))


def test_the_request_sets_the_weight_before_the_order(caller):
    caller.store(WEIGHED)

    assert who(decide_on(caller.context, boxes=(BOX,)), "parcels.0.weight") == ("5 kg", "request")


@pytest.mark.parametrize("boxes", [(), (WantedBox((("line-1", 2),)),)], ids=["not divided", "one box with all"])
def test_what_the_order_weighs_goes_before_its_items(caller, boxes):
    caller.store(WEIGHED)

    assert who(decide_on(caller.context, boxes=boxes), "parcels.0.weight") == ("4 kg", "order")


def test_a_box_with_a_part_of_the_order_weighs_what_its_items_weigh(caller):
    caller.store(WEIGHED)

    decision = decide_on(caller.context, boxes=(WantedBox((("line-1", 1),)),))

    assert who(decision, "parcels.0.weight") == ("0.35 kg", "order_items")


def test_the_items_weigh_before_the_default(tmp_path):
    caller = a_caller_with_ways(tmp_path, default_weight=kilograms("9"))
    caller.store(an_order())

    assert who(decide_on(caller.context), "parcels.0.weight") == ("0.7 kg", "order_items")


def test_the_default_weight_serves_when_nobody_knows(tmp_path):
    caller = a_caller_with_ways(tmp_path, default_weight=kilograms("9"))
    caller.store(with_items(an_item(measurement=None)))

    assert who(decide_on(caller.context), "parcels.0.weight") == ("9 kg", "default")


def test_a_rule_may_set_the_weight_that_nobody_knows(caller):
    caller.store(with_items(an_item(measurement=None)))

    with pytest.raises(Missing, match="The order has no weight"):
        decide_on(caller.context)
    give_rules(caller, a_rule(1, ("set_weight", "6")))
    assert who(decide_on(caller.context), "parcels.0.weight") == ("6 kg", "rule")


# Dimensions: rule, request, order, a single item, none

SIZED = an_order(shipping_details={"measurement": measured(size=(40, 30, 20))})
SIZED_BOX = WantedBox((("line-1", 2),), dimensions=centimetres(50, 40, 30))


def test_a_rule_sets_the_size_before_the_request(caller):
    caller.store(SIZED)
    give_rules(caller, a_rule(1, ("use_box", "60x50x40 cm")))

    decision = decide_on(caller.context, boxes=(SIZED_BOX,))

    assert decision.draft.boxes[0].dimensions == centimetres(60, 50, 40)
    assert who(decision, "parcels.0.dimensions") == ("60 x 50 x 40 cm", "rule")


def test_the_request_sets_the_size_before_the_order(caller):
    caller.store(SIZED)

    assert who(decide_on(caller.context, boxes=(SIZED_BOX,)), "parcels.0.dimensions") == ("50 x 40 x 30 cm", "request")


def test_the_order_sets_the_size_before_its_item(caller):
    caller.store(
        with_items(an_item(quantity=1, measurement=measured(1, (9, 8, 7))), shipping_details=SIZED["shipping_details"])
    )

    assert who(decide_on(caller.context), "parcels.0.dimensions") == ("40 x 30 x 20 cm", "order")


def test_a_single_piece_measures_what_its_item_does(caller):
    caller.store(with_items(an_item(quantity=1, measurement=measured(1, (9, 8, 7)))))

    assert who(decide_on(caller.context), "parcels.0.dimensions") == ("9 x 8 x 7 cm", "order_items")


def test_two_pieces_have_no_size(caller):
    caller.store(with_items(an_item(quantity=2, measurement=measured(1, (9, 8, 7)))))

    assert decide_on(caller.context).draft.boxes[0].dimensions is None


# Number of parcels: request, rule, one


def test_the_request_says_how_many_parcels_there_are_before_a_rule(caller):
    caller.store(an_order())
    give_rules(caller, a_rule(1, ("set_number_of_parcels", "3")))

    decision = decide_on(caller.context, boxes=(BOX,))

    assert len(decision.draft.boxes) == 1
    assert who(decision, "number_of_parcels") == ("1", "request")


def test_a_rule_divides_what_nobody_else_has_divided(caller):
    caller.store(an_order())
    give_rules(caller, a_rule(1, ("set_number_of_parcels", "2")))

    decision = decide_on(caller.context)

    assert [str(box.weight) for box in decision.draft.boxes] == ["0.35 kg", "0.35 kg"]
    assert who(decision, "number_of_parcels") == ("2", "rule")
    assert [who(decision, f"parcels.{place}.weight") for place in (0, 1)] == [("0.35 kg", "rule")] * 2


def test_an_option_that_takes_one_parcel_refuses_two_and_names_the_rule(caller):
    caller.store(an_order())
    give_rules(caller, a_rule(1, ("set_number_of_parcels", "2"), name="Two"))

    with pytest.raises(Impossible) as refused:
        decide_on(caller.context, "ways:mail")

    assert refused.value.message == (
        "ways:mail takes one parcel in one shipment, not 2. The number of parcels was chosen by the rule 'Two'."
    )


# Insurance: rule, option, default, none


def test_a_rule_insures_before_the_option(caller):
    caller.store(an_order())
    give_rules(caller, a_rule(1, ("insurance", "250")))

    decision = decide_on(caller.context, "ways:insurable/insured=500")

    assert (decision.draft.insured_value, who(decision, "insured_value")[1]) == (Money(Decimal(250), "EUR"), "rule")


def test_the_option_insures_before_the_default(caller):
    caller.store(an_order())

    decision = decide_on(with_defaults(caller, insured_percentage=Decimal(50)), "ways:insurable/insured=500")

    assert (decision.draft.insured_value, who(decision, "insured_value")) == (
        Money(Decimal(500), "EUR"),
        ("500 EUR", "carrier"),
    )


def test_the_default_percentage_insures_when_nobody_else_does(caller):
    caller.store(an_order())

    decision = decide_on(with_defaults(caller, insured_percentage=Decimal(50)), "ways:insurable")

    # Half of 22.85, rounded half up.
    assert (decision.draft.insured_value, who(decision, "insured_value")[1]) == (
        Money(Decimal("11.43"), "EUR"),
        "default",
    )


def test_without_a_default_nothing_is_insured(caller):
    caller.store(an_order())

    assert decide_on(caller.context, "ways:insurable").draft.insured_value is None


@pytest.mark.parametrize(
    ("option", "percentage", "reason"),
    [
        ("ways:plain", 50, "ways:plain has no insurance"),
        ("ways:insurable", 9_000, "ways:insurable is insured for up to 1000 EUR, not for 2056.5 EUR."),
    ],
)
def test_a_default_insurance_that_the_option_cannot_take_is_passed_over(caller, option, percentage, reason):
    caller.store(an_order())

    decision = decide_on(with_defaults(caller, insured_percentage=Decimal(percentage)), option)

    (step,) = [step for step in decision.draft.decision if step.field == "insured_value"]
    assert (decision.draft.insured_value, step.after, step.source) == (None, None, "default")
    assert step.note.startswith(f"Passed over: {percentage} % of 22.85 EUR. {reason}")


@pytest.mark.parametrize("option", ["ways:plain", "ways:insurable"])
def test_an_insurance_of_a_rule_that_the_option_cannot_take_is_refused_and_the_rule_named(caller, option):
    caller.store(an_order())
    give_rules(caller, a_rule(7, ("insurance", "1000.01"), name="Dear"))

    with pytest.raises(Impossible) as refused:
        decide_on(caller.context, option)

    assert refused.value.field == "insured_value"
    assert refused.value.message.endswith("The insurance was chosen by the rule 'Dear'.")
    assert refused.value.details["applied_shipping_rules"] == [
        {"rule": {"id": 7, "name": "Dear"}, "result": {"total_insured_value": "1000.01 EUR"}}
    ]


# Export reason, notes, and what customs are told

ABROAD = {
    **an_order()["shipping_address"],
    "country_code": "CH",
    "postal_code": "8001",
    "city": "Zürich",
}
DECLARED = an_item(hs_code="340600", country_of_origin="NL")


def customs(decision):
    return decision.draft.details.get("customs_information")


def test_the_order_gives_the_reason_of_the_export_before_the_default(caller):
    caller.store(with_items(DECLARED, shipping_address=ABROAD, customs_details={"shipment_type": "gift"}))

    decision = decide_on(with_defaults(caller, customs_options={"shipment_type": "commercial_goods"}))

    assert customs(decision) == {"export_reason": "gift", "invoice_number": "ORDER-1"}


def test_the_default_gives_the_reason_of_the_export_when_the_order_does_not(caller):
    caller.store(with_items(DECLARED, shipping_address=ABROAD))

    decision = decide_on(with_defaults(caller, customs_options={"shipment_type": "commercial_goods"}))

    assert customs(decision)["export_reason"] == "commercial_goods"
    assert who(decision, "export_reason") == ("commercial_goods", "default")


def test_inside_the_union_customs_are_told_nothing(caller):
    caller.store(an_order())

    assert customs(decide_on(with_defaults(caller, customs_options={"shipment_type": "commercial_goods"}))) is None


def test_what_rules_tell_customs_is_kept(caller):
    caller.store(with_items(DECLARED, shipping_address=ABROAD))
    actions = [("set_customs_notes", "Fragile"), ("add_declaration_statement", "No wood")]
    give_rules(caller, a_rule(1, *actions, conditions=()))

    told = customs(decide_on(caller.context))

    assert (told["general_notes"], told["additional_declaration_statements"]) == ("Fragile", ["No wood"])


def test_a_rule_may_declare_what_the_order_has_not_declared(caller):
    caller.store(with_items(an_item(), shipping_address=ABROAD))

    with pytest.raises(Impossible, match="item 1 \\(Candle\\) has no hs_code, no country_of_origin"):
        decide_on(caller.context)
    actions = [("set_item_hs_code", "340600"), ("set_item_origin_country", "NL")]
    give_rules(caller, a_rule(1, *actions, conditions=()))
    (item,) = decide_on(caller.context).draft.boxes[0].items
    assert (item["hs_code"], item["origin_country"]) == ("340600", "NL")


def test_default_notes_stand_on_every_box(caller):
    caller.store(an_order())

    decision = decide_on(with_defaults(caller, label_options={"label_notes": ["Leave", "at the door"]}))

    assert decision.draft.boxes[0].notes == ("Leave", "at the door")
    assert who(decision, "parcels.0.notes") == ("Leave / at the door", "default")


def test_default_notes_that_the_label_has_no_room_for_are_passed_over(caller):
    caller.store(an_order())
    notes = [f"Note {number}: {'x' * 60}" for number in range(40)]

    decision = decide_on(with_defaults(caller, label_options={"label_notes": notes}))

    (step,) = [step for step in decision.draft.decision if step.field == "parcels.0.notes"]
    assert (decision.draft.boxes[0].notes, step.after) == ((), None)
    assert step.note.startswith("Passed over: Note 0")


# What an option needs


def test_a_rule_may_bring_what_the_option_needs(caller):
    caller.store(an_order())
    actions = [("ship_with", "ways:mail"), ("set_customer_email", "shop@example.com")]
    give_rules(caller, a_rule(1, *actions))

    decision = decide_on(caller.context)

    assert decision.draft.recipient.email == "shop@example.com"
    assert who(decision, "recipient.email") == ("shop@example.com", "rule")


def test_what_a_rules_option_needs_and_nobody_has_is_missing(caller):
    caller.store(an_order())
    give_rules(caller, a_rule(1, ("ship_with", "ways:sized")))

    with pytest.raises(Missing) as refused:
        decide_on(caller.context)

    assert refused.value.field == "parcels.0.dimensions"


@pytest.mark.parametrize("option", ["ways:point", "ways:locker"])
def test_the_service_point_of_an_order_is_kept_where_the_option_goes_to_one(caller, option):
    caller.store(an_order(service_point_details={"carrier_service_point_id": "P-1"}))

    decision = decide_on(caller.context, option)

    assert decision.draft.service_point == ServicePoint(carrier_service_point_id="P-1")
    assert who(decision, "service_point") == ("P-1", "order")


def test_a_service_point_that_an_order_does_not_go_to_is_told(caller):
    caller.store(an_order(service_point_details={"carrier_service_point_id": "P-1"}))

    decision = decide_on(caller.context, "ways:plain")

    notes = [step.note for step in decision.draft.decision if step.field == "service_point"]
    assert decision.draft.service_point is None
    assert notes == ["That of the order is not used: ways:plain delivers to the address."]


# What comes to nothing names who wanted it


def test_a_weight_that_a_rule_has_set_is_named_with_the_option(caller):
    caller.store(an_order())
    give_rules(caller, a_rule(1, ("set_weight", "31"), name="Heavy"))

    with pytest.raises(Impossible) as refused:
        decide_on(caller.context, "ways:plain")

    assert refused.value.message.endswith(
        "the parcel weighs 31 kg. parcels.0.weight is 31 kg: it was chosen by the rule 'Heavy'."
    )


def test_nobody_is_blamed_for_an_option_that_does_not_exist(caller):
    caller.store(an_order())
    give_rules(caller, a_rule(1, ("set_weight", "3"), ("ship_with_address", "18"), name="Heavy"))

    with pytest.raises(Impossible) as refused:
        decide_on(caller.context, "ways:nowhere")

    assert refused.value.message == "There is no shipping option 'ways:nowhere'."


def test_a_contract_that_a_rule_has_chosen_for_another_carrier_names_both_rules(caller):
    caller.store(an_order())
    give_rules(
        caller,
        a_rule(1, ("use_contract", "601"), name="Our contract"),
        a_rule(2, ("ship_with", "postnl:standard"), name="Post"),
    )

    with pytest.raises(Invalid) as refused:
        decide_on(caller.context)

    assert refused.value.field == "contract_id"
    assert refused.value.message == (
        "Invalid contract. The contract was chosen by the rule 'Our contract'."
        " The shipping option was chosen by the rule 'Post'."
    )


def test_a_rule_that_refers_to_what_is_gone_is_skipped(caller):
    caller.store(an_order())
    give_rules(caller, a_rule(1, ("ship_with", "ways:removed")), a_rule(2, ("ship_with_address", "999")))

    decision = decide_on(caller.context)

    assert (decision.draft.shipping_option_code, decision.applied) == ("ways:plain", ())


def test_a_rule_that_does_not_hold_changes_nothing(caller):
    caller.store(an_order())
    before = decide_on(caller.context)
    give_rules(caller, a_rule(1, ("ship_with", "ways:cheap"), ("set_weight", "6"), conditions=NEVER))

    assert decide_on(caller.context) == before


def test_everything_has_a_step(caller):
    caller.store(SIZED)

    decision = decide_on(caller.context)

    assert {step.field for step in decision.draft.decision} == {
        "shipping_option_code",
        "contract_id",
        "sender_address_id",
        "brand_id",
        "parcels.0.weight",
        "parcels.0.dimensions",
    }


# What is kept in memory


def test_a_new_default_sender_counts_from_the_next_decision_on(caller):
    caller.store(an_order())
    assert decide_on(caller.context, sender_address_id=18).draft.sender.name == "Second"

    give_rules(caller, a_rule(1, ("ship_with_address", "18")))

    assert decide_on(caller.context).draft.sender.name == "Second"
