"""`kolli keys`: who may call the API."""

from dataclasses import replace
from typing import Annotated

import typer

from kolli.account.accounts import Account, list_accounts
from kolli.account.integrations import (
    Integration,
    list_integrations,
    sealed_signature_key,
    update_integration,
)
from kolli.account.keys import ResponseProfile, create_key, list_keys, revoke_key
from kolli.cli.common import choose_account, installation
from kolli.errors import KolliError
from kolli.operations.context import Installation
from kolli.operations.first_account import make_account, make_integration

keys = typer.Typer(help="API keys.", no_args_is_help=True, rich_markup_mode=None)

AccountId = Annotated[
    int | None, typer.Option("--account", help="Id of the account; not needed when it is the only one.")
]


@keys.command("create")
def create_command(
    name: Annotated[str, typer.Option(help="What the key is for.")] = "API",
    account: AccountId = None,
    integration: Annotated[
        int | None, typer.Option(help="Id of the integration; not needed when the account has only one.")
    ] = None,
    profile: Annotated[
        ResponseProfile, typer.Option(help="Form of answers where description and examples of the API differ.")
    ] = "example",
    sign_webhooks: Annotated[
        bool,
        typer.Option(
            "--sign-webhooks",
            help="Sign the integration's webhooks with the new secret, as the hosted service does. For that the secret"
            " is kept, encrypted.",
        ),
    ] = False,
) -> None:
    """Make an API key and show its secret, once. On an empty installation this makes the first account too."""
    with installation(must_exist=False) as at:
        with at.database.read() as transaction:
            is_new = not list_accounts(transaction)
        owner = _first_account(at) if is_new else choose_account(at, account)
        shop = _choose_integration(at, owner, integration)
        with at.database.write() as transaction:
            key, secret = create_key(transaction, owner.id, name, at.clock(), profile, integration_id=shop.id)
            if sign_webhooks:
                signed = replace(shop, sealed_signature_key=sealed_signature_key(secret, at.vault))
                update_integration(transaction, owner.id, signed, at.clock())
    typer.echo(f"account      {owner.id} ({owner.name})")
    typer.echo(f"integration  {shop.id} ({shop.name})")
    typer.echo(f"public key   {key.public_key}")
    typer.echo(f"secret key   {secret}")
    kept = "as the key that signs webhooks: see `kolli webhooks sign-with`" if sign_webhooks else "only as a hash"
    typer.echo(f"The secret is kept {kept}. It is not shown again here.")


@keys.command("list")
def list_command(account: AccountId = None) -> None:
    """Show the keys of an account. Of each: its public half, since when it is there, its integration, its name."""
    with installation() as at:
        owner = choose_account(at, account)
        with at.database.read() as transaction:
            known = list_keys(transaction, owner.id)
    for each in known:
        key, until = each.key, f"  (until {each.expires_at:%Y-%m-%d %H:%M})" if each.expires_at else ""
        typer.echo(f"{key.public_key}  {each.created_at:%Y-%m-%d}  {key.integration_id or '-'}  {key.name}{until}")
    if not known:
        typer.echo(f"The account {owner.id} ({owner.name}) has no key. Make one with `kolli keys create`.")


@keys.command("revoke")
def revoke_command(
    public_key: Annotated[str, typer.Argument(help="The public half of the key, as `kolli keys list` shows it.")],
    account: AccountId = None,
) -> None:
    """Revoke a key. From now on it is unknown, and so is every access token that was made with it."""
    with installation() as at:
        owner = choose_account(at, account)
        with at.database.write() as transaction:
            revoke_key(transaction, owner.id, public_key)
    typer.echo(f"The key {public_key} is revoked.")


def _first_account(at: Installation) -> Account:
    account = make_account("Main", at)
    typer.echo("Made the first account.")
    return account


def _choose_integration(at: Installation, owner: Account, wanted: int | None) -> Integration:
    """The integration that is wanted, or the only one; an account that has none, or none any more, gets one."""
    with at.database.read() as transaction:
        known = list_integrations(transaction, owner.id)
    if not known and wanted is None:
        return _first_integration(at, owner)
    chosen = [each for each in known if wanted in {None, each.id}]
    if len(chosen) != 1:
        names = ", ".join(f"{each.id} ({each.name})" for each in known)
        raise KolliError(f"Name one of the integrations with --integration: {names}.")
    return chosen[0]


def _first_integration(at: Installation, owner: Account) -> Integration:
    made = make_integration(owner.id, "API", at)
    typer.echo(f"Made the integration {made.id}.")
    return made
