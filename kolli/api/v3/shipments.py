"""Shipments: what has been announced."""

from kolli.api.endpoint import Answer, Endpoint, Request
from kolli.api.errors import Rejected, Wire, problem
from kolli.errors import Conflict
from kolli.operations.cancel import cancel
from kolli.operations.context import Context


def cancel_shipment(request: Request, context: Context) -> Answer:
    """Takes a shipment back; what cannot be taken back is a 409, as the API's description has it."""
    try:
        cancel(str(request.path["id"]), context)
    except Conflict as error:
        raise Rejected(409, [problem(Wire(409, "invalid", "Conflict"), error.message)]) from error
    return Answer(200, {"data": {"status": "cancelled", "message": "Shipment has been cancelled"}})


ROUTES = [Endpoint("POST", "/shipments/{id}/cancel", cancel_shipment, "Cancel a shipment")]
