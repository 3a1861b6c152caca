"""`kolli rules replay`: what would be otherwise with these rules, over what was shipped already."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, TextIO

import typer
from sqlalchemy import Connection

from kolli.cli.common import AccountOption, caller, choose_account, installation
from kolli.cli.options import refuse
from kolli.errors import KolliError
from kolli.operations.context import Context
from kolli.operations.known import known_to
from kolli.operations.replay import Replayed, Report, replay
from kolli.rules.engine import CompiledRules, compile_rules
from kolli.rules.rules_csv import read_rules
from kolli.tables import write_table

MOST_SHOWN = 50
"""Differences that are shown; the file has all of them."""

OFTEN = 200

COLUMNS = ("shipment_id", "order_number", "field", "was", "would_be", "error")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        told = f"{text!r} is not a day. Write it as 2026-11-24, or with the time as 2026-11-24T12:00:00."
        raise typer.BadParameter(told) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def replay_command(
    since: Annotated[
        datetime, typer.Option(metavar="DATE", parser=_moment, help="From which day on, in UTC: 2026-11-24.")
    ],
    rules: Annotated[Path | None, typer.Option(help="Rules from a CSV file, in place of the account's.")] = None,
    to_file: Annotated[Path | None, typer.Option("--csv", help="A CSV file to write every difference to.")] = None,
    account: AccountOption = None,
) -> None:
    """Tell what rules would change about past orders.

    They run over every shipment of an order since that day. Nothing is changed. Requests and defaults count as they
    were when a shipment was decided; prices are today's.
    """
    told = _Told(Report(), has_file=to_file is not None)
    with installation() as here, _file(to_file) as file:
        context = caller(here, choose_account(here, account))
        with here.database.read() as transaction:
            compiled = _compiled(transaction, rules, context) if rules else None
        rows = told.rows(replay(since, context, compiled))
        if file is not None:
            write_table(file, COLUMNS, rows)
        else:
            for _ in rows:
                pass
    told.end()


class _Told:
    """What is told at a terminal while shipments go by: the first differences, how far it is, and then the sums."""

    def __init__(self, report: Report, *, has_file: bool) -> None:
        self.report = report
        self.has_file = has_file
        self.count = 0

    def rows(self, found: Iterable[Replayed]) -> Iterator[Mapping[str, str]]:
        """Every difference, as a row of the file."""
        for replayed in found:
            self.report.add(replayed)
            for row in _rows(replayed):
                self.count += 1
                if self.count <= MOST_SHOWN:
                    typer.echo(_line(row))
                yield row
            if self.report.shipments % OFTEN == 0:
                typer.echo(f"\r{self.report.shipments} shipments", err=True, nl=False)

    def end(self) -> None:
        """The sums."""
        if self.report.shipments >= OFTEN:
            typer.echo(f"\r{self.report.shipments} shipments", err=True)
        if self.count > MOST_SHOWN:
            where = "." if self.has_file else "; --csv FILE has all of them."
            typer.echo(f"… and {self.count - MOST_SHOWN} more{where}")
        for line in _summary(self.report):
            typer.echo(line)


@contextmanager
def _file(path: Path | None) -> Iterator[TextIO | None]:
    if path is None:
        yield None
        return
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise KolliError(f"{error.filename}: {error.strerror}.") from error


def _compiled(transaction: Connection, path: Path, context: Context) -> CompiledRules:
    catalogue = context.installation.configurations.of(transaction, context.account_id).catalogue
    read = read_rules(path, known_to(transaction, context.account_id, catalogue))
    refuse(read.mistakes)
    return compile_rules(read.rules)


def _rows(replayed: Replayed) -> Iterator[Mapping[str, str]]:
    head = {"shipment_id": replayed.shipment_id, "order_number": replayed.order_number}
    for change in replayed.changes:
        yield {**head, "field": change.field, "was": change.before or "", "would_be": change.after or ""}
    if replayed.error is not None:
        yield {**head, "field": replayed.error.field or "", "error": replayed.error.message}


def _line(row: Mapping[str, str]) -> str:
    if "error" in row:
        return f"{row['order_number']}: would fail: {row['error']}"
    return f"{row['order_number']}: {row['field']}: {row['was'] or '-'} → {row['would_be'] or '-'}"


def _summary(report: Report) -> Iterator[str]:
    yield (
        f"{report.shipments} shipments: {report.different} would be otherwise, {report.failing} would fail,"
        f" {report.shipments - report.different - report.failing} would be the same."
    )
    for name, count in report.fields.most_common():
        yield f"  {name}: {count}"
    for currency in sorted(report.cost.keys() | report.would_cost.keys()):
        was, now = (sums.get(currency, Decimal(0)) for sums in (report.cost, report.would_cost))
        yield f"  Cost at today's rates: {was:.2f} {currency}, would be {now:.2f} {currency} ({now - was:+.2f})."
    if report.without_price:
        yield f"  Without a price: {report.without_price} of those that would be otherwise."
