"""The tool server's settings, read from the environment.

No `.env` file is read: an agent starts the stdio server in whatever folder it works in, and a
cloned project must not be able to redirect a person's memory to a server of its own.
"""

from pathlib import Path
from typing import Annotated

from pydantic import SecretStr, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

from openmemory_mcp.serverfile import DEFAULT_DATA_DIR

_EVERY_INTERFACE = ("0.0.0.0", "::")  # noqa: S104 - compared with, never bound


class McpSettings(BaseSettings):
    """What `openmemory mcp`, `status`, `stop`, `logs` and `doctor` need to know."""

    model_config = SettingsConfigDict(env_prefix="OPENMEMORY_", env_ignore_empty=True)

    url: Annotated[str, StringConstraints(pattern=r"^https?://")] | None = None
    api_key: SecretStr | None = None
    user: str | None = None
    app: str | None = None
    data_dir: Path = DEFAULT_DATA_DIR
    host: str = "127.0.0.1"
    port: int = 8765

    @property
    def default_url(self) -> str:
        """Where a server that nobody configured otherwise listens."""
        host = "127.0.0.1" if self.host in _EVERY_INTERFACE else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def key(self) -> str | None:
        """The API key in plain, for the request header."""
        return self.api_key.get_secret_value() if self.api_key else None
