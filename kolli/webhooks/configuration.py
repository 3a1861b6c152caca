"""Where a connection may lead and what may be sent along: checked when somebody says so, long before it is used."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kolli.errors import Impossible, Invalid, InvalidChoice, Missing
from kolli.outgoing import IpNetwork, check_url, origin_of
from kolli.webhooks.subscriptions import Configuration

MEMBERS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "bearer": ("token",),
    "basic": ("username", "password"),
    "api_key": ("header_name", "api_key"),
}
"""What each way to authenticate needs. The description names bearer's and api_key's; basic's are its usual ones."""

MOST_CONNECTIONS = 50
MOST_SUBSCRIPTIONS = 50
"""What an account can have of each: every event is told to every subscription."""

MOST_HEADERS = 20
LONGEST_VALUE = 2_000

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"([!-~]([ -~]*[!-~])?)?")  # no spaces around it: they are no part of a value
_OURS = frozenset(
    {
        *("host", "content-type", "content-length", "content-encoding", "expect", "sendcloud-signature"),
        "user-agent",
        # What is between two machines and no further (RFC 9110, 7.6.1).
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te"),
        *("trailer", "transfer-encoding", "upgrade"),
    }
)


def check_configuration(configuration: Configuration, private_targets: Sequence[IpNetwork]) -> None:
    """Raises Invalid or Missing, naming the field, for what could not be sent or must not be."""
    check_url(configuration.url, private_targets, field="configuration.url")
    if configuration.auth_type not in MEMBERS:
        raise InvalidChoice(f"Choose one of {', '.join(MEMBERS)}.", field="configuration.auth_type")
    for name in MEMBERS[configuration.auth_type]:
        where, value = f"configuration.auth_config.{name}", configuration.auth_config.get(name)
        if not value:
            raise Missing("This field is required.", field=where)
        if configuration.auth_type != "basic":  # which is encoded, so it may hold what it likes
            _check_value(value, where)
    if configuration.auth_type == "api_key":
        _check_name(configuration.auth_config["header_name"], "configuration.auth_config.header_name")
    if len(configuration.extra_headers) > MOST_HEADERS:
        raise Impossible(f"At most {MOST_HEADERS} headers can be sent along.", field="configuration.extra_headers")
    taken = {configuration.auth_config["header_name"].lower()} if configuration.auth_type == "api_key" else set()
    for name, value in configuration.extra_headers.items():
        where = "configuration.extra_headers"
        _check_name(name, where)
        if name.lower() in taken:
            raise Invalid(f"The header {name} would be sent twice.", field=where)
        taken.add(name.lower())
        if name.lower() == "authorization":
            raise Invalid("Authorization is no extra header: choose an auth_type instead.", field=where)
        _check_value(value, where)


def changed(known: Configuration, named: Mapping[str, Any]) -> Configuration:
    """The configuration with these members in place of its own. Secrets are not kept for another way or another host.

    Otherwise whoever may move a connection could have its secrets sent to themselves.
    """
    wanted = replace(known, **named)
    is_moved = bool(known.url) and origin_of(wanted.url) != origin_of(known.url)
    if "auth_config" not in named and (is_moved or wanted.auth_type != known.auth_type):
        wanted = replace(wanted, auth_config={})
    return wanted


def _check_name(name: str, where: str) -> None:
    if not _HEADER_NAME.fullmatch(name):
        raise Invalid(f"{name[:40]!r} is not the name of a header.", field=where)
    if name.lower() in _OURS or name.lower().startswith("webhook-"):
        raise Invalid(f"The header {name} is set by Kolli. Choose another one.", field=where)


def _check_value(value: str, where: str) -> None:
    # No line breaks above all: what follows one would be another header.
    if len(value) > LONGEST_VALUE or not _HEADER_VALUE.fullmatch(value):
        raise Invalid(
            f"A header's value has at most {LONGEST_VALUE} printable characters of ASCII, without spaces around it.",
            field=where,
        )
