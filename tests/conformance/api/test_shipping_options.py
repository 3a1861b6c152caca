"""Shipping options do what their published description says, and what was decided where it says nothing."""

from decimal import Decimal

import pytest
import yaml
from jsonschema import Draft202012Validator

from kolli.account.contracts import Contract, add_contract
from kolli.carriers.base import ShippingOption
from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import SandboxCarrier
from kolli.values import Dimensions, Money
from tests.factories import a_caller, an_installation, kilograms

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
    return a_caller(an_installation(tmp_path_factory.mktemp("options")))


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
    return a_caller(an_installation(folder, carriers=[carrier, PostNL(folder)]))


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
    ],
)
def test_what_is_wrong_is_said_with_its_place(problem, body, detail, place):
    said, pointer = problem(**body)

    assert said.startswith(detail)
    assert pointer == f"/data/attributes/{place}"


def test_it_needs_credentials(caller):
    answer = caller.client.post(URL, json={}, auth=("nobody", "nothing"))

    assert answer.status_code == 401
