"""`openmemory mcp`: the tool server over stdin and stdout."""

from typing import Annotated, Literal

import anyio
import typer

from openmemory_mcp.backends.choice import backend_of
from openmemory_mcp.backends.platform import AccountError
from openmemory_mcp.caller import Launch
from openmemory_mcp.commands.configured import configured
from openmemory_mcp.server import create_server
from openmemory_mcp.settings import McpSettings


def mcp(
    app: Annotated[str | None, typer.Option(help="Name of the app to act as.")] = None,
    user: Annotated[str | None, typer.Option(help="Whose memories to use.")] = None,
    url: Annotated[str | None, typer.Option(help="Server to use, if not this machine's.")] = None,
    backend: Annotated[
        Literal["local", "hosted"] | None,
        typer.Option(help="Where memories are kept: on this machine, or by the Mem0 platform."),
    ] = None,
) -> None:
    """Run the MCP server over stdio; the store's server is found, or started."""
    settings = configured(app=app, user=user, url=url, backend=backend)
    try:
        anyio.run(serve_stdio, settings)
    except AccountError as error:
        raise typer.BadParameter(str(error)) from error


async def serve_stdio(settings: McpSettings) -> None:
    """Serve the process's one client until it closes stdin."""
    async with backend_of(settings) as backend:
        launch = Launch(user=settings.user, app=settings.app)
        await create_server(backend, launch).run_stdio_async()
