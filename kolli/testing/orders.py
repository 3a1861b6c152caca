"""The orders of tests."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kolli.demo import INTEGRATION


def an_order(number: int, now: datetime, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A paid order of two candles to Amsterdam as the API takes it, with changes merged into it."""
    return _merged(
        {
            "order_id": f"shop-{number}",
            "order_number": f"TEST-{number}",
            "order_details": {
                "integration": {"id": INTEGRATION},
                "status": {"code": "unfulfilled", "message": "Waiting to be shipped"},
                "order_created_at": now.isoformat(),
                "order_items": [
                    {
                        "item_id": "line-1",
                        "name": "Candle",
                        "sku": "CANDLE-1",
                        "quantity": 2,
                        "hs_code": "3406.00",
                        "country_of_origin": "NL",
                        "unit_price": {"value": 8.95, "currency": "EUR"},
                        "total_price": {"value": 17.90, "currency": "EUR"},
                        "measurement": {"weight": {"value": 0.35, "unit": "kg"}},
                    }
                ],
            },
            "payment_details": {"total_price": {"value": 17.90, "currency": "EUR"}, "status": {"code": "paid"}},
            "customer_details": {"name": "Femke de Vries", "email": "femke@example.org"},
            "shipping_address": {
                "name": "Femke de Vries",
                "address_line_1": "Oudezijds Voorburgwal",
                "house_number": "218",
                "postal_code": "1012 GJ",
                "city": "Amsterdam",
                "country_code": "NL",
            },
        },
        changes,
    )


def _merged(known: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**known}
    for name, value in changes.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(merged.get(name), Mapping):
            merged[name] = _merged(merged[name], value)
        else:
            merged[name] = value
    return merged
