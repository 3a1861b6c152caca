"""Shipping options do what their published description says, and what was decided where it says nothing."""

from decimal import Decimal

import pytest
import yaml
from jsonschema import Draft202012Validator

from kolli.account.contracts import Contract, add_contract
from kolli.account.number_ranges import add_number_range
from kolli.account.options import OwnOption, save_own_options
from kolli.account.rates import Rate, RateSheet, Surcharge, replace_rate_sheets
from kolli.carriers.base import ShippingOption
from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import SandboxCarrier
from kolli.service_points.model import KnownPoint
from kolli.service_points.queries import store_points
from kolli.values import Dimensions, Money
from tests.factories import NOW, a_caller, an_installation, kilograms
from tests.fleets import Fleet

URL = "/api/v3/shipping-options"
DEPRECATED = "/api/v3/fetch-shipping-options"

LETTER, STANDARD, INSURED = "sendcloud:letter", "postnl:standard", "postnl:standard/insured=3000"

DOMESTIC = {"from_country_code": "NL", "to_country_code": "NL"}

NOTHING = {
    "data": [],
    "message": "We couldn't find any shipping options for this request. Make sure your account has active shipping"
    " options that match the selected filters.",
}


@pytest.fixture(scope="module")
def caller(tmp_path_factory):
    """Account 1 with its PostNL contract. Nothing here changes anything, so all tests share it."""
    folder = tmp_path_factory.mktemp("options")
    return a_caller(an_installation(folder, carriers=[SandboxCarrier(folder), a_postnl(folder)]))


def a_postnl(folder):
    """PostNL with two of its options, however many it has."""
    carrier = PostNL(folder)
    carrier.options = tuple(option for option in PostNL.options if option.code in {STANDARD, INSURED})
    return carrier


@pytest.fixture
def found(caller):
    """The options that fit a body, by their codes."""

    def ask(url=URL, **body):
        answer = caller.client.post(url, json=body)
        assert answer.status_code == 200, answer.text
        return {option["code"]: option for option in answer.json()["data"]}

    return ask


@pytest.fixture
def problem(caller):
    """(detail, pointer) of the one mistake in a body."""

    def ask(url=URL, **body):
        answer = caller.client.post(url, json=body)
        assert answer.status_code == 400, answer.text
        (wrong,) = answer.json()["errors"]
        assert (wrong["status"], wrong["code"]) == ("400", "invalid")
        return wrong["detail"], wrong["source"]["pointer"]

    return ask


@pytest.fixture(scope="module")
def description(vendor_descriptions):
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((vendor_descriptions / "shipping-options.yaml").read_text("utf-8"), loader)


def a_parcel(weight="2", unit="kg", **changes):
    return {"weight": {"value": weight, "unit": unit}, **changes}


def a_size(length, width, height, unit="cm"):
    return {"length": str(length), "width": str(width), "height": str(height), "unit": unit}


def with_options(folder, *options):
    """A caller on an installation whose sandbox has other options."""
    carrier = SandboxCarrier(folder)
    carrier.options = options
    return a_caller(an_installation(folder, carriers=[carrier, a_postnl(folder)]))


def an_option(product="letter", **changes):
    return ShippingOption(f"sendcloud:{product}", product, **{"heaviest": kilograms("30"), **changes})


# The documented forms


@pytest.mark.parametrize(("path", "url"), [("/shipping-options", URL), ("/fetch-shipping-options", DEPRECATED)])
def test_every_documented_request_is_accepted_and_answered_in_the_documented_shape(caller, description, path, url):
    operation = description["paths"][path]["post"]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    answers = {name: caller.client.post(url, json=example["value"]) for name, example in examples.items()}

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(examples, 200)
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**schema, "components": description["components"]})
    deviations = {error.message for answer in answers.values() for error in validator.iter_errors(answer.json())}
    # The built-in contract has no number, and nothing at all to be shipped under but this.
    assert deviations <= {"None is not of type 'integer'"}


def test_every_documented_functionality_is_one_of_ours(description):
    documented = description["components"]["schemas"]["carrier-shipping-functionalities"]["properties"]
    from_examples = {"carrier_insurance", "customs_value_limit"}

    (option,) = [option for option in PostNL.options if option.code == STANDARD]

    assert option.functionalities.keys() == documented.keys() | from_examples


