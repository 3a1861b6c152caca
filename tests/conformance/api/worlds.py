"""An installation on which every example of the API's description means something that exists."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import update

from kolli.account.accounts import get_account
from kolli.account.integrations import add_integration
from kolli.account.keys import ApiKey, ResponseProfile, create_key
from kolli.demo import INTEGRATION
from kolli.operations.context import Installation
from kolli.schema import accounts
from tests.conformance.api.examples import STORY, Document, Step, run, the_demo
from tests.factories import NOW, an_integration

TAKES_AWAY = ("DELETE ", "/cancel")
OTHER_SHOP = 90


class World(NamedTuple):
    """An installation after the demo's story, and what each endpoint can be asked about there."""

    installation: Installation
    key: ApiKey
    authorization: str
    """The key and its secret, as a header."""
    requests: Mapping[str, Document]
    """By endpoint, as `GET /api/v3/orders/{id}`: a request that succeeds, at least once."""


def a_world(folder: Path, profile: ResponseProfile = "example") -> World:
    """A world whose orders may be shipped again and again, as those who ask at random do not know which have been."""
    installation = the_demo(folder)
    known: dict[str, Any] = {}
    for _ in run(installation, [step for step in STORY if not takes_away(step)], known):
        pass
    with installation.database.write() as transaction:
        account = replace(get_account(transaction, 1), repeat_labels="allowed")
        transaction.execute(update(accounts).values(body=msgspec.json.encode(account).decode()))
        add_integration(transaction, 1, an_integration(OTHER_SHOP, "A shop whose keys are not the ones in use"))
        key, secret = create_key(transaction, 1, "Asks anything", NOW, profile, integration_id=INTEGRATION)
    usual_last = sorted(STORY, key=lambda step: step.name == "usual")
    requests = {step.endpoint: step.request(known) for step in usual_last}
    requests["DELETE /api/v3/integrations/{id}"]["path"]["id"] = OTHER_SHOP
    pair = b64encode(f"{key.public_key}:{secret}".encode()).decode()
    return World(installation, key, f"Basic {pair}", requests)


def takes_away(step: Step) -> bool:
    """Whether a step removes what others are about."""
    return any(word in step.endpoint for word in TAKES_AWAY)
