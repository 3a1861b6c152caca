"""Print jobs on their way to a printer: one after the other, paper by paper, each step written down before the next.

No transaction is open while a printer is talked to. A paper is marked as sending before its first byte leaves, and as
sent once the printer has it; whatever dies in between, the paper counts as perhaps printed, and comes again as a copy
behind a separator.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from kolli.errors import Impossible, Invalid, KolliError, NotFound, Unreachable
from kolli.jobs import Again, Job, enqueue, steps
from kolli.operations.context import Context, Installation, context_of
from kolli.operations.print_papers import Unit, draw_separator, draw_unit, units_of, written
from kolli.outgoing import NotReached
from kolli.printing.model import LEFT, ItemState, JobState, Printer, PrintJob
from kolli.printing.queries import (
    doubt_what_was_sending,
    find_printer,
    get_job,
    list_items,
    mark_items,
    mark_sent,
    move_job,
    next_job,
    remark_on_job,
    take_back_items,
)
from kolli.printing.transports import TRANSPORTS, Link

LANE = "printing"
"""The lane of jobs that print. Their subject is the printer, of which one prints at a time."""

PRINT = "print"

PRINT_DELAYS = steps(2, 5, 10, 20, 30, 60, 60, 60)
"""When a printer is tried again that nothing could be sent to: four minutes, and then its job is paused."""

OPEN = (JobState.WAITING, JobState.PRINTING)

AT_MOST_NAMED = 10
"""Tracking numbers that one sentence names."""


class _Withdrawn(KolliError):
    """A person has paused or cancelled the job while it was being printed."""


def have_printed(transaction: Connection, context: Context, printer_id: int) -> None:
    """Has a worker look what a printer has to print, once the caller's transaction has ended.

    Each change of what waits there brings a look of its own: one that finds nothing costs nothing.
    """
    now = context.now()
    body, subject = {"printer_id": printer_id}, f"printer {printer_id}"
    enqueue(transaction, LANE, PRINT, [body], now, now=now, account_id=context.account_id, subject=subject)


def print_waiting(installation: Installation, job: Job) -> None:
    """Prints what waits at a printer, job by job; Again while it cannot be reached, until the last try pauses the job.

    Nothing is printed while the oldest job is paused: what is behind it waits, so that papers keep their order.
    """
    account_id, printer_id = job.account_id or 0, int(job.body["printer_id"])
    context = context_of(installation, account_id, "printing")
    is_last = job.runs > len(PRINT_DELAYS)
    while True:
        with installation.database.read() as transaction:
            printer = find_printer(transaction, account_id, printer_id)
            waiting = next_job(transaction, account_id, printer_id)
        if printer is None or printer.is_download or waiting is None or waiting.state is JobState.PAUSED:
            return
        _Run(waiting, printer, context).do(is_last=is_last)


@dataclass
class _Run:
    """One job that is being printed: what has been sent over the link, and what became of it.

    Once the job has been moved to another printer it is no longer this run's, though that one may be printing it.
    """

    job: PrintJob
    printer: Printer
    context: Context
    sent: list[list[int]] = field(default_factory=list)  # the positions on each paper, none for a separator
    marked: int = 0  # how many of these papers are marked as sent
    void: list[str] = field(default_factory=list)
    said: str = ""

    def do(self, *, is_last: bool) -> None:
        """Prints what is left of the job; whatever happens, it is written down what came out and what may have."""
        if not self._begin():
            return
        try:
            self._print()
        except (Impossible, Invalid, NotFound) as error:  # a label is not what it was, or cannot be drawn any more
            self._end(JobState.SET_ASIDE, error.message)
        except _Withdrawn:
            self._end(None, "")
        except NotReached as error:
            self._not_reached(error, is_last=is_last)
        except Unreachable as error:
            self._end(JobState.PAUSED, f"{error.message} See which labels came out, then let the job go on.")
        else:
            self._end(JobState.DONE, self._what_was_skipped())

    def _begin(self) -> bool:
        with self.context.database.write() as transaction:
            if not self._move(transaction, JobState.PRINTING, out_of=OPEN):
                return False
            self.job = get_job(transaction, self.job.account_id, self.job.id)
            doubt_what_was_sending(transaction, self.job)  # by a run whose process has died, or at another printer
        return True

    def _print(self) -> None:
        with self.context.database.read() as transaction:
            items = list_items(transaction, self.job.account_id, self.job.id)
        units = list(units_of([item for item in items if item.state in LEFT], self.job.form))
        if not units:
            return
        with self._link() as link:
            try:
                for unit in units:
                    self._send(unit, link)
                link.finish(self._wait)
                self._note_arrivals(link)
            except KolliError:
                with suppress(Unreachable):
                    self._note_arrivals(link)
                raise

    @contextmanager
    def _link(self) -> Iterator[Link]:
        form, profile = self.job.form, self.printer.profile
        fed = replace(profile, format=form.format, dpi=form.dpi, paper=form.paper, start_from=0)
        link = TRANSPORTS[profile.way].connect(fed, self.context.installation.wires, f"Kolli {self.job.id}:")
        try:
            yield link
        finally:
            link.close()

    def _send(self, unit: Unit, link: Link) -> None:
        drawn = draw_unit(self.job, unit, self.printer, self.context)
        self.void += [number for _, number in drawn.void]
        positions = list(drawn.numbers) or ([] if drawn.page is None else unit.positions)
        doubtful = [
            drawn.numbers.get(item.position, "this page")
            for item in unit.items
            if item.state is ItemState.DOUBTFUL and item.position in positions
        ]
        self._mark_sending(positions, [position for position, _ in drawn.void], link)
        if drawn.page is None:
            return
        before = {item.position: item.state for item in unit.items}
        try:
            if doubtful:
                separator = draw_separator(self.job, doubtful, self.context)
                self.sent.append([])
                link.send(written([separator], self.job.form, self.context), self._wait)
            self.sent.append(positions)
            link.send(drawn.file, self._wait)
        except NotReached:
            self._take_back(positions, before)
            raise

    def _mark_sending(self, positions: list[int], void: list[int], link: Link) -> None:
        """One commit: what has arrived since, and what is sent next; _Withdrawn when a person does not want it."""
        arrived = link.arrived
        with self.context.database.write() as transaction:
            self._mark_arrived(transaction, arrived)
            mark_items(transaction, self.job, void, ItemState.SKIPPED)
            is_wanted = self._move(transaction, JobState.PRINTING)
            if is_wanted:
                mark_items(transaction, self.job, positions, ItemState.SENDING)
        if not is_wanted:
            link.finish(_does_not_wait)
            raise _Withdrawn
        self.said = ""

    def _mark_arrived(self, transaction: Connection, arrived: int) -> None:
        positions = [position for paper in self.sent[self.marked : arrived] for position in paper]
        mark_sent(transaction, self.job, positions, self.context.now())
        self.marked = max(self.marked, min(arrived, len(self.sent)))

    def _note_arrivals(self, link: Link) -> None:
        arrived = link.arrived
        with self.context.database.write() as transaction:
            self._mark_arrived(transaction, arrived)

    def _take_back(self, positions: list[int], before: dict[int, ItemState]) -> None:
        """What has surely not left waits as it did before."""
        self.sent = [paper for paper in self.sent if paper != positions]
        with self.context.database.write() as transaction:
            if self._is_here(transaction):
                take_back_items(transaction, self.job, {position: before[position] for position in positions})

    def _wait(self, reason: str) -> None:
        """Tells on the job why its printer does not go on; _Withdrawn when a person does not want to wait."""
        with self.context.database.read() as transaction:
            found = get_job(transaction, self.job.account_id, self.job.id)
        if found.state is not JobState.PRINTING or found.printer_id != self.printer.id:
            raise _Withdrawn
        if reason != self.said:
            self.said = reason
            with self.context.database.write() as transaction:
                remark_on_job(transaction, self.job, reason, self.context.now())

    def _not_reached(self, error: NotReached, *, is_last: bool) -> None:
        """The printer is tried again in a moment; after the last try the job is paused."""
        if is_last:
            self._end(JobState.PAUSED, f"{error.message} See to the printer, then let the job go on.")
            return
        self._end(JobState.WAITING, f"{error.message} It is tried again.")
        raise Again(error.message) from error

    def _end(self, state: JobState | None, reason: str) -> None:
        """Writes down how the run has ended. What was sent and is not known to have arrived may have come out."""
        with self.context.database.write() as transaction:
            if self._is_here(transaction):
                doubt_what_was_sending(transaction, self.job)
            if state is not None:
                self._move(transaction, state, reason)

    def _is_here(self, transaction: Connection) -> bool:
        return get_job(transaction, self.job.account_id, self.job.id).printer_id == self.printer.id

    def _move(
        self,
        transaction: Connection,
        to: JobState,
        reason: str = "",
        *,
        out_of: Sequence[JobState] = (JobState.PRINTING,),
    ) -> bool:
        """Moves the job, if it is still to be printed here; see `move_job`."""
        now, here = self.context.now(), self.printer.id
        return move_job(transaction, self.job, to, now, reason, out_of=out_of, at_printer=here)

    def _what_was_skipped(self) -> str:
        if not self.void:
            return ""
        more = " …" if len(self.void) > AT_MOST_NAMED else ""
        named = ", ".join(self.void[:AT_MOST_NAMED]) + more
        were = "1 label was" if len(self.void) == 1 else f"{len(self.void)} labels were"
        return f"{were} skipped, because the shipment was cancelled: {named}."


def _does_not_wait(_: str) -> None:
    raise _Withdrawn
