"""How clients are connected: whatever is shown has to work where it is put."""

import base64
import json
import tomllib
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest
from fastapi import FastAPI

from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.settings import Settings
from openmemory_mcp.entries import PLACEHOLDER
from tests.api.keys import LOCAL, bearer, make
from tests.fakes import HashEmbedder

CLIENTS = "/api/v1/ui/connect/clients"
TEST = "/api/v1/ui/connect/test"
EXPECTED = {
    "claude-code", "claude-desktop", "cursor", "vscode", "windsurf", "codex", "gemini-cli", "zed",
    "cline", "roo-cline", "opencode", "goose", "copilot-cli", "other",
}  # fmt: skip
URL = "http://127.0.0.1:8765/mcp/{}/http/default_user"


async def clients(http: httpx.AsyncClient, **headers: str) -> dict[str, dict[str, Any]]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await http.get(CLIENTS, headers=sent)
    assert answer.status_code == 200, answer.text
    return {client["id"]: client for client in answer.json()["clients"]}


def method(client: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(each for each in client["methods"] if each["kind"] == kind)


async def test_every_client_has_a_way_and_its_own_name(http: httpx.AsyncClient) -> None:
    found = await clients(http)
    assert found.keys() == EXPECTED
    for name, client in found.items():
        assert client["methods"]
        assert client["platforms"]
        texts = json.dumps(client, ensure_ascii=False)
        told = unquote(texts) if name != "cursor" else texts
        assert name == "other" or f"/mcp/{name}/http/default_user" in told or f'"{name}' in told
        assert PLACEHOLDER not in texts


async def test_links_carry_what_the_files_say(http: httpx.AsyncClient) -> None:
    found = await clients(http)
    cursor: str = method(found["cursor"], "deeplink")["text"]
    assert cursor.startswith("cursor://anysphere.cursor-deeplink/mcp/install?")
    query = parse_qs(urlsplit(cursor).query)
    assert query["name"] == ["openmemory"]
    config = json.loads(base64.b64decode(query["config"][0]))
    written = json.loads(method(found["cursor"], "file")["text"])
    assert config == written["mcpServers"]["openmemory"] == {"url": URL.format("cursor")}
    code = method(found["vscode"], "deeplink")["text"]
    assert code.startswith("vscode:mcp/install?")
    assert json.loads(unquote(code.partition("?")[2])) == {
        "name": "openmemory",
        "type": "http",
        "url": URL.format("vscode"),
    }


async def test_files_are_what_they_say_they_are(http: httpx.AsyncClient) -> None:
    for client in (await clients(http, X_OpenMemory_Shown_Key="omk_abc")).values():
        for each in client["methods"]:
            if each["language"] == "json":
                assert json.loads(each["text"])
            if each["language"] == "toml":
                table = tomllib.loads(each["text"])["mcp_servers"]["openmemory"]
                assert table["http_headers"] == {"Authorization": "Bearer omk_abc"}
            if each["kind"] != "deeplink" and each["kind"] != "url":
                assert "omk_abc" in each["text"], client["id"]


async def test_a_name_holds_for_every_client(http: httpx.AsyncClient) -> None:
    answer = (await http.get(CLIENTS, params={"app": "Laptop"})).json()
    assert answer["url"] == URL.format("laptop")
    for client in answer["clients"]:
        decoded = unquote(json.dumps(client))
        assert "laptop" in decoded or client["id"] == "cursor", client["id"]
    assert (await http.get(CLIENTS, params={"app": "a b"})).status_code == 400


async def test_a_user_that_no_path_can_name_is_named_by_a_header(http: httpx.AsyncClient) -> None:
    answer = await http.get(CLIENTS, headers={b"X-OpenMemory-User": "Anna Müller".encode()})
    code = next(each for each in answer.json()["clients"] if each["id"] == "windsurf")
    entry = json.loads(code["methods"][0]["text"])["mcpServers"]["openmemory"]
    assert entry["serverUrl"].endswith("8765/mcp")
    assert entry["headers"] == {
        "X-OpenMemory-User": "Anna Müller",
        "X-OpenMemory-App": "windsurf",
    }


async def test_the_address_is_the_one_the_page_was_called_by(http: httpx.AsyncClient) -> None:
    answer = await http.get(CLIENTS, headers={"Host": "localhost:9999"})
    assert answer.json()["url"] == "http://localhost:9999/mcp"


async def test_what_could_be_more_than_a_key_is_refused(http: httpx.AsyncClient) -> None:
    for key in ('" && rm -rf ~', "a b", "$(id)", "x" * 201):
        answer = await http.get(CLIENTS, headers={"X-OpenMemory-Shown-Key": key})
        assert answer.status_code == 400, key
        assert (await http.post(TEST, json={"key": key})).status_code == 400


async def test_apps_have_no_dashboard(http: httpx.AsyncClient) -> None:
    app = {"X-OpenMemory-App": "cursor"}
    assert (await http.get(CLIENTS, headers=app)).status_code == 403
    assert (await http.post(TEST, json={}, headers=app)).status_code == 403


async def test_the_tools_are_listed_through_the_servers_own_address(
    http: httpx.AsyncClient,
) -> None:
    found = (await http.post(TEST, json={})).json()
    assert (found["ok"], found["tools"] >= 6) == (True, True)
    key = await make(http, user_id="anna", app="cursor")
    assert (await http.post(TEST, json={"key": key["key"]})).json()["ok"] is True
    await http.delete(f"/api/v1/keys/{key['id']}", headers=bearer(LOCAL))
    ended = (await http.post(TEST, json={"key": key["key"]})).json()
    assert (ended["ok"], ended["tools"]) == (False, 0)
    assert "revoked" in ended["text"]


@pytest.fixture
async def demanding(
    settings: Settings, embedder: HashEmbedder
) -> AsyncGenerator[tuple[FastAPI, httpx.AsyncClient]]:
    strict = settings.model_copy(update={"auth": "required", "root_path": "/memory"})
    app = create_app(strict, Container(strict, embedder=embedder), local_secret=LOCAL)
    async with app.router.lifespan_context(app):
        await app.state.container.ready()
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://127.0.0.1:8765/memory",
            headers=bearer(LOCAL),
        ) as http:
            yield app, http


