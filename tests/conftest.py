"""Fixtures, each built on the one before: clock, embedder, settings, store, app, http."""

import os
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.domain.protocols import Extractor
from openmemory_api.settings import Settings
from tests.fakes import FrozenClock, HashEmbedder

pytest_plugins = ["tests.postgres.fixtures"]

_ALIASES = ("DATABASE_URL", "API_KEY", "MEM0_API_KEY", "MEM0_BASE_URL")
_MODELS = ("LLM_", "EMBEDDER_", "OLLAMA_", "OPENAI_")
_SERVERS = ("QDRANT_",)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of a module that says `DATABASES = BOTH` on each of them."""
    databases: tuple[str, ...] = vars(sys.modules[metafunc.function.__module__]).get(
        "DATABASES", ()
    )
    if databases and "database_url" in metafunc.fixturenames:
        metafunc.parametrize("database_url", databases, indirect=True)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OPENMEMORY_", *_MODELS, *_SERVERS)) or name in _ALIASES:
            monkeypatch.delenv(name)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


@pytest.fixture
def extractor() -> Extractor | None:
    """No language model, as by default."""
    return None


@pytest.fixture
def settings(tmp_path: Path, database_url: SecretStr | None) -> Settings:
    # Where servers share a database their keys have a common secret; else it is a file's.
    secret = SecretStr("of all the servers here") if database_url else None
    return Settings(data_dir=tmp_path / "data", database_url=database_url, secret=secret)


@pytest.fixture
async def app(
    tmp_path: Path,
    settings: Settings,
    embedder: HashEmbedder,
    extractor: Extractor | None,
    clock: FrozenClock,
) -> AsyncGenerator[FastAPI]:
    container = Container(settings, embedder=embedder, extractor=extractor, clock=clock)
    # Whether somebody has built the dashboard here must change no answer.
    app = create_app(settings, container, local_secret="omk_local", dashboard=tmp_path / "none")
    async with app.router.lifespan_context(app):
        await container.ready()
        yield app


@pytest.fixture
def store(app: FastAPI) -> Container:
    return app.state.container


@pytest.fixture
async def http(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8765"
    ) as client:
        yield client
