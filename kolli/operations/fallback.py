"""What is shipped with in place of the default shipping option, where that cannot carry what is shipped."""

from sqlalchemy import Connection

from kolli.carriers.base import ShippingOption
from kolli.operations.catalogue import Catalogue
from kolli.operations.offer import Offer, Wish, find_offers
from kolli.operations.quote import Ends, Load, Parcel
from kolli.rules.model import Plan
from kolli.values import Address


def usable_instead(
    transaction: Connection, account_id: int, catalogue: Catalogue, plan: Plan, sender: Address, *, is_live: bool
) -> Offer | None:
    """The cheapest other option that carries this, then the first without a price; None when there is none.

    Where the default one ships under a live contract, so does this: a test label is no label. It must not need what is
    not there. Source: support article "How to set up your default shipping settings".
    """
    wish = Wish(
        sender_country=sender.country_code,
        recipient_country=plan.recipient.country_code,
        recipient_postal_code=plan.recipient.postal_code,
        parcels=[Parcel(parcel.weight, parcel.dimensions) for parcel in plan.parcels],
    )
    found = find_offers(transaction, account_id, catalogue, wish)
    usable = [
        offer
        for offer in found.offered
        if not (is_live and not (offer.contract and offer.contract.is_live))
        and not offer.option.goes_to_service_point
        and _has_all(offer.option, plan)
        and (plan.insured_value is None or offer.option.most_insured is not None)
    ]
    ends = Ends(sender.country_code, plan.recipient.country_code, plan.recipient.postal_code)
    return min(usable, key=lambda offer: _price(catalogue, offer, ends, found.load), default=None)


def _has_all(option: ShippingOption, plan: Plan) -> bool:
    given = {
        "email": bool(plan.recipient.email),
        "phone_number": bool(plan.recipient.phone_number),
        "dimensions": all(parcel.dimensions for parcel in plan.parcels),
    }
    return all(given.get(requirement, False) for requirement in option.requires)


def _price(catalogue: Catalogue, offer: Offer, ends: Ends, load: Load) -> tuple[bool, object]:
    quote = catalogue.quote(offer.option, offer.contract.id if offer.contract else None, ends, load)
    return (quote is None, quote.total if quote else 0)
