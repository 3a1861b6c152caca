"""The API explorer: every endpoint, with an example that can be sent from the page. It asks nobody but this server.

The page itself is empty; its script reads the description of the API and makes the forms. What a person types as
credentials stays in the page and goes nowhere but into requests to this server.
"""

from collections.abc import Mapping

from starlette.requests import Request

from kolli import __version__
from kolli.operations.context import Installation
from kolli.panel.pages import HEADERS, Page

EXPLORER_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
}
"""Labels that come back as pictures are shown from memory, hence `blob:`."""


def _fill(_: Request, installation: Installation) -> tuple[int, Mapping[str, object]]:
    return 200, {"version": __version__, "url": installation.public_url}


EXPLORER_PAGE = Page("/explorer/", "explorer.html", _fill, EXPLORER_HEADERS)
