"""A real label server for other people's tests: `label_server` for pytest, `serving_labels` for everybody else."""

from kolli.testing.clock import Clock
from kolli.testing.server import LabelServer, Order, serving_labels
from kolli.testing.webhooks import Webhook

__all__ = ["Clock", "LabelServer", "Order", "Webhook", "label_server", "serving_labels"]


def __getattr__(name: str) -> object:
    """The fixture, once it is asked for: who tests without pytest need not have it."""
    if name == "label_server":
        from kolli.testing.fixture import label_server  # noqa: PLC0415

        return label_server
    raise AttributeError(f"kolli.testing has no {name!r}.")
