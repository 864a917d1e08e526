"""The tool server's settings, read from the environment.

No `.env` file is read: an agent starts the stdio server in whatever folder it works in, and a
cloned project must not be able to redirect a person's memory to a server of its own.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr, StringConstraints, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from openmemory_mcp.serverfile import DEFAULT_DATA_DIR
from openmemory_mcp.trust import certificate_in

Url = Annotated[str, StringConstraints(pattern=r"^https?://")]

_EVERY_INTERFACE = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, never bound


def url_of(host: str, port: int, *, tls: bool = False) -> str:
    """Where a server that is bound to `host` can be called from this machine."""
    bare = host.strip("[]")
    name = "127.0.0.1" if bare in _EVERY_INTERFACE else bare
    scheme = "https" if tls else "http"
    return f"{scheme}://[{name}]:{port}" if ":" in name else f"{scheme}://{name}:{port}"


class McpSettings(BaseSettings):
    """What `openmemory mcp`, `status`, `stop`, `logs` and `doctor` need to know."""

    model_config = SettingsConfigDict(
        env_prefix="OPENMEMORY_",
        env_ignore_empty=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    # Never guessed: many people have MEM0_API_KEY set for something else.
    backend: Literal["local", "hosted"] = "local"
    url: Url | None = None
    api_key: SecretStr | None = None
    user: str | None = None
    app: str | None = None
    data_dir: Path = DEFAULT_DATA_DIR
    host: str = "127.0.0.1"
    port: int = 8765
    tls_cert: Path | None = None
    hosted_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("OPENMEMORY_HOSTED_KEY", "MEM0_API_KEY")
    )
    hosted_url: Url = Field(
        default="https://api.mem0.ai",
        validation_alias=AliasChoices("OPENMEMORY_HOSTED_URL", "MEM0_BASE_URL"),
    )
    hosted_reads: Literal["all", "own"] = "all"
    add_wait: float = Field(default=8, ge=0, le=600)

    @field_validator("data_dir", "tls_cert")
    @classmethod
    def _expand(cls, value: Path | None) -> Path | None:
        # As the server reads it: a relative or `~` folder must be the same for both.
        return None if value is None else value.expanduser().absolute()

    @field_validator("tls_cert")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        try:
            _ = certificate_in(value) if value else None
        except OSError as error:
            raise ValueError(f"{value} cannot be read: {error.strerror}") from error
        return value

    @property
    def default_url(self) -> str:
        """Where a server that nobody configured otherwise listens."""
        return url_of(self.host, self.port, tls=self.tls_cert is not None)

    @property
    def certificate(self) -> str | None:
        """The one that this machine's server shows, as PEM, where it serves TLS."""
        return certificate_in(self.tls_cert) if self.tls_cert else None

    @property
    def key(self) -> str | None:
        """The API key in plain, for the request header."""
        return self.api_key.get_secret_value() if self.api_key else None
