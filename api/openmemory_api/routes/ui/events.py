"""One stream of what happens, for a page that shows it as it does."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Annotated, Any, Final, TypeAlias, cast

import anyio
from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.types import Receive, Scope, Send

from openmemory_api.domain.access import Caller
from openmemory_api.domain.errors import StoreError
from openmemory_api.routes.deps import ContainerDep
from openmemory_api.routes.identity import Identity
from openmemory_api.routes.ui.deps import ViewerDep
from openmemory_api.services.live import Event, EventType, Live

router = APIRouter()

RETRY_MS: Final = 2_000
BEAT_SECONDS: Final = 15.0
ASK_EVERY: Final = 20
"""Events that are told until it is asked again whether the viewer's key still counts."""
_STREAM: Final = "text/event-stream"
_EVENT: Final = "#/components/schemas/DashboardEvent"
_Lines: TypeAlias = AsyncGenerator[str]


class DashboardEvent(BaseModel):
    """What the lines of the stream say. What comes fast is counted in one event."""

    id: str = Field(description="To be sent as Last-Event-ID by who comes back.")
    event: EventType
    data: str = Field(
        description=(
            "JSON: `count`, how often it happened; `ids` of memories, `apps` and `operations`, "
            "the first 50 of each; of the index its `problem` and how many are `pending`. "
            "Nothing for `reset`: look at everything anew."
        )
    )


class EventStream(Response):
    """Sends lines as they come, until they end or the client goes."""

    media_type = _STREAM

    def __init__(self, lines: _Lines, status_code: int = 200) -> None:
        # No proxy is to collect what should be seen at once.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(status_code=status_code, headers=headers)
        del self.headers["content-length"]
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client."""
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        await send(start)
        async with anyio.create_task_group() as tasks:

            async def listen() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                tasks.cancel_scope.cancel()

            tasks.start_soon(listen)
            async with aclosing(self._lines) as lines:
                async for line in lines:
                    body = {"type": "http.response.body", "body": line.encode(), "more_body": True}
                    await send(body)
            tasks.cancel_scope.cancel()
        await send({"type": "http.response.body", "body": b""})


@router.get(
    "/events",
    response_model=DashboardEvent,
    responses={200: {"content": {_STREAM: {"schema": {"$ref": _EVENT}}}}},
)
async def events(
    request: Request,
    viewer: ViewerDep,
    container: ContainerDep,
    last_event_id: Annotated[
        str | None, Header(max_length=64, description="What was told last; what was missed comes.")
    ] = None,
    follow: Annotated[bool, Query(description="False: end when nothing more is there now.")] = True,
) -> Any:
    """What happens to the user's memories, calls, apps and rules; its own writes and the agents'.

    Calls are those that this server process served; writes are also those of others.
    """
    identity = cast("Identity", request.app.state.identity)

    async def still() -> bool:
        return await _counts(identity, request, viewer)

    # Joined before the answer begins, so that one stream too many is refused with a status.
    lines = _told(container.live, viewer, _number(last_event_id), still, follow=follow)
    first = await anext(lines)
    return EventStream(_with(first, lines))


async def _with(first: str, lines: _Lines) -> _Lines:
    async with aclosing(lines):
        yield first
        async for line in lines:
            yield line


async def _told(
    live: Live,
    viewer: Caller,
    after: int | None,
    still: Callable[[], Awaitable[bool]],
    *,
    follow: bool,
) -> _Lines:
    """Lines of the stream, for as long as the viewer's key and session count."""
    with live.joined():
        upto = live.newest if after is None else after
        yield f"retry: {RETRY_MS}\n" + ("" if after is not None else f"id: {upto}\n") + "\n"
        while True:
            missed = live.missed(upto)
            # Asked again before anything is said: rights may have ended meanwhile.
            if live.closed or not await still():
                return
            if missed.lost:
                yield f"id: {missed.upto}\nevent: reset\ndata: {{}}\n\n"
            theirs = [event for event in missed.events if event.concerns(viewer)]
            for piece, event in enumerate(theirs, 1):
                yield _line(event)
                # A slow reader takes long over many of them.
                if piece % ASK_EVERY == 0 and not await still():
                    return
            upto = missed.upto
            if not follow:
                return
            await live.next(upto, BEAT_SECONDS)
            if live.newest == upto:
                # With its place, so that who saw nothing of what happened misses nothing either.
                yield f": beat\nid: {upto}\n\n"


def _line(event: Event) -> str:
    data = json.dumps(event.data, separators=(",", ":"))
    return f"id: {event.id}\nevent: {event.type}\ndata: {data}\n\n"


def _number(last_event_id: str | None) -> int | None:
    if last_event_id is None:
        return None
    # What is no number of ours was certainly missed.
    return int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else -1


async def _counts(identity: Identity, request: Request, viewer: Caller) -> bool:
    """Whether the key, and the session, that a stream was opened with still count."""
    try:
        now = await identity.caller(request)
    except StoreError:
        # Also where nobody can say: what is not known is not let through.
        return False
    return (now.key_id, now.scopes, now.app) == (viewer.key_id, viewer.scopes, viewer.app)
