"""The pictures that mails and web shops show: the logos of brands, for everybody who has the link."""

import re
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kolli.account.brands import find_logo_owner
from kolli.operations.context import Installation

LARGEST_ID = 2**63 - 1

HEADERS = {
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",  # it is meant to be shown elsewhere
    "Cache-Control": "public, max-age=31536000, immutable",  # the name is the hash of the content
}

_NUMBER = re.compile(r"[0-9]{1,19}")
_FILE = re.compile(r"([0-9a-f]{64})\.png")


class Logo:
    """The logo of a brand; 404 for one that it does not have any more."""

    path = "/brands/{brand}/{file}"

    def route(self, installation: Installation) -> BaseRoute:
        """This picture as the web server wants it."""
        return Route(self.path, partial(_respond, installation), methods=["GET"])


def _respond(installation: Installation, request: Request) -> Response:
    file = _FILE.fullmatch(request.path_params["file"])
    brand = request.path_params["brand"]
    if file is None or not _NUMBER.fullmatch(brand) or int(brand) > LARGEST_ID:
        return Response(status_code=404)
    with installation.database.read() as transaction:
        account_id = find_logo_owner(transaction, int(brand), file[1])
    if account_id is None:
        return Response(status_code=404)
    return Response(installation.image(account_id, file[1]), media_type="image/png", headers=HEADERS)


LOGO = Logo()
