"""An option that a contract makes no numbers for is not offered under it, and says why."""

from decimal import Decimal

import pytest

from kolli.account.contracts import Contract, update_contract
from kolli.operations.offer import Wish, find_offers
from kolli.operations.quote import Parcel
from kolli.values import Weight
from tests.factories import a_caller, an_installation

TO_GERMANY = Wish("NL", "DE", parcels=(Parcel(Weight(Decimal(1), "kg")),))


@pytest.fixture
def caller(tmp_path):
    return a_caller(an_installation(tmp_path))


def offers(caller, **contract_data):
    vault = caller.installation.vault
    with caller.installation.database.write() as transaction:
        sealed = vault.seal({"customer_code": "TEA", **contract_data})
        update_contract(transaction, 1, Contract(1517, "postnl", "Test", is_default=True, sealed_data=sealed))
    with caller.installation.database.read() as transaction:
        catalogue = caller.installation.configurations.of(transaction, 1).catalogue
        return find_offers(transaction, 1, catalogue, TO_GERMANY)


def test_it_is_not_offered_where_the_contract_lacks_what_only_it_needs(caller):
    found = offers(caller)

    reasons = {refusal.option.code: (refusal.reason, refusal.field) for refusal in found.refused}
    assert "postnl:international" not in {offer.option.code for offer in found.offered}
    assert reasons["postnl:international"] == (
        "The contract has no service letters, which international parcels need.",
        "contract_id",
    )


def test_it_is_offered_from_the_moment_the_contract_has_it(caller):
    offers(caller)

    found = offers(caller, service_letters="CD")

    assert "postnl:international" in {offer.option.code for offer in found.offered}
