"""The command `openmemory`: its own commands and those of other packages, loaded when called.

A client waits for `openmemory mcp` to speak, so a command imports nothing that another one needs.
"""

from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Final

import typer

from openmemory_mcp.version import VERSION

GROUP: Final = "openmemory.commands"
"""The entry-point group by which a package adds commands: plain functions with Typer's options, or
groups of them."""

OWN: Final = tuple(
    EntryPoint(name, f"openmemory_mcp.commands.{module}", GROUP)
    for name, module in (
        ("mcp", "stdio:mcp"),
        ("status", "server:status"),
        ("stop", "server:stop"),
        ("logs", "server:logs"),
        ("doctor", "doctor:doctor"),
    )
)

# Entry points carry no description, and loading the store to list commands would take seconds.
_HELP: Final = {
    "serve": "Run the server: memory and MCP.",
    "mcp": "Run the MCP server over stdio, for clients that start it themselves.",
    "status": "Show whether the server runs, and what it holds.",
    "stop": "Stop the server.",
    "logs": "Show what a server in the background has logged.",
    "doctor": "Look for what keeps OpenMemory from working.",
    "keys": "Make, list, rotate and revoke keys.",
    "reindex": "Fill the search index anew from the database.",
    "openapi": "Print the description of the REST API.",
}

_PASS_EVERYTHING_ON: Final[dict[str, bool]] = {
    "ignore_unknown_options": True,
    "allow_extra_args": True,
}


def main() -> None:
    """The console script's entry point."""
    create_app()(prog_name="openmemory")


def create_app() -> typer.Typer:
    """The command line with every command that is installed, none of them imported."""
    app = typer.Typer(no_args_is_help=True, add_completion=False)
    app.callback()(_root)
    for command in _commands():
        app.command(
            command.name,
            help=_HELP.get(command.name, f"From {command.module}."),
            context_settings=_PASS_EVERYTHING_ON,
            add_help_option=False,
        )(_lazy(command))
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"openmemory {VERSION}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """The memory every AI agent on your machine shares."""


def _commands() -> Iterator[EntryPoint]:
    own = {command.name for command in OWN}
    added = [command for command in entry_points(group=GROUP) if command.name not in own]
    known = {command.name: command for command in (*OWN, *added)}
    yield from (known.pop(name) for name in _HELP if name in known)
    yield from known.values()


def _lazy(command: EntryPoint) -> Callable[[typer.Context], None]:
    def run(context: typer.Context) -> None:
        loaded = command.load()
        app = loaded if isinstance(loaded, typer.Typer) else _alone(command.name, loaded)
        app(args=context.args, prog_name=context.command_path)

    return run


def _alone(name: str, command: Callable[..., None]) -> typer.Typer:
    app = typer.Typer(add_completion=False)
    app.command(name)(command)
    return app
