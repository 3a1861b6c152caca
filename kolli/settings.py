"""Every setting of an installation: name, type, default, one sentence. Read from environment variables `KOLLI_…`."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from kolli.errors import SetupError


class Settings(BaseSettings):
    """What an operator can choose; everything else is decided by the code or kept in the database."""

    model_config = SettingsConfigDict(env_prefix="KOLLI_", env_ignore_empty=True, frozen=True, extra="ignore")

    data: Path = Field(
        Path("kolli-data"), description="Folder that holds the database and the files that carriers keep."
    )
    key_file: Path | None = Field(
        None,
        description="File with the keys that secrets in the database are encrypted with; default: kolli.key in"
        " KOLLI_DATA. Keep it apart from backups of the database.",
    )
    host: str = Field("127.0.0.1", description="Address the server listens on.")
    port: int = Field(8080, ge=0, le=65535, description="Port the server listens on; 0 takes a free one.")
    public_url: str = Field(
        "",
        max_length=100,
        description="Address under which clients reach us, for links in answers; default: http://HOST:PORT.",
    )
    max_body_bytes: int = Field(2 * 1024 * 1024, ge=1024, description="Largest request body we read, in bytes.")
    threads: int = Field(16, ge=1, le=200, description="Requests that are worked on at the same time.")
    room_mib: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="Room on the disk that is kept for carriers' answers, in MiB; default: 2 for each request and each"
        " background worker that may be waiting for a carrier.",
    )
    partner_ids: Annotated[frozenset[UUID], NoDecode] = Field(
        frozenset(), description="Known values of Sendcloud-Partner-Id, separated by commas; empty accepts any UUID."
    )
    api_v2: bool = Field(
        True, description="Whether version 2 of the API is served: what integrations with version 3 still call of it."
    )
    sandbox: bool = Field(
        True,
        description="Whether test shipments can be told to go wrong: see the page about the sandbox. Contracts that are"
        " marked live never can.",
    )
    tracking_minutes: int = Field(
        30,
        ge=0,
        le=7 * 24 * 60,
        description="How often carriers are asked what has happened to parcels, in minutes; 0 asks nobody.",
    )
    request_log: int = Field(
        10_000,
        ge=0,
        le=1_000_000,
        description="Requests that `kolli requests` can show: the latest so many of the last seven days; 0 keeps none.",
    )
    request_log_bodies: Literal["off", "redacted", "full"] = Field(
        "redacted",
        description="What the request log keeps of bodies: `off` nothing, `redacted` all but secrets and what says who"
        " somebody is and where, `full` all but secrets.",
    )
    private_targets: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (),
        description="Networks beside the public internet that webhooks may be sent to, at any port and without TLS,"
        " separated by commas: 127.0.0.0/8,10.1.2.0/24.",
    )
    printer_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (),
        description="Networks that printers may be in, separated by commas; default: the private ones and this machine"
        " (10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7,127.0.0.0/8,::1/128).",
    )
    cjk_font: Path | None = Field(
        None,
        description="Font file for Han, Kana and Hangul; default: that of Debian's fonts-noto-cjk, if it is there.",
    )
    cjk_font_bold: Path | None = Field(None, description="The bold companion of KOLLI_CJK_FONT.")

    @field_validator("partner_ids", "private_targets", "printer_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("It has to begin with http:// or https://")
        return value.rstrip("/")


def load_settings() -> Settings:
    """Reads the environment; a value that cannot be right is a SetupError that names its variable."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"KOLLI_{first['loc'][0]}".upper()
        raise SetupError(f"{name}: {first['msg'].removeprefix('Value error, ')}, not {first['input']!r}.") from error
