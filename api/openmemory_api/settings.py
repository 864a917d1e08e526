"""The settings of `openmemory serve`: flags over environment over `.env` over these defaults."""

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Words = Annotated[tuple[str, ...], NoDecode]
"""A list written with commas."""


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own, reachable from nowhere else."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Settings(BaseSettings):
    """Read once, at the top; everything below receives values. Names: docs/configuration.md."""

    model_config = SettingsConfigDict(
        env_prefix="OPENMEMORY_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        populate_by_name=True,
    )

    # Never guessed: many people have MEM0_API_KEY set for something else.
    backend: Literal["local", "hosted"] = "local"
    host: str = "127.0.0.1"
    port: int = Field(default=8765, ge=0, le=65535)
    data_dir: Path = Path("~/.openmemory")
    database_url: str | None = Field(
        default=None, validation_alias=AliasChoices("OPENMEMORY_DATABASE_URL", "DATABASE_URL")
    )
    auth: Literal["auto", "required", "off"] = "auto"
    api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("OPENMEMORY_API_KEY", "API_KEY")
    )
    user: str = Field(default="default_user", min_length=1, max_length=255)
    allowed_hosts: Words = ()
    allowed_origins: Words = ()
    root_path: str = ""
    hosted_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("OPENMEMORY_HOSTED_KEY", "MEM0_API_KEY")
    )
    hosted_url: str = Field(
        default="https://api.mem0.ai",
        pattern=r"^https?://",
        validation_alias=AliasChoices("OPENMEMORY_HOSTED_URL", "MEM0_BASE_URL"),
    )
    hosted_reads: Literal["all", "own"] = "all"
    add_wait: float = Field(default=8, ge=0, le=600)
    trash_days: float = Field(default=30, ge=0, le=36_500)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("allowed_hosts", "allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

    @field_validator("data_dir")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("root_path")
    @classmethod
    def _prefix(cls, value: str) -> str:
        trimmed = value.strip("/")
        return f"/{trimmed}" if trimmed else ""

    @model_validator(mode="after")
    def _require_a_key(self) -> "Settings":
        if self.demands_key and self.api_key is None:
            raise ValueError(
                f"Serving on {self.host} without a key would give every memory to the network. "
                "Set OPENMEMORY_API_KEY, or bind 127.0.0.1"
            )
        return self

    @property
    def trusts_local(self) -> bool:
        """Whether callers need no key: only while nothing but this machine can reach the port."""
        return self.auth == "auto" and is_loopback(self.host)

    @property
    def demands_key(self) -> bool:
        """Whether every call must carry a valid key."""
        return self.auth == "required" or (self.auth == "auto" and not is_loopback(self.host))

    @property
    def database_path(self) -> Path:
        """The SQLite file.

        Raises:
            ValueError: the URL names a database this version does not speak.
        """
        if self.database_url is None:
            return self.data_dir / "openmemory.db"
        scheme, _, rest = self.database_url.partition("://")
        if scheme not in ("sqlite", "sqlite+aiosqlite") or not rest.startswith("/"):
            raise ValueError(
                f"OPENMEMORY_DATABASE_URL names a {scheme!r} database; supported: sqlite:///PATH"
            )
        return Path(rest[1:]).expanduser().absolute()