def test_an_option_says_everything_about_itself(found):
    option = found(**DOMESTIC, parcels=[a_parcel()], calculate_quotes=True, carrier_code="postnl")[INSURED]

    functionalities = option.pop("functionalities")
    assert option == {
        "code": INSURED,
        "name": "PostNL Standard insured up to 3000 euro",
        "carrier": {"code": "postnl", "name": "PostNL"},
        "product": {"code": STANDARD, "name": "PostNL Standard"},
        "weight": {"min": {"value": "0.001", "unit": "kg"}, "max": {"value": "31.500", "unit": "kg"}},
        "max_dimensions": {"length": "0.00", "width": "0.00", "height": "0.00", "unit": "cm"},
        "parcel_billed_weights": [
            {"value": "2.000", "unit": "kg", "volumetric": False, "calculation": None, "parcel_number": 1}
        ],
        "contract": {"id": 1517, "client_id": "", "carrier_code": "postnl", "name": "Test"},
        "requirements": {"fields": [], "export_documents": False, "is_service_point_required": False},
        "charging_type": "label_creation",
        "quotes": [],
    }
    assert (functionalities["insurance"], functionalities["multicollo"], functionalities["age_check"]) == (
        3000,
        True,
        None,
    )


def test_the_unstamped_letter_is_free(found):
    """Its quote has the total "0" EUR. Source: a recorded live run (2026-09)."""
    (quote,) = found(**DOMESTIC, calculate_quotes=True)[LETTER]["quotes"]

    free = {"value": "0", "currency": "EUR"}
    assert quote == {
        "weight": {"min": {"value": "0.001", "unit": "kg"}, "max": {"value": "30.000", "unit": "kg"}},
        "price": {
            "breakdown": [{"type": "price_without_insurance", "label": "Label", "price": free}],
            "total": free,
        },
        "lead_time": None,
        "estimated_surcharges": None,
    }


def test_the_built_in_contract_has_no_number(found):
    assert found()[LETTER]["contract"] == {
        "id": None,
        "client_id": "",
        "carrier_code": "sendcloud",
        "name": "Built-in",
    }


# What is found


def test_without_any_filter_all_options_of_the_account_are_found(found):
    assert list(found()) == [LETTER, STANDARD, INSURED]


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (DOMESTIC, [LETTER, STANDARD, INSURED]),
        ({"from_country_code": "NL", "to_country_code": "DE"}, [LETTER, STANDARD]),
        ({"from_country_code": "de", "to_country_code": "nl"}, [LETTER]),
        ({"from_country_code": "NL"}, [LETTER, STANDARD, INSURED]),
        ({"to_country_code": "US"}, [LETTER]),
        ({"from_address": {"country_code": "NL"}, "to_address": {"country_code": "DE"}}, [LETTER, STANDARD]),
        ({"from_address": None, "to_country_code": None}, [LETTER, STANDARD, INSURED]),
        ({"parcels": [a_parcel("31.5")]}, [STANDARD, INSURED]),
        ({"parcels": [a_parcel("31501", "g")]}, []),
        ({"parcels": [a_parcel("1"), a_parcel("31")]}, [STANDARD, INSURED]),
        ({"parcels": [{}] * 50}, [LETTER, STANDARD, INSURED]),
        ({"carrier_code": "postnl"}, [STANDARD, INSURED]),
        ({"carrier_code": "dpd"}, []),
        ({"contract_id": 1517}, [STANDARD, INSURED]),
        ({"contract_id": 1517, "carrier_code": "sendcloud"}, []),
        ({"shipping_product_code": STANDARD}, [STANDARD, INSURED]),
        ({"shipping_option_code": STANDARD}, [STANDARD]),
        ({"functionalities": {"insurance": 3000}}, [INSURED]),
        ({"functionalities": {"insurance": 3000.0}}, [INSURED]),
        ({"functionalities": {"multicollo": True, "form_factor": "letter"}}, [LETTER]),
        ({"functionalities": {"signature": False}}, [LETTER, STANDARD, INSURED]),
        ({"functionalities": {"signature": True}}, []),
        ({"functionalities": {"age_check": None, "last_mile": None}}, [LETTER, STANDARD, INSURED]),
        ({"functionalities": {"invented": True}}, []),
        ({"functionalities": {"invented": False, "other": None}}, [LETTER, STANDARD, INSURED]),
        ({"functionalities": None, "lead_time": None, "calculate_quotes": None}, [LETTER, STANDARD, INSURED]),
        ({"lead_time": {}}, [LETTER, STANDARD, INSURED]),
        ({"lead_time": {"lte": 24}}, []),
        ({"to_service_point": {"id": "123"}}, []),
        ({"to_service_point_id": 123}, []),
        ({"shipping_option_code": "", "carrier_code": " "}, [LETTER, STANDARD, INSURED]),
        ({"unknown": "member"}, [LETTER, STANDARD, INSURED]),
    ],
)
def test_filters_leave_what_fits(found, body, codes):
    assert list(found(**body)) == codes


