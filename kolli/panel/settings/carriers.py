"""Carriers and options: what is installed, what each option takes and does, and what a parcel would cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import repeat
from typing import Any
from weakref import WeakKeyDictionary

from pydantic import TypeAdapter
from starlette.responses import Response

from kolli.account.sender_addresses import find_sender_address
from kolli.account.users import Right
from kolli.api.v3.shipping_options import FindOptions
from kolli.carriers.base import AsksForContracts, Carrier, Numbers, PrintsLabels, ShippingOption, Tracks
from kolli.errors import KolliError
from kolli.operations.catalogue import Catalogue, takes_own_options
from kolli.operations.import_options import COLUMNS, REQUIRED
from kolli.operations.offer import Offer, Refusal, find_offers
from kolli.operations.quote import Ends, Quote
from kolli.panel.forms import NO_PROBLEMS, Problems, checked, problems_of, whole_number
from kolli.panel.web import PanelRequest, Route

PATH = "/panel/settings/carriers/"

ON_A_PAGE = 50
MOST_TRIED = 100
"""Options that a try-out shows of those that take a parcel, the cheapest first, and of those that do not."""

_FIND = TypeAdapter(FindOptions)


@dataclass(frozen=True)
class ShownCarrier:
    """A carrier, and what it can do here."""

    carrier: Carrier
    options: int
    contracts: bool  # whether it asks for contracts
    numbers: bool  # whether its parcels get their numbers from a contract's range
    is_certified: bool | None  # None: its labels are the usual ones
    tracks: bool
    service_points: bool
    own_options: bool


@dataclass(frozen=True)
class Offered:
    """An option that a parcel can go with, and for how much; None where nobody knows."""

    offer: Offer
    quote: Quote | None


def show_carriers(request: PanelRequest) -> Response:
    """The carriers that are installed."""
    catalogue = catalogue_of(request)
    shown = [_carrier(carrier, catalogue) for carrier in request.installation.carriers]
    shown.sort(key=lambda each: each.carrier.name.casefold())
    return request.page("settings/carriers/carriers.html", section="carriers", carriers=shown)


def show_options(request: PanelRequest) -> Response:
    """The shipping options, those that were looked for."""
    return options_page(request)


def options_page(request: PanelRequest, status: int = 200, problems: Problems = NO_PROBLEMS, **more: Any) -> Response:
    """The page of the options."""
    asked, carrier_code = request.query.get("q", "").strip()[:200], request.query.get("carrier", "")
    catalogue = catalogue_of(request)
    declared = {option.code for carrier in request.installation.carriers for option in carrier.options}
    words = asked.casefold().split()
    texts = _searched(catalogue) if words else repeat("")
    found = [
        each
        for each, text in zip(catalogue, texts, strict=False)
        if carrier_code in {"", each[0].code} and all(word in text for word in words)
    ]
    number = whole_number(request.query.get("page", "")) or 1
    at = min((number - 1) * ON_A_PAGE, len(found)) if number > 1 else 0
    values = {
        "rows": [(each, option, option.code not in declared) for each, option in found[at : at + ON_A_PAGE]],
        "count": len(found),
        "asked": asked,
        "carrier_code": carrier_code,
        "carriers": [(each.code, each.name) for each in request.installation.carriers],
        "takers": [each for each in request.installation.carriers if takes_own_options(each)],
        "own_count": len(catalogue) - len(declared),
        "page_number": number,
        "has_more": at + ON_A_PAGE < len(found),
        "mistakes": (),
        "columns": COLUMNS,
        "required": REQUIRED,
        **more,
    }
    return request.page(
        "settings/carriers/options.html", status=status, problems=problems, section="carriers", **values
    )


def try_out(request: PanelRequest) -> Response:
    """What a parcel would go with, for how much, and why not with the others."""
    query = {name: request.query.get(name, "").strip()[:100] for name in _ASKED}
    with request.context.database.read() as transaction:
        sender = find_sender_address(transaction, request.account_id, None)
    if not any(query.values()):
        query["from"] = sender.address.country_code if sender else "NL"
        return _try_out_page(request, query)
    problems = Problems()
    body = checked(_FIND, _document(query), _NAMES, problems)
    if body is None:
        return _try_out_page(request, query, 422, problems)
    wish, catalogue = body.wish(), catalogue_of(request)
    try:
        with request.context.database.read() as transaction:
            found = find_offers(transaction, request.account_id, catalogue, wish)
    except KolliError as error:
        return _try_out_page(request, query, 422, problems_of(error))
    ends = None
    if wish.sender_country and wish.recipient_country:
        ends = Ends(wish.sender_country, wish.recipient_country, wish.recipient_postal_code)
    offered = [Offered(each, _quote(catalogue, each, ends, found.load) if ends else None) for each in found.offered]
    offered.sort(key=lambda each: (each.quote is None, each.quote.total if each.quote else Decimal(0)))
    return _try_out_page(request, query, offered=offered, refused=found.refused)


def catalogue_of(request: PanelRequest) -> Catalogue:
    """The shipping options of the account."""
    with request.context.database.read() as transaction:
        return request.installation.configurations.of(transaction, request.account_id).catalogue


_ASKED = ("from", "to", "postal_code", "weight", "length", "width", "height")
_NAMES: Mapping[str, str] = {
    "from_country_code": "from",
    "to_country_code": "to",
    "to_postal_code": "postal_code",
    "parcels.0.weight": "weight",
    "parcels.0.dimensions.length": "length",
    "parcels.0.dimensions.width": "width",
    "parcels.0.dimensions.height": "height",
    "parcels.0.dimensions": "length",
}


def _document(query: Mapping[str, str]) -> dict[str, Any]:
    parcel: dict[str, Any] = {}
    if query["weight"]:
        parcel["weight"] = {"value": point(query["weight"]), "unit": "kg"}
    sides = {name: point(query[name]) for name in ("length", "width", "height") if query[name]}
    if sides:
        parcel["dimensions"] = {**sides, "unit": "cm"}
    return {
        "from_country_code": query["from"].upper() or None,
        "to_country_code": query["to"].upper() or None,
        "to_postal_code": query["postal_code"] or None,
        "parcels": [parcel] if parcel else None,
    }


def point(text: str) -> str:
    """A number as programs write it: people write its decimals behind a comma, too."""
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


def _quote(catalogue: Catalogue, offer: Offer, ends: Ends, load: Any) -> Quote | None:
    return catalogue.quote(offer.option, offer.contract.id if offer.contract else None, ends, load)


def _try_out_page(
    request: PanelRequest,
    query: Mapping[str, str],
    status: int = 200,
    problems: Problems = NO_PROBLEMS,
    *,
    offered: Sequence[Offered] | None = None,
    refused: Sequence[Refusal] = (),
) -> Response:
    return request.page(
        "settings/carriers/try_out.html",
        status=status,
        problems=problems,
        section="carriers",
        typed=query,
        offered=None if offered is None else offered[:MOST_TRIED],
        offered_count=len(offered or ()),
        refused=refused[:MOST_TRIED],
        refused_count=len(refused),
    )


def _carrier(carrier: Carrier, catalogue: Catalogue) -> ShownCarrier:
    options = [option for each, option in catalogue if each is carrier]
    return ShownCarrier(
        carrier,
        len(options),
        contracts=isinstance(carrier, AsksForContracts),
        numbers=isinstance(carrier, Numbers),
        is_certified=carrier.label_is_certified if isinstance(carrier, PrintsLabels) else None,
        tracks=isinstance(carrier, Tracks),
        service_points=any(option.goes_to_service_point for option in options),
        own_options=takes_own_options(carrier),
    )


def _searched(catalogue: Catalogue) -> Sequence[str]:
    """In which text each option is looked for, in the order of the catalogue."""
    known = _TEXTS.get(catalogue)
    if known is None:
        known = _TEXTS[catalogue] = [" ".join(_texts(*each)).casefold() for each in catalogue]
    return known


_TEXTS: WeakKeyDictionary[Catalogue, list[str]] = WeakKeyDictionary()
"""They are the same for as long as there is that catalogue."""


def _texts(carrier: Carrier, option: ShippingOption) -> Iterator[str]:
    yield from (carrier.name, option.code, option.name, option.title, option.product_name)
    yield from (name for name, value in option.functionalities.items() if value)


ROUTES = (
    Route("GET", PATH, show_carriers, Right.MANAGE),
    Route("GET", f"{PATH}options/", show_options, Right.MANAGE),
    Route("GET", f"{PATH}try-out/", try_out, Right.MANAGE),
)
