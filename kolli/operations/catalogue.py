"""The shipping options of an account: what its carriers declare, and what it has added, with what each costs."""

from collections.abc import Iterator

from kolli.carriers.base import Carrier, ShippingOption
from kolli.carriers.registry import Carriers


class Catalogue:
    """Every shipping option that an account knows, by its code. It changes only as a whole."""

    def __init__(self, carriers: Carriers) -> None:
        self._options = {option.code: (carrier, option) for carrier in carriers for option in carrier.options}

    def __iter__(self) -> Iterator[tuple[Carrier, ShippingOption]]:
        return iter(self._options.values())

    def find_option(self, code: str) -> tuple[Carrier, ShippingOption] | None:
        """The shipping option with exactly this code, and its carrier."""
        return self._options.get(code)

    def carrier_of(self, code: str) -> str | None:
        """The code of the carrier whose shipping option this is."""
        found = self._options.get(code)
        return found[0].code if found else None
