"""Every doubtful point of the contract, and how we read it.

The API's description and its examples disagree in places, and callers have built on either. Each such choice is made
here and nowhere else; where callers need both readings, the key's response profile decides.
"""

from collections.abc import Mapping

from kolli.account.keys import ResponseProfile
from kolli.api.errors import WIRE, Problem
from kolli.api.v3.ship_an_order_answers import (
    BothLabelNames,
    DocumentOfParcel,
    LabelAnswer,
    LabelFile,
    OneLabelAnswer,
)
from kolli.errors import Impossible, Invalid


def labels_answer(label: LabelAnswer, profile: ResponseProfile) -> OneLabelAnswer:
    """The `data` of a synchronous label answer: a list of one, as the example has it; an object, as the schema has it.

    Source: Ship an Order, `create-label-sync`, answer 201: the schema says object, the only example is a list. The
    list is the default because callers found it by trying.
    """
    match profile:
        case "example":
            return {"data": [label]}
        case "schema":
            return {"data": label}


def both_label_names(file: str, mime_type: str, dpi: int) -> BothLabelNames:
    """The label under both names: `label` in the example, `label_details` in the schema."""
    label: LabelFile = {"file": file, "mime_type": mime_type, "dpi": dpi}
    return {"label": label, "label_details": label}


def document(document_type: str, size: str, link: str) -> DocumentOfParcel:
    """A document with both names of its type: `type` is deprecated, but the only one in the examples."""
    return {"type": document_type, "document_type": document_type, "size": size, "link": link}


def untitled(found: Problem) -> Problem:
    """An error object as the answers to a batch have it for its sender address: without a title.

    Source: Ship an Order, `create-labels-async`, answer 202, example `SenderAddressIDDoesNotExist` (2026-07).
    """
    found = found.copy()
    found.pop("title", None)
    return found


def of_invalid_order(found: Problem) -> Problem:
    """An error object about one order of a batch, with the title that the only example has for it."""
    return {**found, "title": "Invalid order"} if found["code"] == WIRE[Impossible].code else found


def one_order(body: object) -> object:
    """A label request with its order where the schema wants it.

    The documentation's own examples write the one order as a list, or as the member `orders`; a label format is called
    `label` in answers, and some callers send it back under that name. A list of another length is an error.
    """
    if not isinstance(body, dict):
        return body
    body = dict(body)
    for name in ("orders", "order"):
        if isinstance(body.get(name), list):
            if len(body[name]) != 1:
                raise Invalid(f"Exactly one order is shipped at a time here, not {len(body[name])}", field=name)
            body[name] = body[name][0]
    if "order" not in body and "orders" in body:
        body["order"] = body.pop("orders")
    if "label_details" not in body and "label" in body:
        body["label_details"] = body["label"]
    return body


def one_contract_name(properties: object) -> object:
    """The properties of `ship_with` with the contract under its one name: prose calls it `contract` in places."""
    if isinstance(properties, dict) and properties.get("contract_id") is None and "contract" in properties:
        return {**properties, "contract_id": properties["contract"]}
    return properties


DPI: Mapping[str, tuple[int, ...]] = {
    "application/pdf": (72,),
    "image/png": (150, 300),
    "application/zpl": (72, 150, 203, 300, 600),
}
"""Which resolutions a format can be asked for in. Source: the table in Ship an Order and Parcel documents (2026-07).

The enumeration in the schemas is the union of all of them. ZPL takes any of it.
"""

DEFAULT_DPI: Mapping[str, int] = {"application/pdf": 72, "image/png": 300, "application/zpl": 203}

INSTEAD: Mapping[tuple[str, int], int] = {("application/zpl", 72): 203, ("application/zpl", 150): 203}
"""Valid resolutions that no label printer has. The table says that they leave ZPL as it is, which is mostly 203 dpi."""


def dpi_of(mime_type: str, dpi: int | None) -> int:
    """The resolution to use for a format; Invalid, naming the valid ones, when the two do not go together."""
    if dpi is None:
        return DEFAULT_DPI[mime_type]
    if dpi not in DPI[mime_type]:
        valid = " or ".join(str(value) for value in DPI[mime_type])
        raise Invalid(f"{mime_type} is not available at {dpi} dpi. Valid values: {valid}.", field="dpi")
    return INSTEAD.get((mime_type, dpi), dpi)
