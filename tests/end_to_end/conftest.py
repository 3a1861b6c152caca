"""A server and a demo that the stories of a module share."""

from collections.abc import Iterator

import pytest

from kolli.testing import label_server  # noqa: F401 - a fixture for all tests here
from tests.end_to_end.processes import Kolli, prepared, running, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Kolli]:
    """A server with the demo's account and nothing else."""
    data = tmp_path_factory.mktemp("server") / "data"
    with serving(data, credentials=prepared(data)) as server:
        yield server


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Iterator[Kolli]:
    """`kolli demo`, in a folder of its own."""
    folder = tmp_path_factory.mktemp("demo")
    with running("demo", "--folder", str(folder / "data"), folder=folder) as demo:
        yield demo
