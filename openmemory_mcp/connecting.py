"""What a dashboard asks of the tool server beside it: how to connect, and whether it answers."""

import httpx

from openmemory_mcp.clients import clients
from openmemory_mcp.entries import PLACEHOLDER, Client, Connection
from openmemory_mcp.probe import Probed, probe


class Connecting:
    """The tool server of this app, as its clients see it."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        """`http` calls this app without a port."""
        self._http = http

    def clients(
        self, base: str, *, user: str, app: str | None, key: str | None, needed: bool, local: bool
    ) -> tuple[str, str | None, list[Client]]:
        """The address for an app, what stands for a missing key, and every client that is known."""
        placeholder = PLACEHOLDER if needed and key is None else None
        connection = Connection(base, user, app, key or placeholder, local)
        url = connection.url(app) if app else f"{base}/mcp"
        return url, placeholder, clients(connection)

    async def probe(self, key: str | None) -> Probed:
        """List the tools as a client does that has this key, or none."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return await probe(self._http, "/mcp", headers)
