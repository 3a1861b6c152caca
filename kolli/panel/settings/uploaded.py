"""Files that people upload to settings, read by what reads them from a disk for the command line."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from kolli.errors import Invalid
from kolli.panel.forms import Upload

Read = TypeVar("Read")

LONGEST_NAME = 100


def read_upload(upload: Upload, read: Callable[[Path], Read]) -> Read:
    """What `read` makes of a file; Invalid when it is none, in words that call it as it is called where it is from."""
    with TemporaryDirectory(prefix="kolli-upload-") as folder:
        path = Path(folder) / "upload"
        path.write_bytes(upload.content)
        try:
            return read(path)
        except Invalid as error:
            raise Invalid(error.message.replace(str(path), upload.name[:LONGEST_NAME])) from error
