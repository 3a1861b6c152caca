"""Integrations: the shop connections of the account, what each is told, and how it wants to be told."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any, NotRequired
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StrictBool, TypeAdapter
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from kolli.account.integrations import FeedbackType, Integration, get_integration, list_integrations
from kolli.api.bodies import decode
from kolli.api.endpoint import Answer, Endpoint, Parameter, Request
from kolli.api.errors import Pointers, Rejected, Source, Wire, answer_to, problem
from kolli.api.v3.common import Schema, in_utc
from kolli.api.v3.order_document import printable
from kolli.errors import Invalid, KolliError, NotFound
from kolli.operations.change_integration import change, remove
from kolli.operations.context import Context
from kolli.outgoing import LONGEST_URL, check_url

NOT_FOUND = Wire(404, "not_found", "Not Found")
WRONG_FORMAT = Wire(400, "non_field_errors", "Wrong format")
NO_WEBHOOK_URL = "Webhook URL required when enable webhook is set to true"
POINTERS = Pointers(root="/data")

MOST_CARRIERS = 100


def url_of_web(text: str) -> str:
    """The text itself; for a schema, an error when it is no address on the web."""
    try:
        parts = urlsplit(text)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_url = False
    if not is_url:
        raise PydanticCustomError("url", "Enter a valid URL. It has to begin with https:// or http://.")
    return text


Url = Annotated[str, Field(min_length=1, max_length=LONGEST_URL), AfterValidator(url_of_web)]
Code = Annotated[str, Field(min_length=1, max_length=100)]


class IntegrationChange(Schema):
    """What is to be different; what is absent stays as it is, whatever its default here."""

    shop_name: Annotated[str, Field(min_length=1, max_length=250), AfterValidator(printable)] = ""
    shop_url: Url = ""
    service_point_enabled: StrictBool = False
    service_point_carriers: Annotated[tuple[Code, ...], Field(max_length=MOST_CARRIERS)] = ()
    webhook_active: StrictBool = False
    webhook_url: Annotated[str, Field(min_length=1, max_length=LONGEST_URL)] | None = None
    feedback_type: FeedbackType = "none"


class IntegrationAnswer(TypedDict):
    """A shop connection. An address of the shop that is not known, which cannot be empty, is left out."""

    id: int
    shop_name: str
    shop_url: NotRequired[str]
    type: str
    service_point_enabled: bool
    service_point_carriers: list[str]
    webhook_active: bool
    webhook_url: str | None
    feedback_type: FeedbackType
    started_failing_at: str | None
    last_fetched_at: str | None
    created_at: str
    updated_at: str


class OneIntegration(TypedDict):
    """One shop connection."""

    data: IntegrationAnswer


class Integrations(TypedDict):
    """Every shop connection of the account."""

    data: list[IntegrationAnswer]


class IntegrationProblem(TypedDict):
    """One mistake. In this section the status of some is a number, as documented."""

    status: str | int
    code: str
    title: str
    detail: str
    source: NotRequired[Source]
    meta: NotRequired[dict[str, Any]]


class IntegrationRefusal(TypedDict):
    """Every mistake that was found."""

    errors: list[IntegrationProblem]


def refuse(error: KolliError, pointers: Pointers) -> tuple[int, bytes]:
    """A refusal as this section has it: the status of what is not found is a number.

    Source: Integrations, the examples of 404 and of 400 (2026-07).
    """
    if isinstance(error, NotFound):
        error = Rejected(404, [in_numbers(problem(NOT_FOUND, error.message))])
    return answer_to(error, pointers)


def in_numbers(found: dict[str, Any]) -> dict[str, Any]:
    """The same error object with its status as a number."""
    return {**found, "status": int(found["status"])}


# What the list is sorted by. Source: Integrations, parameter `sort`, which also speaks of "attributes in the response".

SortKey = Callable[[Integration], object]

SORT_KEYS: dict[str, SortKey] = {
    "integration_type": lambda integration: integration.settings.type,
    "created_at": lambda integration: integration.created_at,
    "updated_at": lambda integration: integration.updated_at,
    "last_fetch": lambda integration: integration.settings.last_fetched_at,
    "failing_since": lambda integration: integration.settings.started_failing_at,
}

OTHER_NAMES = {
    "type": "integration_type",
    "last_fetched_at": "last_fetch",
    "started_failing_at": "failing_since",
}

USUAL_SORT = ("last_fetch", "created_at")


def list_all_integrations(request: Request, context: Context) -> Answer:
    """Every integration of the account; what never happened comes last. An unknown key to sort by means none at all."""
    with context.database.read() as transaction:
        integrations = list_integrations(transaction, context.account_id)
    data: Integrations = {"data": [_answered(each) for each in _sorted(integrations, request.query.get("sort") or "")]}
    return Answer(200, data)


def _sorted(integrations: list[Integration], wanted: str) -> list[Integration]:
    keys: Sequence[str] = [key.strip() for key in wanted.split(",")]
    if not all(OTHER_NAMES.get(name := key.removeprefix("-"), name) in SORT_KEYS for key in keys):
        keys = USUAL_SORT
    for key in reversed(keys):  # the last one first: sorting keeps what is equal in order
        name = key.removeprefix("-")
        _sort(integrations, SORT_KEYS[OTHER_NAMES.get(name, name)], descending=key.startswith("-"))
    return integrations


def _sort(integrations: list[Integration], key: SortKey, *, descending: bool) -> None:
    known = [each for each in integrations if key(each) is not None]
    unknown = [each for each in integrations if key(each) is None]
    known.sort(key=lambda each: str(key(each)), reverse=descending)
    integrations[:] = known + unknown


def retrieve_integration(request: Request, context: Context) -> Answer:
    """One integration."""
    with context.database.read() as transaction:
        integration = get_integration(transaction, context.account_id, request.id)
    data: OneIntegration = {"data": _answered(integration)}
    return Answer(200, data)


_CHANGE = TypeAdapter(IntegrationChange)


def change_integration(request: Request, context: Context) -> Answer:
    """Changes what the body names in an integration, and leaves the rest as it was."""
    if not isinstance(decode(request.body), dict):
        raise Rejected(400, [problem(WRONG_FORMAT, "Wrong request format, expected object")])
    wanted = request.read(_CHANGE, POINTERS)
    if wanted.webhook_url is not None:
        check_url(wanted.webhook_url, context.installation.settings.private_targets, field="webhook_url")
    change(request.id, lambda integration: changed_integration(integration, wanted), context)
    return Answer(204)


def changed_integration(integration: Integration, wanted: IntegrationChange) -> Integration:
    """The integration with what the change names; Invalid when it shall call nobody knows where."""
    changes = wanted.model_dump(exclude_unset=True)
    name = changes.pop("shop_name", integration.name)
    if "webhook_url" in changes:
        changes["webhook_url"] = changes["webhook_url"] or ""
    settings = replace(integration.settings, **changes)
    if settings.webhook_active and not settings.webhook_url:
        raise Invalid(NO_WEBHOOK_URL)
    return replace(integration, name=name, settings=settings)


def delete_integration(request: Request, context: Context) -> Answer:
    """Removes an integration and its keys. Its orders and shipments stay."""
    remove(request.id, context)
    return Answer(204)


def _answered(integration: Integration) -> IntegrationAnswer:
    settings = integration.settings
    answered: IntegrationAnswer = {
        "id": integration.id,
        "shop_name": integration.name,
        "type": settings.type,
        "service_point_enabled": settings.service_point_enabled,
        "service_point_carriers": list(settings.service_point_carriers),
        "webhook_active": settings.webhook_active,
        "webhook_url": settings.webhook_url or None,
        "feedback_type": settings.feedback_type,
        "started_failing_at": in_utc(settings.started_failing_at) if settings.started_failing_at else None,
        "last_fetched_at": in_utc(settings.last_fetched_at) if settings.last_fetched_at else None,
        "created_at": in_utc(integration.created_at),
        "updated_at": in_utc(integration.updated_at),
    }
    if settings.shop_url:
        answered["shop_url"] = settings.shop_url
    return answered


_SORT = Parameter("sort", f"Keys with commas between them, a minus sign for descending: {', '.join(SORT_KEYS)}.")

ROUTES = [
    Endpoint(
        "GET",
        "/integrations",
        list_all_integrations,
        "Retrieve a list of integrations",
        scope="read:integration",
        parameters=[_SORT],
        answers={200: Integrations},
    ),
    Endpoint(
        "GET",
        "/integrations/{id:int}",
        retrieve_integration,
        "Retrieve an integration",
        scope="read:integration",
        answers={200: OneIntegration},
        refuse=refuse,
        refusal=IntegrationRefusal,
    ),
    Endpoint(
        "PATCH",
        "/integrations/{id:int}",
        change_integration,
        "Update certain parts of an integration",
        POINTERS,
        scope="write:integration",
        body=_CHANGE,
        answers={204: None},
        refuse=refuse,
        refusal=IntegrationRefusal,
    ),
    Endpoint(
        "DELETE",
        "/integrations/{id:int}",
        delete_integration,
        "Delete an integration",
        scope="write:integration",
        answers={204: None},
        refuse=refuse,
        refusal=IntegrationRefusal,
    ),
]
