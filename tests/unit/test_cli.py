"""The `kolli` command: what it says about itself, and `kolli render`. Commands around a server: tests/end_to_end."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from typer.testing import CliRunner

from kolli.cli import cli, main

COMMANDS_PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
SHOWN = re.compile(r"^```\n\$ (?P<command>kolli.*?) --help\n(?P<help>.*?)\n```$", re.MULTILINE | re.DOTALL)

ADDRESS = {
    "name": "Femke de Vries",
    "address_line_1": "Oudezijds Voorburgwal",
    "house_number": "218",
    "postal_code": "1012 GJ",
    "city": "Amsterdam",
    "country_code": "NL",
}
LABEL = {
    "sender": {**ADDRESS, "name": "Lumen & Was"},
    "recipient": ADDRESS,
    "carrier_name": "PostNL",
    "service_name": "Standard",
    "tracking_number": "3STEST0000001",
}


class Ended(NamedTuple):
    """How a command has ended, and what it said."""

    code: Any
    out: str
    err: str


@pytest.fixture
def kolli(monkeypatch, capsys):
    """Runs `kolli` with these arguments, as the installed script does."""

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["kolli", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Ended(ended.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def source(tmp_path) -> Path:
    return written(tmp_path, LABEL)


def written(folder: Path, content: Any) -> Path:
    path = folder / "label.json"
    path.write_text(json.dumps(content), "utf-8")
    return path


def addressed(**changes: str) -> dict[str, Any]:
    return {**LABEL, "recipient": {**ADDRESS, **changes}}


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """This command and every one below it, by what is typed."""
    yield name, command
    for word, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{name} {word}")


COMMANDS = dict(commands(typer.main.get_command(cli), "kolli"))
PARAMETERS = [
    pytest.param(parameter, id=f"{name} {parameter.name}")
    for name, command in COMMANDS.items()
    for parameter in command.params
]


def help_of(command: str) -> str:
    result = CliRunner().invoke(cli, [*command.split()[1:], "--help"], prog_name="kolli", terminal_width=80)
    assert result.exit_code == 0
    return result.output.rstrip("\n")


# What it says about itself


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_every_command_says_what_it_does(command):
    assert command.help.strip().endswith(".")


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_every_option_and_argument_says_what_it_is_for(parameter):
    assert parameter.help.strip().endswith(".")


@pytest.mark.parametrize("command", ["kolli", "kolli keys"])
def test_no_summary_in_a_list_of_commands_is_cut_off(command):
    assert "..." not in help_of(command).replace("[ARGS]...", "")


def test_the_page_about_commands_shows_the_help_of_each():
    shown = {found["command"]: found["help"] for found in SHOWN.finditer(COMMANDS_PAGE.read_text("utf-8"))}

    assert shown == {command: help_of(command) for command in COMMANDS}


def test_a_command_that_does_not_exist_is_named(kolli):
    ended = kolli("sevre")

    assert ended.code == 2
    assert "sevre" in ended.err


def test_a_setting_that_cannot_be_right_is_told_in_one_sentence(kolli, monkeypatch):
    monkeypatch.setenv("KOLLI_PORT", "http")

    ended = kolli("doctor")

    assert ended.code == 1
    assert re.fullmatch(r"kolli: KOLLI_PORT: [^\n]+\.\n", ended.err)


# kolli render


@pytest.mark.parametrize(("suffix", "beginning"), [(".pdf", b"%PDF-"), (".png", b"\x89PNG"), (".zpl", b"^XA")])
def test_a_label_is_drawn_in_the_format_that_the_name_of_the_file_asks_for(kolli, source, tmp_path, suffix, beginning):
    target = tmp_path / f"label{suffix}"

    ended = kolli("render", source, target)

    assert ended == Ended(0, f"Wrote {target}.\n", "")
    assert target.read_bytes().startswith(beginning)


@pytest.mark.parametrize("suffix", [".pdf", ".png", ".zpl"])
def test_the_same_content_is_drawn_the_same_every_time(kolli, source, tmp_path, suffix):
    first, second = tmp_path / f"first{suffix}", tmp_path / f"second{suffix}"

    kolli("render", source, first)
    kolli("render", source, second)

    assert first.read_bytes() == second.read_bytes()


def test_a_label_can_be_drawn_on_other_paper_and_more_coarsely(kolli, source, tmp_path):
    usual, other = tmp_path / "usual.png", tmp_path / "other.png"

    kolli("render", source, usual)
    ended = kolli("render", source, other, "--paper", "4x6", "--dpi", "150")

    width, height = (int.from_bytes(other.read_bytes()[at : at + 4]) for at in (16, 20))
    assert ended.code == 0
    assert other.read_bytes() != usual.read_bytes()
    assert (width, height) == (4 * 150, 6 * 150)


REFUSED = {
    "another suffix": (LABEL, ["label.gif"], "label.gif"),
    "no suffix": (LABEL, ["label"], "label"),
    "a paper there is not": (LABEL, ["label.pdf", "--paper", "A3"], "paper_size"),
    "a resolution there is not": (LABEL, ["label.png", "--dpi", "73"], "dpi"),
    "a member that is missing": ({**LABEL, "recipient": {}}, ["label.pdf"], "recipient"),
    "a member that does not exist": ({**LABEL, "colour": "red"}, ["label.pdf"], "colour"),
    "a text too long": (addressed(address_line_1="Straße " * 400), ["label.pdf"], "recipient.address_line_1"),
    "a text without glyphs": (addressed(city="𓀀"), ["label.pdf"], "recipient.city"),
    "a number that no barcode holds": ({**LABEL, "tracking_number": "é"}, ["label.pdf"], "tracking_number"),
    "a list": ([], ["label.pdf"], "object"),
}


@pytest.mark.parametrize(("content", "arguments", "named"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_drawn_is_told_in_one_sentence_that_names_it(kolli, tmp_path, content, arguments, named):
    target, *options = arguments

    ended = kolli("render", written(tmp_path, content), tmp_path / target, *options)

    assert ended.code == 1
    assert re.fullmatch(r"kolli: [^\n]+\.\n", ended.err)
    assert named in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["label.json"]


def test_a_file_that_is_not_there_is_named(kolli, tmp_path):
    ended = kolli("render", tmp_path / "none.json", tmp_path / "label.pdf")

    assert ended == Ended(1, "", f"kolli: {tmp_path}/none.json: No such file or directory.\n")


def test_a_folder_that_is_not_there_is_named(kolli, source, tmp_path):
    ended = kolli("render", source, tmp_path / "none" / "label.pdf")

    assert ended == Ended(1, "", f"kolli: {tmp_path}/none/label.pdf: No such file or directory.\n")


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b'{"sender": NaN}', b"[" * 100_000])
def test_a_file_that_is_no_json_is_told_in_one_sentence(kolli, source, tmp_path, data):
    source.write_bytes(data)

    ended = kolli("render", source, tmp_path / "label.pdf")

    assert ended.code == 1
    assert re.fullmatch(r"kolli: [^\n]+\.\n", ended.err)
