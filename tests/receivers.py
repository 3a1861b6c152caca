"""The network's edge for tests without one: what would be sent is noted, and answered as a test says."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kolli.errors import Unreachable
from kolli.outgoing import MOST_ANSWER_BYTES, Outgoing, Patience, Reply


@dataclass
class Sent:
    """One request that would have gone out."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Silent(Outgoing):
    """A way out that leads nowhere. It answers with one status after the other, and the last one from then on.

    A text instead of a status is why there is no answer.
    """

    answers: list[int | str] = field(default_factory=lambda: [200])
    sent: list[Sent] = field(default_factory=list)
    body: bytes = b"OK"

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
        self.sent.append(Sent(url, dict(headers), body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, str):
            raise Unreachable(answer)
        return Reply(answer, self.body)

    def close(self) -> None:
        pass
