"""The store's commands, found by the entry-point group `openmemory.commands`."""

import gc
import json
import os
import secrets
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn
from urllib.parse import urlsplit

import anyio
import filelock
import httpx
import typer
import uvicorn
from anyio.from_thread import start_blocking_portal
from pydantic import ValidationError
from starlette.applications import Starlette

from openmemory_api import __version__
from openmemory_api.domain.errors import StoreError
from openmemory_api.domain.keys import KEY_PREFIX
from openmemory_api.logs import log_quietly
from openmemory_api.settings import Settings
from openmemory_api.tls import context_of
from openmemory_mcp import serverfile
from openmemory_mcp.settings import url_of
from openmemory_mcp.trust import certificate_in, verifier

if TYPE_CHECKING:
    from openmemory_api.container import Container

_Host = Annotated[str | None, typer.Option(help="Address to bind.")]
_Port = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")]
DataDir = Annotated[Path | None, typer.Option(help="Where the memories are kept.")]
_TlsCert = Annotated[Path | None, typer.Option(help="Certificate to serve TLS with, as PEM.")]
_TlsKey = Annotated[Path | None, typer.Option(help="The certificate's key, as PEM.")]

_BACKLOG: Final = 2_048
"""Connections that wait to be taken, as uvicorn has it."""
_NO_KEY: Final = (
    "This server demands a key of every caller, and there is no administrator's. Set "
    "OPENMEMORY_API_KEY"
)


def serve(
    host: _Host = None,
    port: _Port = None,
    data_dir: DataDir = None,
    tls_cert: _TlsCert = None,
    tls_key: _TlsKey = None,
) -> None:
    """Serve the memory store and its tool server."""
    settings = settings_of(
        host=host, port=port, data_dir=data_dir, tls_cert=tls_cert, tls_key=tls_key
    )
    try:
        with owned(settings):
            _serve(settings)
    except filelock.Timeout:
        running = serverfile.read(settings.data_dir)
        fail(f"A server already runs on this data: {running.url if running else 'starting'}")
    except (StoreError, OSError, ValueError) as error:
        fail(str(error))


@contextmanager
def owned(settings: Settings) -> Generator[None]:
    """Hold the data directory, and the database's where that is another, for this process alone.

    Without a store, that directory is only where the server is found.

    Raises:
        filelock.Timeout: another process holds one of them.
    """
    with ExitStack() as stack:
        database = settings.database_path if settings.backend == "local" else None
        kept_in = database.parent if database else settings.data_dir
        for directory in sorted({settings.data_dir, kept_in}):
            stack.enter_context(serverfile.lock(directory))
        yield


def application(settings: Settings, *, local_secret: str | None = None) -> Starlette:
    """The application that the settings ask for; nothing that only the other needs is imported.

    Raises:
        Unavailable: the database is another program's, or cannot be used.
        AccountError: there is no key of the hosted platform.
        ValueError: keys are demanded, and nobody has one that could make others.
    """
    keyless = settings.demands_key and settings.api_key is None
    if settings.backend == "hosted":
        from openmemory_api import hosted  # noqa: PLC0415 - see above

        if keyless:
            raise ValueError(_NO_KEY)
        return hosted.create_app(settings, local_secret=local_secret)
    from openmemory_api import app  # noqa: PLC0415 - see above
    from openmemory_api.container import Container  # noqa: PLC0415 - see above
    from openmemory_api.db.opening import refuse_unusable  # noqa: PLC0415 - see above

    # While nobody writes to it: half of a running server's write looks like damage.
    refuse_unusable(settings.database_path, settings.postgres_url)
    if keyless and not _somebody_can_make_keys(Container(settings)):
        raise ValueError(f"{_NO_KEY}, or make one with `openmemory keys create --scope admin`")
    store = Container(settings, settled=_keep_what_is_loaded)
    return app.create_app(settings, store, local_secret=local_secret)


def _somebody_can_make_keys(store: "Container") -> bool:
    # A thread with a loop of its own, since a server that imports us may have one here.
    with start_blocking_portal() as portal:
        return portal.call(store.can_be_administered)


def _keep_what_is_loaded() -> None:
    """Spare it the full collections, which walk all that lives while every request waits.

    With 10,000 memories one takes 0.1 s, and it finds nothing.
    """
    gc.collect()
    gc.freeze()


