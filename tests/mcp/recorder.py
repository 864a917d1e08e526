"""A stand-in for the store: it keeps what it was asked and answers what it was told to."""

from dataclasses import dataclass, field

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: JsonValue


@dataclass(slots=True)
class Recorder:
    """An ASGI app that answers every request with the same status and body."""

    status: int = 200
    answer: JsonValue = field(default_factory=dict[str, JsonValue])
    headers: dict[str, str] = field(default_factory=dict[str, str])
    asked: list[Asked] = field(default_factory=list[Asked])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        query = f"?{request.url.query}" if request.url.query else ""
        body: JsonValue = await request.json() if await request.body() else None
        path = request.url.path + query
        self.asked.append(Asked(request.method, path, dict(request.headers), body))
        response = JSONResponse(self.answer, status_code=self.status, headers=self.headers)
        await response(scope, receive, send)

    @property
    def last(self) -> Asked:
        """The request that came last."""
        return self.asked[-1]


def memory(number: int, text: str, **extra: JsonValue) -> dict[str, JsonValue]:
    """A memory as the contract sends it."""
    return {
        "id": f"018f0000-0000-7000-8000-{number:012d}",
        "short_id": f"m{number}",
        "memory": text,
        "app_id": "cursor",
        "app": "cursor",
        "created_at": "2026-11-02T10:00:00.000000+00:00",
        **extra,
    }
