"""What is offered can be shipped, and what is refused says why. The oracle is the way to a label."""

from decimal import Decimal
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolli.account.options import OwnOption, save_own_options
from kolli.carriers.base import ShippingOption
from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import SandboxCarrier
from kolli.values import Dimensions, Weight
from tests.factories import NOW, a_caller, an_installation, an_order, kilograms
from tests.fleets import Fleet

NUMBERS = count(1)

SMALL = ShippingOption(
    "sendcloud:small",
    "Small",
    heaviest=kilograms("5"),
    countries=frozenset({"NL", "BE", "DE"}),
    lightest=kilograms("0.1"),
    largest=Dimensions(Decimal(40), Decimal(30), Decimal(20), "cm"),
)
OWN = (
    OwnOption("fleet:van", "fleet", "Van", kilograms("30"), countries=frozenset({"NL", "BE"}), most_parcels=3),
    OwnOption("fleet:bike", "fleet", "Bike", Weight(Decimal("5000.5"), "g"), from_countries=frozenset({"NL"})),
    OwnOption("fleet:post", "fleet", "Post", Weight(Decimal(11), "lbs"), largest=SMALL.largest),
    OwnOption("fleet:abroad", "fleet", "Abroad", kilograms("20"), from_countries=frozenset({"BE"})),
)


@pytest.fixture(scope="module")
def caller(tmp_path_factory):
    folder = tmp_path_factory.mktemp("offers")
    sandbox = SandboxCarrier(folder)
    sandbox.options = (*SandboxCarrier.options, SMALL)
    postnl = PostNL(folder)
    postnl.options = tuple(option for option in PostNL.options if option.code in CODES)
    caller = a_caller(an_installation(folder, carriers=[sandbox, postnl, Fleet()]))
    with caller.installation.database.write() as transaction:
        save_own_options(transaction, 1, OWN, NOW)
    return caller


CODES = [
    "sendcloud:letter",
    "sendcloud:small",
    "postnl:standard",
    "postnl:standard/insured=3000",
    "fleet:standard",
    *(option.code for option in OWN),
]

codes = st.sampled_from(CODES)
countries = st.sampled_from(["NL", "BE", "DE", "FR", "GB", "US"])
weights = st.sampled_from(["0.0005", "0.001", "0.09", "0.1", "5", "5.001", "30", "30.5", "31.5", "32"]) | st.decimals(
    "0.001", "40", places=3
).map(str)
sides = st.integers(1, 60).map(str)
sizes = st.none() | st.fixed_dictionaries({"length": sides, "width": sides, "height": sides, "unit": st.just("cm")})


@given(codes, countries, weights, sizes)
def test_an_option_is_offered_exactly_when_an_order_can_be_shipped_with_it(caller, code, country, weight, size):
    number = next(NUMBERS)
    parcel = {"weight": {"value": weight, "unit": "kg"}, **({"dimensions": size} if size else {})}
    measured = {"weight": parcel["weight"], **({"dimension": size} if size else {})}
    order = an_order(order_id=f"shop-{number}", order_number=f"N{number}", shipping_details={"measurement": measured})
    order["shipping_address"] |= {"country_code": country, "postal_code": "1000"}
    # Whatever crosses a customs border is declared: that is about the goods and not about the option.
    order["order_details"]["order_items"][0] |= {
        "hs_code": "340600",
        "country_of_origin": "NL",
        "unit_price": {"value": 8.95, "currency": "EUR"},
    }
    caller.store(order)

    found = caller.client.post(
        "/api/v3/shipping-options?explain=true",
        json={"from_country_code": "NL", "to_country_code": country, "parcels": [parcel]},
    ).json()
    shipped = caller.ship(
        order={"order_number": f"N{number}"},
        ship_with={"type": "shipping_option_code", "properties": {"shipping_option_code": code}},
    )

    offered = {option["code"] for option in found["data"]}
    refused = {refusal["code"]: refusal["reason"] for refusal in found["refused"]}
    assert offered | refused.keys() == set(CODES)
    assert not offered & refused.keys()
    if code in offered:
        assert shipped.status_code == 201, shipped.text
    else:
        (problem,) = shipped.json()["errors"]
        assert (shipped.status_code, problem["detail"]) == (400, refused[code])
