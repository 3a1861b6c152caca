"""Rate sheets from CSV files: all rows are checked against options and contracts, then all are stored, or none."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection

from kolli.account.contracts import find_contract
from kolli.account.rates import RateSheet, replace_rate_sheets
from kolli.account.rates_csv import PricedRow, read_rates, sheets_of
from kolli.operations.catalogue import Catalogue
from kolli.operations.context import Installation, Write
from kolli.operations.import_options import Checked


def check_rates(path: Path, account_id: int, installation: Installation, *, allow_gaps: bool) -> Checked[RateSheet]:
    """The rate sheets in a file. Invalid when it is no such table at all."""
    rows, mistakes = read_rates(path)
    with installation.database.read() as transaction:
        catalogue = installation.configurations.of(transaction, account_id).catalogue
        for row in rows:
            _check_row(transaction, account_id, catalogue, row)
    mistakes += [mistake for row in rows for mistake in row.row.mistakes]
    sheets, unfit = sheets_of(rows, allow_gaps=allow_gaps)
    return Checked(sheets, sorted([*mistakes, *unfit], key=lambda mistake: mistake.number))


def store_rates(
    sheets: Sequence[RateSheet], account_id: int, installation: Installation, *, write: Write | None = None
) -> None:
    """Puts the sheets in the place of those of the same options and contracts; others stay.

    `write` opens the transaction, where there is more to do in it.
    """
    numbered = [replace(sheet, id=installation.sequences.take_id()) for sheet in sheets]
    with (write or installation.database.write)() as transaction:
        replace_rate_sheets(transaction, account_id, numbered, installation.clock())


def _check_row(transaction: Connection, account_id: int, catalogue: Catalogue, row: PricedRow) -> None:
    found = catalogue.find_option(row.option_code)
    if found is None:
        row.row.wrong("option", f"There is no shipping option {row.option_code[:100]!r}. See: kolli options list")
    if row.contract_id is None:
        return
    contract = find_contract(transaction, account_id, row.contract_id)
    if contract is None:
        row.row.wrong("contract_id", f"The account has no contract {row.contract_id}.")
    elif found is not None and contract.carrier_code != found[0].code:
        row.row.wrong("contract_id", f"The contract {row.contract_id} is not one with {found[0].name}.")