def test_nothing_found_is_an_empty_list_and_a_sentence(caller):
    assert caller.client.post(URL, json={"carrier_code": "dpd"}).json() == NOTHING


@pytest.mark.parametrize(
    ("lead_time", "is_found"),
    [
        ({"lt": 25}, True),
        ({"lt": 24}, False),
        ({"lte": 24}, True),
        ({"eq": 24}, True),
        ({"eq": 23}, False),
        ({"gte": 24}, True),
        ({"gt": 24}, False),
        ({"gt": 23.5, "lt": 24.5}, True),
        ({"gt": "1", "lt": "2"}, False),
    ],
)
def test_a_lead_time_is_compared_in_hours(tmp_path, lead_time, is_found):
    caller = with_options(tmp_path, an_option(lead_time_hours=24))

    answer = caller.client.post(URL, json={"lead_time": lead_time, "carrier_code": "sendcloud"})

    assert bool(answer.json()["data"]) is is_found


def test_an_option_that_takes_one_parcel_is_not_offered_for_two(tmp_path):
    caller = with_options(tmp_path, an_option("one"), an_option("two", most_parcels=2))

    answer = caller.client.post(URL, json={"carrier_code": "sendcloud", "parcels": [a_parcel(), a_parcel()]})

    assert [option["code"] for option in answer.json()["data"]] == ["sendcloud:two"]


def test_a_parcel_that_is_too_large_is_not_offered_an_option(tmp_path):
    caller = with_options(tmp_path, an_option(largest=Dimensions(Decimal(60), Decimal(40), Decimal(30), "cm")))
    fits, does_not = a_size("0.9", "1.2", "1.9", "ft"), a_size(61, 1, 1)
    wanted = [{"parcels": [a_parcel(dimensions=size)], "carrier_code": "sendcloud"} for size in (fits, does_not)]

    answers = [caller.client.post(URL, json=body).json()["data"] for body in wanted]

    assert [len(options) for options in answers] == [1, 0]
    assert answers[0][0]["max_dimensions"] == {"length": "60.00", "width": "40.00", "height": "30.00", "unit": "cm"}


def test_an_option_says_which_members_a_shipment_must_have(tmp_path):
    caller = with_options(
        tmp_path, an_option(requires=("email", "phone_number", "dimensions", "service_point_details"))
    )

    (option,) = caller.client.post(URL, json={"carrier_code": "sendcloud", "to_country_code": "US"}).json()["data"]

    assert option["requirements"] == {
        "fields": ["to_email", "to_telephone", "length", "width", "height"],
        "export_documents": False,
        "is_service_point_required": True,
    }


@pytest.mark.parametrize(("country", "needs_them"), [("NL", False), ("DE", False), ("GB", True), ("US", True)])
def test_export_documents_are_needed_across_a_customs_border(found, country, needs_them):
    option = found(from_country_code="NL", to_country_code=country)[LETTER]

    assert option["requirements"]["export_documents"] is needs_them


@pytest.mark.parametrize("point", [{"id": "1"}, {"id": 1}, {"carrier_service_point_id": "NL-1"}])
def test_a_service_point_asks_for_options_that_go_to_one(tmp_path, point):
    caller = with_options(
        tmp_path,
        an_option("home", functionalities={"last_mile": "home_delivery"}),
        an_option("locker", functionalities={"last_mile": "locker_or_service_point"}),
    )

    answer = caller.client.post(URL, json={"to_service_point": point})

    assert [option["code"] for option in answer.json()["data"]] == ["sendcloud:locker"]


# Weights and prices


@pytest.mark.parametrize(
    ("weight", "billed"),
    [
        ("2", {"value": "4.801", "volumetric": True, "calculation": "(20 * 30 * 40.001) / 5000"}),
        ("4.801", {"value": "4.801", "volumetric": False, "calculation": None}),
        ("10", {"value": "10.000", "volumetric": False, "calculation": None}),
    ],
)
def test_the_size_is_billed_where_it_counts_as_more_than_the_weight(tmp_path, weight, billed):
    caller = with_options(tmp_path, an_option(volumetric_divisor=5000))
    parcel = a_parcel(weight, dimensions=a_size(20, 30, "40.001"))

    (option,) = caller.client.post(URL, json={"parcels": [parcel], "carrier_code": "sendcloud"}).json()["data"]

    assert option["parcel_billed_weights"] == [{"unit": "kg", "parcel_number": 1, **billed}]


