"""The shipping options of an account: what its carriers declare, and what it has added, with what each costs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast, get_args

from sqlalchemy import Connection

from kolli.account.contracts import Contract, find_default_contract, find_number_range
from kolli.account.options import OwnOption, list_own_options
from kolli.account.rates import get_rate_sheet, list_rate_sheet_ids
from kolli.carriers.base import Carrier, ChargingType, Numbers, Requirement, ShippingOption, TakesOptions
from kolli.carriers.registry import Carriers
from kolli.errors import CarrierRejected
from kolli.operations.quote import Ends, Load, PriceList, Quote, quotes
from kolli.vault import Vault

LIGHTEST = ShippingOption.lightest
"""What a parcel weighs at least, where nobody says."""


@dataclass(frozen=True)
class Usual:
    """What is shipped under with a carrier when nobody names a contract; None is the built-in one."""

    contract: Contract | None
    has_numbers: bool  # whether parcels get numbers: from the carrier, or from a range of the contract


class Catalogue:
    """Every shipping option that an account knows, by its code. It changes only as a whole."""

    def __init__(
        self,
        carriers: Carriers,
        own: Iterable[OwnOption] = (),
        prices: Iterable[PriceList] = (),
        usual: Mapping[str, Usual] | None = None,
        vault: Vault | None = None,
    ) -> None:
        """What is not given, the account has not got. Own options of carriers that take none are left out."""
        self._carriers = carriers
        self._options = {option.code: (carrier, option) for carrier in carriers for option in carrier.options}
        for option in own:
            carrier = carriers.find(option.carrier_code)
            if carrier is not None and takes_own_options(carrier):
                self._options.setdefault(option.code, (carrier, shipping_option(option)))
        self._prices = {each.sheet.key: each for each in prices}
        self._usual = dict(usual or {})
        self._vault = vault
        self._unnumbered: dict[int, Mapping[str, str]] = {}

    def __iter__(self) -> Iterator[tuple[Carrier, ShippingOption]]:
        return iter(self._options.values())

    def __len__(self) -> int:
        return len(self._options)

    def find_option(self, code: str) -> tuple[Carrier, ShippingOption] | None:
        """The shipping option with exactly this code, and its carrier."""
        return self._options.get(code)

    def find_carrier(self, code: str) -> Carrier | None:
        """The carrier with this code, if it is installed."""
        return self._carriers.find(code)

    def carrier_of(self, code: str) -> str | None:
        """The code of the carrier whose shipping option this is."""
        found = self._options.get(code)
        return found[0].code if found else None

    def usual(self, carrier_code: str) -> Usual:
        """What is shipped under with a carrier when nobody names a contract."""
        return self._usual.get(carrier_code, _BUILT_IN)

    def unnumbered(self, carrier: Carrier, contract: Contract | None) -> Mapping[str, str]:
        """Which of the carrier's options get no numbers under a contract, and why: it lacks what only they need."""
        if contract is None or self._vault is None or not isinstance(carrier, Numbers):
            return {}
        if contract.id not in self._unnumbered:
            data = self._vault.open(contract.sealed_data)
            codes = [option.code for each, option in self if each is carrier]
            self._unnumbered[contract.id] = {code: why for code in codes if (why := _why_not(carrier, data, code))}
        return self._unnumbered[contract.id]

    def quotes(self, option: ShippingOption, contract_id: int | None, ends: Ends, load: Load) -> list[Quote]:
        """What a shipment costs with an option under a contract: see `quotes` in `kolli.operations.quote`."""
        prices = self._prices.get((option.code, contract_id)) or self._prices.get((option.code, None))
        return quotes(option, prices, ends, load)

    def quote(self, option: ShippingOption, contract_id: int | None, ends: Ends, load: Load) -> Quote | None:
        """What a shipment costs whose weights are known; None where we do not know."""
        found = self.quotes(option, contract_id, ends, load)
        return found[0] if len(found) == 1 else None

    def prices(self) -> dict[int, PriceList]:
        """The rate sheets by their ids."""
        return {each.sheet.id: each for each in self._prices.values()}


_BUILT_IN = Usual(None, has_numbers=True)


def _why_not(carrier: Numbers, contract_data: Mapping[str, str], option_code: str) -> str | None:
    try:
        carrier.number(1, contract_data, option_code)
    except CarrierRejected as error:
        return error.message
    return None


def catalogue_of(
    transaction: Connection, account_id: int, carriers: Carriers, vault: Vault, before: Catalogue | None = None
) -> Catalogue:
    """The account's options as they are now. Rate sheets that were there `before` are not read again."""
    known = before.prices() if before else {}
    prices = [
        known.get(sheet_id) or PriceList(get_rate_sheet(transaction, account_id, sheet_id))
        for sheet_id in list_rate_sheet_ids(transaction, account_id)
    ]
    usual = {carrier.code: _usual(transaction, account_id, carrier) for carrier in carriers}
    return Catalogue(carriers, list_own_options(transaction, account_id), prices, usual, vault)


def _usual(transaction: Connection, account_id: int, carrier: Carrier) -> Usual:
    contract = find_default_contract(transaction, account_id, carrier.code)
    return Usual(contract, can_number(transaction, account_id, carrier, contract))


def can_number(transaction: Connection, account_id: int, carrier: Carrier, contract: Contract | None) -> bool:
    """Whether parcels get numbers: from the carrier, or from a range of the contract."""
    return (
        contract is None
        or not isinstance(carrier, Numbers)
        or find_number_range(transaction, account_id, contract) is not None
    )


def takes_own_options(carrier: Carrier) -> bool:
    """Whether an account may add shipping options to those that a carrier declares."""
    return isinstance(carrier, TakesOptions) and carrier.takes_own_options


def shipping_option(own: OwnOption) -> ShippingOption:
    """An account's own option, as carriers declare theirs; ValueError when a functionality cannot be so."""
    return ShippingOption(
        code=own.code,
        name=own.name,
        heaviest=own.heaviest,
        lightest=own.lightest or LIGHTEST,
        countries=own.countries,
        from_countries=own.from_countries,
        requires=tuple(cast("Requirement", name) for name in own.requires if name in get_args(Requirement)),
        title=own.title,
        product_name=own.product_name,
        largest=own.largest,
        most_parcels=own.most_parcels,
        volumetric_divisor=own.volumetric_divisor,
        lead_time_hours=own.lead_time_hours,
        charging_type=cast("ChargingType", own.charging_type),
        functionalities=own.functionalities,
    )
