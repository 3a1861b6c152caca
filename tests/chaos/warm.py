"""Imported by the process that forks the servers, and by nothing else: what it has done once none of them has to do.

It loads the fonts, and buys a label in memory, so that what is imported, looked up, or worked out on the way to one is
there.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.doomed import fonts
from tests.factories import a_caller, an_installation, an_order

fonts()
with TemporaryDirectory() as folder:
    caller = a_caller(an_installation(Path(folder)))
    caller.store(an_order(order_number="N-1"))
    body = {"integration_id": 70, "order": {"order_number": "N-1"}}
    assert caller.client.post("/api/v3/orders/create-label-sync", json=body).status_code == 201
