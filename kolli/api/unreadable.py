"""What is said to a request that is no HTTP because of its Idempotency-Key.

The web server refuses it before it is anybody's, so no endpoint can say which header is the matter. Source of what a
header may hold: RFC 9110, 5.5.
"""

import re

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kolli.api.bodies import encode
from kolli.api.errors import INVALID, problem
from kolli.api.idempotency import HEADER

_BAD_KEY = re.compile(rf"\n{HEADER}:[^\r\n]*[\0-\x08\x0b\x0c\x0e-\x1f\x7f]".encode(), re.IGNORECASE)
_DETAIL = f"The header {HEADER} holds a control character. Send a text of printable ASCII, such as a UUID."
_BODY = encode({"errors": [problem(INVALID, _DETAIL, header=HEADER)]})
_HEADERS = f"content-type: application/json\r\ncontent-length: {len(_BODY)}\r\nconnection: close\r\n".encode()
_ANSWER = b"\r\n".join([b"HTTP/1.1 400 Bad Request", _HEADERS, _BODY])


class Http(HttpToolsProtocol):
    """The web server's HTTP/1.1, which names the Idempotency-Key where that is what makes a request none."""

    _latest = b""

    def data_received(self, data: bytes) -> None:
        """Takes what has arrived, and keeps it in mind until more arrives."""
        self._latest = data
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Refuses what has just arrived, and hangs up."""
        if _BAD_KEY.search(self._latest):
            self.transport.write(_ANSWER)
            self.transport.close()
        else:
            super().send_400_response(msg)
