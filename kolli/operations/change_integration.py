"""An integration is changed or removed, and those who listen to it hear so."""

from collections.abc import Callable
from dataclasses import replace

from kolli.account.integrations import Integration, get_integration, remove_integration, update_integration
from kolli.account.keys import revoke_keys_of_integration
from kolli.operations.context import Context, Write
from kolli.webhooks.listeners import tell_of_integration


def change(
    integration_id: int,
    changed: Callable[[Integration], Integration],
    context: Context,
    *,
    write: Write | None = None,
) -> None:
    """Changes the account's integration with this id, which must exist. Nothing new changes nothing and tells nobody.

    `changed` makes the new integration out of the one that is stored, inside the transaction; what it raises undoes
    everything. `write` opens the transaction, where there is more to do in it than for a caller.
    """
    with (write or context.write)() as transaction:
        known = get_integration(transaction, context.account_id, integration_id)
        wanted = changed(known)
        if wanted != known:
            now = context.now()
            update_integration(transaction, context.account_id, wanted, now)
            told = replace(wanted, updated_at=now)
            tell_of_integration(transaction, context.account_id, told, "integration_updated", now)


def remove(integration_id: int, context: Context, *, write: Write | None = None) -> None:
    """Removes the account's integration with this id, which must exist. Its orders and shipments stay.

    Its keys, and the tokens that were made with them, are unknown from then on: whoever holds them was that shop.
    """
    with (write or context.write)() as transaction:
        known = get_integration(transaction, context.account_id, integration_id)
        now = context.now()
        remove_integration(transaction, context.account_id, integration_id, now)
        tell_of_integration(transaction, context.account_id, known, "integration_deleted", now)
        revoke_keys_of_integration(transaction, context.account_id, integration_id)