def test_only_what_is_known_of_parcels_is_billed(found):
    billed = found(parcels=[{}, a_parcel("1", "lbs"), {"dimensions": a_size(1, 1, 1)}, a_parcel(250, "g")])[LETTER]

    assert [(one["parcel_number"], one["value"]) for one in billed["parcel_billed_weights"]] == [
        (2, "0.45359237"),
        (4, "0.250"),
    ]


def test_a_quote_is_for_all_parcels_of_a_shipment(tmp_path):
    option = an_option(most_parcels=3, price=Money(Decimal("4.10"), "EUR"), lead_time_hours=24)
    caller = with_options(tmp_path, option)
    body = {**DOMESTIC, "carrier_code": "sendcloud", "parcels": [{}, {}, {}], "calculate_quotes": True}

    (quote,) = caller.client.post(URL, json=body).json()["data"][0]["quotes"]

    assert (quote["price"]["total"], quote["lead_time"]) == ({"value": "12.30", "currency": "EUR"}, 24)


@pytest.mark.parametrize(
    "body",
    [
        DOMESTIC,
        {**DOMESTIC, "calculate_quotes": False},
        {"from_country_code": "NL", "calculate_quotes": True},
        {"to_country_code": "NL", "calculate_quotes": True},
    ],
)
def test_quotes_need_both_countries_and_somebody_who_asks(found, body):
    assert found(**body)[LETTER]["quotes"] is None


def test_what_nobody_knows_the_price_of_has_no_quotes(found):
    assert found(**DOMESTIC, calculate_quotes=True)[STANDARD]["quotes"] == []


@pytest.mark.parametrize(
    "price", [50, "50.00", {"value": "50.00", "currency": "EUR"}, {"value": 50, "currency": "EUR"}]
)
def test_insurance_is_taken_as_a_number_and_as_a_price(found, price):
    assert found(parcels=[a_parcel(additional_insured_price=price, total_insured_price=price)])


# The deprecated endpoint


def test_the_deprecated_endpoint_asks_for_one_parcel_and_always_quotes(found):
    option = found(DEPRECATED, **DOMESTIC, weight={"value": "2", "unit": "kg"}, total_insurance=100)[LETTER]

    assert option["quotes"][0]["price"]["total"] == {"value": "0", "currency": "EUR"}
    assert option["billed_weight"] == option["parcel_billed_weights"][0]


def test_the_deprecated_endpoint_needs_neither_a_parcel_nor_countries(found):
    option = found(DEPRECATED)[LETTER]

    assert (option["billed_weight"], option["quotes"]) == (None, None)


@pytest.mark.parametrize(("weight", "codes"), [("31.5", [STANDARD, INSURED]), ("32", [])])
def test_the_deprecated_endpoint_looks_at_the_weight(found, weight, codes):
    assert list(found(DEPRECATED, weight={"value": weight, "unit": "kg"})) == codes


# Options and prices of the account's own


def a_rate(price="4.95", **changes):
    return Rate(kilograms("0"), kilograms("10"), Decimal(price), **changes)


@pytest.fixture
def fleet(tmp_path):
    """Account 1 with two options of its own, a van and a night line, and their prices."""
    caller = a_caller(an_installation(tmp_path, carriers=[Fleet(), a_postnl(tmp_path)]))
    van = OwnOption("fleet:van", "fleet", "Van", kilograms("30"), most_parcels=20)
    night = OwnOption("fleet:night", "fleet", "Night", kilograms("30"), volumetric_divisor=5000, lead_time_hours=12)
    island = a_rate("9", to_countries=frozenset({"DE"}), postal_codes=("25849",))
    share = a_rate(
        "10",
        surcharges=(Surcharge("fuel", Decimal("12.5"), is_percentage=True), Surcharge("remote", Decimal(3))),
        insurance_percentage=Decimal("0.5"),
        insurance_minimum=Decimal(2),
    )
    heavy = Rate(kilograms("10"), kilograms("30"), Decimal(20))
    with caller.installation.database.write() as transaction:
        save_own_options(transaction, 1, [van, night], NOW)
        vans = RateSheet("fleet:van", None, "EUR", (a_rate(), island), 1)
        nights = RateSheet("fleet:night", None, "EUR", (share, heavy), 2)
        under = RateSheet(STANDARD, 1517, "EUR", (a_rate("6.45"),), 3)
        replace_rate_sheets(transaction, 1, [vans, nights, under], NOW)
    return caller


