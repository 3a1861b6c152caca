"""What docs/panel.md says about roles and keys is what there is."""

import re
from pathlib import Path

from kolli.account.users import RIGHTS, Right, Role
from kolli.panel.navigation import MENU

PAGE = Path(__file__).parents[3] / "docs" / "panel.md"
COLUMNS = (Right.SEE, Right.SHIP, Right.DEVELOP, Right.MANAGE)


def rows_of(heading: str) -> list[list[str]]:
    section = PAGE.read_text("utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_roles_are_those_of_the_page():
    told = {
        row[0]: frozenset(right for right, cell in zip(COLUMNS, row[1:], strict=True) if cell)
        for row in rows_of("Roles")
    }

    assert told == {role.value: RIGHTS[role] for role in Role}


def test_the_keys_of_the_menu_are_those_of_the_page():
    (row,) = [row[0] for row in rows_of("Keyboard") if row[0].startswith("`g`")]

    assert set(re.findall("`(.)`", row)) - {"g"} == {place.key for group in MENU for place in group.places if place.key}
