"""What has been decided so far about a shipment, step by step, and who is to be named when it comes to nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from kolli.errors import KolliError
from kolli.rules.engine import Outcome
from kolli.rules.explanation import applied_documents
from kolli.rules.model import AppliedRule
from kolli.shipments.model import Step

_WHAT: Mapping[str, str] = {
    "shipping_option_code": "The shipping option",
    "contract_id": "The contract",
    "sender_address_id": "The sender address",
    "insured_value": "The insurance",
    "number_of_parcels": "The number of parcels",
}
"""Field → what it is called in a sentence that says who has chosen it."""

_BESIDE: Mapping[str, tuple[str, ...]] = {
    "insured_value": ("shipping_option_code",),
    "parcels": ("number_of_parcels", "shipping_option_code"),
    "contract_id": ("shipping_option_code",),
}
"""Field of an error → what else may be at fault then, if a rule has chosen it."""


@dataclass
class Record:
    """The steps of a decision, in the order in which they were taken, and the rules that held."""

    steps: list[Step] = field(default_factory=list)
    applied: tuple[AppliedRule, ...] = ()
    holds_against: Literal["countries", "parcels"] | None = None  # the shipping option, at this moment

    def add(self, *steps: Step | None) -> None:
        """Writes down what was decided."""
        self.steps += [step for step in steps if step is not None]

    def add_outcome(self, outcome: Outcome) -> None:
        """Writes down which rules held, and what has become of their actions."""
        self.applied = outcome.applied
        self.add(*outcome.steps)

    def last(self, name: str) -> Step | None:
        """The step that has decided about a field in the end."""
        return next((step for step in reversed(self.steps) if step.field == name and step.before != step.after), None)

    def by_rules(self) -> Iterator[Step]:
        """What rules have changed."""
        return (step for step in self.steps if step.source == "rule" and step.before != step.after)

    def explained(self, error: KolliError) -> KolliError:
        """The same error, saying who has chosen what stands in the way, unless the caller itself has."""
        blamed = [sentence for name in self._suspects(error) if (sentence := self._blames(name, error))]
        message = " ".join([error.message, *blamed])
        rules = applied_documents(self.steps)
        details = {**error.details, "applied_shipping_rules": rules} if rules else error.details
        return type(error)(message, field=error.field, details=details)

    def _suspects(self, error: KolliError) -> tuple[str, ...]:
        name = error.field or ""
        beside = list(_BESIDE.get(name, ()))
        if name == "shipping_option_code" and self.holds_against == "countries":
            beside = ["sender_address_id"]
        elif name == "shipping_option_code" and self.holds_against == "parcels":
            beside = [step.field for step in self.by_rules() if step.field.endswith((".weight", ".dimensions"))]
        return tuple(dict.fromkeys([name, *beside]))

    def _blames(self, name: str, error: KolliError) -> str:
        step = self.last(name)
        if step is None or (step.source != "rule" and name != error.field):
            return ""
        what = _WHAT.get(name, f"{name} is {step.after}: it")
        match step.source:
            case "rule":
                return f"{what} was chosen by the rule {step.rule_name!r}."
            case "order":
                return f"{what} came with the order."
            case "default":
                return f"{what} is the account's default."
            case _:
                return ""