def quoted(caller, code, *parcels, **body):
    """The quotes of one option from the Netherlands to Germany."""
    wanted = {"from_country_code": "NL", "to_country_code": "DE", "calculate_quotes": True, **body}
    answer = caller.client.post(URL, json={**wanted, "parcels": parcels or [a_parcel()], "shipping_option_code": code})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"][0]["quotes"]


def total(quotes):
    return quotes[0]["price"]["total"]["value"]


def test_own_options_are_found_like_those_of_carriers(fleet):
    answer = fleet.client.post(URL, json={"carrier_code": "fleet", "lead_time": {"lte": 24}}).json()

    (option,) = answer["data"]
    assert (option["code"], option["product"]) == ("fleet:night", {"code": "fleet:night", "name": "Night"})
    assert option["contract"] == {"id": None, "client_id": "", "carrier_code": "fleet", "name": "Built-in"}


def test_another_account_has_neither_its_options_nor_its_prices(fleet):
    stranger = a_caller(fleet.installation, account_id=2, integration_id=71)

    answer = stranger.client.post(URL, json={**DOMESTIC, "parcels": [a_parcel()], "calculate_quotes": True}).json()

    assert {option["code"]: option["quotes"] for option in answer["data"]} == {
        "fleet:standard": [],
        STANDARD: [],
        INSURED: [],
    }


def test_a_quote_says_what_it_consists_of(fleet):
    parcel = a_parcel("2", dimensions=a_size(40, 40, 20), additional_insured_price={"value": "300", "currency": "EUR"})

    (quote,) = quoted(fleet, "fleet:night", parcel)

    def line(kind, label, value):
        return {"type": kind, "label": label, "price": {"value": value, "currency": "EUR"}}

    assert quote == {
        "weight": {"min": {"value": "0.000", "unit": "kg"}, "max": {"value": "10.000", "unit": "kg"}},
        "price": {
            "breakdown": [
                line("price_without_insurance", "Label", "10.00"),
                line("fuel", "Fuel surcharge", "1.25"),
                line("remote", "Remote area surcharge", "3.00"),
                line("insurance_price", "Insurance", "2.00"),
            ],
            "total": {"value": "16.25", "currency": "EUR"},
        },
        "lead_time": 12,
        "estimated_surcharges": None,
    }


def test_the_billed_weight_chooses_the_price(fleet):
    assert total(quoted(fleet, "fleet:night", a_parcel("2"))) == "14.25"
    assert total(quoted(fleet, "fleet:night", a_parcel("2", dimensions=a_size(40, 40, 40)))) == "20.00"


def test_a_price_is_that_of_the_contract_that_is_shipped_under(fleet):
    assert total(quoted(fleet, STANDARD)) == "6.45"
    assert total(quoted(fleet, STANDARD, contract_id=1517)) == "6.45"


def test_the_prices_of_a_contract_are_no_others(fleet):
    with fleet.installation.database.write() as transaction:
        data = fleet.installation.vault.seal({"customer_code": "MORE"})
        add_contract(transaction, 1, Contract(1518, "postnl", "Second", sealed_data=data))
        add_number_range(transaction, 1, 1518, 1, 9, is_live=False, vault=fleet.installation.vault)

    assert quoted(fleet, STANDARD, contract_id=1518) == []


@pytest.mark.parametrize(
    "body",
    [
        {"to_postal_code": "25849"},
        {"from_country_code": None, "from_address": {"country_code": "NL"}, "to_country_code": None}
        | {"to_address": {"country_code": "DE", "postal_code": "25 849"}},
    ],
)
def test_a_postal_code_may_have_a_price_of_its_own(fleet, body):
    assert total(quoted(fleet, "fleet:van", **body)) == "9.00"
    assert total(quoted(fleet, "fleet:van", to_postal_code="10115")) == "4.95"


def test_a_quote_is_for_the_whole_shipment(fleet):
    assert total(quoted(fleet, "fleet:van", a_parcel(), a_parcel("9"), a_parcel("0.1"))) == "14.85"


def test_where_there_is_no_price_there_is_no_quote(fleet):
    assert quoted(fleet, "fleet:van", a_parcel("11")) == []


