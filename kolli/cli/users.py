"""`kolli users`: who may use the panel."""

from dataclasses import replace
from typing import Annotated

import typer

from kolli.account.sessions import end_sessions_of
from kolli.account.users import Role, User, find_by_name, has_users, list_users, update_user
from kolli.cli.common import AccountOption, choose_account, installation
from kolli.errors import KolliError
from kolli.operations.context import Installation
from kolli.operations.people import change_password, let_in, set_up_code

users = typer.Typer(help="People who use the panel.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="What the person signs in with.")]


@users.command("set-up-code")
def set_up_code_command() -> None:
    """Show where and with which code the first owner is made in a browser."""
    with installation(must_exist=False) as at:
        with at.database.read() as transaction:
            if has_users(transaction):
                raise KolliError("There is an owner already. See `kolli users list`.")
        typer.echo(set_up_address(at))


def set_up_address(at: Installation) -> str:
    """Where the first owner is made."""
    return f"{at.public_url}/panel/set-up/?code={set_up_code(at)}"


@users.command("add")
def add_command(
    name: Name,
    role: Annotated[Role, typer.Option(help="What the person is here for.")] = Role.PACKER,
    account: AccountOption = None,
) -> None:
    """Let somebody in. The password is asked for, and read from the standard input where that is no terminal."""
    with installation() as at:
        owner = choose_account(at, account)
        user = let_in(owner.id, name, role, _password(), at)
    typer.echo(f"{user.name} may come in, as {user.role}.")


@users.command("list")
def list_command(account: AccountOption = None) -> None:
    """Show everybody of an account: name, role, since when, and whether they are shut out."""
    with installation() as at:
        owner = choose_account(at, account)
        with at.database.read() as transaction:
            known = list_users(transaction, owner.id)
    for user in known:
        out = f"  shut out since {user.disabled_at:%Y-%m-%d}" if user.disabled_at else ""
        typer.echo(f"{user.name}  {user.role}  {user.created_at:%Y-%m-%d}{out}")
    if not known:
        typer.echo(f"The account {owner.id} ({owner.name}) has no users. See `kolli users set-up-code`.")


@users.command("password")
def password_command(name: Name) -> None:
    """Give a person another password, and sign them out everywhere. It is asked for, or read from the input."""
    with installation() as at:
        user = _known(at, name)
        change_password(user, _password(), at)
    typer.echo(f"The new password of {user.name} counts from now on.")


@users.command("shut-out")
def shut_out_command(name: Name) -> None:
    """Keep a person out, who is signed out everywhere. What they did stays theirs."""
    with installation() as at:
        user = _known(at, name)
        with at.database.write() as transaction:
            update_user(transaction, replace(user, disabled_at=at.clock()))
            end_sessions_of(transaction, user)
    typer.echo(f"{user.name} is shut out.")


def _known(at: Installation, name: str) -> User:
    with at.database.read() as transaction:
        found = find_by_name(transaction, name)
    if found is None:
        raise KolliError(f"Nobody signs in as {name!r}. See `kolli users list`.")
    return found[0]


def _password() -> str:
    stdin = typer.get_text_stream("stdin")
    if stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return stdin.readline().rstrip("\n")
