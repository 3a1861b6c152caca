"""How much is tried: as little as a change can wait for, or as much as somebody asks for.

The only place that reads the environment for it. `make chaos KILLS=1000 SEEDS=1000000` sets the variables.
"""

import os


def _number(name: str, usual: int) -> int:
    return int(os.environ.get(name) or usual)


SEEDS = _number("CHAOS_SEEDS", 10_000)
"""Runs of the simulation."""

KILLS = _number("CHAOS_KILLS", 60)
"""How often a server is killed under load."""

ROUNDS = _number("CHAOS_ROUNDS", 1)
"""How many times the usual number of rounds every race is run."""

SEED = _number("CHAOS_SEED", 1)
"""What random choices begin with; another number makes other ones."""