@pytest.mark.parametrize(
    ("insured", "value"),
    [
        ({"total_insured_price": 1000}, "5.00"),
        ({"total_insured_price": {"value": "1000.00", "currency": "EUR"}}, "5.00"),
        ({"additional_insured_price": 600, "total_insured_price": 1000}, "3.00"),
        ({"additional_insured_price": 0, "total_insured_price": 1000}, "0"),
        ({"total_insured_price": 10}, "2.00"),
        ({"additional_insured_price": None, "total_insured_price": 1000}, "5.00"),
    ],
)
def test_what_is_insured_additionally_counts_before_what_is_insured_in_all(fleet, insured, value):
    (quote,) = quoted(fleet, "fleet:night", a_parcel(**insured))

    (line,) = [line for line in quote["price"]["breakdown"] if line["type"] == "insurance_price"]
    assert line["price"] == {"value": value, "currency": "EUR"}


def test_the_deprecated_endpoint_quotes_its_insurance(fleet):
    body = {"from_country_code": "NL", "to_country_code": "DE", "carrier_code": "fleet"}

    answer = fleet.client.post(DEPRECATED, json={**body, **a_parcel("2"), "total_insurance": 1000}).json()["data"]

    assert {option["code"]: total(option["quotes"]) for option in answer if option["quotes"]} == {
        "fleet:night": "19.25",
        "fleet:van": "4.95",
    }


def test_without_a_weight_there_is_a_quote_for_each_bracket(fleet):
    ranges = [quote["weight"]["max"]["value"] for quote in quoted(fleet, "fleet:night", {})]

    assert ranges == ["10.000", "30.000"]


# Why not


def refused(caller, **body):
    """Why options are refused: code → (field, reason)."""
    answer = caller.client.post(f"{URL}?explain=true", json=body).json()
    return {refusal["code"]: (refusal["field"], refusal["reason"]) for refusal in answer["refused"]}


def test_what_fits_is_told_without_what_does_not_unless_somebody_asks(caller):
    for query in ("", "?explain=false", "?explain="):
        assert "refused" not in caller.client.post(f"{URL}{query}", json={"carrier_code": "postnl"}).json()


def test_all_options_are_offered_or_refused(caller):
    answer = caller.client.post(f"{URL}?explain=TRUE", json={"to_country_code": "DE"}).json()

    assert [option["code"] for option in answer["data"]] == [LETTER, STANDARD]
    assert [refusal["code"] for refusal in answer["refused"]] == [INSURED]


NO_WAY = "No shipping option could be found for the given country or postal code combination: "
NO_ROOM = "No shipping option could be found for the given weight and/or dimensions: "


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        (
            {"from_country_code": "BE", "to_country_code": "NL"},
            "shipping_option_code",
            f"{NO_WAY}{STANDARD} does not go from BE to NL.",
        ),
        ({"to_country_code": "US"}, "shipping_option_code", f"{NO_WAY}{STANDARD} does not go to US."),
        (
            {"parcels": [a_parcel("1"), a_parcel("32")]},
            "shipping_option_code",
            f"{NO_ROOM}{STANDARD} takes 0.001 kg to 31.5 kg, parcel 2 weighs 32 kg.",
        ),
        ({"carrier_code": "dpd"}, "carrier_code", "It was asked for 'dpd', and this is 'postnl'."),
        (
            {"shipping_option_code": LETTER},
            "shipping_option_code",
            f"It was asked for {LETTER!r}, and this is {STANDARD!r}.",
        ),
        (
            {"shipping_product_code": LETTER},
            "shipping_product_code",
            f"It was asked for {LETTER!r}, and this is {STANDARD!r}.",
        ),
        ({"functionalities": {"signature": True}}, "functionalities", "signature is false, not true."),
        ({"functionalities": {"age_check": 18}}, "functionalities", "age_check is nothing, not 18."),
        ({"functionalities": {"invented": "x"}}, "functionalities", "invented is nothing, not x."),
        ({"lead_time": {"lte": 24}}, "lead_time", "Its lead time is not known."),
        ({"to_service_point": {"id": "1"}}, "to_service_point", "It does not go to a service point."),
    ],
)
def test_a_refused_option_says_why(caller, body, field, reason):
    assert refused(caller, **body)[STANDARD] == (field, reason)


def test_a_carrier_without_a_contract_is_refused_for_that(caller):
    stranger = a_caller(caller.installation, account_id=4, integration_id=74)
    with stranger.installation.database.write() as transaction:
        transaction.exec_driver_sql("UPDATE contracts SET carrier_code = 'dpd' WHERE account_id = 4")

    assert refused(stranger)[STANDARD] == ("contract_id", "The account has no active contract with PostNL.")


