"""The server of this machine as an httpx transport: found, or started, when a call needs it."""

import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio
import httpx
from anyio.abc import TaskGroup
from filelock import Timeout

from openmemory_mcp import serverfile
from openmemory_mcp.backends.health import health_of
from openmemory_mcp.backends.rest import TIMEOUT
from openmemory_mcp.settings import McpSettings
from openmemory_mcp.trust import verifier

WAIT: Final = 3.0
"""A call answers within this many seconds when there is no server to answer it."""

_START_LIMIT: Final = 60.0
_POLL: Final = 0.1
_CLIENT_ONLY: Final = frozenset(f"OPENMEMORY_{name}" for name in ("URL", "API_KEY", "USER", "APP"))
# Names that only Windows has; elsewhere a new session does the same.
_DETACHED: Final[int] = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(
    subprocess, "CREATE_NEW_PROCESS_GROUP", 0
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens, and the credential it accepts from this machine's user."""

    url: str
    key: str | None = None
    certificate: str | None = None
    """What it is known by over TLS, where the system does not vouch for it."""


class _Search:
    """One attempt to find or start the server, which many calls may wait for."""

    def __init__(self) -> None:
        self.done = anyio.Event()
        self.address: Address | None = None
        self.problem: str | None = None

    async def result(self) -> Address:
        await self.done.wait()
        if self.address is None:
            raise httpx.ConnectError(self.problem or "it was not found")
        return self.address


async def find(settings: McpSettings) -> Address | None:
    """The running server: by OPENMEMORY_URL, by the server file, at the default address."""
    filed = await _by_file(settings)
    if settings.url is None:
        return filed or await _by_default(settings)
    url = settings.url.rstrip("/")
    if filed and filed.url == url:
        return filed
    return Address(url, settings.key, settings.certificate)


async def _by_file(settings: McpSettings) -> Address | None:
    known = serverfile.read(settings.data_dir)
    if known is None:
        return None
    health = await health_of(known.url, known.certificate)
    # Another process may have inherited the port; it must not be handed the secret.
    if health is None or health.pid != known.pid:
        return None
    return Address(known.url, settings.key or known.secret, known.certificate)


async def _by_default(settings: McpSettings) -> Address | None:
    url, certificate = settings.default_url, settings.certificate
    found = await health_of(url, certificate)
    return Address(url, settings.key, certificate) if found else None


class LocalServer:
    """Finds the server that belongs to the settings, and starts one when none runs.

    The work is done by a task of its own: a call that cannot wait gives up, the search goes on.
    """

    def __init__(self, settings: McpSettings, tasks: TaskGroup) -> None:
        self._settings = settings
        self._tasks = tasks
        self._search: _Search | None = None
        self._last_problem: str | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def look(self) -> "_Search":
        """The search under way or done; a new one if there is none or the last one failed."""
        if self._search is None or self._search.problem is not None:
            self._search = _Search()
            self._tasks.start_soon(self._run, self._search)
        return self._search

    async def address(self) -> Address:
        """Where to call; `httpx.ConnectError` if there is no server and none can be started."""
        return await self.look().result()

    @property
    def problem(self) -> str:
        """Why there is no server yet: what ended the last search, if one has ended."""
        return self._last_problem or "it is still starting"

    def forget(self) -> None:
        """Look again on the next call: nobody listens at the address any more."""
        self._search = None

    async def _run(self, search: "_Search") -> None:
        try:
            with anyio.fail_after(_START_LIMIT):
                search.address = await find(self._settings) or await self._start()
        except httpx.ConnectError as error:
            search.problem = str(error)
        except (OSError, TimeoutError) as error:
            search.problem = f"it could not be started: {error or 'it took too long'}"
        self._last_problem = search.problem
        search.done.set()

    async def _start(self) -> Address:
        while True:
            with _turn_to_start(self._settings.data_dir) as is_ours:
                # Whoever had the turn before may have started it since the last look.
                found = await find(self._settings)
                if found is None and is_ours:
                    found = await self._launch()
            if found is not None:
                return found
            await anyio.sleep(_POLL)

    async def _launch(self) -> Address:
        self._process = _spawn(self._settings)
        while True:
            # Asked before looking: a server started by hand may have won against this one.
            ended = self._process.poll() is not None
            found = await find(self._settings)
            if found is not None:
                return found
            if ended:
                log = serverfile.log_path(self._settings.data_dir)
                raise httpx.ConnectError(f"it could not be started: {log} says why")
            await anyio.sleep(_POLL)


class LocalTransport(httpx.AsyncBaseTransport):
    """Sends each request to wherever the server is now.

    Connections are not kept: a server that went away shows as a refused connect, which is safe to
    try again, and never as a write cut in the middle.
    """

    def __init__(self, server: LocalServer) -> None:
        self._server = server
        self._transports: dict[str | None, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Forward `request`; one that could not leave this process is sent once more."""
        try:
            return await self._forward(request)
        except httpx.ConnectError:
            self._server.forget()
        return await self._forward(request)

    async def aclose(self) -> None:
        """Close what is still open."""
        for transport in self._transports.values():
            await transport.aclose()

    async def _forward(self, request: httpx.Request) -> httpx.Response:
        address = await self._soon()
        transport = self._transport(address.certificate)
        return await transport.handle_async_request(_readdress(request, address))

    def _transport(self, certificate: str | None) -> httpx.AsyncHTTPTransport:
        if certificate not in self._transports:
            self._transports[certificate] = httpx.AsyncHTTPTransport(
                verify=verifier(certificate), limits=httpx.Limits(max_keepalive_connections=0)
            )
        return self._transports[certificate]

    async def _soon(self) -> Address:
        try:
            with anyio.fail_after(WAIT):
                return await self._server.address()
        except TimeoutError as error:
            raise httpx.ConnectTimeout(self._server.problem) from error


@asynccontextmanager
async def local_client(settings: McpSettings) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of this machine's server; the search for it begins at once."""
    async with anyio.create_task_group() as tasks:
        server = LocalServer(settings, tasks)
        server.look()
        # The name is never resolved: the transport puts the real address in its place.
        async with httpx.AsyncClient(
            transport=LocalTransport(server), base_url="http://openmemory", timeout=TIMEOUT
        ) as http:
            yield http
        tasks.cancel_scope.cancel()


def _readdress(request: httpx.Request, address: Address) -> httpx.Request:
    base = httpx.URL(address.url)
    path = base.raw_path.rstrip(b"/") + request.url.raw_path
    headers = request.headers.copy()
    headers["Host"] = base.netloc.decode("ascii")
    if address.key is not None:
        headers["Authorization"] = f"Token {address.key}"
    return httpx.Request(
        request.method,
        base.copy_with(raw_path=path),
        headers=headers,
        stream=request.stream,
        extensions=request.extensions,
    )


@contextmanager
def _turn_to_start(data_dir: Path) -> Generator[bool]:
    turn = serverfile.starting_lock(data_dir)
    try:
        turn.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        turn.release()


def _spawn(settings: McpSettings) -> subprocess.Popen[bytes]:
    with serverfile.log_path(settings.data_dir).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "openmemory_mcp", "serve"],
            # Not the agent's folder, whose .env is not the user's word.
            cwd=settings.data_dir,
            env=_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            creationflags=_DETACHED,
        )


def _environment(settings: McpSettings) -> dict[str, str]:
    # One client's key, user and app are not those of the server that all clients share.
    inherited = {name: value for name, value in os.environ.items() if name not in _CLIENT_ONLY}
    return inherited | {
        # A client may want this machine's memory where the others use the platform's.
        "OPENMEMORY_BACKEND": "local",
        "OPENMEMORY_DATA_DIR": str(settings.data_dir),
        "OPENMEMORY_HOST": settings.host,
        "OPENMEMORY_PORT": str(settings.port),
    }
