"""What a printer can be."""

from typing import Any

import pytest

from kolli.errors import Invalid
from kolli.printing.model import Profile, check_profile

FAX: Any = "fax"

RIGHT = [
    Profile(),
    Profile("raw", "192.168.1.50", "zpl", 600, "4x6"),
    Profile("ipp", "ipp://printer/ipp/print", "pdf", paper="A4", start_from=3),
    Profile(format="png", dpi=300),
]


@pytest.mark.parametrize("profile", RIGHT)
def test_a_profile_that_can_be_printed_with_is_taken(profile):
    check_profile("Table 1", profile)


@pytest.mark.parametrize(
    ("name", "profile", "field"),
    [
        (" ", Profile(), "name"),
        ("x" * 61, Profile(), "name"),
        ("Table", Profile(FAX), "way"),
        ("Table", Profile(paper="A3"), "paper"),
        ("Table", Profile(format="zpl", dpi=150), "dpi"),
        ("Table", Profile(format="zpl", paper="A5"), "paper"),
        ("Table", Profile("raw", "printer", "png"), "format"),
        ("Table", Profile(paper="A4", start_from=4), "start_from"),
        ("Table", Profile(paper="A6", start_from=1), "start_from"),
    ],
)
def test_what_cannot_be_printed_with_is_told_by_its_field(name, profile, field):
    with pytest.raises(Invalid) as told:
        check_profile(name, profile)

    assert told.value.field == field
