"""What the packing table says to each scan: a colour, a symbol, a sound, one word, a sentence and what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from kolli.account.packings import Entry, Said
from kolli.panel.marking import _
from kolli.shipments.model import Shipment

Tone = Literal["good", "already", "next", "ask", "wrong"]
"""What is seen and heard from afar: done; done before; go on; somebody has to say so; no label."""


@dataclass(frozen=True)
class Look:
    """How one kind of answer looks. Texts name values as `%(name)s`."""

    tone: Tone
    icon: str
    word: str
    sentence: str = ""
    advice: str = ""


@dataclass(frozen=True)
class Answer:
    """What a person reads and hears."""

    entry: Entry
    tone: Tone
    icon: str
    word: str
    sentence: str
    advice: str

    @property
    def spoken(self) -> str:
        """The same for those who listen."""
        parts = (self.word, self.entry.order_number, self.sentence, self.entry.problem, self.advice)
        return ". ".join(part.rstrip(". ") for part in parts if part)


LOOKS: dict[str, Look] = {
    "shipped": Look("good", "check", _("Shipped"), _("The label is printing.")),
    "shipped.unprinted": Look(
        "ask", "print", _("Not printed"), _("The label is made, but it does not print."), _("Print it again below.")
    ),
    "again": Look(
        "already",
        "print",
        _("Already shipped"),
        _("Already shipped at %(shipped_at)s. The label is printed again."),
        _("One of the two labels goes into the bin."),
    ),
    "reprinted": Look("already", "print", _("Printed again"), _("The label is printed again. Nothing was booked.")),
    "shipped.file": Look("good", "check", _("Shipped"), _("The label is ready."), _("Open it with the button below.")),
    "again.file": Look(
        "already",
        "print",
        _("Already shipped"),
        _("Already shipped at %(shipped_at)s."),
        _("Open its label with the button below."),
    ),
    "reprinted.file": Look(
        "already", "print", _("The label again"), _("Nothing was booked."), _("Open it with the button below.")
    ),
    "not_printed": Look("wrong", "print", _("Not printed"), _("The label is there, but it does not print.")),
    "choose": Look(
        "ask", "question", _("Which one?"), _("%(count)s orders have the number %(number)s."), _("Press its number.")
    ),
    "opened": Look(
        "next", "box", _("Box 1"), _("Scan what goes into it."), _("Scan the order once more when all is packed.")
    ),
    "put": Look(
        "next", "plus", _("In box %(box)s"), _("%(item)s: %(count)s of %(total)s."), _("%(left)s left to pack.")
    ),
    "put.complete": Look(
        "good", "check", _("All packed"), _("%(item)s: %(count)s of %(total)s."), _("Scan the order to ship it.")
    ),
    "taken_out": Look("next", "box", _("Taken out"), _("One %(item)s is out of box %(box)s again.")),
    "weighed": Look("next", "check", _("Weight kept"), _("Box %(box)s: %(kilograms)s kg.")),
    "weighed.by_items": Look("next", "check", _("Weight kept"), _("Box %(box)s weighs what is in it.")),
    "next_box": Look("next", "box", _("Box %(box)s"), _("Scan what goes into it.")),
    "into_boxes": Look(
        "next", "box", _("Into boxes"), _("From now on orders are packed into boxes."), _("Scan an order.")
    ),
    "one_box": Look("next", "box", _("One box"), _("From now on a scanned order is shipped at once, in one box.")),
    "stopped": Look(
        "next", "stop", _("Put away"), _("Nothing was shipped, nothing was cancelled."), _("Scan an order.")
    ),
    "not_all": Look(
        "ask",
        "question",
        _("Not all packed"),
        _("%(left)s pieces are in no box."),
        _("Scan the order once more to ship it without them."),
    ),
    "cancel_asked": Look(
        "ask",
        "question",
        _("Cancel the label?"),
        _("Scan CANCEL once more within %(seconds)s seconds."),
        _("Anything else keeps it."),
    ),
    "cancelled": Look(
        "good",
        "check",
        _("Cancelled"),
        _("The label is cancelled."),
        _("Throw it away. The order can be shipped again."),
    ),
    "cancel_later": Look(
        "ask",
        "wait",
        _("Being cancelled"),
        _("The carrier has not said yet whether it takes the label back. It is asked again by itself."),
        _("Do not use the label."),
    ),
    "not_cancelled": Look("wrong", "cross", _("Not cancelled"), "%(reason)s"),
    "label_cancelled": Look(
        "ask",
        "question",
        _("Label was cancelled"),
        _("The label of this order was cancelled at %(cancelled_at)s."),
        _("Scan the order once more to make another label."),
    ),
    "label_void": Look(
        "wrong", "cross", _("Void label"), "%(reason)s.", _("Throw this label away, and scan the order.")
    ),
    "called_off": Look(
        "wrong",
        "stop",
        _("Do not ship"),
        _("The shop says of this order: %(status)s."),
        _("Put the goods back, or ask the shop."),
    ),
    "failed": Look("wrong", "cross", _("No label"), "", _("Put it aside, and mend it in the inbox.")),
    "unknown": Look(
        "ask",
        "wait",
        _("Put it aside"),
        _("The carrier has not said whether it has booked this order. It is being looked into."),
        _("Do not ship it by other means. Scan it again in some minutes."),
    ),
    "busy": Look(
        "ask",
        "wait",
        _("Somebody has it"),
        _("This order is being shipped or cancelled at this moment."),
        _("Scan it again in a moment."),
    ),
    "busy.shipped": Look(
        "already",
        "stop",
        _("Somebody has it"),
        _("Somebody else has shipped this order at this moment, and has its label."),
        _("Ask who. A scan prints the label again."),
    ),
    "still_open": Look(
        "wrong",
        "cross",
        _("Still open"),
        _("This order is not shipped yet."),
        _("Scan it once more to ship it, or STOP to put it away. Then scan the other one."),
    ),
    "empty_box": Look("wrong", "cross", _("Box %(box)s is empty"), _("There is no need for another one.")),
    "not_in_order": Look(
        "wrong",
        "cross",
        _("Not in this order"),
        _("Nothing in this order has this code."),
        _("Leave it out of the box."),
    ),
    "all_packed": Look(
        "wrong", "cross", _("One too many"), _("All %(count)s of %(item)s are packed."), _("Leave it out of the box.")
    ),
    "bad_weight": Look(
        "wrong", "cross", _("No weight"), _("“%(typed)s” is no weight."), _("Give kilograms, such as 1.25.")
    ),
    "nothing_there": Look(
        "wrong", "question", _("Which order?"), _("There is no order with a label on the table."), _("Scan one.")
    ),
    "nothing_there.open": Look(
        "wrong", "question", _("No label yet"), _("This order is not shipped yet."), _("Scan STOP to put it away.")
    ),
    "nothing_there.last": Look("wrong", "question", _("No label yet"), _("You have printed no label yet.")),
    "nothing_there.gone": Look("wrong", "cross", _("Order is gone"), _("The order was removed while it was packed.")),
    "not_found": Look(
        "wrong",
        "cross",
        _("Unknown"),
        _("No order has this number."),
        _("See whether it is in the inbox: its shop may not have sent it yet."),
    ),
    "not_found.tracking": Look(
        "wrong",
        "cross",
        _("Unknown"),
        _("It looks like a tracking number, and no parcel of yours has it."),
        _("Scan the order instead."),
    ),
    "not_found.article": Look(
        "wrong",
        "cross",
        _("An article"),
        _("It looks like the EAN of an article."),
        _("Scan the order first; then articles go into boxes."),
    ),
    "not_found.misread": Look(
        "wrong",
        "cross",
        _("Read wrongly"),
        _("It looks like an EAN, but its check digit is wrong."),
        _("Scan it again."),
    ),
    "not_found.control": Look(
        "wrong",
        "cross",
        _("Unknown control"),
        _("It looks like a control barcode, but not like one of this version."),
        _("Print the sheet again."),
    ),
    "not_found.long": Look(
        "wrong", "cross", _("Too long"), _("No number is as long as this."), _("Scan one barcode at a time.")
    ),
}
"""Each answer by its name, and behind a point what it says in a case of its own."""


def variant_of(entry: Entry, *, is_file: bool = False) -> str:
    """The name of the look of an answer. `is_file` says that the label is fetched by the browser, not sent anywhere."""
    values = entry.values
    match entry.said:
        case Said.SHIPPED | Said.AGAIN | Said.REPRINTED if is_file:
            case = "file"
        case Said.NOT_FOUND:
            case = values.get("guess", "")
        case Said.NOTHING_THERE:
            case = values.get("what", "")
        case Said.PUT:
            case = "complete" if values.get("left") == "0" else ""
        case Said.WEIGHED:
            case = "" if values.get("kilograms") else "by_items"
        case Said.BUSY:
            case = "shipped" if values.get("is_shipped") else ""
        case Said.SHIPPED:
            case = "unprinted" if entry.problem else ""
        case _:
            case = ""
    name = f"{entry.said}.{case}"
    return name if name in LOOKS else entry.said.value


def answer_of(
    entry: Entry,
    zone: ZoneInfo,
    translate: Callable[[str], str],
    shipment: Shipment | None = None,
    *,
    is_file: bool = False,
) -> Answer:
    """An answer in the reader's language and time."""
    look = LOOKS[variant_of(entry, is_file=is_file)]
    values = dict(entry.values)
    announced = shipment.parcels[0].announced_at if shipment else None
    values["shipped_at"] = _clock(announced, entry.at, zone) if announced else "–"
    at = entry.values.get("at", "")
    values["cancelled_at"] = _clock(datetime.fromisoformat(at), entry.at, zone) if at else "–"

    def told(text: str) -> str:
        return translate(text) % values if text else ""

    return Answer(entry, look.tone, look.icon, told(look.word), told(look.sentence), told(look.advice))


def _clock(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """The time of day, with the day when that is another one."""
    there, today = moment.astimezone(zone), now.astimezone(zone).date()
    return f"{there:%H:%M}" if there.date() == today else f"{there:%Y-%m-%d %H:%M}"
