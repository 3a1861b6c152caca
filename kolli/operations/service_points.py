"""The service point of a shipment: the one that is meant, where it is, and whether it suits who collects there."""

from sqlalchemy import Connection

from kolli.errors import Invalid
from kolli.service_points.model import KnownPoint
from kolli.service_points.queries import find_point, find_point_of_carrier, has_points
from kolli.shipments.model import ServicePoint
from kolli.values import Address

FIELD = "service_point_details"

CHOOSE_ANOTHER = "Choose one that `GET /service-points` lists."


def choose_service_point(
    transaction: Connection, carrier_code: str, wanted: ServicePoint | None, recipient: Address
) -> ServicePoint | None:
    """The service point that somebody has chosen, with its name and address, as it is frozen with a shipment.

    Of a carrier whose service points were never imported any will do, and is kept as it was given. Else it must be one
    of the carrier's, still be there, and be in the recipient's country; Invalid if not. What its name is in the
    carrier's own list counts where our id is not known: ids differ from installation to installation.
    """
    if wanted is None:
        return None
    point = _find(transaction, carrier_code, wanted)
    if point is None or point.carrier_code != carrier_code:
        if not has_points(transaction, carrier_code):
            return wanted
        raise _invalid(f"There is none {_named(wanted)} of the carrier {carrier_code}. {CHOOSE_ANOTHER}")
    if wanted.carrier_service_point_id not in (None, point.carrier_service_point_id):
        raise _invalid(
            f"The one with the id {wanted.id} is {point.carrier_service_point_id!r}, not"
            f" {wanted.carrier_service_point_id!r}. Name it by one of the two."
        )
    if point.removed_at is not None:
        raise _invalid(f"{_called(point)} is not in the carrier's list any more. {CHOOSE_ANOTHER}")
    if point.country_code != recipient.country_code:
        raise _invalid(
            f"{_called(point)} is in {point.country_code}, and the recipient's address in {recipient.country_code}."
            " They have to be in the same country."
        )
    return ServicePoint(str(point.id), point.carrier_service_point_id, point.name, point.address)


def doubt_about(point: ServicePoint | None, recipient: Address) -> str:
    """What speaks against a service point and does not forbid it, as a sentence; empty when nothing does.

    Who collects a parcel beside their work lives somewhere else, so another postal code is worth a note and no more.
    """
    if point is None or point.address is None:
        return ""
    there, here = _bare(point.address.postal_code), _bare(recipient.postal_code)
    if there == here:
        return ""
    return f"The service point is in {point.address.postal_code}, the recipient's address in {recipient.postal_code}."


def _find(transaction: Connection, carrier_code: str, wanted: ServicePoint) -> KnownPoint | None:
    number = wanted.id or ""
    found = find_point(transaction, int(number)) if number.isascii() and number.isdigit() and len(number) < 20 else None
    if (found is None or found.carrier_code != carrier_code) and wanted.carrier_service_point_id is not None:
        return find_point_of_carrier(transaction, carrier_code, wanted.carrier_service_point_id)
    return found


def _invalid(reason: str) -> Invalid:
    return Invalid(f"Invalid service point. {reason}", field=FIELD)


def _named(wanted: ServicePoint) -> str:
    names = {"the id": wanted.id, "the carrier's id": wanted.carrier_service_point_id}
    return "with " + " and ".join(f"{name} {value[:40]!r}" for name, value in names.items() if value)


def _called(point: KnownPoint) -> str:
    return f"{point.name} ({point.carrier_service_point_id}) in {point.city}"


def _bare(postal_code: str) -> str:
    return "".join(postal_code.upper().split())
