"""Goes from one version of the schema to the next, with Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def _config(transaction: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = transaction
    return config


def go(transaction: Connection, before: str | None, to: str) -> list[str]:
    """Applies what leads from one version to another, and says which versions that took, oldest first."""
    command.upgrade(_config(transaction), to)
    scripts = ScriptDirectory.from_config(_config())
    return [script.revision for script in scripts.iterate_revisions(to, before or "base")][::-1]
