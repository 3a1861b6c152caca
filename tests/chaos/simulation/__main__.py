"""Runs seeds by hand: python -m tests.chaos.simulation SEED [HOW MANY]."""

import logging
import sys
import time
from collections import Counter

from tests.chaos.simulation.simulation import run

MOST_TOLD = 3
"""Broken seeds that are told of at length."""


def tell(what: object) -> None:
    """Says it at once."""
    print(what, flush=True)  # noqa: T201 - for whoever runs it by hand


def main(first: int, many: int) -> int:
    """Runs the seeds, tells of each that breaks a promise, and how often what happened."""
    logging.basicConfig(format="      %(levelname)s %(message)s")
    counts: Counter[str] = Counter()
    broken = fingerprint = 0
    began, used = time.perf_counter(), time.process_time()
    for seed in range(first, first + many):
        outcome = run(seed, is_logged=many == 1)
        counts += outcome.counts
        fingerprint = fingerprint * 31 + outcome.fingerprint & 0xFFFF_FFFF
        if outcome.failure or many == 1:
            tell(outcome if broken < MOST_TOLD else f"Seed {seed}: {outcome.failure}")
        broken += bool(outcome.failure)
    for name, count in sorted(counts.items()):
        tell(f"{count:8} {name}")
    seconds, used = time.perf_counter() - began, time.process_time() - used
    tell(f"{many} seeds, {broken} broken, {seconds / many * 1000:.1f} ms a seed ({used / many * 1000:.1f} ms CPU)")
    tell(f"Fingerprint of all steps: {fingerprint:08x}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
