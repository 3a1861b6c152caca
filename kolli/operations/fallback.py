"""What is shipped with in place of the default shipping option, where that cannot carry what is shipped."""

from decimal import Decimal

from sqlalchemy import Connection

from kolli.carriers.base import ShippingOption
from kolli.operations.catalogue import Catalogue
from kolli.operations.offer import Offer, Wish, find_offers
from kolli.operations.quote import Ends, Insured, Parcel, Quote
from kolli.rules.model import Plan
from kolli.values import Address


def usable_instead(
    transaction: Connection, account_id: int, catalogue: Catalogue, plan: Plan, sender: Address, *, is_live: bool
) -> Offer | None:
    """The cheapest other option that carries this, then the first without a price; None when there is none.

    It ships under a live contract if the default one does, and else under none: neither is a test label sent away, nor
    a real one bought for a test. It must not need what is not there. Source: support article "How to set up your
    default shipping settings".
    """
    wish = Wish(
        sender_country=sender.country_code,
        recipient_country=plan.recipient.country_code,
        recipient_postal_code=plan.recipient.postal_code,
        parcels=_parcels(plan),
    )
    found = find_offers(transaction, account_id, catalogue, wish)
    usable = [
        offer
        for offer in found.offered
        if bool(offer.contract and offer.contract.is_live) is is_live
        and not offer.option.goes_to_service_point
        and _has_all(offer.option, plan)
        and (plan.insured_value is None or offer.option.most_insured is not None)
    ]
    ends = Ends(sender.country_code, plan.recipient.country_code, plan.recipient.postal_code)
    return min(
        usable,
        key=lambda offer: _price(catalogue.quote(offer.option, _under(offer), ends, found.load), plan),
        default=None,
    )


def _parcels(plan: Plan) -> list[Parcel]:
    """The parcels, the first of which is insured for all of them."""
    insured = Insured(plan.insured_value.value, plan.insured_value.currency) if plan.insured_value else None
    return [
        Parcel(parcel.weight, parcel.dimensions, None if place else insured)
        for place, parcel in enumerate(plan.parcels)
    ]


def _has_all(option: ShippingOption, plan: Plan) -> bool:
    given = {
        "email": bool(plan.recipient.email),
        "phone_number": bool(plan.recipient.phone_number),
        "dimensions": all(parcel.dimensions for parcel in plan.parcels),
    }
    return all(given.get(requirement, False) for requirement in option.requires)


def _under(offer: Offer) -> int | None:
    return offer.contract.id if offer.contract else None


def _price(quote: Quote | None, plan: Plan) -> tuple[bool, bool, Decimal]:
    """What is least first: prices in the order's currency, others, and those that nobody knows."""
    usual = plan.total.currency if plan.total else "EUR"
    return (True, True, Decimal(0)) if quote is None else (False, quote.currency != usual, quote.total)
