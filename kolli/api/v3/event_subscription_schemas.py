"""What event subscriptions are asked and answer: the schemas of their section."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field, StrictBool
from typing_extensions import TypedDict

from kolli.api.v3.common import Id, Schema
from kolli.webhooks.subscriptions import AuthType

Text = Annotated[str, Field(max_length=2_000)]


class AuthConfig(Schema):
    """What the endpoint knows us by: which members count, the auth_type says."""

    token: Text | None = None
    username: Text | None = None
    password: Text | None = None
    header_name: Text | None = None
    api_key: Text | None = None


class WebhookConfiguration(Schema):
    """Where events are sent, and what is sent along."""

    url: Text | None = None
    auth_type: AuthType = "none"
    auth_config: AuthConfig | None = None
    extra_headers: Annotated[dict[Text, Text], Field(max_length=100)] | None = None


class NewConnection(Schema):
    """The body that makes a connection."""

    type: Literal["webhook", "klaviyo"]
    configuration: WebhookConfiguration


class ConnectionChange(Schema):
    """What is to be different about a connection; what is absent stays as it is."""

    type: Literal["webhook", "klaviyo"] | None = None
    configuration: WebhookConfiguration | None = None


class NewSubscription(Schema):
    """The body that makes a subscription."""

    connection_id: Id
    event_type: Literal["parcels.event.created"]
    is_active: StrictBool = True


class SubscriptionChange(Schema):
    """What is to be different about a subscription; what is absent stays as it is."""

    connection_id: Id | None = None
    event_type: Literal["parcels.event.created"] | None = None
    is_active: StrictBool | None = None


class ConfigurationAnswer(TypedDict):
    """Where events are sent. What the endpoint knows us by is never told again."""

    url: str
    auth_type: AuthType
    extra_headers: NotRequired[dict[str, str]]


class ConnectionAnswer(TypedDict):
    """An endpoint that events are sent to."""

    id: int
    type: Literal["webhook"]
    configuration: ConfigurationAnswer
    created_at: str
    updated_at: str


class OneConnection(TypedDict):
    """One connection."""

    data: ConnectionAnswer


class Connections(TypedDict):
    """Every connection of the account."""

    data: list[ConnectionAnswer]


class SubscriptionAnswer(TypedDict):
    """Which events are sent to a connection."""

    id: int
    connection_id: int
    event_type: str
    is_active: bool
    created_at: str
    updated_at: str


class OneSubscription(TypedDict):
    """One subscription."""

    data: SubscriptionAnswer


class Subscriptions(TypedDict):
    """Every subscription of the account."""

    data: list[SubscriptionAnswer]


class TestResult(TypedDict):
    """What came of a test. Without an answer there is no status, and the body says why."""

    success: bool
    status_code: NotRequired[int]
    response_body: str


class OneTestResult(TypedDict):
    """What came of a test."""

    data: TestResult
