"""Printers and print jobs: what a printer is fed with, and how far the papers of a job have come."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, get_args

from kolli.errors import Invalid, InvalidChoice, Missing

Way = Literal["download", "raw", "ipp"]
"""How papers reach a printer: a person's browser fetches them, or they are sent there."""

WAYS: tuple[Way, ...] = get_args(Way)

FORMATS = {"pdf": "application/pdf", "zpl": "application/zpl", "png": "image/png"}
"""Names of formats, as people write them, and their MIME types."""

RESOLUTIONS = (203, 300, 600)
"""Dots per inch that label printers have."""

PAPERS = ("A6", "4x6", "A5", "A4")
"""Names of papers. The first two hold a label and nothing else."""

LONGEST_NAME = 60

PLACES_ON_A4 = 4


@dataclass(frozen=True)
class Profile:
    """What a printer is fed with, and the way to it.

    `address` is empty for `download`, `host` or `host:port` for `raw`, and an `ipp://` or `ipps://` URI for `ipp`.
    `start_from` is the place on A4 where the next label goes, 0 to 3 from the upper left. Darkness and speed are not
    here: they belong to the printer.
    """

    way: Way = "download"
    address: str = ""
    format: str = "pdf"
    dpi: int = 203
    paper: str = "A6"
    start_from: int = 0

    @property
    def mime_type(self) -> str:
        """The format as a MIME type."""
        return FORMATS[self.format]

    @property
    def labels_on_a_sheet(self) -> int:
        """How many labels share a paper."""
        return PLACES_ON_A4 if self.paper == "A4" else 1


def check_profile(name: str, profile: Profile) -> None:
    """Raises Invalid, naming `name`, `way`, `format`, `dpi`, `paper` or `start_from`, for what cannot be printed with.

    The address is looked at by its way: see `kolli.printing.transports`.
    """
    if not name.strip():
        raise Missing("Give the printer a name, such as the place where it stands.", field="name")
    if len(name) > LONGEST_NAME:
        raise Invalid(f"A name has at most {LONGEST_NAME} characters, not {len(name)}.", field="name")
    if not name.isprintable():
        raise Invalid("A name has no characters that cannot be printed. Type it anew.", field="name")
    _check_choice("way", profile.way, WAYS)
    _check_choice("format", profile.format, tuple(FORMATS))
    _check_choice("paper", profile.paper, PAPERS)
    if profile.format != "pdf" and profile.dpi not in RESOLUTIONS:
        raise InvalidChoice(f"Choose 203, 300 or 600 dpi, not {profile.dpi}.", field="dpi")
    if profile.format == "zpl" and profile.paper in {"A4", "A5"}:
        raise Invalid(f"Label printers have no {profile.paper} sheets. Choose A6 or 4x6.", field="paper")
    if profile.format == "png" and profile.way != "download":
        raise Invalid("Printers are sent PDF or ZPL; PNG is for downloads.", field="format")
    if not 0 <= profile.start_from < profile.labels_on_a_sheet:
        raise Invalid(
            f"{profile.paper} has {profile.labels_on_a_sheet} places, numbered from 1; there is no place"
            f" {profile.start_from + 1}.",
            field="start_from",
        )


def _check_choice(field: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InvalidChoice(f"Choose one of {', '.join(choices)}, not {value!r}.", field=field)


@dataclass(frozen=True)
class Printer:
    """A printer of an account. One that was removed is still named by its jobs."""

    id: int
    name: str
    profile: Profile
    is_default: bool = False
    removed_at: datetime | None = None

    @property
    def is_download(self) -> bool:
        """Whether a person fetches its papers, so that nothing is sent anywhere."""
        return self.profile.way == "download"


class JobState(StrEnum):
    """How far a print job is."""

    WAITING = "waiting"  # its turn will come, or its printer is tried again
    PRINTING = "printing"
    PAUSED = "paused"  # its printer does not print: what is behind it waits, too
    SET_ASIDE = "set_aside"  # by a person, or because a label is not what it was: others may pass
    DONE = "done"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self in {JobState.DONE, JobState.CANCELLED}


class ItemState(StrEnum):
    """How far one paper of a job is."""

    WAITING = "waiting"
    SENDING = "sending"  # its bytes are on their way, and nobody knows how far they came
    DOUBTFUL = "doubtful"  # they may have come out: it waits, and a separator will say so
    SENT = "sent"
    SKIPPED = "skipped"  # its label was cancelled in the meantime


LEFT = (ItemState.WAITING, ItemState.SENDING, ItemState.DOUBTFUL)
"""The states in which a paper still has to be sent."""


@dataclass(frozen=True)
class JobForm:
    """In which form the papers of a job are made: as its printer was when it was queued, or when it was moved there."""

    format: str
    dpi: int
    paper: str
    start_from: int = 0

    @classmethod
    def of(cls, profile: Profile) -> "JobForm":
        """The form that a printer takes now."""
        return cls(profile.format, profile.dpi, profile.paper, profile.start_from)

    @property
    def profile(self) -> Profile:
        """The form as a profile, without a way."""
        return Profile(format=self.format, dpi=self.dpi, paper=self.paper, start_from=self.start_from)


Purpose = Literal["labels", "test"]


@dataclass(frozen=True)
class PrintJob:
    """Papers that a person wants printed, in their order, on one printer."""

    id: int
    account_id: int
    printer_id: int
    form_key: str | None
    state: JobState
    reason: str  # why it waits or is paused, and what was skipped
    actor: str
    created_at: datetime
    changed_at: datetime
    form: JobForm
    purpose: Purpose = "labels"
    is_reprint: bool = False
    fetched_from: int = 0  # the position of the first label in the file; those before it another printer has printed


@dataclass(frozen=True)
class PrintItem:
    """One label of a job, or its test page. `position` counts from 0.

    `sha256` is of the file that the label is by itself in the job's form; where a paper holds one label, exactly these
    bytes go to the printer.
    """

    position: int
    parcel_id: int | None
    sha256: str
    state: ItemState = ItemState.WAITING
    is_copy: bool = False  # the same label was printed before, or may have been
    sent_at: datetime | None = None
