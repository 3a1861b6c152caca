"""Settings: read from the environment, checked, and on the page about them."""

import re
from ipaddress import ip_network
from pathlib import Path
from uuid import UUID

import pytest

from kolli.errors import SetupError
from kolli.settings import Settings, load_settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
ROW = re.compile(r"^\| `(KOLLI_\w+)` \| (.*?) \| (.*?) \|$", re.MULTILINE)

PARTNERS = ("6d1fd1f5-6ed0-4f9e-bb3b-4ac1bb1bcb12", "c0ffee00-0000-4000-8000-000000000001")

RIGHT = [
    ("data", "/srv/kolli", Path("/srv/kolli")),
    ("key_file", "/keys/kolli.key", Path("/keys/kolli.key")),
    ("host", "0.0.0.0", "0.0.0.0"),
    ("port", "0", 0),
    ("port", "65535", 65535),
    ("public_url", "https://labels.example.org/", "https://labels.example.org"),
    ("max_body_bytes", "1024", 1024),
    ("threads", "200", 200),
    ("room_mib", "1", 1),
    ("partner_ids", f" {PARTNERS[0]}, {PARTNERS[1]},", frozenset(map(UUID, PARTNERS))),
    ("api_v2", "false", False),
    ("sandbox", "0", False),
    ("tracking_minutes", "0", 0),
    ("tracking_minutes", "10080", 10080),
    ("request_log", "0", 0),
    ("request_log", "1000000", 1_000_000),
    ("request_log_bodies", "full", "full"),
    ("private_targets", "127.0.0.0/8, fd00::/8,", (ip_network("127.0.0.0/8"), ip_network("fd00::/8"))),
    ("printer_networks", "192.168.7.0/24,::1/128", (ip_network("192.168.7.0/24"), ip_network("::1/128"))),
    ("cjk_font", "/fonts/a.otf", Path("/fonts/a.otf")),
    ("cjk_font_bold", "/fonts/b.otf", Path("/fonts/b.otf")),
]

WRONG = [
    ("port", "http"),
    ("port", "-1"),
    ("port", "65536"),
    ("public_url", "labels.example.org"),
    ("public_url", "ftp://labels.example.org"),
    ("max_body_bytes", "1023"),
    ("max_body_bytes", "2 MiB"),
    ("threads", "0"),
    ("threads", "201"),
    ("room_mib", "0"),
    ("room_mib", "1000001"),
    ("tracking_minutes", "-1"),
    ("tracking_minutes", "10081"),
    ("request_log", "-1"),
    ("request_log", "1000001"),
    ("request_log_bodies", "yes"),
    ("partner_ids", "me"),
    ("private_targets", "localhost"),
    ("private_targets", "127.0.0.1/8"),
    ("printer_networks", "printer.local"),
    ("api_v2", "perhaps"),
    ("sandbox", "live"),
    ("partner_ids", f"{PARTNERS[0]};{PARTNERS[1]}"),
]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    """An environment in which nothing is set."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"KOLLI_{name.upper()}", raising=False)


@pytest.mark.parametrize(("name", "field"), Settings.model_fields.items(), ids=Settings.model_fields)
def test_every_setting_says_what_it_is(name, field):
    assert field.description.endswith(".")


def test_every_setting_has_a_test_that_sets_it():
    assert {name for name, _, _ in RIGHT} == set(Settings.model_fields)


@pytest.mark.parametrize(("name", "text", "value"), RIGHT)
def test_a_setting_is_read_from_the_environment(monkeypatch, name, text, value):
    monkeypatch.setenv(f"KOLLI_{name.upper()}", text)

    assert getattr(load_settings(), name) == value


@pytest.mark.parametrize("name", Settings.model_fields)
def test_an_empty_variable_is_a_variable_that_is_not_set(monkeypatch, name):
    """Container files pass on what they were not given as empty text."""
    usual = load_settings()
    monkeypatch.setenv(f"KOLLI_{name.upper()}", "")

    assert load_settings() == usual


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_a_value_that_cannot_be_right_is_told_with_its_variable(monkeypatch, name, text):
    monkeypatch.setenv(f"KOLLI_{name.upper()}", text)

    with pytest.raises(SetupError, match=rf"^KOLLI_{name.upper()}: .*\.$"):
        load_settings()


def test_the_page_about_settings_says_exactly_what_the_settings_say():
    rows = [found.groups() for found in ROW.finditer(PAGE.read_text("utf-8"))]

    assert rows == [
        (f"KOLLI_{name.upper()}", default_of(name), field.description) for name, field in Settings.model_fields.items()
    ]


def default_of(name):
    """The default as a person would write it; where it is worked out, the description says how."""
    value = Settings.model_fields[name].default
    return f"`{value}`" if value else ""
