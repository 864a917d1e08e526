"""`openmemory mcp`: the tool server over stdin and stdout."""

from typing import Annotated

import anyio
import typer

from openmemory_mcp.backends.local import local_client
from openmemory_mcp.backends.rest import RestBackend
from openmemory_mcp.caller import Launch
from openmemory_mcp.commands.configured import configured
from openmemory_mcp.server import create_server
from openmemory_mcp.settings import McpSettings


def mcp(
    app: Annotated[str | None, typer.Option(help="Name of the app to act as.")] = None,
    user: Annotated[str | None, typer.Option(help="Whose memories to use.")] = None,
    url: Annotated[str | None, typer.Option(help="Server to use, if not this machine's.")] = None,
) -> None:
    """Run the MCP server over stdio; the store's server is found, or started."""
    anyio.run(serve_stdio, configured(app=app, user=user, url=url))


async def serve_stdio(settings: McpSettings) -> None:
    """Serve the process's one client until it closes stdin."""
    async with local_client(settings) as http:
        launch = Launch(user=settings.user, app=settings.app)
        await create_server(RestBackend(http), launch).run_stdio_async()
