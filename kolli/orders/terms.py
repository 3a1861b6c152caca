"""What an order is found by: the words of its numbers, names, mail address and SKUs, and its parcels' numbers."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, exists, insert, select

from kolli.orders.model import Document
from kolli.schema import inbox, order_terms, parcels, shipments

LONGEST_TERM = 64
"""Characters that are kept of a word, and looked for: nobody types more."""

MOST_TERMS = 200
"""Words that are kept of one order: an order of thousands of lines is found by its first ones."""

MOST_WORDS = 8
"""Words that are looked for at once; the others are left out."""

FEW = 3_000
"""Orders that are looked at one by one."""

MANY = 25_000
"""Orders that a word may be a word of and still tell them from others."""

_SEPARATORS = str.maketrans(dict.fromkeys(',;:/\\|()[]{}<>"“”„«»&+*?!#', " "))
_PARTS = re.compile("[-_]+")
_ABOVE_ALL = "\U0010ffff"

_ADD = insert(order_terms)
# With the sum the key, which begins with the account, is of no use: SQLite would read all that the account has.
_THOSE = (order_terms.c.account_id + 0 == bindparam("of_account"), order_terms.c.order_id == bindparam("of_order"))
_REMOVE = delete(order_terms).where(*_THOSE)
_OF_ORDER = select(order_terms.c.term).where(*_THOSE)
_BEGINS = (order_terms.c.term >= bindparam("word"), order_terms.c.term < bindparam("end"))
_BEGINNING = (
    select(order_terms.c.order_id).where(order_terms.c.account_id == bindparam("of_account"), *_BEGINS).limit(MANY + 1)
)
_THAT_BEGIN = select(order_terms.c.order_id).where(
    order_terms.c.account_id + 0 == bindparam("of_account"),
    order_terms.c.order_id.in_(bindparam("those", expanding=True)),
    *_BEGINS,
)
_TRACKED = (
    select(shipments.c.order_id)
    .join(parcels, parcels.c.shipment_id == shipments.c.id)
    .where(
        parcels.c.account_id + 0 == bindparam("of_account"),
        parcels.c.tracking_key == bindparam("key"),
        shipments.c.order_id.is_not(None),
    )
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


@dataclass(frozen=True)
class Found:
    """What a search has found: these orders, or, where they are many, whatever fulfils the conditions.

    With `is_vague` nearly every order does, so that it is quicker to look at one after the other.
    """

    conditions: tuple[ColumnElement[bool], ...]
    is_vague: bool = False


def search(transaction: Connection, account_id: int, text: str) -> Found | None:
    """The orders each word of a text begins a word of; None when the text has no words.

    What is, without its blanks, the tracking number of a parcel finds that parcel's order, too.
    """
    words = sorted(words_of(text)[:MOST_WORDS], key=len, reverse=True)
    if not words:
        return None
    tracked = _tracked(transaction, account_id, text)
    found: set[int] | None = None
    frequent = []
    for word in words:
        if found is not None and len(found) <= FEW:
            found &= _that_begin(transaction, account_id, word, found)
            continue
        some = _beginning(transaction, account_id, word)
        if some is None:
            frequent.append(word)
        else:
            found = some if found is None else found & some
    if found is None:
        return Found(tuple(_has(account_id, word) for word in frequent), is_vague=True)
    for word in frequent if len(found) <= FEW else ():
        found &= _that_begin(transaction, account_id, word, found)
    if len(found) <= FEW:
        return Found((inbox.c.order_id.in_(sorted(found | tracked)),))
    return Found(
        tuple(
            _has(account_id, word) if word in frequent else inbox.c.order_id.in_(_begins(account_id, word))
            for word in words
        )
    )


def _beginning(transaction: Connection, account_id: int, word: str) -> set[int] | None:
    """The orders that have a word which begins so; None when they are very many."""
    rows = transaction.execute(_BEGINNING, {"of_account": account_id, "word": word, "end": word + _ABOVE_ALL})
    found = rows.scalars().all()
    return None if len(found) > MANY else set(found)


def _that_begin(transaction: Connection, account_id: int, word: str, order_pks: set[int]) -> set[int]:
    """Those of a few orders that have a word which begins so."""
    values = {"of_account": account_id, "word": word, "end": word + _ABOVE_ALL, "those": sorted(order_pks)}
    return set(transaction.execute(_THAT_BEGIN, values).scalars())


def _tracked(transaction: Connection, account_id: int, text: str) -> set[int]:
    key = "".join(text.split()).lower()
    return set(transaction.execute(_TRACKED, {"of_account": account_id, "key": key}).scalars())


def _begins(account_id: int, word: str) -> Select[Any]:
    return select(order_terms.c.order_id).where(
        order_terms.c.account_id == account_id, order_terms.c.term >= word, order_terms.c.term < word + _ABOVE_ALL
    )


def _has(account_id: int, word: str) -> ColumnElement[bool]:
    return exists().where(
        order_terms.c.order_id == inbox.c.order_id,
        order_terms.c.account_id + 0 == account_id,
        order_terms.c.term + "" >= word,
        order_terms.c.term + "" < word + _ABOVE_ALL,
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
