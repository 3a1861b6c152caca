"""Finds the installed carriers through the entry point group `kolli.carriers`, and their shipping options by code."""

from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

from kolli.carriers.base import Carrier, KeepsFiles, ShippingOption
from kolli.errors import SetupError

GROUP = "kolli.carriers"


class Carriers:
    """The carriers of this installation."""

    def __init__(self, carriers: Iterable[Carrier]) -> None:
        self._carriers = {carrier.code: carrier for carrier in carriers}
        self._options = {
            option.code: (carrier, option) for carrier in self._carriers.values() for option in carrier.options
        }
        self._options_by_v2_id = {
            option.v2_id: (carrier, option) for carrier, option in self._options.values() if option.v2_id is not None
        }

    def __iter__(self) -> Iterator[Carrier]:
        return iter(self._carriers.values())

    def find(self, code: str) -> Carrier | None:
        """The carrier with this code, if it is installed."""
        return self._carriers.get(code)

    def get(self, code: str) -> Carrier:
        """The carrier with this code; SetupError when it is not installed any more."""
        try:
            return self._carriers[code]
        except KeyError:
            raise SetupError(f"The carrier {code!r} is not installed. Install the package that brings it.") from None

    def find_option(self, code: str) -> tuple[Carrier, ShippingOption] | None:
        """The shipping option with exactly this code, and its carrier."""
        return self._options.get(code)

    def find_option_by_v2_id(self, v2_id: int) -> tuple[Carrier, ShippingOption] | None:
        """The shipping option that version 2 of the API knows by this number, and its carrier."""
        return self._options_by_v2_id.get(v2_id)

    def close(self) -> None:
        """Has every carrier close what it keeps open."""
        for carrier in self:
            if isinstance(carrier, KeepsFiles):
                carrier.close()


def installed_carriers(data: Path, instead: Iterable[Carrier] = ()) -> Carriers:
    """Every installed carrier, made ready with the folder where it may keep files of its own.

    Those given `instead` are ready, and take the place of the installed ones with their codes.
    """
    ready = {carrier.code: carrier for carrier in instead}
    return Carriers(ready.get(entry.name) or entry.load()(data) for entry in entry_points(group=GROUP))
