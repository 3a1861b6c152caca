"""What a server for tests finds in its folder when it starts: made once for a process, and copied for each server."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from kolli.account.integrations import IntegrationSettings
from kolli.app import DATABASE, find_fonts, open_vault
from kolli.carriers.sandbox import SandboxCarrier
from kolli.database import Database
from kolli.demo import LOOPBACK, Credentials, load_demo
from kolli.documents.fonts import Fonts
from kolli.migrations import create
from kolli.settings import Settings
from kolli.testing.clock import MOMENT
from kolli.testing.webhooks import HOST

KEY = Credentials("00000000-0000-4000-8000-000000000070", "the-secret-of-every-server-for-tests")
"""The same for every server, so that what a test has recorded can be replayed. They open nothing else."""

_SHOP = IntegrationSettings(
    shop_url="https://shop.invalid/", webhook_url=f"{HOST}/", webhook_active=True, feedback_type="delayed"
)


def settings_in(folder: Path, port: int = 0) -> Settings:
    """The default settings: those of the tester's own environment are for another server."""
    return Settings.model_construct(data=folder, port=port, private_targets=LOOPBACK)


def prepare(folder: Path) -> None:
    """Fills a folder with an account that can ship."""
    for name, content in _files().items():
        path = folder / name
        path.touch(0o600)
        path.write_bytes(content)


@cache
def _files() -> dict[str, bytes]:
    with TemporaryDirectory(prefix="kolli-prepared-") as name:
        folder = Path(name)
        settings = settings_in(folder)
        database = Database(folder / DATABASE)
        with database.write() as transaction:
            create(transaction)
        load_demo(database, open_vault(settings, database), at=MOMENT, known=KEY, shop=_SHOP)
        database.close()
        SandboxCarrier(folder).close()
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.stat().st_size}


@cache
def fonts() -> Fonts:
    """The fonts, opened once for a process."""
    return find_fonts(Settings.model_construct())
