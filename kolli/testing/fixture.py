"""The fixture for pytest: a label server of its own for every test."""

from collections.abc import Iterator

import pytest

from kolli.testing.server import LabelServer, serving_labels


@pytest.fixture
def label_server() -> Iterator[LabelServer]:
    """A label server that is started for this test and forgotten after it."""
    with serving_labels() as server:
        yield server
