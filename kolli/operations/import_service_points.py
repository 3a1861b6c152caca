"""A carrier's data file of service points: read and checked as a whole, then stored in one transaction.

While it is read, good points go to a temporary file, so that memory does not grow with them; labels wait for the
database only as long as the rows take to be written.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

from kolli.errors import Impossible, Invalid
from kolli.operations.context import Installation
from kolli.service_points.files import read_points
from kolli.service_points.model import KnownPoint
from kolli.service_points.queries import close_points, codes_of, store_points
from kolli.tables import Mistake

AT_A_TIME = 1_000
MOST_MISTAKES = 1_000
"""Mistakes after which a file is not read on."""

SMALL = 20
"""Of so few points any number may go away."""

_decode = msgspec.json.Decoder(KnownPoint).decode


@dataclass(frozen=True)
class Imported:
    """What a file has changed, or the mistakes for which it changed nothing."""

    read: int
    added: int = 0
    removed: int = 0
    mistakes: list[Mistake] = field(default_factory=list)


def import_service_points(
    path: Path, carrier_code: str, installation: Installation, progress: Callable[[int], None], *, many_may_go: bool
) -> Imported:
    """Makes the service points of a carrier those of a file; all of it, or nothing when one row is wrong.

    Points that the file does not have are marked as removed. Impossible when those are most of them and `many_may_go`
    is False: it may be half a file. `progress` hears how many points were read or stored.
    """
    if installation.carriers.find(carrier_code) is None:
        installed = ", ".join(sorted(carrier.code for carrier in installation.carriers))
        raise Invalid(f"There is no carrier {carrier_code!r}. Installed are {installed}.", field="carrier")
    with tempfile.TemporaryFile() as spool:
        codes, mistakes = _checked(path, carrier_code, spool, progress)
        if mistakes:
            return Imported(len(codes), mistakes=mistakes)
        if not codes:
            raise Invalid(f"{path} has no service points. Nothing was changed.")
        with installation.database.read() as transaction:
            known = codes_of(transaction, carrier_code)
        going = tuple(code for code, one in known.items() if one.is_there and code not in codes)
        if not many_may_go:
            _check_going(len(going), sum(one.is_there for one in known.values()), carrier_code)
        # Ids are not taken inside a transaction.
        ids = tuple(known[code].id if code in known else installation.sequences.take_id() for code in codes)
        _store(spool, _Change(carrier_code, ids, going), installation, progress)
    return Imported(len(codes), added=sum(code not in known for code in codes), removed=len(going))


@dataclass(frozen=True)
class _Change:
    carrier_code: str
    ids: tuple[int, ...]  # of the points in the spool, in this order
    going: tuple[str, ...]  # the carrier's ids of points that the file does not have


def _check_going(going: int, there: int, carrier_code: str) -> None:
    if there > SMALL and going * 2 > there:
        raise Impossible(
            f"The file lacks {going:,} of the {there:,} service points that {carrier_code} has now. Nothing was"
            " changed. If that is right, import it with --many-may-go."
        )


def _checked(
    path: Path, carrier_code: str, spool: IO[bytes], progress: Callable[[int], None]
) -> tuple[dict[str, int], list[Mistake]]:
    """The codes of a file's points with their rows, the points written to the spool in this order, and all mistakes."""
    codes: dict[str, int] = {}
    mistakes: list[Mistake] = []
    for read in read_points(path, carrier_code):
        if len(mistakes) >= MOST_MISTAKES:
            break
        if isinstance(read, Mistake):
            mistakes.append(read)
            continue
        number, point = read
        code = point.carrier_service_point_id
        if code in codes:
            message = f"{code!r} stands in row {codes[code]} already. Every service point has one row."
            mistakes.append(Mistake(number, "carrier_service_point_id", message))
            continue
        codes[code] = number
        if not mistakes:
            spool.write(msgspec.json.encode(point) + b"\n")
        if len(codes) % AT_A_TIME == 0:
            progress(AT_A_TIME)
    return codes, mistakes


def _store(spool: IO[bytes], change: _Change, installation: Installation, progress: Callable[[int], None]) -> None:
    spool.seek(0)
    now = installation.clock()
    with installation.database.write() as transaction:
        for start in range(0, len(change.ids), AT_A_TIME):
            some = change.ids[start : start + AT_A_TIME]
            store_points(transaction, [(number, _decode(spool.readline())) for number in some])
            progress(len(some))
        close_points(transaction, change.carrier_code, change.going, now)
