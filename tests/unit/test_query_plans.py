"""SQLite finds what it is asked for by an index, without statistics and however much the account has."""

from typing import Any

import pytest
from sqlalchemy import Executable, event

from kolli.printing import queries as printing
from kolli.shipments import foreign_parcels, queries, tracked
from tests.factories import a_database


def plan_of(statement: Executable, **values: Any) -> list[str]:
    """The steps that SQLite would take."""
    asked: list[tuple[str, Any]] = []
    with a_database().read() as transaction:
        event.listen(transaction, "before_cursor_execute", lambda *heard: asked.append((heard[2], heard[3])))
        transaction.execute(statement, values)
        text, sent = asked[0]
        return [row[3] for row in transaction.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", sent)]


@pytest.mark.parametrize(
    ("statement", "values", "index"),
    [
        pytest.param(tracked._BY_NUMBERS, {"account_id": 1, "keys": ["3s1", "3s2"]}, "tracking_key=?", id="parcels"),
        pytest.param(printing._NEXT, {"account_id": 1, "printer_id": 2}, "printer_id=? AND state=?", id="next job"),
        pytest.param(printing._OPEN, {"account_id": 1, "printer_id": 2}, "printer_id=? AND state=?", id="open job"),
        pytest.param(foreign_parcels._BY_NUMBERS, {"account_id": 1, "keys": ["3s1"]}, "tracking_key=?", id="foreign"),
        pytest.param(
            queries._STATUS,
            {"account": 1, "shipment": "s-1", "new_status": "CANCELLED", "at": "2026-01-01"},
            "shipment_id=?",
            id="status",
        ),
        pytest.param(printing._IN_DOUBT, {"account": 1, "job": 1}, "job_id=?", id="in doubt"),
    ],
)
def test_a_statement_finds_its_rows_without_reading_all_that_the_account_has(
    statement: Executable, values: dict[str, Any], index: str
) -> None:
    steps = plan_of(statement, **values)
    assert any(index in step for step in steps), steps
    assert not any("SCAN" in step or "(account_id=?)" in step for step in steps), steps
