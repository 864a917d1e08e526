"""A client of the contract that reads like a sequence of requests."""

import json
from typing import Any

import httpx
import pytest


class Api:
    """Sends requests, each checked to be answered as every client of the contract expects."""

    def __init__(self, http: httpx.AsyncClient, headers: dict[str, str] | None = None) -> None:
        self.http = http
        self.headers = headers or {}

    async def send(
        self, method: str, path: str, body: object = None, **query: str
    ) -> httpx.Response:
        # In ASCII, so that a test can send what UTF-8 has no bytes for.
        content = None if body is None else json.dumps(body)
        headers = {"content-type": "application/json", **self.headers}
        return await self.http.request(
            method, path, content=content, params=query or None, headers=headers
        )

    async def ok(self, method: str, path: str, body: object = None, **query: str) -> Any:
        response = await self.send(method, path, body, **query)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == "application/json"
        return response.json()

    async def refused(
        self, status: int, method: str, path: str, body: object = None, **query: str
    ) -> str:
        """The message of an error, which every client has to find under its own key."""
        response = await self.send(method, path, body, **query)
        assert response.status_code == status, response.text
        shown = response.json()
        assert shown["detail"] == shown["error"]
        return shown["detail"]

    async def add(self, text: str, **fields: object) -> str:
        """The id of a new memory, of alice unless another id is given."""
        ids = ("user_id", "agent_id", "app_id", "run_id")
        whose = {} if any(name in fields for name in ids) else {"user_id": "alice"}
        body = {"messages": [{"role": "user", "content": text}], **whose, **fields}
        added = await self.ok("POST", "/v3/memories/add/", body)
        return added["id"]

    async def texts(self, **body: object) -> list[str]:
        """The texts that a v3 list shows."""
        page = await self.ok("POST", "/v3/memories/", body)
        return [memory["memory"] for memory in page["results"]]

    def acting(self, **headers: str) -> "Api":
        """The same store, asked by a user or an app."""
        return Api(self.http, {f"X-OpenMemory-{name}": value for name, value in headers.items()})


@pytest.fixture
def api(http: httpx.AsyncClient) -> Api:
    return Api(http)