def test_a_contract_without_numbers_and_one_with_another_carrier_are_reasons(tmp_path):
    caller = a_caller(an_installation(tmp_path))
    with caller.installation.database.write() as transaction:
        data = caller.installation.vault.seal({"customer_code": "NONE"})
        add_contract(transaction, 1, Contract(9, "postnl", "No range yet", sealed_data=data))

    reasons = refused(caller, contract_id=9)

    assert reasons[STANDARD] == ("contract_id", "The contract with PostNL has no range of numbers for tests.")
    assert reasons[LETTER] == ("contract_id", "The contract 9 is not one with Sendcloud.")


@pytest.mark.parametrize(
    ("insured", "is_found"),
    [
        ([{"total_insured_price": 3000}], True),
        ([{"total_insured_price": {"value": "3000.01", "currency": "EUR"}}], False),
        ([{"total_insured_price": "1500"}, {"total_insured_price": 1500}], True),
        ([{"total_insured_price": "1500"}, {"total_insured_price": 1501}], False),
        ([{"total_insured_price": 3000}, {"additional_insured_price": 5000}], True),  # that is on top of it
        ([{"total_insured_price": {"value": "9999", "currency": "SEK"}}], True),
    ],
)
def test_an_option_is_not_offered_for_more_than_it_insures(found, caller, insured, is_found):
    parcels = [a_parcel(**each) for each in insured]

    assert (INSURED in found(parcels=parcels)) is is_found
    assert STANDARD in found(parcels=parcels)  # it says nothing about insurance
    assert is_found or refused(caller, parcels=parcels)[INSURED][0] == "insured_value"


def test_a_service_point_of_one_carrier_is_none_of_another(tmp_path):
    to_locker = {"last_mile": "locker"}
    carrier = SandboxCarrier(tmp_path)
    carrier.options = (an_option("locker", functionalities=to_locker),)
    caller = a_caller(an_installation(tmp_path, carriers=[carrier, Fleet()]))
    with caller.installation.database.write() as transaction:
        locker = OwnOption("fleet:locker", "fleet", "Locker", kilograms("9"), functionalities=to_locker)
        save_own_options(transaction, 1, [locker], NOW)
        points = [
            KnownPoint(number, code, f"{code}-1", "Kiosk", "Dam 1", "1012", "Amsterdam", "NL", 52_000_000, 4_000_000)
            for number, code in ((5, "fleet"), (6, "sendcloud"))
        ]
        store_points(transaction, [(point.id, point) for point in points])

    wanted: dict[str, dict[str, object]] = {
        "ours": {"to_service_point": {"id": "5"}},
        "the carrier's": {"to_service_point": {"carrier_service_point_id": "sendcloud-1"}},
        "both": {"to_service_point": {"id": "5", "carrier_service_point_id": "sendcloud-1"}},
        "deprecated": {"to_service_point_id": 5},
        "neither": {"to_service_point": {"id": "7"}},
    }

    asked = {
        name: [option["code"] for option in caller.client.post(URL, json={**DOMESTIC, **body}).json()["data"]]
        for name, body in wanted.items()
    }

    assert asked == {
        "ours": ["fleet:locker"],
        "the carrier's": ["sendcloud:locker"],
        "both": ["sendcloud:locker"],
        "deprecated": ["fleet:locker"],
        "neither": [],
    }
    reason = refused(caller, **DOMESTIC, to_service_point={"id": "5"})["sendcloud:locker"]
    assert reason[0] == "to_service_point"
    assert reason[1].startswith("Invalid service point.")


# Whose options


def test_a_carrier_that_needs_a_contract_is_offered_only_with_one(caller):
    """Account 2 has the sandbox, but no contract of its own with PostNL: nobody sees another's."""
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)
    with stranger.installation.database.write() as transaction:
        transaction.exec_driver_sql("UPDATE contracts SET carrier_code = 'dpd' WHERE account_id = 2")

    answer = stranger.client.post(URL, json={})

    assert [option["code"] for option in answer.json()["data"]] == [LETTER]


def test_another_accounts_contract_does_not_exist(caller):
    stranger = a_caller(caller.installation, account_id=3, integration_id=72)

    answer = stranger.client.post(URL, json={"contract_id": 1517})

    assert (answer.status_code, answer.json()["errors"][0]["detail"]) == (400, "Invalid contract.")


