"""Keys of the configuration go in and never come out: not shown, not in errors, not in answers."""

from pathlib import Path
from typing import get_args

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings
from typer import Typer
from typer.testing import CliRunner

from openmemory_api import commands
from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.settings import Settings
from openmemory_api.settings_models import ForeignNames
from openmemory_mcp.settings import McpSettings
from tests.fakes import HashEmbedder

CANARY = "canary-{}-of-a-secret"
ADDRESS = "postgresql://anna:{}@db.example/memories"


def secrets_of(settings: type[BaseSettings]) -> dict[str, str]:
    """Each secret setting of a class, with a value that can be told from all others."""
    found = [
        name
        for name, field in settings.model_fields.items()
        if SecretStr in (field.annotation, *get_args(field.annotation))
    ]
    assert found
    return {name: CANARY.format(name) for name in found}


def given(settings: type[BaseSettings]) -> dict[str, str]:
    values = secrets_of(settings)
    if "database_url" in values:
        values["database_url"] = ADDRESS.format(values["database_url"])
    return values


def leaked(text: str) -> list[str]:
    return [line for line in text.splitlines() if "canary-" in line]


@pytest.mark.parametrize("settings", [Settings, McpSettings, ForeignNames])
def test_no_form_of_the_settings_shows_a_secret(settings: type[BaseSettings]) -> None:
    held = settings.model_validate(given(settings))
    for shown in (repr(held), str(held), held.model_dump_json(), str(held.model_dump())):
        assert "canary" not in shown


@pytest.mark.parametrize("settings", [Settings, McpSettings])
@pytest.mark.parametrize(
    "wrong", [{"port": "canary-port"}, {"backend": "canary-backend"}, {"add_wait": "canary-wait"}]
)
def test_no_error_about_the_settings_shows_what_was_given(
    settings: type[BaseSettings], wrong: dict[str, str]
) -> None:
    with pytest.raises(ValidationError) as raised:
        settings.model_validate({**given(settings), **wrong})
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize("name", sorted(secrets_of(Settings)))
def test_no_command_prints_a_secret_it_cannot_use(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each, value in secrets_of(Settings).items():
        monkeypatch.setenv(f"OPENMEMORY_{each.upper()}", value)
    # Each refused for another reason: no such database, no host, no model's address.
    monkeypatch.setenv("OPENMEMORY_QDRANT_URL", "http://u:canary-in-address@qdrant")
    monkeypatch.setenv(f"OPENMEMORY_{name.upper()}", CANARY.format(name))
    app = Typer()
    app.command()(commands.serve)
    result = CliRunner().invoke(app, ["--port", "0", "--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert leaked(result.output) == []


async def test_no_answer_shows_a_secret(tmp_path: Path) -> None:
    values = {name: value for name, value in given(Settings).items() if name != "database_url"}
    settings = Settings.model_validate(
        {
            **values,
            "data_dir": tmp_path / "data",
            "auth": "required",
            "llm_model": "m",
            "llm_url": "http://127.0.0.1:9/v1",
        }
    )
    container = Container(settings, embedder=HashEmbedder())
    app = create_app(settings, container, local_secret="omk_canary-local")
    key = {"x-api-key": CANARY.format("api_key")}
    async with app.router.lifespan_context(app):
        await container.ready()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            for path in ("/health", "/openapi.json", "/docs", "/", "/v1/ping/", "/nowhere"):
                for headers in (key, {}, {"authorization": "Token omk_wrong"}):
                    answer = await http.get(path, headers=headers)
                    assert leaked(f"{answer.headers}\n{answer.text}") == [], path
            wrong = await http.post("/v3/memories/search/", json={"query": 1}, headers=key)
            assert leaked(wrong.text) == []
