"""Orders → CSV: a line for each, with where it stands; the file can be imported again."""

from collections.abc import Iterable, Iterator

from kolli.orders.model import Order
from kolli.standing import Standing
from kolli.tables import table_text
from kolli.values import plain

EXPORTED = (
    "order_number",
    "order_id",
    "standing",
    "created",
    "status",
    "payment",
    "total",
    "currency",
    "name",
    "company",
    "street",
    "house_number",
    "street_2",
    "postal_code",
    "city",
    "state_province",
    "country",
    "email",
    "phone",
    "weight",
    "items",
    "sku",
)
"""The columns of an export."""


def header_line() -> str:
    """The first line of an export."""
    return table_text(EXPORTED, [])


def order_lines(orders: Iterable[tuple[Order, Standing]]) -> Iterator[str]:
    """A line for each order and where it stands, as text; `header_line` stands above them."""
    for order, standing in orders:
        yield table_text(EXPORTED, [_exported(order, standing)]).split("\n", 1)[1]


def _exported(order: Order, standing: Standing) -> dict[str, str]:
    address = order.document.get("shipping_address") or {}
    details, total = order.document["order_details"], order.total
    names = {
        "company": "company_name",
        "street": "address_line_1",
        "street_2": "address_line_2",
        "phone": "phone_number",
    }
    names |= {"state_province": "state_province_code", "country": "country_code"}
    names |= {name: name for name in ("name", "house_number", "postal_code", "city")}
    customer = order.document.get("customer_details") or {}
    return {
        "order_number": order.order_number,
        "order_id": order.order_id,
        "standing": standing.value,
        "created": details["order_created_at"],
        "status": details["status"]["code"],
        "payment": order.payment_status,
        "total": plain(total.value) if total else "",
        "currency": total.currency if total else "",
        **{column: str(address.get(member) or "") for column, member in names.items()},
        "email": str(address.get("email") or customer.get("email") or ""),
        "weight": str(order.weight or ""),
        "items": "; ".join(f"{item.quantity} × {item.name}" for item in order.items),
        "sku": " ".join(item.sku for item in order.items if item.sku),
    }
