"""What an order is found by: the words of its numbers, names, mail address and SKUs, and its parcels' numbers."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, delete, insert, or_, select

from kolli.orders.model import Document
from kolli.schema import inbox, order_terms, parcels, shipments

LONGEST_TERM = 64
"""Characters that are kept of a word, and looked for: nobody types more."""

MOST_TERMS = 200
"""Words that are kept of one order: an order of thousands of lines is found by its first ones."""

MOST_WORDS = 8
"""Words that are looked for at once; the others are left out."""

_SEPARATORS = str.maketrans(dict.fromkeys(',;:/\\|()[]{}<>"“”„«»&+*?!#', " "))
_PARTS = re.compile("[-_]+")
_ABOVE_ALL = "\U0010ffff"

_ADD = insert(order_terms)
_REMOVE = delete(order_terms).where(
    order_terms.c.account_id == bindparam("of_account"), order_terms.c.order_id == bindparam("of_order")
)
_OF_ORDER = select(order_terms.c.term).where(
    order_terms.c.account_id == bindparam("of_account"), order_terms.c.order_id == bindparam("of_order")
)


def terms_of(document: Document) -> frozenset[str]:
    """The words that an order is found by. Names and numbers go in whole and by their parts."""
    found: dict[str, None] = {}
    for text in _texts(document):
        for word in words_of(text):
            found.setdefault(word)
            found.update(dict.fromkeys(part for part in _PARTS.split(word)[1:] if len(part) > 1))
        if len(found) >= MOST_TERMS:
            break
    return frozenset(list(found)[:MOST_TERMS])


def words_of(text: str) -> list[str]:
    """The words of a text as they are compared: without regard to case, width and ligatures, and not too long."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return list(dict.fromkeys(word[:LONGEST_TERM] for word in plain.translate(_SEPARATORS).split()))


def keep_terms(transaction: Connection, account_id: int, order_pk: int, document: Document) -> None:
    """Keeps it true what an order is found by."""
    order = {"of_account": account_id, "of_order": order_pk}
    wanted = terms_of(document)
    known = frozenset(transaction.execute(_OF_ORDER, order).scalars())
    if known == wanted:
        return
    if known:
        transaction.execute(_REMOVE, order)
    if wanted:
        rows = [{"account_id": account_id, "term": term, "order_id": order_pk} for term in sorted(wanted)]
        transaction.execute(_ADD, rows)


def matching(account_id: int, text: str) -> list[ColumnElement[bool]]:
    """The conditions on the rows of the inbox that a search makes: every word begins a word of the order.

    What is, without its blanks, the tracking number of a parcel finds that parcel's order.
    """
    words = words_of(text)[:MOST_WORDS]
    if not words:
        return []
    by_words = [inbox.c.order_id.in_(_begins(account_id, word)) for word in words]
    return [or_(and_(*by_words), inbox.c.order_id.in_(_tracked(account_id, text)))]


def _begins(account_id: int, word: str) -> Select[Any]:
    return select(order_terms.c.order_id).where(
        order_terms.c.account_id == account_id,
        order_terms.c.term >= word,
        order_terms.c.term < word + _ABOVE_ALL,
    )


def _tracked(account_id: int, text: str) -> Select[Any]:
    key = "".join(text.split()).lower()
    return (
        select(shipments.c.order_id)
        .join(parcels, parcels.c.shipment_id == shipments.c.id)
        .where(parcels.c.account_id == account_id, parcels.c.tracking_key == key, shipments.c.order_id.is_not(None))
    )


def _texts(document: Document) -> Iterator[str]:
    yield from (document["order_number"], document["order_id"])
    address = document.get("shipping_address") or {}
    customer = document.get("customer_details") or {}
    billing = document.get("billing_address") or {}
    yield from _known(address, "name", "company_name", "email", "postal_code")
    yield from _known(customer, "name", "email")
    yield from _known(billing, "name", "company_name", "email")
    for item in document["order_details"]["order_items"]:
        yield from _known(item, "sku")


def _known(part: dict[str, Any], *names: str) -> Iterable[str]:
    return (part[name] for name in names if part.get(name))
