"""The start page: where a person who opens the server's address in a browser finds what there is."""

from collections.abc import Mapping

from starlette.requests import Request

from kolli import __version__
from kolli.operations.context import Installation
from kolli.panel.pages import Page


def _fill(_: Request, installation: Installation) -> tuple[int, Mapping[str, object]]:
    return 200, {"version": __version__, "address": installation.public_url}


START_PAGE = Page("/", "start.html", _fill)
