"""A store that plays the hosted platform, behind a proxy that records and, when told, misbehaves."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import httpx
from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tests.mcp.recorder import Asked

EVERYBODY: JsonValue = {"OR": [{"user_id": "*"}, {"agent_id": "*"}]}
KEY = "m0-the-key-of-the-account"

# Deleting by filter is not among them.
_ENDPOINTS = re.compile(
    r"POST /v3/memories/(add/|search/)?|(GET|PUT|DELETE) /v1/memories/[0-9a-f-]{36}/"
    r"|GET /v1/event/[0-9a-f-]{36}/|DELETE /v1/batch/|GET /v1/ping/"
)
_FIELDS = {"messages", "user_id", "app_id", "metadata", "infer", "text", "memories", "query"} | {
    "filters",
    "top_k",
    "threshold",
    "latest_only",
    "show_expired",
    "include_merged",
}

Forward: TypeAlias = Callable[[Asked], Awaitable[Response]]
Rule: TypeAlias = Callable[[Asked, Forward], Awaitable[Response]]
"""What to do with a request: `forward` it, answer it, or both."""


class CutError(Exception):
    """The answer is to break off in the middle."""


class NeverError(Exception):
    """The answer is never to come."""


@dataclass(slots=True)
class Platform:
    """An ASGI app in front of `store`. Rules are asked in order; the first that matches decides."""

    store: httpx.AsyncClient
    asked: list[Asked] = field(default_factory=list[Asked])
    rules: list[tuple[str, str, Rule]] = field(default_factory=list[tuple[str, str, Rule]])

    def on(self, method: str, path: str, rule: Rule) -> None:
        """Follow `rule` for requests of `method` whose path starts with `path`."""
        self.rules.append((method, path, rule))

    def sent(self, *methods_and_paths: str) -> list[Asked]:
        """The requests whose `METHOD /path` starts with one of these, in order."""
        return [
            each
            for each in self.asked
            if f"{each.method} {each.path}".startswith(methods_and_paths)
        ]

    @property
    def writes(self) -> list[Asked]:
        """The requests that change something."""
        return self.sent("POST /v3/memories/add/", "PUT ", "DELETE ")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        request = Request(scope, receive)
        asked = await _recorded(request)
        self.asked.append(asked)
        try:
            response = await self._answer(asked)
        except CutError:
            await _half_an_answer(send)
        except NeverError:
            while not await request.is_disconnected():
                await receive()
        else:
            await response(scope, receive, send)

    async def _answer(self, asked: Asked) -> Response:
        for method, path, rule in self.rules:
            if asked.method == method and asked.path.startswith(path):
                return await rule(asked, self._forward)
        return await self._forward(asked)

    async def _forward(self, asked: Asked) -> Response:
        headers = {
            name: value
            for name, value in asked.headers.items()
            if name in ("authorization", "content-type")
        }
        body = None if asked.body is None else json.dumps(asked.body)
        answer = await self.store.request(
            asked.method, asked.path, content=body, headers=headers, timeout=20
        )
        return Response(
            answer.content, answer.status_code, media_type=answer.headers["content-type"]
        )


def check_contract(asked: list[Asked], key: str = KEY) -> None:
    """Every request carries the key, and nothing that the platform does not know."""
    for each in asked:
        assert each.headers["authorization"] == f"Token {key}"
        assert "x-api-key" not in each.headers
        assert not [name for name in each.headers if name.startswith("x-openmemory")]
        path, _, query = each.path.partition("?")
        assert _ENDPOINTS.fullmatch(f"{each.method} {path}"), each.path
        assert {part.split("=")[0] for part in query.split("&") if part} <= {"page", "page_size"}
        if isinstance(each.body, dict):
            assert each.body.keys() <= _FIELDS


# -- rules


def answering(status: int, body: JsonValue, **headers: str) -> Rule:
    """Refuse without passing anything on."""

    async def rule(asked: Asked, forward: Forward) -> Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, str):
            return Response(body, status, headers=sent, media_type="text/html")
        return JSONResponse(body, status, headers=sent)

    return rule


def once(first: Rule) -> Rule:
    """Do this for the first request, and pass on the others."""
    done: list[Asked] = []

    async def rule(asked: Asked, forward: Forward) -> Response:
        done.append(asked)
        return await (first(asked, forward) if len(done) == 1 else forward(asked))

    return rule


async def cut(asked: Asked, forward: Forward) -> Response:
    """Carry out the request, and break off while answering."""
    await forward(asked)
    raise CutError


async def hang(asked: Asked, forward: Forward) -> Response:
    """Carry out the request, and never answer."""
    await forward(asked)
    raise NeverError


async def forget_apps(asked: Asked, forward: Forward) -> Response:
    """Honour only one of several ids, as the platform is reported to."""
    return await forward(replace(asked, body=without(asked.body, "app_id")))


async def forget_filters(asked: Asked, forward: Forward) -> Response:
    """Find everybody's memories, whatever was asked."""
    assert isinstance(asked.body, dict)
    return await forward(replace(asked, body={**asked.body, "filters": EVERYBODY}))


def pending(event: Rule | None = None) -> Callable[[Platform], None]:
    """Take in adds as the platform does with `infer`: at once, and carry them out meanwhile."""

    async def take_in(asked: Asked, forward: Forward) -> Response:
        done = json.loads(bytes((await forward(asked)).body))
        queued = {"message": "queued", "status": "PENDING", "event_id": done["event_id"]}
        return JSONResponse(queued)

    def install(platform: Platform) -> None:
        platform.on("POST", "/v3/memories/add/", take_in)
        if event is not None:
            platform.on("GET", "/v1/event/", event)

    return install


def rewriting(change: Callable[[dict[str, Any]], None]) -> Rule:
    """Pass on, and change each row of the answer."""

    async def rule(asked: Asked, forward: Forward) -> Response:
        answer = json.loads(bytes((await forward(asked)).body))
        for row in answer.get("results", [answer]):
            change(row)
        return JSONResponse(answer)

    return rule


def without(value: JsonValue, name: str) -> JsonValue:
    """`value` without any entry of that name, however deep."""
    if isinstance(value, list):
        return [kept for each in value if (kept := without(each, name)) != {}]
    if isinstance(value, dict):
        return {key: without(each, name) for key, each in value.items() if key != name}
    return value


async def _recorded(request: Request) -> Asked:
    query = f"?{request.url.query}" if request.url.query else ""
    raw = await request.body()
    body: JsonValue = json.loads(raw) if raw else None
    return Asked(request.method, request.url.path + query, dict(request.headers), body)


async def _half_an_answer(send: Send) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"id": "', "more_body": True})
    raise CutError
