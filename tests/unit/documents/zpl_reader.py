"""Reads ZPL as a printer would: a second opinion on what our writer wrote, sharing no code with it."""

import re
from typing import NamedTuple

_COMMAND = re.compile(r"[\^~](..)([^\^~]*)", re.DOTALL)
_ESCAPE = re.compile(rb"_([0-9A-Fa-f]{2})")


class Command(NamedTuple):
    """A command by its prefix and two letters (`^FD`), and everything up to the next prefix."""

    name: str
    parameters: str


def commands(zpl):
    """Every command of a job, in order. Whatever a `^` or `~` begins is one, wherever it stands."""
    return [Command(found[0][:3], found[2].rstrip("\n")) for found in _COMMAND.finditer(zpl.decode("ascii"))]


def names(zpl):
    return [command.name for command in commands(zpl)]


def printed(data):
    """The text that field data after ^FH prints under ^CI28."""
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), data.encode("ascii")).decode("utf-8")


def texts(zpl):
    """What every ^FD of a job prints or encodes."""
    return [printed(command.parameters) for command in commands(zpl) if command.name == "^FD"]


def picture(parameters):
    """The rows of a ^GFA picture as strings of 0 and 1."""
    kind, total, _, size, data = parameters.split(",", 4)
    assert kind == "A"
    digits = int(size) * 2
    rows: list[str] = []
    row, repeat = "", 0
    for char in data:
        if char in ",!":
            row = row.ljust(digits, "0" if char == "," else "F")
        elif char == ":":
            row = rows[-1]
        elif "G" <= char <= "Y":
            repeat += ord(char) - ord("F")
        elif "g" <= char <= "z":
            repeat += (ord(char) - ord("f")) * 20
        else:
            row += char * max(repeat, 1)
            repeat = 0
        if len(row) == digits:
            rows.append(row)
            row = ""
    assert (row, repeat, len(rows) * int(size)) == ("", 0, int(total))
    return [f"{int(each, 16):0{digits * 4}b}" for each in rows]
