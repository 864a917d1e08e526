"""The settings of `openmemory serve`: flags over environment over `.env` over these defaults."""

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from openmemory_api.domain.keys import KEY_PREFIX, split_token
from openmemory_api.settings_models import ModelSettings, RerankerSettings

Words = Annotated[tuple[str, ...], NoDecode]
"""A list written with commas."""


_POSTGRES: Final = ("postgres", "postgresql", "postgres+asyncpg", "postgresql+asyncpg")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own, reachable from nowhere else."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _origin(text: str) -> str:
    """An origin as browsers write it: scheme, host and port, nothing else."""
    parts = urlsplit(text.lower().rstrip("/"))
    if "*" in text or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(
            f"OPENMEMORY_ALLOWED_ORIGINS takes origins such as https://example.org, not {text!r}: "
            "each page that may read memories is named"
        )
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"OPENMEMORY_ALLOWED_ORIGINS: {text!r} is more than an origin")
    return f"{parts.scheme}://{parts.netloc}"


def _network(text: str) -> str:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise ValueError(
            f"OPENMEMORY_TRUSTED_PROXIES takes addresses and networks, not {text!r}"
        ) from error
    if network.prefixlen == 0:
        raise ValueError("OPENMEMORY_TRUSTED_PROXIES would trust everyone")
    return str(network)


class Settings(ModelSettings, RerankerSettings):
    """Read once, at the top; everything below receives values. Names: docs/configuration.md."""

    model_config = SettingsConfigDict(
        env_prefix="OPENMEMORY_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        populate_by_name=True,
        # An error names the setting; its value may be a password.
        hide_input_in_errors=True,
    )

    # Never guessed: many people have MEM0_API_KEY set for something else.
    backend: Literal["local", "hosted"] = "local"
    host: str = "127.0.0.1"
    port: int = Field(default=8765, ge=0, le=65535)
    data_dir: Path = Path("~/.openmemory")
    database_url: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("OPENMEMORY_DATABASE_URL", "DATABASE_URL")
    )
    index: str = Field(default="auto", min_length=1)
    qdrant_url: str | None = Field(
        default=None, validation_alias=AliasChoices("OPENMEMORY_QDRANT_URL", "QDRANT_HOST")
    )
    qdrant_port: int = Field(
        default=6333,
        ge=1,
        le=65535,
        validation_alias=AliasChoices("OPENMEMORY_QDRANT_PORT", "QDRANT_PORT"),
    )
    qdrant_api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("OPENMEMORY_QDRANT_API_KEY", "QDRANT_API_KEY")
    )
    qdrant_collection: str = Field(default="openmemory", pattern=r"^[A-Za-z0-9_-]{1,100}$")
    auth: Literal["auto", "required", "off"] = "auto"
    api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("OPENMEMORY_API_KEY", "API_KEY")
    )
    secret: SecretStr | None = Field(default=None, min_length=16)
    user: str = Field(default="default_user", min_length=1, max_length=255)
    allowed_hosts: Words = ()
    allowed_origins: Words = ()
    trusted_proxies: Words = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    request_timeout: float = Field(default=60, ge=1, le=3600)
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
    redact: Literal["off", "warn", "redact"] = "off"
    trash_days: float = Field(default=30, ge=0, le=36_500)
    activity_days: float = Field(default=90, ge=0, le=36_500)
    activity_queries: Literal["text", "hash", "none"] = "text"
    rate_limit: int = Field(default=0, ge=0)
    daily_calls: int = Field(default=0, ge=0)
    max_memories: int = Field(default=0, ge=0)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("api_key")
    @classmethod
    def _no_made_key(cls, value: SecretStr | None) -> SecretStr | None:
        made = value and split_token(value.get_secret_value().removeprefix(KEY_PREFIX))
        if made:
            raise ValueError(
                "OPENMEMORY_API_KEY is a key that `openmemory keys` made: as a server's setting it "
                "would be an administrator's, and could not be revoked. It belongs to the client"
            )
        return value

    @field_validator("allowed_hosts", "allowed_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _whole_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_origin(each) for each in value)

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_network(each) for each in value)

    @field_validator("data_dir", "tls_cert", "tls_key")
    @classmethod
    def _expand(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @field_validator("root_path")
    @classmethod
    def _prefix(cls, value: str) -> str:
        trimmed = value.strip("/")
        return f"/{trimmed}" if trimmed else ""

    @model_validator(mode="after")
    def _agree(self) -> "Settings":
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("OPENMEMORY_TLS_CERT and OPENMEMORY_TLS_KEY go together; set both")
        if self.redact != "off" and self.backend == "hosted":
            raise ValueError(
                "OPENMEMORY_REDACT looks through what this store takes in; with "
                "OPENMEMORY_BACKEND=hosted texts go to the platform as they are. Set it to off"
            )
        if self.trusted_proxies and not self.demands_key:
            raise ValueError(
                "OPENMEMORY_TRUSTED_PROXIES is only for a server that demands keys: behind a proxy "
                "everybody looks local. Set OPENMEMORY_AUTH=required and OPENMEMORY_API_KEY"
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
    def qdrant_address(self) -> str | None:
        """Where the Qdrant server answers, as a URL with its port; None without one.

        Raises:
            ValueError: the setting is no address.
        """
        if self.qdrant_url is None:
            return None
        url = self.qdrant_url if "://" in self.qdrant_url else f"http://{self.qdrant_url}"
        try:
            parts = urlsplit(url)
            port = parts.port or self.qdrant_port
        except ValueError:
            parts, port = urlsplit(""), 0
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            # Not shown: whoever writes a password into an address did not mean it for a log.
            raise ValueError(
                "OPENMEMORY_QDRANT_URL is not an address such as http://qdrant:6333; "
                "its key belongs into OPENMEMORY_QDRANT_API_KEY"
            )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return f"{parts.scheme}://{host}:{port}{parts.path.rstrip('/')}"

    @property
    def database_path(self) -> Path | None:
        """The SQLite file; None where PostgreSQL keeps the memories.

        Raises:
            ValueError: the URL names a database this version does not speak.
        """
        if self.database_url is None:
            return self.data_dir / "openmemory.db"
        scheme, _, rest = self.database_url.get_secret_value().partition("://")
        if scheme in _POSTGRES:
            return None
        if scheme not in ("sqlite", "sqlite+aiosqlite") or not rest.startswith("/"):
            # What stands before the colon alone: without one, all of it may be a secret.
            named = f"a {scheme!r} database" if rest else "no database"
            raise ValueError(
                f"OPENMEMORY_DATABASE_URL names {named}; supported: sqlite:///PATH, "
                "postgresql://USER:PASSWORD@HOST/DATABASE"
            )
        return Path(rest[1:]).expanduser().absolute()

    @property
    def postgres_url(self) -> str | None:
        """The PostgreSQL database, with its password; None where SQLite keeps the memories."""
        if self.database_url is None or self.database_path is not None:
            return None
        return self.database_url.get_secret_value()
