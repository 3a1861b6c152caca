"""Who takes part in a shipment: the address that sends, the brand it shows, and the contract it goes under."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from kolli.account.brands import Brand, find_brand
from kolli.account.contracts import Contract, find_contract, find_default_contract, find_number_range
from kolli.account.sender_addresses import SenderAddress, find_sender_address
from kolli.carriers.base import Carrier
from kolli.errors import DoesNotExist, Invalid, Missing

MOST_KEPT = 2_000
"""Answers that are kept of one account. Who has more addresses and contracts has the others read each time."""

Found = TypeVar("Found")


class Parties:
    """The sender addresses, brands and contracts of an account at one revision; what was read once is kept."""

    def __init__(self, account_id: int) -> None:
        self._account_id = account_id
        self._kept: dict[tuple[str, int | str | None], object] = {}

    def sender(self, transaction: Connection, sender_address_id: int | None) -> SenderAddress:
        """The named sender address, else the account's default one; DoesNotExist, or Missing when there is none."""
        find = lambda: find_sender_address(transaction, self._account_id, sender_address_id)  # noqa: E731
        sender = self._once(("sender", sender_address_id), find)
        return _existing(sender, sender_address_id)

    def brand(self, transaction: Connection, brand_id: int | None, sender: SenderAddress | None) -> Brand | None:
        """The named brand, else the sender's, else the account's default one, if it has any; DoesNotExist."""
        wanted = brand_id if brand_id is not None or sender is None else sender.brand_id
        brand = self._once(("brand", wanted), lambda: find_brand(transaction, self._account_id, wanted))
        if brand is None and brand_id is not None:
            raise DoesNotExist(field="brand_id")
        return brand

    def contract(self, transaction: Connection, carrier: Carrier, contract_id: int | None) -> Contract | None:
        """The contract that is shipped under: see `choose_contract`."""
        find = lambda: choose_contract(transaction, self._account_id, carrier, contract_id)  # noqa: E731
        return self._once((f"contract with {carrier.code}", contract_id), find)

    def numbers(self, transaction: Connection, contract: Contract | None) -> tuple[str, ...] | None:
        """The sequences that parcels under this contract take their numbers from; None when it has none."""
        if contract is None:
            return None
        find = lambda: find_number_range(transaction, self._account_id, contract)  # noqa: E731
        return self._once(("numbers", contract.id), find)

    def _once(self, key: tuple[str, int | str | None], find: Callable[[], Found]) -> Found:
        """What is found, now or before; errors are not kept."""
        if key in self._kept:
            return self._kept[key]  # type: ignore[return-value]  # what `find` of the same key has found
        found = find()
        if found is not None and len(self._kept) < MOST_KEPT:
            self._kept[key] = found
        return found


def _existing(sender: SenderAddress | None, sender_address_id: int | None) -> SenderAddress:
    if sender is not None:
        return sender
    if sender_address_id is not None:
        raise DoesNotExist(field="sender_address_id")
    raise Missing(
        "This field is required, because the account has no default sender address. An order ships from an address that"
        " is stored with the account: add one with `kolli sender-addresses add`, or with POST"
        " /api/v3/addresses/sender-addresses. A shipment without an order can bring its own (`from_address`).",
        field="sender_address_id",
    )


def choose_contract(
    transaction: Connection, account_id: int, carrier: Carrier, contract_id: int | None
) -> Contract | None:
    """The named contract, else the account's default one with the carrier; None is the built-in contract.

    Invalid when it is not the account's, another carrier's or not active; Missing when the carrier needs one and there
    is none.
    """
    if contract_id is not None:
        contract = find_contract(transaction, account_id, contract_id)
        if contract is None or contract.carrier_code != carrier.code:
            raise Invalid("Invalid contract.", field="contract_id")
        if not contract.is_active:
            raise Invalid(f"Invalid contract. Its state is {contract.state!r}, not 'active'.", field="contract_id")
        return contract
    contract = find_default_contract(transaction, account_id, carrier.code)
    if contract is None and carrier.needs_contract:
        raise Missing(
            f"This field is required, because the account has no contract with {carrier.name}. Add one with"
            f" `kolli contracts add {carrier.code}`, or with POST /api/v3/contracts.",
            field="contract_id",
        )
    return contract