async def test_where_keys_are_demanded_their_place_is_shown(
    demanding: tuple[FastAPI, httpx.AsyncClient],
) -> None:
    _, http = demanding
    answer = (await http.get(CLIENTS)).json()
    assert answer["key_placeholder"] == PLACEHOLDER
    assert answer["url"] == "http://127.0.0.1:8765/memory/mcp"
    code = next(each for each in answer["clients"] if each["id"] == "claude-code")
    assert method(code, "command")["text"] == (
        "claude mcp add --transport http -s user openmemory "
        "http://127.0.0.1:8765/memory/mcp/claude-code/http/default_user "
        f'--header "Authorization: Bearer {PLACEHOLDER}"'
    )
    assert (await http.post(TEST, json={})).json()["ok"] is False
    key = await make(http, bearer(LOCAL))
    assert (await http.post(TEST, json={"key": key["key"]})).json()["ok"] is True
    shown = await http.get(CLIENTS, headers={"X-OpenMemory-Shown-Key": key["key"]})
    assert shown.json()["key_placeholder"] is None
    assert PLACEHOLDER not in shown.text


async def test_settings_show_no_secret_and_only_variables_that_are(
    settings: Settings, embedder: HashEmbedder
) -> None:
    secrets = {
        "api_key": "a-key-that-nobody-may-see",
        "secret": "a-secret-that-nobody-may-see",
        "qdrant_api_key": "another-that-nobody-may-see",
        "embedder_api_key": "a-third-that-nobody-may-see",
    }
    full = Settings.model_validate({**settings.model_dump(exclude_none=True), **secrets})
    app = create_app(full, Container(full, embedder=embedder), local_secret=LOCAL)
    async with app.router.lifespan_context(app):
        await app.state.container.ready()
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8765"
        ) as http:
            answer = await http.get("/api/v1/ui/settings", headers=bearer(LOCAL))
            assert answer.status_code == 200, answer.text
            assert not [word for word in secrets.values() if word in answer.text]
            assert str(settings.data_dir) not in answer.text
            rows = [row for section in answer.json()["sections"] for row in section["rows"]]
            named = {row["setting"].lower() for row in rows if row["setting"]}
            assert named <= {f"openmemory_{name}" for name in Settings.model_fields}
            values = {row["setting"]: row["value"] for row in rows}
            assert values["OPENMEMORY_API_KEY"] == values["OPENMEMORY_QDRANT_API_KEY"] == "set"
            assert values["OPENMEMORY_LLM_API_KEY"] == "not set"
            plain = bearer(await make(http, user_id="anna"))
            fewer = (await http.get("/api/v1/ui/settings", headers=plain)).json()["sections"]
            assert [each["title"] for each in fewer] == ["General", "Models", "Log"]
