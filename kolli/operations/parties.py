"""Who takes part in a shipment: the address that sends, the brand it shows, and the contract it goes under."""

from sqlalchemy import Connection

from kolli.account.brands import Brand, find_brand
from kolli.account.contracts import Contract, find_contract, find_default_contract
from kolli.account.sender_addresses import SenderAddress, find_sender_address
from kolli.carriers.base import Carrier
from kolli.errors import DoesNotExist, Invalid, Missing


def find_sender(transaction: Connection, account_id: int, sender_address_id: int | None) -> SenderAddress:
    """The named sender address, else the account's default one; DoesNotExist, or Missing when there is no default."""
    sender = find_sender_address(transaction, account_id, sender_address_id)
    if sender is not None:
        return sender
    if sender_address_id is not None:
        raise DoesNotExist(field="sender_address_id")
    raise Missing(
        "This field is required, because the account has no default sender address. An order ships from an address that"
        " is stored with the account; a shipment without an order can bring its own (`from_address`).",
        field="sender_address_id",
    )


def find_brand_for(
    transaction: Connection, account_id: int, brand_id: int | None, sender: SenderAddress | None
) -> Brand | None:
    """The named brand, else the sender's, else the account's default one, if it has any; DoesNotExist."""
    of_sender = sender.brand_id if sender else None
    brand = find_brand(transaction, account_id, brand_id if brand_id is not None else of_sender)
    if brand is None and brand_id is not None:
        raise DoesNotExist(field="brand_id")
    return brand


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
            f"This field is required, because the account has no contract with {carrier.name}.", field="contract_id"
        )
    return contract
