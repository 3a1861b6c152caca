"""What a carrier is asked about an attempt: each question in one place, so that all of them can be made to go wrong.

Whatever a carrier's code does, it ends in an answer or in a CarrierError. What it raises beside those says nothing
about what the carrier has done, so nobody knows.
"""

import logging
from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from kolli.account.contracts import Contract, find_any_contract
from kolli.carriers.base import Booking, Carrier, LooksUp, Reserves
from kolli.errors import CarrierError, CarrierOutcomeUnknown
from kolli.operations.context import Installation
from kolli.operations.misbehave import announce_with, takes_back
from kolli.shipments.attempts import Attempt, State
from kolli.shipments.model import Shipment

log = logging.getLogger(__name__)

NOT_UNDERSTOOD = "The carrier's answer could not be understood. The log tells of the error."


def ask_for_numbers(carrier: Reserves, booking: Booking, attempt: Attempt) -> object:
    """Asks for numbers, before anything is booked."""
    with _nothing_else(attempt):
        return carrier.reserve(booking)


def ask_to_announce(carrier: Carrier, booking: Booking, attempt: Attempt) -> object:
    """Asks for a booking: the one question that may cost money. `attempt.tries` counts how often, this time included.

    What comes back is as the carrier's code has made it: `kolli.operations.outcomes` looks whether it is an answer.
    """
    is_first = attempt.state is State.INTENDED and attempt.tries <= 1
    with _nothing_else(attempt):
        if booking.draft.scenario and is_first and not booking.draft.is_live:
            return announce_with(booking.draft.scenario, carrier, booking)
        return carrier.announce(booking)


def ask_to_look_up(carrier: LooksUp, booking: Booking, attempt: Attempt) -> object:
    """Asks what has been booked under our reference; None when it is nothing."""
    with _nothing_else(attempt):
        return carrier.look_up(booking.reference)


def ask_to_take_back(carrier: Carrier, booking: Booking, attempt: Attempt) -> bool:
    """Asks for a booking to be taken back; asking again is harmless."""
    with _nothing_else(attempt):
        agrees = takes_back(booking.draft.scenario, carrier, booking)
    if not isinstance(agrees, bool):
        raise CarrierOutcomeUnknown(NOT_UNDERSTOOD)
    return agrees


@contextmanager
def _nothing_else(attempt: Attempt) -> Iterator[None]:
    """Makes a CarrierOutcomeUnknown of every error that a carrier is not meant to raise."""
    try:
        yield
    except CarrierError:
        raise
    except (Exception, SystemExit, CancelledError) as error:  # the last two by a library of the carrier's
        log.exception("Shipment %s: its carrier's code has made a mistake", attempt.shipment_id)
        raise CarrierOutcomeUnknown(NOT_UNDERSTOOD) from error


def booking_of(shipment: Shipment, contract: Contract | None, installation: Installation) -> Booking:
    """What a carrier is told about a shipment; the same on every try."""
    numbers = tuple(parcel.tracking_number for parcel in shipment.parcels if parcel.tracking_number)
    data = installation.vault.open(contract.sealed_data) if contract else {}
    return Booking(shipment.id, shipment.draft, data, numbers)


def contract_of(transaction: Connection, shipment: Shipment) -> Contract | None:
    """The contract a shipment was announced under, also when it has been removed since; None for the built-in one."""
    contract_id = shipment.draft.contract_id
    return None if contract_id is None else find_any_contract(transaction, shipment.account_id, contract_id)
