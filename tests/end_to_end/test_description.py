"""The description of the API as a stranger uses it: fetched from a server, its lines for `curl` put into a shell."""

import json
import os
import shutil
import subprocess

import pytest

from kolli.api.description import DEMO_URL, PATH, describe
from kolli.demo import HERE
from tests.end_to_end.processes import Kolli, ask, prepared, run, serving

needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")

ALONE = [
    "POST /api/v3/orders",
    "GET /api/v3/orders",
    "POST /api/v3/orders/create-label-sync",
    "POST /api/v3/orders/create-labels-async",
    "POST /api/v3/shipments/announce",
    "GET /api/v3/shipments",
    "POST /api/v3/shipping-options",
    "POST /api/v3/addresses/validate",
    "POST /oauth2/token",
    "GET /api/v3/brands/{id}",
    "GET /api/v3/parcels/statuses",
    "GET /api/v2/parcels",
]
"""Endpoints whose examples mean something on a fresh demo, one after the other."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A server with the demo's account and its orders."""
    data = tmp_path_factory.mktemp("server") / "data"
    with serving(data, credentials=prepared(data)) as server:
        server.ask("POST", "/api/v3/orders", json.loads((HERE / "orders.json").read_bytes()))
        yield server


def line_for(endpoint: str) -> str:
    method, _, path = endpoint.partition(" ")
    line: str = describe()["paths"][path][method.lower()]["x-codeSamples"][0]["source"]
    return line


def pasted(line: str, shop: Kolli) -> subprocess.CompletedProcess[str]:
    assert shop.credentials
    keys = {"KOLLI_PUBLIC_KEY": shop.credentials.public_key, "KOLLI_SECRET_KEY": shop.credentials.secret}
    command = line.replace(DEMO_URL, shop.url).replace("curl ", "curl --silent --show-error --fail-with-body ", 1)
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, env=os.environ | keys)


@needs_curl
@pytest.mark.parametrize("endpoint", ALONE)
def test_the_line_of_an_example_works_in_a_shell(shop, endpoint):
    ended = pasted(line_for(endpoint), shop)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)


def test_everybody_may_read_it_and_the_command_prints_the_same(shop):
    served = ask(f"{shop.url}{PATH}").json()
    printed = json.loads(run("openapi").stdout)

    address = {"servers", "components"}
    assert {name: part for name, part in served.items() if name not in address} == {
        name: part for name, part in printed.items() if name not in address
    }
    assert served["components"]["schemas"] == printed["components"]["schemas"]
    assert served["servers"] == [{"url": shop.url}]