def test_a_contract_without_numbers_offers_nothing(tmp_path):
    caller = a_caller(an_installation(tmp_path))
    with caller.installation.database.write() as transaction:
        bare = Contract(
            9, "postnl", "No range yet", sealed_data=caller.installation.vault.seal({"customer_code": "NONE"})
        )
        add_contract(transaction, 1, bare)

    answer = caller.client.post(URL, json={"contract_id": 9})

    assert answer.json() == NOTHING


# What is refused


def test_an_unknown_contract_is_invalid(problem):
    assert problem(contract_id=1) == ("Invalid contract.", "/data/attributes/contract_id")


@pytest.mark.parametrize("url", [URL, DEPRECATED])
def test_both_endpoints_refuse_an_unknown_contract(problem, url):
    assert problem(url, contract_id=1)[0] == "Invalid contract."


def test_no_parcels_are_no_shipment(problem):
    assert problem(parcels=[]) == ("At least one parcel must be provided.", "/data/attributes/parcels")


def test_more_than_fifty_parcels_are_too_many(problem):
    detail, pointer = problem(parcels=[{}] * 51)

    assert (detail, pointer) == (
        "List should have at most 50 items after validation, not 51",
        "/data/attributes/parcels",
    )


@pytest.mark.parametrize("end", ["from", "to"])
@pytest.mark.parametrize("member", ["country_code", "postal_code"])
def test_an_address_is_not_combined_with_the_members_it_replaces(problem, end, member):
    body = {f"{end}_address": {"country_code": "NL"}, f"{end}_{member}": "NL"}

    detail, _ = problem(**body)

    assert detail == f"`{end}_address` cannot be combined with `{end}_country_code` or `{end}_postal_code`."


@pytest.mark.parametrize(
    ("body", "detail", "place"),
    [
        ({"to_postal_code": "1234567890123"}, "String should have at most 12 characters", "to_postal_code"),
        ({"from_country_code": "XX"}, '"XX" is not a valid country code', "from_country_code"),
        ({"to_address": {"postal_code": "1012"}}, "Field required", "to_address/country_code"),
        ({"to_service_point": {}}, "Give its `id` or its `carrier_service_point_id`.", "to_service_point"),
        ({"functionalities": {"age_check": 17}}, "age_check is 16, 18 or nothing, not 17.", "functionalities"),
        (
            {"functionalities": {"size": "huge"}},
            "size is xs or s or m or l or xl or xxl, not 'huge'.",
            "functionalities",
        ),
        ({"functionalities": {"b2c": "true"}}, "b2c is true or false, not 'true'.", "functionalities"),
        ({"functionalities": []}, "Input should be a valid dictionary", "functionalities"),
        ({"lead_time": {"lt": "soon"}}, "Input should be a valid number", "lead_time/lt"),
        ({"contract_id": "1517"}, "Input should be a valid integer", "contract_id"),
        ({"calculate_quotes": "yes"}, "Input should be a valid boolean", "calculate_quotes"),
        (
            {"parcels": [{"weight": {"value": "0", "unit": "kg"}}]},
            "Input should be greater than 0",
            "parcels/0/weight/value",
        ),
        (
            {"parcels": [{"weight": {"value": "-1", "unit": "kg"}}]},
            "Input should be greater than 0",
            "parcels/0/weight/value",
        ),
        (
            {"parcels": [{"weight": {"value": "NaN", "unit": "kg"}}]},
            "Input should be a valid number",
            "parcels/0/weight/value",
        ),
        (
            {"parcels": [{"weight": {"value": "1e30", "unit": "kg"}}]},
            "Number should have at most 15 digits before the decimal point",
            "parcels/0/weight/value",
        ),
        (
            {"parcels": [{"total_insured_price": {"value": "-1", "currency": "EUR"}}]},
            "Input should be greater than or equal to 0",
            "parcels/0/total_insured_price/value",
        ),
        (
            {
                "parcels": [
                    {"total_insured_price": {"value": "1", "currency": "EUR"}},
                    {"total_insured_price": {"value": "1", "currency": "GBP"}},
                ]
            },
            "The parcels are insured in several currencies: EUR, GBP. Use one.",
            "parcels",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(problem, body, detail, place):
    said, pointer = problem(**body)

    assert said.startswith(detail)
    assert pointer == f"/data/attributes/{place}"


def test_it_needs_credentials(caller):
    answer = caller.client.post(URL, json={}, auth=("nobody", "nothing"))

    assert answer.status_code == 401
