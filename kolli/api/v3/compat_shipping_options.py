"""Compat: which shipping option takes the place of a shipping method of version 2."""

from typing import Annotated

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from kolli.api.endpoint import NOWHERE_ELSE, Answer, Endpoint, Request
from kolli.api.v3.common import Schema, Whole
from kolli.operations.context import Context

MOST_METHODS = 100


class Translate(Schema):
    """The body of `compat/shipping-options`."""

    shipping_method_ids: Annotated[list[Whole], Field(max_length=MOST_METHODS)]


class Translated(TypedDict):
    """The code of the shipping option for each method there is, by the method's number."""

    data: dict[str, str | None]


_TRANSLATE = TypeAdapter(Translate)


def translate_methods(request: Request, context: Context) -> Answer:
    """The shipping options for these shipping methods. Methods that do not exist are left out."""
    numbers = request.read(_TRANSLATE, NOWHERE_ELSE).shipping_method_ids
    found = {number: context.installation.carriers.find_option_by_v2_id(number) for number in numbers}
    codes: dict[str, str | None] = {str(number): option[1].code for number, option in found.items() if option}
    return Answer(200, {"data": codes})


ROUTES = [
    Endpoint(
        "POST",
        "/compat/shipping-options",
        translate_methods,
        "Translate shipping methods of version 2 into shipping options",
        scope="read:operational-settings",
        body=_TRANSLATE,
        answers={200: Translated},
    )
]
