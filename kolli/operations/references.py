"""What refers to a record of the account: to be told before it goes."""

from dataclasses import dataclass

from sqlalchemy import Connection

from kolli.account.accounts import get_account
from kolli.account.rates import RateSheet, list_rate_sheets
from kolli.rules.actions import ACTIONS
from kolli.rules.conditions import CONDITIONS
from kolli.rules.model import Choices, Rule
from kolli.rules.queries import list_rules
from kolli.shipments.queries import has_shipments_under


@dataclass(frozen=True)
class ContractUses:
    """What is shipped, decided and priced under a contract."""

    has_shipments: bool
    is_in_defaults: bool
    rules: tuple[Rule, ...]
    rates: tuple[RateSheet, ...]

    def __bool__(self) -> bool:
        return bool(self.has_shipments or self.is_in_defaults or self.rules or self.rates)


def uses_of_contract(transaction: Connection, account_id: int, contract_id: int) -> ContractUses:
    """What refers to a contract of the account."""
    return ContractUses(
        has_shipments_under(transaction, account_id, contract_id),
        get_account(transaction, account_id).defaults.contract_id == contract_id,
        rules_naming(transaction, account_id, "contracts", str(contract_id)),
        tuple(each for each in list_rate_sheets(transaction, account_id) if each.contract_id == contract_id),
    )


def rules_naming(transaction: Connection, account_id: int, choices: Choices, value: str) -> tuple[Rule, ...]:
    """The rules with an action that chooses just this out of the contracts, sender addresses … of the account."""
    identifiers = {identifier for identifier, entry in ACTIONS.items() if entry.choices == choices}
    return tuple(
        rule
        for rule in list_rules(transaction, account_id)
        if any(action.identifier in identifiers and action.value == value for action in rule.actions)
    )


def rules_about_integration(transaction: Connection, account_id: int, integration_id: int) -> tuple[Rule, ...]:
    """The rules with a condition about this shop."""
    properties = {identifier for identifier, entry in CONDITIONS.items() if entry.choices == "integrations"}
    return tuple(
        rule
        for rule in list_rules(transaction, account_id)
        if any(
            each.property in properties and str(integration_id) in each.compare_to.split(",")
            for each in rule.conditions
        )
    )
