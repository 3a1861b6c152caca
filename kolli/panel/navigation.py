"""Where the panel leads: the sections in its menu, each with the right it asks for."""

from dataclasses import dataclass

from kolli.account.users import Right
from kolli.panel.marking import _


@dataclass(frozen=True)
class Place:
    """One line of the menu. `key` opens it: the letter after `g`."""

    name: str
    label: str
    path: str
    right: Right
    key: str = ""


@dataclass(frozen=True)
class Group:
    """Places that stand together."""

    label: str
    places: tuple[Place, ...]


MENU: tuple[Group, ...] = (
    Group(
        _("Shipping"),
        (
            Place("dashboard", _("Overview"), "/panel/", Right.SEE, "o"),
            Place("inbox", _("Inbox"), "/panel/inbox/", Right.SEE, "i"),
            Place("packing", _("Packing table"), "/panel/packing/", Right.SHIP, "t"),
            Place("batches", _("Batches"), "/panel/batches/", Right.SEE, "b"),
            Place("print_jobs", _("Print queue"), "/panel/print-jobs/", Right.SEE, "q"),
            Place("lists", _("Lists"), "/panel/lists/", Right.SEE, "l"),
        ),
    ),
    Group(
        _("Settings"),
        (
            Place("shops", _("Shops"), "/panel/settings/shops/", Right.MANAGE),
            Place("sender_addresses", _("Sender addresses"), "/panel/settings/sender-addresses/", Right.MANAGE),
            Place("brands", _("Brands"), "/panel/settings/brands/", Right.MANAGE),
            Place("contracts", _("Contracts"), "/panel/settings/contracts/", Right.MANAGE),
            Place("carriers", _("Carriers and options"), "/panel/settings/carriers/", Right.MANAGE),
            Place("rules", _("Shipping rules"), "/panel/settings/rules/", Right.MANAGE),
            Place("defaults", _("Defaults"), "/panel/settings/defaults/", Right.MANAGE),
            Place("printers", _("Printers"), "/panel/settings/printers/", Right.MANAGE),
            Place("webhooks", _("Webhooks"), "/panel/settings/webhooks/", Right.DEVELOP),
            Place("keys", _("API keys"), "/panel/settings/keys/", Right.DEVELOP),
            Place("users", _("Users"), "/panel/settings/users/", Right.MANAGE),
            Place("audit", _("Audit trail"), "/panel/settings/audit/", Right.MANAGE),
        ),
    ),
    Group(
        _("Developers"),
        (
            Place("requests", _("Requests"), "/panel/requests/", Right.DEVELOP, "r"),
            Place("sandbox", _("Sandbox"), "/panel/sandbox/", Right.DEVELOP),
            Place("explorer", _("API explorer"), "/panel/explorer/", Right.DEVELOP),
        ),
    ),
)
"""The menu, from the top down. Whoever may not open a place does not see it."""
