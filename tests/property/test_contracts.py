"""Whatever is done with contracts, there is one default, and no tracking number is given twice."""

import contextlib
import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from kolli.account.contracts import all_contracts, find_number_range, get_contract
from kolli.account.number_ranges import list_number_ranges
from kolli.carriers.base import Carrier, ContractField
from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import SandboxCarrier
from kolli.errors import Impossible, Invalid, NotFound, NumbersExhausted
from kolli.operations.contracts import (
    ContractChange,
    NewContract,
    change_contract,
    create_contract,
    delete_contract,
    give_numbers,
)
from tests.factories import NOW, a_caller, an_installation

CODES = st.sampled_from(["KOLL", "NEW"])
PASSWORDS = st.sampled_from(["one", "two"])


class AskingPostNL(PostNL):
    """PostNL, asking for a password that is no part of its numbers."""

    contract_form = (*PostNL.contract_form, ContractField("password", "Its password."))  # type: ignore[assignment]

    def problem_with(self, contract_data):
        return None


class Contracts(RuleBasedStateMachine):
    """An account that makes, changes and removes contracts with one carrier, and takes numbers for its parcels."""

    contracts = Bundle("contracts")

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        at = Path(self.folder.name)
        self.carrier = AskingPostNL(at)
        carriers: list[Carrier] = [SandboxCarrier(at, lambda: NOW), self.carrier]
        self.installation = a_caller(an_installation(at, carriers=carriers)).installation
        delete_contract(1517, 1, self.installation)
        self.numbers = []

    def teardown(self):
        if hasattr(self, "folder"):
            self.installation.carriers.close()
            self.folder.cleanup()

    @rule(target=contracts, code=CODES, password=PASSWORDS, is_default=st.booleans(), is_active=st.booleans())
    def add(self, code, password, is_default, is_active):
        answers = {"customer_code": code, "password": password}
        wanted = NewContract("postnl", answers, is_default=is_default, is_active=is_active)
        return create_contract(wanted, 1, self.installation).id

    @rule(target=contracts, contract=contracts, code=CODES, password=PASSWORDS)
    def change(self, contract, code, password):
        change = ContractChange(answers={"customer_code": code, "password": password})
        try:
            return change_contract(contract, change, 1, self.installation).id
        except (NotFound, Impossible):
            return multiple()

    @rule(contract=contracts, is_default=st.sampled_from([None, True, False]), is_active=st.booleans())
    def switch(self, contract, is_default, is_active):
        with contextlib.suppress(NotFound, Invalid):
            change_contract(contract, ContractChange(is_default=is_default, is_active=is_active), 1, self.installation)

    @rule(contract=contracts)
    def remove(self, contract):
        with contextlib.suppress(NotFound):
            delete_contract(contract, 1, self.installation)

    @rule(contract=contracts, first=st.integers(1, 600), count=st.integers(1, 300), is_live=st.booleans())
    def give(self, contract, first, count, is_live):
        with contextlib.suppress(NotFound, Impossible):
            give_numbers(contract, (first, first + count), 1, self.installation, is_live=is_live)

    @rule(contract=contracts, count=st.integers(1, 120))
    def take(self, contract, count):
        """Takes numbers as an announcement does: what it decides by is read first."""
        with self.installation.database.read() as transaction:
            try:
                known = get_contract(transaction, 1, contract)
            except NotFound:
                return
            sequences = find_number_range(transaction, 1, known) or ()
        data = self.installation.vault.open(known.sealed_data)
        for sequence in sequences:
            try:
                serials = self.installation.sequences.take_all(sequence, count)
            except NumbersExhausted:
                continue
            self.numbers += [self.carrier.number(serial, data, "postnl:standard") for serial in serials]
            return

    @invariant()
    def no_number_is_given_twice(self):
        assert len(set(self.numbers)) == len(self.numbers)

    @invariant()
    def there_is_one_default(self):
        with self.installation.database.read() as transaction:
            known = all_contracts(transaction, 1)
        assert [contract.is_default for contract in known].count(True) == min(1, len(known))

    @invariant()
    def no_range_has_less_than_nothing_left(self):
        with self.installation.database.read() as transaction:
            ranges = [
                each
                for contract in all_contracts(transaction, 1)
                for each in list_number_ranges(transaction, 1, contract.id)
            ]
        assert all(0 <= each.used <= each.last - each.first + 1 for each in ranges)


TestContracts = Contracts.TestCase
