"""The ways to printers: each sends papers in its own way."""

from kolli.errors import Invalid
from kolli.outgoing import IpNetwork
from kolli.printing.model import Profile, Way
from kolli.printing.transports import ipp, raw
from kolli.printing.transports.base import Link, NotReady, Transport, Wait

__all__ = ["TRANSPORTS", "Link", "NotReady", "Transport", "Wait", "check_address"]

TRANSPORTS: dict[Way, Transport] = {
    "raw": Transport(
        "Raw TCP",
        "Sends files as they are over a plain connection, at port 9100: how label printers in a network take ZPL.",
        example="192.168.1.50 or 192.168.1.50:9100",
        check=raw.check,
        connect=raw.connect,
    ),
    "ipp": Transport(
        "IPP",
        "The Internet Printing Protocol: office printers, and the queues of a CUPS print server.",
        example="ipp://192.168.1.60/ipp/print or ipp://printserver.local/printers/labels",
        check=ipp.check,
        connect=ipp.connect,
    ),
}
"""Every way by which papers are sent; what is fetched as a file needs none."""


def check_address(profile: Profile, networks: tuple[IpNetwork, ...]) -> None:
    """Raises Invalid, naming `address`, when this way cannot lead to a printer at this address."""
    if profile.way == "download":
        if profile.address:
            raise Invalid("What is fetched as a file needs no address.", field="address")
        return
    TRANSPORTS[profile.way].check(profile.address, networks)
