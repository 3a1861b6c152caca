"""Whatever happens at whichever step of a purchase, it gives one booking, which the client finds.

Every border that a request crosses, times every fault, times every kind of purchase, with and without a key: each cell
is a server of its own, which dies, breaks, hangs or runs out of disk exactly there, while a client tries until it has
its label.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree
from typing import NamedTuple

import pytest

from kolli.demo import Credentials
from kolli.room import ROOM
from tests.chaos.doomed import CROSSED, FULL, HANGING, Doom, Fault
from tests.chaos.processes import GONE, Server, serving, wait_until
from tests.chaos.purchases import (
    Purchase,
    Told,
    a_numbered_order,
    announcement,
    label_sync,
    labels_async,
    mistakes,
    scanned,
    settled,
    shipment_of,
    tell,
)
from tests.chaos.results import record
from tests.end_to_end.processes import prepared

ONE, FIVE_LATER, FIVE = label_sync(1), labels_async(1), announcement(1)
PURCHASES = [ONE, FIVE_LATER, FIVE]
KEYS = {"with a key": "the-key", "without a key": None}
SIGNS = {Fault.HANG: HANGING, Fault.FULL: FULL}

LAST = "after the answer"

SHORT_PATIENCE_SECONDS = 0.2
"""How long a client waits for a server that hangs."""


class Shop(NamedTuple):
    """A folder with an order that nobody has shipped."""

    data: Path
    credentials: Credentials


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Shop:
    data = tmp_path_factory.mktemp("shop") / "data"
    credentials = prepared(data)
    with serving(data, credentials) as server:
        assert server.ask("POST", "/api/v3/orders", [a_numbered_order(1)]).status == 201
        server.stop()
    return Shop(data, credentials)


def bought(shop: Shop, folder: Path, purchase: Purchase, key: str | None, doom: Doom) -> list[str]:
    """One cell: a purchase under its doom, until the client has its label. Gives everything that is wrong then."""
    data = copied(shop, folder)
    with serving(data, shop.credentials, doom) as server:
        try:
            try_first(server, purchase, key, doom)
            told = tell(purchase, server, key=key)
        except AssertionError as error:
            return [str(error)]
        found = [*mistakes(purchase, told, data), *differs(server, purchase, told, key)]
        parcel_id, number = told.parcels[-1]
        if doom.fault is Fault.KILL and number not in (seen := scanned(server, parcel_id)):  # a sample
            found.append(f"the label of {number} says {seen}")
    if doom.border not in crossed(folder):
        found.append(f"never came to {doom.border}")
    return found


def copied(shop: Shop, folder: Path) -> Path:
    """The shop's data once more; its room for carriers' answers is allocated faster than copied."""
    return copytree(shop.data, folder / "data", ignore=ignore_patterns(ROOM))


def try_first(server: Server, purchase: Purchase, key: str | None, doom: Doom) -> None:
    """What the client does while the fault lasts. From a server that hangs it goes away, and comes back."""
    sign = server.data.parent / SIGNS[doom.fault] if doom.fault in SIGNS else None
    with suppress(*GONE), server.asking("POST", purchase.path, purchase.body, key=key) as connection:
        if sign and sign.name == HANGING:
            wait_until(sign.exists, "the server to hang")
        else:
            connection.getresponse().read()
    if sign:
        wait_until(sign.exists, f"{sign.name} at {doom}")
        with suppress(*GONE):
            server.ask("POST", purchase.path, purchase.body, key=key, timeout_seconds=SHORT_PATIENCE_SECONDS)
        sign.unlink()


def differs(server: Server, purchase: Purchase, told: Told, key: str | None) -> Iterator[str]:
    """What is wrong with the answers to one more request: with a key, they are the same bytes; without, no label."""
    again = server.ask("POST", purchase.path, purchase.body, key=key)
    if key is None:
        if again.status == 201:
            yield f"another label: {again}"
    elif (again.status, again.body) != (told.answer.status, told.answer.body):
        yield f"{again} after {told.answer}"
    elif again.headers.get("idempotent-replayed") != "true":
        yield f"not replayed: {again.headers}"


def crossed(folder: Path) -> list[str]:
    """The borders in the order in which they were crossed."""
    return (folder / CROSSED).read_text("utf-8").splitlines()


def borders_of(shop: Shop, folder: Path, purchase: Purchase, key: str | None) -> list[str]:
    """The borders of a purchase to which nothing happens, until its labels are there."""
    with serving(copied(shop, folder), shop.credentials) as server:
        shipment_id = shipment_of(server.ask("POST", purchase.path, purchase.body, key=key))
        assert shipment_id is not None
        assert settled(server, shipment_id) is not None
        wait_until(lambda: LAST in crossed(folder) and is_whole(crossed(folder)), "the last border")
    return crossed(folder)


def is_whole(borders: list[str]) -> bool:
    """Whether every commit that has begun has ended."""
    begun = [name.removeprefix("before ") for name in borders if name.startswith("before the commit")]
    ended = [name.removeprefix("after ") for name in borders if name.startswith("after the commit")]
    return sorted(begun) == sorted(ended)


def named(value: object) -> str | None:
    return value.name if isinstance(value, Purchase) else None


_COMMITS_OF_A_LABEL = ("sequences.Sequences._reserve", "announce.begin", "outcomes.store", "idempotency._finish")
_COMMITS_OF_A_JOB = (
    "sequences.Sequences._reserve",
    "ship_orders.ship_orders",
    "idempotency._finish",
    "workers._turn",
    "background._announce_queued",
    "workers._turn (2)",
)
_AT_THE_CARRIER = {"before the carrier's call", "after the carrier has booked", "after the carrier's answer"}
_AT_THE_DOOR = {"before the answer", LAST}


@pytest.mark.parametrize(
    ("purchase", "commits"),
    [(ONE, _COMMITS_OF_A_LABEL), (FIVE_LATER, _COMMITS_OF_A_JOB), (FIVE, _COMMITS_OF_A_LABEL)],
    ids=named,
)
def test_these_are_the_borders_of_a_purchase(shop, tmp_path, purchase, commits):
    """Whoever adds a commit to the way of a label finds it here, and in the matrix without doing anything."""
    found = borders_of(shop, tmp_path, purchase, "the-key")

    around = {f"{when} the commit of {commit}" for when in ("before", "after") for commit in commits}
    assert set(found) == around | _AT_THE_CARRIER | _AT_THE_DOOR
    assert len(found) == len(set(found))


@pytest.mark.slow
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("purchase", PURCHASES, ids=named)
def test_whatever_happens_at_whichever_step_a_purchase_gives_one_label(shop, tmp_path, purchase, fault):
    begin = time.monotonic()
    found: dict[str, list[list[str]]] = {}
    for name, key in KEYS.items():
        for number, border in enumerate(borders_of(shop, tmp_path / name, purchase, key)):
            folder = tmp_path / f"{number} {name}"
            wrong = bought(shop, folder, purchase, key, Doom(border, fault))
            found.setdefault(border, []).append(wrong)
            if not wrong:
                rmtree(folder)
    for border, cells in found.items():
        said = f"{sum(not wrong for wrong in cells)} of {len(cells)}"
        record(f"Crash matrix: {purchase.name}", border, **{each: said if each is fault else None for each in Fault})
    record(
        "Crash matrix",
        f"{purchase.name}, {fault}",
        cells=sum(map(len, found.values())),
        wrong=sum(bool(wrong) for cells in found.values() for wrong in cells),
        seconds=round(time.monotonic() - begin, 1),
    )

    assert {border: cells for border, cells in found.items() if any(cells)} == {}
