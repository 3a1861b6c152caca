"""How a page is served: its template, its headers, its style sheet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from kolli.operations.context import Installation

_HERE = Path(__file__).parent

templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address holds a postal code
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}


class _Files(StaticFiles):
    """Files whose address says which content they have may be kept by browsers for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if scope["query_string"].startswith(b"v="):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


STATIC = Mount("/static", _Files(directory=_HERE / "static"))
"""Style sheets and pictures, from the package itself."""


@dataclass(frozen=True)
class Page:
    """A path, and the function that says what its template is filled with and with which status it is sent."""

    path: str
    template: str
    fill: Callable[[Request, Installation], tuple[int, Mapping[str, object]]]
    headers: Mapping[str, str] = field(default_factory=lambda: HEADERS)

    def route(self, installation: Installation) -> BaseRoute:
        """This page as the web server wants it."""
        return Route(self.path, partial(self._respond, installation), methods=["GET"])

    def _respond(self, installation: Installation, request: Request) -> Response:
        status, values = self.fill(request, installation)
        return HTMLResponse(templates.get_template(self.template).render(values), status, self.headers)
