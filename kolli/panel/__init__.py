"""The pages people see in a browser, and the pictures on them."""

from anyio import CapacityLimiter
from starlette.responses import Response
from starlette.routing import BaseRoute

from kolli.account.users import Right
from kolli.errors import NotFound
from kolli.operations.context import Installation
from kolli.panel import (
    batches,
    dashboard,
    developer,
    imports,
    inbox,
    lists,
    me,
    order_actions,
    order_edit,
    orders,
    packing,
    print_jobs,
    printers,
    sign_in,
)
from kolli.panel.explorer import EXPLORER_PAGE
from kolli.panel.pages import STATIC, Page
from kolli.panel.pictures import LOGO, Logo
from kolli.panel.settings import (
    audit,
    brands,
    carrier_files,
    carriers,
    contract_data,
    contracts,
    defaults,
    keys,
    rules,
    sender_addresses,
    shops,
    users,
    webhooks,
)
from kolli.panel.start import START_PAGE
from kolli.panel.tracking import BRAND_COLOURS, TRACKING_PAGE, BrandColours, TrackingPage
from kolli.panel.web import PAGES_AT_A_TIME, Door, OpenRoute, PanelRequest, Route

PAGES: tuple[Page | Logo | TrackingPage | BrandColours, ...] = (
    START_PAGE,
    TRACKING_PAGE,
    BRAND_COLOURS,
    EXPLORER_PAGE,
    LOGO,
)
"""Every page there is outside the panel."""

SECTIONS = (
    sign_in,
    dashboard,
    inbox,
    imports,
    orders,
    order_actions,
    order_edit,
    packing,
    batches,
    print_jobs,
    lists,
    me,
    sender_addresses,
    brands,
    contracts,
    contract_data,
    carriers,
    carrier_files,
    shops,
    defaults,
    rules,
    printers,
    webhooks,
    keys,
    users,
    audit,
    developer,
)
"""The modules of the panel, one for each section."""

PREFIX = "/panel/"


def _nowhere(request: PanelRequest) -> Response:
    raise NotFound(request._("There is no such page."))


def panel_routes() -> list[Route | OpenRoute]:
    """Every route of the panel."""
    return [route for section in SECTIONS for route in section.ROUTES]


def web_routes(installation: Installation) -> list[BaseRoute]:
    """The panel as the web server wants it; the last route takes what leads nowhere."""
    threads = CapacityLimiter(PAGES_AT_A_TIME)
    nowhere = [Route(method, f"{PREFIX}{{rest:path}}", _nowhere, Right.SEE) for method in ("GET", "POST")]
    return [Door(route, installation, threads).as_route() for route in (*panel_routes(), *nowhere)]


__all__ = ["PAGES", "PREFIX", "STATIC", "panel_routes", "web_routes"]
