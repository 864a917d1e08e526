"""What stands before the tool server: its keys, at the start of a call and for as long as it lasts.

A stream can outlive by hours the key it was opened with. So the key is asked about before each
message that leaves, and whatever still waits is ended with the key.
"""

import math
import re
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

import anyio
import anyio.lowlevel
from starlette.datastructures import Headers

from openmemory_api.domain.errors import NotAuthenticated, StoreError
from openmemory_api.domain.keys import Binding
from openmemory_api.middleware import (
    ASGIApp,
    Message,
    Receive,
    Scope,
    Send,
    is_tool_server,
    respond,
)
from openmemory_api.routes.identity import Authenticator, named_in, refuse_contradiction

KEY: Final = "openmemory.key"
"""Key of the ASGI scope under which the tool server finds the id of the key it serves."""

_NAMED: Final = re.compile(r"/+mcp/([^/]+)/(?:http|sse)/([^/]+)")
_ENDED: Final = "This key was revoked, or has expired, while it was in use"


class OpenCalls:
    """The calls under way, by the key they came with, so that they end with it."""

    def __init__(self, left: Callable[[str], Awaitable[timedelta | None]]) -> None:
        """`left` says how long a key still counts: nothing if not any more, None if for good."""
        self._left = left
        self._of: dict[str, set[anyio.CancelScope]] = {}
        self._told: Callable[[str], Awaitable[None]] | None = None

    def on_cut(self, told: Callable[[str], Awaitable[None]]) -> None:
        """Have `told` what key has ended, so that it ends what it keeps for its holder."""
        self._told = told

    async def end(self, key_id: str, left: timedelta) -> None:
        """End the calls of a key once that time has passed."""
        deadline = _deadline(left)
        for scope in self._of.get(key_id, ()):
            scope.deadline = min(scope.deadline, deadline)
        if not left:
            await self.cut(key_id)

    async def cut(self, key_id: str) -> None:
        """A key has ended."""
        if self._told is not None:
            await self._told(key_id)

    async def counts(self, key_id: str) -> bool:
        """Whether a key still counts; not while nobody can say."""
        try:
            return await self._left(key_id) != timedelta()
        except StoreError:
            return False

    @contextmanager
    def entered(self, key_id: str) -> Generator[anyio.CancelScope]:
        """A scope that ends with the key."""
        scopes = self._of.setdefault(key_id, set())
        with anyio.CancelScope() as scope:
            scopes.add(scope)
            try:
                yield scope
            finally:
                scopes.discard(scope)
                if not scopes:
                    self._of.pop(key_id, None)

    async def deadline(self, key_id: str) -> float:
        """When a key expires, on the clock of the event loop."""
        return _deadline(await self._left(key_id))


class KeyGate:
    """ASGI middleware: no tool session without a key where one is demanded, and none beyond it.

    The tools themselves would refuse too, but by then a stranger holds one of the sessions.
    """

    def __init__(
        self, app: ASGIApp, authenticator: Authenticator, calls: OpenCalls | None = None
    ) -> None:
        """Without `calls` there are no keys but the configured ones, which do not end."""
        self._app = app
        self._authenticator = authenticator
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not is_tool_server(scope):
            return await self._app(scope, receive, send)
        try:
            binding = await self._authenticator.verify(Headers(scope=scope))
            if binding is not None:
                _refuse_another(binding, scope)
        except StoreError as error:
            return await respond(send, error)
        if binding is None or binding.key_id is None or self._calls is None:
            return await self._app(scope, receive, send)
        return await self._serve(binding.key_id, self._calls, scope, receive, send)

    async def _serve(
        self, key_id: str, calls: OpenCalls, scope: Scope, receive: Receive, send: Send
    ) -> None:
        answer = _Answer(send)
        with calls.entered(key_id) as cut:

            async def sending(message: Message) -> None:
                if await calls.counts(key_id):
                    return await answer.send(message)
                cut.cancel()
                await anyio.lowlevel.checkpoint()

            cut.deadline = await calls.deadline(key_id)
            await self._app({**scope, KEY: key_id}, receive, sending)
        if cut.cancelled_caught:
            await calls.cut(key_id)
            await answer.end()


class _Answer:
    """What was answered so far."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._started = False
        self._ended = False

    async def send(self, message: Message) -> None:
        self._started = True
        self._ended = message["type"] == "http.response.body" and not message.get("more_body")
        await self._send(message)

    async def end(self) -> None:
        """Say why, where nothing was said yet; else only that there is no more."""
        if not self._started:
            await respond(self._send, NotAuthenticated(_ENDED))
        elif not self._ended:
            await self._send({"type": "http.response.body", "body": b""})


def _refuse_another(binding: Binding, scope: Scope) -> None:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    found = _NAMED.match(path)
    user, app = (found[2], found[1].lower()) if found else named_in(Headers(scope=scope))
    refuse_contradiction(binding, user, app)


def _deadline(left: timedelta | None) -> float:
    return math.inf if left is None else anyio.current_time() + left.total_seconds()
