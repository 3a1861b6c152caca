"""`kolli webhooks`: what was sent to receivers, sending it again, trying them out, and the key that signs."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from kolli.account.accounts import Account
from kolli.account.integrations import (
    Integration,
    list_integrations,
    sealed_signature_key,
    signature_key_of,
    update_integration,
)
from kolli.cli.common import choose_account, installation
from kolli.errors import Conflict, KolliError
from kolli.operations.context import Installation
from kolli.operations.deliver import replay, replay_all, send_test
from kolli.webhooks.deliveries import Filters, Receiver, State, list_deliveries
from kolli.webhooks.signing import check_key, standard_secret

webhooks = typer.Typer(help="What receivers of webhooks are told.", no_args_is_help=True, rich_markup_mode=None)

AccountOption = Annotated[
    int | None, typer.Option("--account", help="Id of the account; not needed when there is only one.")
]
IntegrationOption = Annotated[int | None, typer.Option(help="Only what goes to this integration's webhook.")]
SubscriptionOption = Annotated[int | None, typer.Option(help="Only what goes to this event subscription.")]
StateOption = Annotated[State | None, typer.Option(help="Only what is in this state.")]
SinceOption = Annotated[
    str, typer.Option(help="Only what was created then or later: 2026-04-28 or with a time, in UTC.")
]
BeforeOption = Annotated[str, typer.Option(help="Only what was created earlier.")]


@webhooks.command("log")
def log_command(
    *,
    account: AccountOption = None,
    integration: IntegrationOption = None,
    subscription: SubscriptionOption = None,
    state: StateOption = None,
    since: SinceOption = "",
    before: BeforeOption = "",
    most: Annotated[int, typer.Option(min=1, max=10_000, help="How many are shown, the newest first.")] = 50,
) -> None:
    """Show what was sent to whom, and what came of it, newest first."""
    filters = Filters(_receiver(integration, subscription), state, None, _moment(since), _moment(before))
    with installation() as at:
        owner = choose_account(at, account)
        with at.database.read() as transaction:
            found = list_deliveries(transaction, owner.id, filters, None, most, backwards=False)
    for delivery in found:
        answered = "-" if delivery.status_code is None else delivery.status_code
        typer.echo(
            f"{delivery.id}  {delivery.created_at:%Y-%m-%d %H:%M:%S}  {delivery.state:<9}  tried {delivery.tries}x"
            f"  {answered:>3}  {delivery.receiver}  {delivery.event_type}  {_one_line(delivery.answer)}"
        )
    if not found:
        typer.echo("Nothing was sent.")


@webhooks.command("replay")
def replay_command(
    ids: Annotated[list[str] | None, typer.Argument(help="Messages, as `kolli webhooks log` shows them.")] = None,
    *,
    account: AccountOption = None,
    integration: IntegrationOption = None,
    subscription: SubscriptionOption = None,
    state: StateOption = None,
    since: SinceOption = "",
    before: BeforeOption = "",
) -> None:
    """Send messages again, with the same id and bytes: some by their ids, or all of a time.

    A running server sends them, within seconds.
    """
    begin, end = _moment(since), _moment(before)
    if not ids and begin is None:
        raise KolliError("Name messages by their ids, or a time with --since.")
    with installation() as at:
        owner = choose_account(at, account)
        for delivery_id in ids or []:
            try:
                replay(delivery_id, owner.id, at)
                typer.echo(f"{delivery_id}: will be sent again by the running server.")
            except Conflict as error:
                typer.echo(f"{delivery_id}: {error.message}")
        if begin is not None:
            count = replay_all(Filters(_receiver(integration, subscription), state, None, begin, end), owner.id, at)
            typer.echo(f"{count} messages will be sent again.")


@webhooks.command("send-test")
def send_test_command(
    *,
    account: AccountOption = None,
    integration: Annotated[
        int | None, typer.Option(help="Whose webhook is tried; not needed if it is the only one.")
    ] = None,
    subscription: Annotated[int | None, typer.Option(help="Which event subscription is tried instead.")] = None,
) -> None:
    """Send an example to a receiver now. Exits with 1 when it is not received."""
    with installation() as at:
        owner = choose_account(at, account)
        receiver = _receiver(None, subscription) or Receiver("integration", _chosen(at, owner, integration).id)
        result = send_test(receiver, owner.id, at)
    answered = "Not received" if result.status_code is None else f"Answer {result.status_code}"
    typer.echo(f"{answered}: {_one_line(result.answer)}")
    if result.state != "delivered":
        raise typer.Exit(1)


@webhooks.command("sign-with")
def sign_with_command(
    key: Annotated[str, typer.Argument(help="The key; `new` makes one; without it the present one is shown.")] = "",
    *,
    account: AccountOption = None,
    integration: Annotated[int | None, typer.Option(help="Whose webhooks; not needed if it is the only one.")] = None,
) -> None:
    """Set or show the key that signs an integration's webhooks. It is kept encrypted, and shown."""
    with installation() as at:
        owner = choose_account(at, account)
        chosen = _chosen(at, owner, integration)
        if key:
            wanted = secrets.token_hex(32) if key == "new" else key
            check_key(wanted)
            with at.database.write() as transaction:
                chosen = replace(chosen, sealed_signature_key=sealed_signature_key(wanted, at.vault))
                update_integration(transaction, owner.id, chosen, at.clock())
        known = signature_key_of(chosen, at.vault)
    if known is None:
        typer.echo(f"The webhooks of integration {chosen.id} ({chosen.name}) are not signed.")
        return
    typer.echo(f"integration                     {chosen.id} ({chosen.name})")
    typer.echo(f"key                             {known}")
    typer.echo(f"the same for Standard Webhooks  {standard_secret(known)}")


def _receiver(integration: int | None, subscription: int | None) -> Receiver | None:
    if integration is not None and subscription is not None:
        raise KolliError("Name an integration or a subscription, not both.")
    if integration is not None:
        return Receiver("integration", integration)
    return None if subscription is None else Receiver("subscription", subscription)


def _chosen(at: Installation, owner: Account, wanted: int | None) -> Integration:
    with at.database.read() as transaction:
        known = list_integrations(transaction, owner.id)
    chosen = [each for each in known if wanted in {None, each.id}]
    if len(chosen) != 1:
        names = ", ".join(f"{each.id} ({each.name})" for each in known) or "there is none"
        raise KolliError(f"Name one of the integrations with --integration: {names}.")
    return chosen[0]


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise KolliError(f"{text!r} is not a time. Write it as 2026-04-28 or 2026-04-28T12:00:00.") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _one_line(text: str) -> str:
    """The beginning of what somebody else has written, without what a terminal might obey."""
    return "".join(character if character.isprintable() else " " for character in text)[:100]
