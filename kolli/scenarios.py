"""What is to go wrong on purpose when integrators test: the one table of scenarios, and how their names are read.

A scenario is chosen by a header of the request, by the end of an order number (`ORDER-1~timeout-after`), or beforehand
for requests to come. None ever acts on a contract that is marked live.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, get_args

from kolli.errors import Invalid

Kind = Literal["label", "later", "cancel", "document", "order", "other"]
"""Kinds of requests, as far as scenarios tell them apart: those answered with a label file, those whose label is made
in the background, cancellations, downloads of documents, reading one order, and everything else."""

KINDS: Mapping[Kind, str] = {
    "label": "labels at once",
    "later": "labels in the background",
    "cancel": "cancellations",
    "document": "downloads of documents",
    "order": "reading one order",
    "other": "all other requests",
}

ANY: tuple[Kind, ...] = get_args(Kind)
SHIPPING: tuple[Kind, ...] = ("label", "later")

_PASSING = frozenset(
    {"timeout-before", "timeout-after", "busy", "limit", "http", "truncate", "garbage-pdf", "partial", "carrier"}
)

Bought = Literal["yes", "no", "in part", "as usual"]


@dataclass(frozen=True)
class Row:
    """One scenario: what happens, what a client should do, and whether the label of a shipping request is paid for.

    `kinds` are the requests that it means something for; what waits for requests to come is meant for the first of
    them, unless it means something for all. `example` is the parameter that follows the name, if it takes one: `8s` is
    a time up to `most`, and `2` a number up to it.
    """

    name: str
    what: str
    advice: str
    kinds: tuple[Kind, ...] = SHIPPING
    bought: Bought = "as usual"
    example: str = ""
    most: timedelta | int = 0

    @property
    def passes(self) -> bool:
        """Whether it acts on an order once only, when it stands at the end of its number, so that a retry succeeds."""
        return self.family in _PASSING

    @property
    def family(self) -> str:
        """The first part of the name, by which an order number is known to end in a scenario."""
        return self.name.partition(":")[0]

    @property
    def usage(self) -> str:
        """The name with its parameter, if it takes one."""
        return f"{self.name}:{self.example}" if self.example else self.name


_LOOK = "Ask again with the same Idempotency-Key or for the same order: that finds the label, and buys none."
_AGAIN = "Ask again: nothing was bought."
_MEND = "Show the sentence to a person, who corrects the field that is pointed to."

_ROWS = (
    Row("ok", "Nothing goes wrong, whatever the order number or what waits for the account says.", "Go on.", ANY),
    Row("slow", "The answer comes that much later.", "Wait for it, or hang up and ask again.", ANY, "yes", "8s",
        timedelta(minutes=2)),
    Row("timeout-before", "The connection to the carrier dies before it has heard of the shipment.",
        "Ask again: once it is known that nothing was bought, there will be a label.", bought="no"),
    Row("timeout-after", "The carrier books, and the connection to it dies before it has answered.", _LOOK,
        bought="yes"),
    Row("reject:address", "The carrier does not know the address.", _MEND, bought="no"),
    Row("reject:weight", "The carrier finds the parcel too heavy.", _MEND, bought="no"),
    Row("reject:hs", "The carrier does not know the HS code.", _MEND, bought="no"),
    Row("reject:point", "The carrier says that the service point is closed.", _MEND, bought="no"),
    Row("reject:contract", "The carrier says that the contract has ended.", _MEND, bought="no"),
    Row("order-late", "The order is not found (404) until it is that old.",
        "Ask again in a moment: a new order may need one before it can be shipped.", (*SHIPPING, "order"), "no", "5s",
        timedelta(hours=1)),
    Row("busy", "We are still processing a previous request (400).", "Ask again in a moment.", ANY, "no"),
    Row("limit", "Too many requests (429), for every request of the account until the minute is over.",
        "Wait as long as Retry-After says, then ask again.", ANY, "no"),
    Row("http:500", "The work is done, and the answer is an error (500).", _LOOK, ANY, "yes"),
    Row("http:502-html", "The work is done, and a gateway answers with a page of HTML (502).", _LOOK, ANY, "yes"),
    Row("truncate", "The work is done, and the connection ends in the middle of the answer.", _LOOK, ANY, "yes"),
    Row("garbage-pdf", "The label file, or the document, is a page of HTML whatever its type says.",
        "See that a PDF begins with %PDF. Fetch the document again.", ("label", "document"), "yes"),
    Row("partial", "The carrier books the parcels before this one, and fails at it.",
        "Ask again: what was booked is taken back, and all parcels are booked anew.", bought="in part", example="2",
        most=50),
    Row("hook:twice", "Every webhook about the shipment is sent twice, with the same webhook-id.",
        "Do nothing about a webhook-id that is known already.", bought="yes"),
    Row("hook:shuffle", "Every second webhook about the shipment comes a quarter of a minute late, behind newer ones.",
        "Keep the status with the later timestamp.", bought="yes"),
    Row("hook:late", "Every webhook about the shipment comes that much later.",
        "Do not wait for webhooks only: look at the shipment from time to time.", bought="yes", example="1h",
        most=timedelta(days=7)),
    Row("hook:none", "No webhook about the shipment is ever sent.",
        "Do not wait for webhooks only: look at the shipment from time to time.", bought="yes"),
    Row("hook:badsig", "The first try of every webhook about the shipment has a wrong signature.",
        "Refuse it with 401. It is sent again, signed well.", bought="yes"),
    Row("track:delivered", "The parcel lives fast: a day takes ten seconds. It is delivered.",
        "Follow the parcel's status.", bought="yes"),
    Row("track:service-point", "The parcel lives fast, and is collected at a service point.",
        "Follow the parcel's status.", bought="yes"),
    Row("track:returned", "The parcel lives fast, is refused, and comes back.",
        "Refund, or ship again with a new order.", bought="yes"),
    Row("track:lost", "The parcel lives fast, and is lost.", "Tell a person.", bought="yes"),
    Row("track:stuck", "The parcel lives fast, and stays at the sorting centre.",
        "Notice a parcel without news for days.", bought="yes"),
    Row("cancel:late", "It is too late to cancel (409).", "Stop the parcel by other means; it will be delivered.",
        ("cancel", *SHIPPING), "yes"),
    Row("cancel:async", "The carrier cannot say yet (202), and agrees some seconds later.",
        "Look at the shipment until it is cancelled.", ("cancel", *SHIPPING), "yes"),
    Row("cancel:refused", "The carrier does not take the shipment back (409).",
        "Tell a person: the label stays valid, and paid for.", ("cancel", *SHIPPING), "yes"),
    Row("numbers:last", "There is a label, with the last number: the next one of the contract gets numbers:none.",
        "Order a new range of numbers before the last one is used.", bought="yes"),
    Row("numbers:none", "The number range of the contract is used up (400).",
        "Tell a person, who gives the contract a new range.", bought="no"),
    Row("carrier:html", "The carrier books, and answers us with a page of HTML.", _LOOK, bought="yes"),
    Row("carrier:half", "The carrier books, and its answer ends in the middle.", _LOOK, bought="yes"),
    Row("carrier:pdf", "The carrier books, and sends us half a PDF as the label.", _LOOK, bought="yes"),
    Row("carrier:huge", "The carrier books, and its answer does not end.", _LOOK, bought="yes"),
    Row("carrier:number", "The carrier books, and gives numbers that no barcode can hold.", _LOOK, bought="yes"),
    Row("carrier:count", "The carrier books, and gives a number too few.", _LOOK, bought="yes"),
)  # fmt: skip

SCENARIOS: Mapping[str, Row] = {row.name: row for row in _ROWS}
"""Every scenario there is, by its name without a parameter."""

FAMILIES = frozenset(row.family for row in _ROWS)

_AT_THE_END = re.compile(r"~([a-z][a-z-]*)((?::[^~]*)?)$")
_TIME = re.compile(r"([0-9]{1,7})(ms|s|m|h)")
_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours"}
_NUMBER = re.compile("[0-9]{1,4}")


@dataclass(frozen=True)
class Scenario:
    """One scenario with its parameter, as somebody has asked for it."""

    row: Row
    parameter: str = ""

    @property
    def name(self) -> str:
        """What it is asked for by, and marked with: `slow:8s`."""
        return f"{self.row.name}:{self.parameter}" if self.parameter else self.row.name

    @property
    def delay(self) -> timedelta:
        """The time that it takes as a parameter; none for others."""
        found = _TIME.fullmatch(self.parameter)
        return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta(0)

    @property
    def number(self) -> int:
        """The number that it takes as a parameter; 0 for others."""
        return int(self.parameter) if _NUMBER.fullmatch(self.parameter) else 0

    def is_for(self, kind: Kind) -> bool:
        """Whether it means something for requests of this kind."""
        return kind in self.row.kinds

    def waits_for(self, kind: Kind) -> bool:
        """Whether it acts on a request of this kind when nobody has said which request it waits for."""
        kinds = self.row.kinds
        if kinds == ANY or (kinds[0] in SHIPPING and kind in SHIPPING):
            return kind in kinds
        return kind == kinds[0]


def parse(text: str) -> Scenario:
    """The scenario of this name; Invalid, with all there are, when there is none."""
    scenario = _parsed(text)
    if scenario is None:
        meant = SCENARIOS.get(text) or SCENARIOS.get(text.rpartition(":")[0])
        limit = f"{_limit(meant)} " if meant and meant.example else ""
        raise Invalid(f"There is no scenario {text[:60]!r}. {limit}{_listed(_ROWS)}")
    return scenario


def at_the_end_of(order_number: str) -> Scenario | None:
    """The scenario that an order number ends in. One of a kind that we know nothing of is an ordinary number.

    Invalid when the kind is known and the rest is not: somebody wanted a scenario and mistyped it.
    """
    found = _AT_THE_END.search(order_number)
    if found is None or found[1] not in FAMILIES:
        return None
    scenario = _parsed(found[1] + found[2])
    if scenario is None:
        family = [row for row in _ROWS if row.family == found[1]]
        raise Invalid(
            f"The order number ends in {found[0][:60]!r}, which is no scenario. {_listed(family)}", field="order_number"
        )
    return scenario


def names_of(kinds: Sequence[Kind]) -> str:
    """Kinds of requests, as people read them."""
    return "all requests" if tuple(kinds) == ANY else ", ".join(KINDS[kind] for kind in kinds)


def _parsed(text: str) -> Scenario | None:
    row = SCENARIOS.get(text)
    if row is not None:
        return None if row.example else Scenario(row)
    name, _, parameter = text.rpartition(":")
    row = SCENARIOS.get(name)
    if row is None or not row.example:
        return None
    scenario = Scenario(row, parameter)
    if isinstance(row.most, timedelta):
        return scenario if timedelta(0) < scenario.delay <= row.most else None
    return scenario if 2 <= scenario.number <= row.most else None


def _listed(rows: Sequence[Row]) -> str:
    limits = [f" {_limit(row)}" for row in rows if row.example and len(rows) < len(_ROWS)]
    return f"There are: {', '.join(row.usage for row in rows)}.{''.join(limits)}"


def _limit(row: Row) -> str:
    """What its parameter can be."""
    if isinstance(row.most, timedelta):
        return f"{row.name} takes a time of at most {int(row.most.total_seconds())}s, such as {row.usage}."
    return f"{row.name} takes a number from 2 to {row.most}, such as {row.usage}."
