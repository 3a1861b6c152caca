"""An installation gets its first account, and an account its first integration: where everything begins."""

from kolli.account.accounts import Account, add_account
from kolli.account.integrations import Integration, add_integration
from kolli.operations.context import Installation

FIRST_OPTION = "sendcloud:letter"
"""What is shipped with until somebody has chosen: it costs nothing and is no post."""


def make_account(name: str, installation: Installation) -> Account:
    """Makes and stores an account."""
    account = Account(
        installation.sequences.take_id(),
        name,
        default_shipping_option_code=FIRST_OPTION,
        registered_at=installation.clock(),
    )
    with installation.database.write() as transaction:
        add_account(transaction, account)
    return account


def make_integration(account_id: int, name: str, installation: Installation) -> Integration:
    """Makes and stores an integration of an account."""
    now = installation.clock()
    made = Integration(installation.sequences.take_id(), name, now, now)
    with installation.database.write() as transaction:
        add_integration(transaction, account_id, made)
    return made
