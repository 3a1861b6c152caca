"""Every error Kolli raises on purpose.

KolliError
├── Invalid                 a value that cannot be right, whatever else is stored
│   ├── InvalidChoice       not one of the values there are
│   ├── UnknownField        a name that nobody asks for
│   └── Missing             needed, and not given
├── Impossible              right by itself, but not with what is stored
│   ├── AlreadyShipped      the order has a live shipment
│   ├── DoesNotFit          text that its place on the label cannot hold
│   ├── NotDrawable         text with characters no installed font has
│   └── NumbersExhausted    the contract's number range is used up
├── Conflict                somebody else is changing the same thing right now
├── InFlight                another request with the same Idempotency-Key is being worked on
├── KeyReused               the Idempotency-Key belongs to another request
├── BrokenOff               the first request with the Idempotency-Key has done something and never came to its answer
├── LimitReached            more requests than are allowed
├── ReferenceTaken          another shipment has this external reference
├── NotFound                what the request is about does not exist
├── DoesNotExist            something the request refers to does not exist
├── Unauthenticated         no credentials, or wrong ones
│   └── InvalidToken            an access token that is unknown or has ended
├── Forbidden               credentials that do not allow this
├── TooLarge                more bytes than we take
├── Unreachable             what was called over the network did not answer, or must not be called
├── CarrierError
│   ├── CarrierRejected         it said no: nothing was booked
│   ├── CarrierUnavailable      it never heard us: asking again is safe
│   └── CarrierOutcomeUnknown   it may have heard us: it is being looked into
│       └── PartlyBooked            it has booked some parcels of a shipment, and not the others
├── StorageFull             the disk is full: nothing was begun, or what was begun is kept for later
├── StorageUnavailable      the database cannot be written to, or not at this moment
└── SetupError              the installation is not as it should be; a person has to act

A message says what is wrong, with which value, and what to do. `field` is the domain's name of the value, dotted where
values nest (`shipping_address.city`); what that is called on the wire, only the doors know.
"""

from collections.abc import Mapping


class KolliError(Exception):
    """Something went wrong that Kolli knows about."""

    def __init__(
        self, message: str | None = None, *, field: str | None = None, details: Mapping[str, object] | None = None
    ) -> None:
        self.message = message or (self.__doc__ or "").strip()
        self.field = field
        self.details = dict(details or {})
        super().__init__(self.message)


class Invalid(KolliError):
    """This value is not valid."""


class InvalidChoice(Invalid):
    """This value is not one of the valid choices."""


class UnknownField(Invalid):
    """There is no such field."""


class Missing(Invalid):
    """This field is required."""


class Impossible(KolliError):
    """This cannot be done with what is stored."""


class AlreadyShipped(Impossible):
    """The order already has a shipment."""


class DoesNotFit(Impossible):
    """The text is too long for its place on the label."""


class NotDrawable(Impossible):
    """The text has characters that no installed font can draw."""


class NumbersExhausted(Impossible):
    """The contract's number range is used up."""


class Conflict(KolliError):
    """We are still processing a previous request. Please try again in a moment."""


class InFlight(KolliError):
    """A request with this Idempotency-Key is being worked on. Please try again in a moment."""


class KeyReused(KolliError):
    """This Idempotency-Key belongs to another request. Take a new key."""


class BrokenOff(KolliError):
    """The first request with this Idempotency-Key was broken off. See what it has made before you take a new key."""


class LimitReached(KolliError):
    """There were too many requests. Please try again in a moment."""


class ReferenceTaken(KolliError):
    """Another shipment has this external reference."""


class NotFound(KolliError):
    """Not found."""


class DoesNotExist(KolliError):
    """Does not exist."""


class Unauthenticated(KolliError):
    """Authentication credentials were not provided."""


class InvalidToken(Unauthenticated):
    """The access token is not valid, or has expired. Request a new one."""


class Forbidden(KolliError):
    """These credentials do not allow this."""


class TooLarge(KolliError):
    """The request is too large."""


class Unreachable(KolliError):
    """It could not be reached."""


class CarrierError(KolliError):
    """The carrier did not announce the shipment."""


class CarrierRejected(CarrierError):
    """The carrier refused the shipment. Nothing was booked."""


class CarrierUnavailable(CarrierError):
    """The carrier could not be reached. Nothing was booked; trying again is safe."""


class CarrierOutcomeUnknown(CarrierError):
    """The carrier did not answer in time. Whether it booked the shipment is being looked into."""


class PartlyBooked(CarrierOutcomeUnknown):
    """The carrier has booked some parcels of the shipment, and not the others."""


class StorageFull(KolliError):
    """The disk is full. Nothing was booked. Please try again when there is room."""


class StorageUnavailable(KolliError):
    """Nothing can be stored at this moment. Nothing was booked. Please try again in a moment."""


class SetupError(KolliError):
    """The installation is not set up as it should be."""
