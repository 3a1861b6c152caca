"""A server that is killed while it ships a batch: every order gets one label, and each is accounted for in the end."""

import time
from collections import Counter
from contextlib import closing
from random import Random

import pytest

from kolli.account.accounts import list_accounts
from kolli.app import build, open_database
from kolli.carriers.sandbox import LEDGER, Fault, Ledger
from kolli.cli.common import caller
from kolli.operations.batches import BatchChoice, make_batch, resume_batch
from kolli.operations.import_orders import import_orders
from kolli.orders.batches import ItemState, count_items, list_items
from kolli.settings import Settings
from tests.chaos.comparison import bought_twice
from tests.chaos.processes import serving, wait_until
from tests.chaos.purchases import a_numbered_order, ledger_of
from tests.chaos.sizes import SEED
from tests.end_to_end.processes import prepared

ORDERS = 80
KILLS = 8
PATIENCE_SECONDS = 90


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


class Table:
    """What a person at the panel does and sees, beside the server, on the same database."""

    def __init__(self, data):
        self.database = open_database(Settings(data=data))
        with self.database.read() as transaction:
            (account,) = list_accounts(transaction)
        self.context = caller(build(Settings(data=data), self.database), account)
        orders = [a_numbered_order(number) for number in range(ORDERS)]
        order_pks = import_orders(orders, self.context).order_pks
        self.batch = make_batch(order_pks, BatchChoice(), "one-form", "Femke", self.context)

    def progress(self):
        with self.database.read() as transaction:
            return count_items(transaction, self.context.account_id, [self.batch.id])[self.batch.id]

    def items(self):
        with self.database.read() as transaction:
            return list_items(transaction, self.context.account_id, self.batch.id, 1, ORDERS + 1)


@pytest.mark.slow
@pytest.mark.parametrize("has_faults", [False, True], ids=["a carrier that works", "a carrier that fails now and then"])
def test_a_batch_whose_server_is_killed_again_and_again_ships_every_order_once(data, has_faults):
    seeded = Random(SEED)
    credentials = prepared(data)
    table = Table(data)

    with serving(data, credentials) as server, closing(Ledger(data / LEDGER)) as ledger:
        for _ in range(KILLS):
            if has_faults:
                ledger.fail_next(seeded.choice(list(Fault)), times=2)
            time.sleep(seeded.uniform(0.02, 0.3))
            server.kill()
            server.start()
        while ledger.next_fault():
            pass
        wait_until(lambda: table.progress().is_over, "the batch to be over", PATIENCE_SECONDS)
        resume_batch(table.batch.id, table.context)
        wait_until(lambda: table.progress().is_over, "what has failed to be shipped", PATIENCE_SECONDS)

    items = table.items()
    booked = Counter(entry.order_number for entry in ledger_of(data) if not entry.is_cancelled)
    assert list(bought_twice(ledger_of(data))) == []
    assert [item.note.message for item in items if item.state is not ItemState.SHIPPED] == []
    assert booked == Counter(f"N-{number}" for number in range(ORDERS))
