"""Reads the content of a label out of JSON, and says where in the JSON something is wrong."""

import re
from dataclasses import fields, is_dataclass
from typing import get_args, get_type_hints

import msgspec

from kolli.documents.layouts.label import LabelContent
from kolli.errors import Invalid, InvalidChoice
from kolli.values import COUNTRY_CODES

_PATH = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")


def content_from_json(data: bytes) -> LabelContent:
    """The label content in a JSON document whose members are named as in `LabelContent`.

    The logo is base64, the date ISO 8601, the weight an object of `value` and `unit`. Raises `Invalid` with the path of
    the member that is wrong (`recipient.city`) as field: a wrong type, a missing one, one that does not exist, or a
    country that is none.
    """
    try:
        document = msgspec.json.decode(data)
        _refuse_unknown(document, LabelContent, "")
        content = msgspec.json.decode(data, type=LabelContent)
    except msgspec.MsgspecError as error:
        found = _PATH.search(str(error))
        path = found["path"] if found else ""
        where = f"$.{path}" if path else "the document"
        message = f"The label content is not valid at {where}: {_PATH.sub('', str(error))}."
        raise Invalid(message, field=path or None) from error
    for role in ("sender", "recipient"):
        code = getattr(content, role).country_code
        if code not in COUNTRY_CODES:
            message = (
                f'At $.{role}.country_code, "{code}" is not a country. Use two capitals of ISO 3166-1, such as NL.'
            )
            raise InvalidChoice(message, field=f"{role}.country_code", details={"value": code})
    return content


def _refuse_unknown(document: object, kind: type, path: str) -> None:
    """A misspelt member would otherwise just be missing on the label."""
    if not isinstance(document, dict):
        return
    types = get_type_hints(kind)
    names = {field.name for field in fields(kind)}
    for member, value in document.items():
        here = f"{path}{member}"
        if member not in names:
            message = f"$.{here} does not exist. The members here are {', '.join(sorted(names))}."
            raise Invalid(message, field=here)
        for inner in get_args(types[member]) or (types[member],):
            if is_dataclass(inner) and isinstance(inner, type):
                _refuse_unknown_in(value, inner, here)


def _refuse_unknown_in(value: object, kind: type, here: str) -> None:
    """In a member, or in each of a list."""
    if isinstance(value, list):
        for index, each in enumerate(value):
            _refuse_unknown(each, kind, f"{here}[{index}].")
    else:
        _refuse_unknown(value, kind, f"{here}.")
