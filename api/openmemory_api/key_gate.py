"""What stands before the tool server: its keys, at the start of a call and for as long as it lasts.

A stream can outlive by hours the key it was opened with. So the key is asked about before each
message that leaves, and whatever still waits is ended with the key.
"""

import math
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

import anyio
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect

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
_ENDED: Final = "This key was revoked, has expired, or cannot be verified any more"


class OpenCalls:
    """The calls under way, by the key they came with, so that they end with it."""

    def __init__(self, left: Callable[[str], Awaitable[timedelta | None]]) -> None:
        """`left` says how long a key still counts: nothing if not any more, None if for good."""
        self._left = left
        self._of: dict[str, set[_Call]] = {}
        self._told: Callable[[str], Awaitable[None]] | None = None

    def on_cut(self, told: Callable[[str], Awaitable[None]]) -> None:
        """Have `told` what key has ended, so that it ends what it keeps for its holder."""
        self._told = told

    async def end(self, key_id: str, left: timedelta) -> None:
        """End the calls of a key once that time has passed."""
        for call in self._of.get(key_id, ()):
            call.end_at(_deadline(left))
        if not left:
            await self._cut(key_id)

    async def serve(
        self, app: ASGIApp, key_id: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Serve one call for as long as its key counts."""
        call = _Call(receive, send, left=lambda: self._still(key_id))
        calls = self._of.setdefault(key_id, set())
        calls.add(call)
        try:
            call.end_at(_deadline(await self._still(key_id)))
            with suppress(ClientDisconnect):
                await app({**scope, KEY: key_id}, call.receive, call.send)
        finally:
            calls.discard(call)
            if not calls:
                self._of.pop(key_id, None)
        if call.over:
            await self._cut(key_id)
            await call.finish()

    async def _cut(self, key_id: str) -> None:
        if self._told is not None:
            await self._told(key_id)

    async def _still(self, key_id: str) -> timedelta | None:
        try:
            return await self._left(key_id)
        except StoreError:
            # Nobody can say, and what is not known is not let through.
            return timedelta()


class _Call:
    """One call: to the tool server its client seems to go away in the moment its key ends.

    Cancelled instead, it would leave open what it only closes behind a client that goes.
    """

    def __init__(
        self, receive: Receive, send: Send, left: Callable[[], Awaitable[timedelta | None]]
    ) -> None:
        self._receive = receive
        self._send = send
        self._left = left
        self._ends = math.inf
        self._waiting: set[anyio.CancelScope] = set()
        self._started = False
        self._finished = False

    @property
    def over(self) -> bool:
        return anyio.current_time() >= self._ends

    def end_at(self, moment: float) -> None:
        """End then, on the clock of the event loop, if not before."""
        self._ends = min(self._ends, moment)
        for scope in self._waiting:
            scope.deadline = self._ends

    async def receive(self) -> Message:
        """What the client sends."""
        if not self.over:
            with anyio.CancelScope(deadline=self._ends) as waiting:
                self._waiting.add(waiting)
                try:
                    return await self._receive()
                finally:
                    self._waiting.discard(waiting)
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Pass a message on to the client, unless the key has ended."""
        if self.over or await self._left() == timedelta():
            return self.end_at(anyio.current_time())
        self._started = True
        self._finished = message["type"] == "http.response.body" and not message.get("more_body")
        await self._send(message)

    async def finish(self) -> None:
        """Say why it ended, where nothing was said yet; else only that there is no more."""
        if not self._started:
            await respond(self._send, NotAuthenticated(_ENDED))
        elif not self._finished:
            await self._send({"type": "http.response.body", "body": b""})


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
        return await self._calls.serve(self._app, binding.key_id, scope, receive, send)


def _refuse_another(binding: Binding, scope: Scope) -> None:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    found = _NAMED.match(path)
    if found:
        refuse_contradiction(binding, found[2], found[1].lower())
    refuse_contradiction(binding, *named_in(Headers(scope=scope)))


def _deadline(left: timedelta | None) -> float:
    return math.inf if left is None else anyio.current_time() + left.total_seconds()
