"""What people and the API are told about what rules have done."""

from kolli.rules.explanation import applied_documents, changes, described, result_key, sentence
from kolli.shipments.model import Step
from tests.factories import a_parcel_item, a_plan, a_planned_parcel, a_rule, an_address


def step(field, before, after, rule_id=4):
    return Step(field, before, after, "rule", rule_id, f"Rule {rule_id}", 1)


def test_a_plan_is_described_as_people_read_it():
    items = [a_parcel_item(), a_parcel_item(description="Soap", hs_code=None, weight=None, price=None)]
    plan = a_plan(a_planned_parcel(*items), contract_id=517, recipient=an_address(email="a@b.nl"))

    assert described(plan) == {
        "shipping_option_code": None,
        "contract_id": "517",
        "sender_address_id": None,
        "recipient.email": "a@b.nl",
        "recipient.phone_number": None,
        "insured_value": None,
        "customs_notes": None,
        "declaration_statement": None,
        "number_of_parcels": "1",
        "parcels.0.weight": "0.7 kg",
        "parcels.0.dimensions": None,
        "items.description": "Candle; Soap",
        "items.hs_code": "340600",
        "items.origin_country": "NL",
        "items.price": "8.95 EUR",
        "items.weight": "0.35 kg",
    }


def test_the_same_plan_has_no_changes():
    assert changes(a_plan(), a_plan()) == []


def test_applied_rules_have_the_form_of_the_api():
    """Source: the API's Shipments section, `applied-shipping-rule` (2026-07)."""
    steps = [
        Step("contract_id", None, "3", "request"),
        step("shipping_option_code", None, "postnl:standard"),
        step("parcels.0.weight", "1 kg", "2 kg"),
        step("parcels.0.dimensions", None, None, 5),
        step("number_of_parcels", "1", "2", 6),
        step("parcels.0.weight", "1 kg", "0.5 kg", 6),
        step("parcels.1.weight", None, "0.5 kg", 6),
    ]

    assert applied_documents(steps) == [
        {"rule": {"id": 4, "name": "Rule 4"}, "result": {"shipping_option_code": "postnl:standard", "weight": "2 kg"}},
        {"rule": {"id": 5, "name": "Rule 5"}, "result": {}},
        {"rule": {"id": 6, "name": "Rule 6"}, "result": {"number_of_shipments": "2", "weight": "0.5 kg"}},
    ]


def test_fields_have_the_names_of_the_api():
    assert result_key("contract_id") == "contract"
    assert result_key("recipient.phone_number") == "telephone"
    assert result_key("parcels.7.weight") == "weight"
    assert result_key("parcels.7.dimensions") == "box"
    assert result_key("items.hs_code") == "hs_code"
    assert result_key("brand_id") == "brand_id"


def test_a_rule_is_one_sentence():
    both = a_rule("use_box 1x1x1", "set_weight 2", when=["weight gt 10", "to_country is NL"])
    one = a_rule("set_weight 2", when=["weight gt 10", "nonsense what 1"], is_and=False)

    assert sentence(both) == "if Weight (kg) greater than '10' and To country is 'NL': Use box '1x1x1', Set weight '2'"
    assert sentence(one) == "if Weight (kg) greater than '10' or nonsense what '1': Set weight '2'"
    assert sentence(a_rule("set_weight 2")) == "always: Set weight '2'"
