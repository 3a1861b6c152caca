"""What several commands share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from kolli.account.accounts import Account, list_accounts
from kolli.account.keys import ApiKey
from kolli.app import DATABASE, build, open_database
from kolli.errors import KolliError, SetupError
from kolli.operations.context import Context, Installation
from kolli.settings import Settings, load_settings

AccountOption = Annotated[int | None, typer.Option(help="Id of the account; not needed when there is only one.")]
OneAccountOption = Annotated[int | None, typer.Option(help="Only those of this account; default: of every account.")]


def existing() -> Settings:
    """The settings of an installation that is there, of whichever version; SetupError when there is none."""
    settings = load_settings()
    if not (settings.data / DATABASE).exists():
        raise SetupError(
            f"There is no Kolli in the folder {settings.data}. Name another with KOLLI_DATA, such as that of the demo,"
            " or make the first account here with `kolli keys create`."
        )
    return settings


@contextmanager
def installation(*, must_exist: bool = True) -> Iterator[Installation]:
    """The installation that the settings name, for one command beside a running server or without one.

    SetupError, and nothing made, when there is none and there must be one.
    """
    settings = existing() if must_exist else load_settings()
    database = open_database(settings)
    at = build(settings, database)
    try:
        yield at
    finally:
        at.carriers.close()
        database.close()


def choose_account(at: Installation, wanted: int | None) -> Account:
    """The account with this id, or for None the only one; an error that names them where that is not one."""
    with at.database.read() as transaction:
        known = list_accounts(transaction)
    if not known:
        raise KolliError(
            f"There is no account in the folder {at.settings.data} yet. Make one with `kolli keys create`, or name"
            " another folder with KOLLI_DATA."
        )
    if wanted is None and len(known) == 1:
        return known[0]
    for account in known:
        if account.id == wanted:
            return account
    names = ", ".join(f"{account.id} ({account.name})" for account in known)
    raise KolliError(f"Name one of the accounts with --account: {names}.")


def printable(text: str) -> str:
    """A text of others', such as a shop or a carrier: none of it may command a terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def caller(at: Installation, account: Account) -> Context:
    """Who asks when a person at a terminal does: the account itself, without a key."""
    return Context(at, account, ApiKey("", account.id, "a command"))
