"""The webhooks a server has sent in a test: kept instead of being sent, unless they go to the test itself."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from kolli.outgoing import MOST_ANSWER_BYTES, Outgoing, Patience, Reply

HOST = "https://webhooks.invalid"
"""Where the integration's webhooks go. That name leads nowhere, for ever. Source: RFC 2606, section 2."""


@dataclass(frozen=True)
class Webhook:
    """One webhook as its receiver would have seen it."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """What it says."""
        return json.loads(self.body)


class Kept(Outgoing):
    """A way out that keeps what goes to HOST, and sends everything else."""

    def __init__(self, private_targets: Sequence[IPv4Network | IPv6Network]) -> None:
        super().__init__(private_targets)
        self.kept: list[Webhook] = []

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        patience: Patience | None = None,
        most_bytes: int = MOST_ANSWER_BYTES,
    ) -> Reply:
        """Sends one request; whatever is kept is answered with 200."""
        if not url.startswith(HOST):
            return super().send(method, url, headers, body, patience=patience, most_bytes=most_bytes)
        self.kept.append(Webhook(url, dict(headers), body))
        return Reply(200, b"OK")