def _serve(settings: Settings) -> None:
    log_quietly(settings.log_level)
    tls = _tls(settings)
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    app = application(settings, local_secret=secret)
    listener = _listen(settings.host, settings.port)
    bound_port = listener.getsockname()[1]
    server = _Server(
        uvicorn.Config(
            app,
            # Its lines go where ours go, in our form.
            log_config=None,
            log_level=settings.log_level,
            access_log=False,
            ws="none",
            ssl_context_factory=tls,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )
    url = url_of(settings.host, bound_port, tls=tls is not None) + settings.root_path
    serverfile.write(settings.data_dir, _server_file(settings, url, secret))
    typer.echo(_start_line(settings, url), err=True)
    # uvicorn ends well on this signal and then raises it again, which would skip what is left here.
    before = signal.signal(signal.SIGTERM, _ending(server))
    try:
        server.run(sockets=[listener])
    finally:
        serverfile.remove(settings.data_dir)
        signal.signal(signal.SIGTERM, before)


class _Server(uvicorn.Server):
    """Ends the streams of dashboards when it stops; it would wait for their pages to be closed."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        app: Any = self.config.app
        end_streams: Callable[[], None] | None = getattr(app.state, "end_streams", None)
        if end_streams is not None:
            end_streams()
        await super().shutdown(sockets)


def _ending(server: uvicorn.Server) -> Callable[[int, object], None]:
    """What a signal does that comes before uvicorn listens to signals, or after it has ended."""

    def end(_signal: int, _frame: object) -> None:
        # Raising would not do: what is raised within a `__del__` is lost, and the signal with it.
        server.should_exit = True

    return end


def _tls(settings: Settings) -> Callable[..., ssl.SSLContext] | None:
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    context = context_of(settings.tls_cert, settings.tls_key)

    def factory(_: object, __: object) -> ssl.SSLContext:
        return context

    return factory


def _server_file(settings: Settings, url: str, secret: str) -> serverfile.ServerFile:
    return serverfile.ServerFile(
        version=__version__,
        url=url,
        pid=os.getpid(),
        secret=secret,
        started_at=datetime.now(UTC).isoformat(),
        certificate=certificate_in(settings.tls_cert) if settings.tls_cert else None,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named, or asyncio would leave on each connection what delays small answers.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
        # From the moment that the address is told, who comes early waits and is not refused.
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        fail(
            f"Cannot listen on {host}:{port}: {error.strerror}. "
            "`openmemory doctor` says what answers there; --port chooses another"
        )
    return listener


def _start_line(settings: Settings, url: str) -> str:
    if settings.demands_key:
        trust = "every call needs a key; only a key made for an app proves which app calls"
    elif settings.auth == "off":
        trust = "WARNING: OPENMEMORY_AUTH=off, anyone who can reach the port reads everything"
    else:
        trust = "local callers are trusted; the name of an app is claimed, not proven"
    kept = f"API: {url}/docs"
    if settings.backend == "hosted":
        kept = f"Memories: kept by the Mem0 platform at {urlsplit(settings.hosted_url).hostname}"
    return f"OpenMemory {__version__} on {url} ({trust})\nMCP: {url}/mcp   {kept}"


def reindex(data_dir: DataDir = None) -> None:
    """Fill the index anew from the database; nothing is embedded again."""
    settings = settings_of(data_dir=data_dir)
    if settings.backend == "hosted":
        fail("There is no index here: the hosted platform keeps the memories")
    try:
        with owned(settings):
            anyio.run(_renew_store, settings)
        typer.echo("The next start fills the index anew.")
    except filelock.Timeout:
        _ask_to_reindex(settings)
    except (StoreError, OSError, ValueError) as error:
        fail(str(error))


async def _renew_store(settings: Settings) -> None:
    from openmemory_api.container import Container  # noqa: PLC0415 - as in `application`

    await Container(settings).forget_index()


def _ask_to_reindex(settings: Settings) -> None:
    running = serverfile.read(settings.data_dir)
    if running is None:
        fail("A server is starting or stopping; try again in a few seconds")
    try:
        # A proxy from the environment has no business between two processes of one machine.
        answer = httpx.post(
            f"{running.url}/api/v1/reindex",
            headers={"Authorization": f"Token {running.secret}"},
            trust_env=False,
            verify=verifier(running.certificate),
        )
        answer.raise_for_status()
    except httpx.HTTPError as error:
        fail(f"The server at {running.url} could not do it: {error}")
    typer.echo("The index is being filled anew; `openmemory status` shows when that is done.")


def openapi() -> None:
    """Print the OpenAPI document."""
    from openmemory_api.app import create_app  # noqa: PLC0415 - only this command and a store need it

    typer.echo(json.dumps(create_app(settings_of()).openapi(), indent=2))


def settings_of(**flags: Any) -> Settings:
    """The settings, with those flags that were given in the place of what is configured."""
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        fail("; ".join(problem["msg"].removeprefix("Value error, ") for problem in error.errors()))


def fail(message: str) -> NoReturn:
    """End a command with its reason, in one line."""
    typer.echo(f"openmemory: {message}", err=True)
    raise typer.Exit(1)
