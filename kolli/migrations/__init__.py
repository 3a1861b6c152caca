"""Numbered changes to the schema, oldest first, and the functions that apply them."""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, text

from kolli.errors import SetupError
from kolli.schema import metadata, sequences

VERSIONS = Path(__file__).parent / "versions"

_TABLE = "alembic_version"
_VERSION = text(f"SELECT version_num FROM {_TABLE}")  # noqa: S608 - a name of ours
_MAKE_TABLE = text(f"CREATE TABLE {_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
_SET_VERSION = text(f"INSERT INTO {_TABLE} (version_num) VALUES (:version)")  # noqa: S608 - as above


@cache
def known_versions() -> tuple[str, ...]:
    """Every version of the schema that this program knows, oldest first."""
    return tuple(sorted(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py")))


def newest_version() -> str:
    """The version of the schema that this program works with."""
    return known_versions()[-1]


def version_of(transaction: Connection) -> str | None:
    """The version of the schema that this database has; None when it is empty.

    A database that a newer program has changed is a SetupError.
    """
    if not inspect(transaction).has_table(_TABLE):
        return None
    version: str | None = transaction.execute(_VERSION).scalar_one_or_none()
    if version is not None and version not in known_versions():
        raise SetupError(
            f"The database has version {version}, which this program does not know. Install a newer Kolli."
        )
    return version


def migrate(transaction: Connection, to: str = "head") -> list[str]:
    """Brings the database to the newest version, or to that one, and says which versions that took, oldest first.

    All in the caller's transaction: it happens whole or not at all.
    """
    from kolli.migrations.steps import go  # noqa: PLC0415

    before = version_of(transaction)
    return [] if before == newest_version() else go(transaction, before, to)


def create(transaction: Connection) -> None:
    """Makes in an empty database what `migrate` would, in one step instead of many: for databases of no long life."""
    metadata.create_all(transaction)
    transaction.execute(_MAKE_TABLE)
    transaction.execute(_SET_VERSION, {"version": newest_version()})
    transaction.execute(insert(sequences).values(name="ids", next=1_000_000, last=2**53 - 1))
