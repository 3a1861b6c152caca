"""What can be said about a shipping option: the functionalities of the API, by name, with the values each can have.

Source: the API's Shipping Options section, `carrier-shipping-functionalities`, and its examples, which have two names
more (2026-07).
"""

import re
from collections.abc import Mapping

Functionality = bool | int | str | None
"""A flag, a number or a word; None where it is not known, or does not apply."""

FLAGS = frozenset(
    {
        "b2b", "b2c", "boxable", "bulky_goods", "carrier_insurance", "dangerous_goods", "direct_contract_only",
        "eco_delivery", "ers", "flex_delivery", "fragile_goods", "fresh_goods", "harmonized_label", "id_check",
        "labelless", "manually", "multicollo", "neighbor_delivery", "non_conveyable", "personalized_delivery",
        "pick_up", "premium", "registered_delivery", "returns", "signature", "sorted", "surcharge", "tracked", "tyres",
    }
)  # fmt: skip
"""Those that an option has or has not."""

NUMBERS = frozenset({"age_check", "cash_on_delivery", "customs_value_limit", "delivery_attempts", "insurance"})
"""Those that are an age, an amount or a count."""

WORDS: Mapping[str, tuple[str, ...]] = {
    "carrier_billing_type": ("country", "zonal"),
    "delivery_deadline": ("best_effort", "sameday", "nextday", "within_24h", "within_48h", "within_72h"),
    "first_mile": ("pickup", "dropoff", "pickup_dropoff", "fulfilment"),
    "form_factor": ("letter", "parcel", "mailbox", "pallet", "long"),
    "incoterm": ("dap", "ddp", "ddu", "dap_np", "dap_dp"),
    "last_mile": ("home_delivery", "service_point", "mailbox", "locker", "locker_or_service_point"),
    "priority": ("economical", "standard", "priority", "express"),
    "segment": ("a+", "a", "b", "c", "d"),
    "service_area": ("domestic", "domestic_remote", "international"),
    "size": ("xs", "s", "m", "l", "xl", "xxl"),
    "weekend_delivery": ("saturday", "sunday", "weekends"),
}
"""Those that are one of some words."""

TIMES = frozenset({"delivery_before"})
"""Those that are a time of day, as in `1200`."""

AGES = (16, 18)

_TIME = re.compile("([01][0-9]|2[0-3])[0-5][0-9]")

NOTHING_DECLARED: Mapping[str, Functionality] = {
    name: False if name in FLAGS else None for name in sorted(FLAGS | NUMBERS | WORDS.keys() | TIMES)
}
"""Every functionality there is, as an option has it that declares none."""


def problem_with(name: str, value: Functionality) -> str | None:
    """Why a functionality cannot have this value, as a sentence; None when it can."""
    if name not in NOTHING_DECLARED:
        return f"There is no functionality {name!r}."
    if name in FLAGS:
        fits, possible = isinstance(value, bool), "true or false"
    elif value is None:
        return None
    elif name == "age_check":
        fits, possible = value in AGES and not isinstance(value, bool), "16, 18 or nothing"
    elif name in NUMBERS:
        fits, possible = isinstance(value, int) and not isinstance(value, bool) and value >= 0, "a whole number"
    elif name in TIMES:
        fits, possible = isinstance(value, str) and bool(_TIME.fullmatch(value)), "a time such as 1200"
    else:
        fits, possible = value in WORDS[name], " or ".join(WORDS[name])
    return None if fits else f"{name} is {possible}, not {value!r}."


def completed(declared: Mapping[str, Functionality]) -> dict[str, Functionality]:
    """Every functionality, with the declared ones as they are declared; ValueError when one cannot be so."""
    problems = [found for name, value in declared.items() if (found := problem_with(name, value))]
    if problems:
        raise ValueError(" ".join(problems))
    return {**NOTHING_DECLARED, **declared}
