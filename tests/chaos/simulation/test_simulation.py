"""Ten thousand worlds, each from one seed: whatever dies, jumps, fills up or stays silent, every promise is kept.

More seeds with `make chaos SEEDS=1000000`, other ones with `CHAOS_SEED`. A seed that breaks a promise is printed with
its last steps and with the command that shows it again.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.chaos.results import record
from tests.chaos.simulation.invariants import Watch
from tests.chaos.simulation.simulation import run
from tests.chaos.sizes import SEED, SEEDS

CHUNK = max(250, SEEDS // 400)
"""Seeds in one test: few enough to spread over processors."""

CHUNKS = [range(first, min(first + CHUNK, SEED + SEEDS)) for first in range(SEED, SEED + SEEDS, CHUNK)]

ENOUGH_FOR_ALL = 10_000
"""In so many seeds everything that can happen does."""

HAPPENS = (
    *(f"process: {what}" for what in ("killed", "does not renew its leases", "could not start")),
    *(f"clock: set {where}" for where in ("forward", "back")),
    *(f"disk: {what}" for what in ("full for a while", "a transaction met a full one")),
    "lease: taken by another process",
    *(f"key: {what}" for what in ("answered", "replayed", "resumed")),
    *(
        f"client: {what}"
        for what in ("answer lost", "has a label", "told no", "told which label there is", "409", "507")
    ),
    *(f"order: {what}" for what in ("edited", "deleted")),
    *(f"cancellation: {what}" for what in ("200", "202", "409", "lost")),
    *(
        f"carrier: {what}"
        for what in ("yes", "refuses", "unavailable", "silent before", "silent after", "late", "slow")
    ),
    *(f"carrier: {what}" for what in ("nonsense", "nonsense, nothing booked", "breaks", "partly", "refused a repeat")),
    "carrier: a late booking arrived",
    "carrier: heard of it late",
    *(f"cancel: {what}" for what in ("yes", "says no", "unavailable", "silent before", "silent after", "slow")),
    *(f"by hand: {what}" for what in ("it exists", "it does not")),
    "look-up",
    "look-up: slow",
    "reserve",
    *(f"step: {what}" for what in (" → intended", " → queued", "queued → intended", "queued → abandoned")),
    *(f"step: intended → {what}" for what in ("stored", "rejected", "abandoned", "unknown", "queued")),
    *(f"step: unknown → {what}" for what in ("stored", "rejected", "abandoned", "queued", "unknown")),
    *(f"step: {what}" for what in ("stored → cancelling", "cancelling → cancelled", "cancelling → stored")),
)
"""What has to have happened in so many seeds; else they say little."""


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """A folder that all processes of a test run have in common."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


def put_together(folder: Path) -> Counter[str] | None:
    """What all chunks have counted, for the one that is ready last; None for the others."""
    files = list(folder.glob("seeds-*.json"))
    if len(files) < len(CHUNKS):
        return None
    try:
        (folder / "seeds-are-complete").touch(exist_ok=False)
    except FileExistsError:
        return None
    return sum((Counter(json.loads(file.read_text(encoding="utf-8"))) for file in files), Counter())


@pytest.mark.slow
@pytest.mark.parametrize("seeds", CHUNKS, ids=lambda seeds: f"{seeds.start}-{seeds.stop - 1}")
def test_no_seed_breaks_a_promise(seeds, shared):
    counts: Counter[str] = Counter()
    began = time.process_time()
    for seed in seeds:
        outcome = run(seed)
        assert not outcome.failure, str(outcome)
        counts += outcome.counts
        counts["steps"] += outcome.steps
    counts["CPU milliseconds"] = int((time.process_time() - began) * 1_000)
    part = shared / f"seeds-{seeds.start}.part"
    part.write_text(json.dumps(counts), encoding="utf-8")
    part.rename(shared / f"seeds-{seeds.start}.json")

    total = put_together(shared)

    if total is not None:
        tell(total)
        if len(CHUNKS) * CHUNK >= ENOUGH_FOR_ALL:
            assert [what for what in HAPPENS if not total[what]] == []


def tell(total: Counter[str]) -> None:
    """The figures of all seeds, and how often what has happened in them."""
    steps, used = total.pop("steps"), total.pop("CPU milliseconds")
    seeds = f"{SEEDS:,} seeds"
    figures = {"seeds": f"{SEED}–{SEED + SEEDS - 1}", "steps": steps, "promises broken": 0}
    record("Simulation", seeds, **figures, **{"CPU a seed": f"{used / SEEDS:.0f} ms"})
    for what, count in sorted(total.items()):
        record("Simulation: what happened", what, **{f"times in {seeds}": count})


def fingerprints(first: int, many: int, hash_seeds: Sequence[str]) -> set[str]:
    """What processes of their own make of seeds: the same for the same steps."""
    command = [sys.executable, "-m", "tests.chaos.simulation", str(first), str(many)]
    processes = [
        subprocess.Popen(command, env={**os.environ, "PYTHONHASHSEED": each}, stdout=subprocess.PIPE, text=True)
        for each in hash_seeds
    ]
    said = [process.communicate()[0] for process in processes]
    return {found for each in said for found in re.findall(r"Fingerprint of all steps: (\w+)", each)}


def test_the_same_seeds_are_the_same_steps_in_every_process():
    assert len(fingerprints(1, 50, hash_seeds=("1", "2"))) == 1


def test_a_seed_alone_is_the_same_as_among_others():
    alone = run(7).fingerprint
    for seed in range(1, 7):
        run(seed)

    assert run(7).fingerprint == alone


def test_other_seeds_are_other_steps():
    assert len({run(seed).fingerprint for seed in range(1, 11)}) == 10


def test_a_broken_promise_is_told_with_its_seed_its_steps_and_how_to_see_it_again(monkeypatch):
    def broken(_: Watch) -> None:
        raise AssertionError("A promise was broken.")

    monkeypatch.setattr(Watch, "_check_moves", broken)

    said = str(run(5))

    assert said.startswith("Seed 5 breaks a promise after ")
    assert "A promise was broken." in said
    assert "p1 starts alone" in said
    assert said.endswith("See it again with: python -m tests.chaos.simulation 5")
