"""Numbered changes to the schema, oldest first, and the functions that apply them."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from kolli.errors import SetupError


def _config(transaction: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = transaction
    return config


def newest_version() -> str:
    """The version of the schema that this program works with."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def version_of(transaction: Connection) -> str | None:
    """The version of the schema that this database has; None when it is empty.

    A database that a newer program has changed is a SetupError.
    """
    version = MigrationContext.configure(transaction).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if version is not None and version not in known:
        raise SetupError(
            f"The database has version {version}, which this program does not know. Install a newer Kolli."
        )
    return version


def migrate(transaction: Connection, to: str = "head") -> list[str]:
    """Brings the database to the newest version, or to that one, and says which versions that took, oldest first.

    All in the caller's transaction: it happens whole or not at all.
    """
    scripts = ScriptDirectory.from_config(_config())
    before = version_of(transaction)
    if before == newest_version():
        return []
    command.upgrade(_config(transaction), to)
    return [script.revision for script in scripts.iterate_revisions(to, before or "base")][::-1]
