"""What /health says, and by which an OpenMemory server is told from anything else on a port."""

from typing import Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from openmemory_mcp.trust import verifier

PATIENCE = httpx.Timeout(2.0)


class Auth(BaseModel):
    """How callers are told apart."""

    model_config = ConfigDict(extra="allow")

    mode: str = "unknown"
    app_identity: str = "unknown"


class Health(BaseModel):
    """The answer of GET /health."""

    model_config = ConfigDict(extra="allow")

    service: Literal["openmemory"]
    status: str
    version: str = "unknown"
    pid: int | None = None
    auth: Auth = Field(default_factory=Auth)
    backend: str = "local"
    memories: int | None = None
    database: JsonValue = None


async def health_of(url: str, certificate: str | None = None) -> Health | None:
    """The health of the OpenMemory server at `url`; None if nothing of ours answers there."""
    async with _client(certificate) as http:
        try:
            response = await http.get(f"{url.rstrip('/')}/health")
            return Health.model_validate_json(response.content)
        except (httpx.TransportError, httpx.InvalidURL, ValidationError):
            return None


def _client(certificate: str | None) -> httpx.AsyncClient:
    # A proxy from the environment has no business between two processes of one machine.
    return httpx.AsyncClient(trust_env=False, timeout=PATIENCE, verify=verifier(certificate))


async def answers_at(url: str, certificate: str | None = None) -> bool:
    """Whether anything at all answers HTTP at `url`."""
    async with _client(certificate) as http:
        try:
            await http.get(url)
        except httpx.ConnectError:
            return False
        except httpx.TransportError:
            return True
    return True
