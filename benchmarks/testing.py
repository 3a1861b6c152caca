"""How long a test waits for its label server: the first one of a process with all that is imported, and the next."""

import statistics
import subprocess
import sys
from collections.abc import Iterator

from benchmarks import Row

PROGRAM = """
import time
begun = time.perf_counter()
from kolli.testing import serving_labels

def started_and_stopped():
    began = time.perf_counter()
    with serving_labels():
        ready = time.perf_counter()
    return ready, ready - began, time.perf_counter() - ready

ready, _, _ = started_and_stopped()
more = [started_and_stopped()[1:] for _ in range(10)]
print(ready - begun, sorted(start for start, _ in more)[5], sorted(stop for _, stop in more)[5])
"""

PROCESSES = 5
BARS = {"first of a process, with imports": 1000.0, "next, start": 100.0}


def measure() -> Iterator[Row]:
    """The medians of some processes."""
    figures = [_figures() for _ in range(PROCESSES)]
    names = ("first of a process, with imports", "next, start", "next, stop")
    for name, seconds in zip(names, zip(*figures, strict=True), strict=True):
        yield Row(f"server for tests: {name}", statistics.median(seconds) * 1000, "ms", BARS.get(name))


def _figures() -> tuple[float, ...]:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    return tuple(map(float, ended.stdout.split()))
