"""User: whose credentials these are."""

from typing_extensions import TypedDict

from kolli.api.endpoint import Answer, Endpoint, Request
from kolli.operations.context import Context


class CredentialsOwner(TypedDict):
    """The account that the credentials belong to, and their integration; null for keys from before they had one."""

    user_id: int
    integration_id: int | None


class AuthMetadata(TypedDict):
    """What is known about the credentials of the request."""

    data: CredentialsOwner


def retrieve_auth_metadata(_: Request, context: Context) -> Answer:
    """Whose credentials the request came with. A key and the tokens made with it have the same answer."""
    data: AuthMetadata = {"data": {"user_id": context.account_id, "integration_id": context.key.integration_id}}
    return Answer(200, data)


ROUTES = [
    Endpoint(
        "GET",
        "/user/auth/metadata",
        retrieve_auth_metadata,
        "Retrieve metadata associated with the authentication method",
        answers={200: AuthMetadata},
    )
]
