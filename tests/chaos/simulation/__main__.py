"""Runs seeds by hand: python -m tests.chaos.simulation SEED [HOW MANY]."""

import sys
import time
from collections import Counter

from tests.chaos.simulation.simulation import run


def main() -> int:
    """Runs the seeds, tells of each that breaks a promise, and how often what happened."""
    first, many = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    counts: Counter[str] = Counter()
    broken = 0
    began, used = time.perf_counter(), time.process_time()
    for seed in range(first, first + many):
        outcome = run(seed)
        counts += outcome.counts
        if outcome.failure or many == 1:
            print(outcome if broken < 3 else f"{seed}: {outcome.failure}")  # noqa: T201
        broken += bool(outcome.failure)
    for name, count in sorted(counts.items()):
        print(f"{count:8} {name}")  # noqa: T201
    seconds, used = time.perf_counter() - began, time.process_time() - used
    print(f"{many} seeds, {broken} broken, {seconds / many * 1000:.1f} ms a seed ({used / many * 1000:.1f} ms CPU)")  # noqa: T201
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
