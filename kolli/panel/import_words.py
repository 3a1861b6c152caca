"""What columns of a file of orders are called on the page, for the catalogue: they are used with orders."""

from kolli.panel.marking import _

COLUMN_NAMES: tuple[str, ...] = (
    _("Order number"),
    _("Order id of the shop"),
    _("Date of the order"),
    _("Status"),
    _("Payment status"),
    _("Total price"),
    _("Currency"),
    _("Recipient’s name"),
    _("First name"),
    _("Last name"),
    _("Company"),
    _("Street, with or without the house number"),
    _("House number"),
    _("Address line 2"),
    _("Postal code"),
    _("City"),
    _("State or province"),
    _("Country"),
    _("E-mail"),
    _("Phone"),
    _("Weight of the whole order"),
    _("Code of the shipping option"),
    _("Notes"),
    _("Item: name"),
    _("Item: SKU"),
    _("Item: quantity"),
    _("Item: price of one"),
    _("Item: weight of one"),
    _("Item: HS code"),
    _("Item: country of origin"),
)
"""Every name, in the order of the fields."""
