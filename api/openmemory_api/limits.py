"""How large a body may be, and how long a request may take."""

import math
from typing import Final

import anyio
from starlette.datastructures import Headers

from openmemory_api.domain import deadline
from openmemory_api.domain.errors import StoreError, TooLarge, TooSlow, Unavailable
from openmemory_api.middleware import (
    ASGIApp,
    Message,
    Receive,
    Scope,
    Send,
    is_tool_server,
    respond,
)

MAX_BODY: Final = 4 * 1024 * 1024
_DRAIN: Final = 8 * MAX_BODY
"""Read and thrown away of a body that is too large, so that the client sees the answer."""


class Limits:
    """ASGI middleware: bounds the size of a body and the time until an answer begins.

    The time includes the body's arrival. It ends early where the answer begins, where a write does,
    and on the tool server's paths with the body: calls of the store that it makes have their own.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        timer = anyio.CancelScope(deadline=anyio.current_time() + self._seconds)
        call = _Call(receive, send, timer, body_only=is_tool_server(scope))
        with timer:
            if not _has_body(headers):
                call.end_body()
            if not _is_admitted(headers):
                await call.refuse_body()
            else:
                await self._serve(scope, call)
        problem = call.problem(self._seconds)
        if problem is not None:
            await respond(send, problem, close=True)

    async def _serve(self, scope: Scope, call: "_Call") -> None:
        token = deadline.current.set(call)
        try:
            await self._app(scope, call.receive, call.send)
        except TooLarge:
            if call.started or not call.too_large:
                raise
        finally:
            deadline.current.reset(token)


class _Call:
    """One request: what has come of its body, and whether its answer has begun."""

    def __init__(
        self, receive: Receive, send: Send, timer: anyio.CancelScope, *, body_only: bool
    ) -> None:
        self._receive = receive
        self._send = send
        self._timer = timer
        self._body_only = body_only
        self._size = 0
        self._whole = False
        self.started = False
        self.too_large = False

    def lift(self) -> None:
        """Take as long as it takes from here on."""
        self._timer.deadline = math.inf

    async def receive(self) -> Message:
        """What the client sends.

        Raises:
            TooLarge: the body grows over the limit.
        """
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > MAX_BODY:
            await self.refuse_body()
            raise _too_large()
        if not message.get("more_body", False):
            self.end_body()
        return message

    def end_body(self) -> None:
        """All of the body is there."""
        self._whole = True
        if self._body_only:
            self.lift()

    async def refuse_body(self) -> None:
        """Read on without keeping anything."""
        self.too_large = True
        drained = 0
        while drained < _DRAIN:
            message = await self._receive()
            drained += len(message.get("body", b""))
            if not message.get("more_body", False):
                return

    async def send(self, message: Message) -> None:
        """Answer the client."""
        # What reads the body may answer with an error of its own; ours tells the reason.
        if self.started or not self.too_large:
            if not self.started:
                self.started = True
                self.lift()
            await self._send(message)

    def problem(self, seconds: float) -> StoreError | None:
        """Why there is no answer; None if there is one."""
        if self.started:
            return None
        if self.too_large:
            return _too_large()
        if not self._timer.cancelled_caught:
            return None
        if not self._whole:
            return TooSlow(f"The body did not arrive within {seconds:g} seconds")
        return Unavailable(
            f"This took longer than {seconds:g} seconds and was given up; nothing was changed. "
            "Ask for less at a time, or set OPENMEMORY_REQUEST_TIMEOUT"
        )


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _is_admitted(headers: Headers) -> bool:
    length = headers.get("content-length") or "0"
    return length.isascii() and length.isdigit() and int(length[:20]) <= MAX_BODY


def _too_large() -> TooLarge:
    return TooLarge(f"The body is over {MAX_BODY // 1024 // 1024} MB; send less at a time")
