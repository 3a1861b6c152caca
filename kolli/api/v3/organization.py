"""Organization: who ships."""

from typing_extensions import TypedDict

from kolli.api.endpoint import Answer, Endpoint, Request
from kolli.api.v3.common import in_utc
from kolli.operations.context import Context


class OrganizationAnswer(TypedDict):
    """The account, by its name, and since when it has been here."""

    id: int
    name: str
    registered: str


class OneOrganization(TypedDict):
    """The account that the credentials belong to."""

    data: OrganizationAnswer


def retrieve_organization(_: Request, context: Context) -> Answer:
    """The account that the credentials belong to."""
    account = context.account
    data: OneOrganization = {
        "data": {"id": account.id, "name": account.name, "registered": in_utc(account.registered_at)}
    }
    return Answer(200, data)


ROUTES = [
    Endpoint(
        "GET",
        "/organization",
        retrieve_organization,
        "Retrieve information about the organization",
        answers={200: OneOrganization},
    )
]
