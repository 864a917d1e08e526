"""Secrets in what is written: stored, stored with a warning, or replaced before anything is kept."""

from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client
from mcp.types import TextContent
from pydantic import ValidationError

from openmemory_api.container import Container
from openmemory_api.domain.errors import Invalid
from openmemory_api.domain.extraction import Extraction, Fact, Guidance
from openmemory_api.domain.memory import EntityIds
from openmemory_api.domain.requests import MAX_TEXT, AddRequest, Message
from openmemory_api.services.redaction import Mode, Redaction
from openmemory_api.settings import Settings
from openmemory_mcp.backends.rest import RestBackend
from openmemory_mcp.server import create_server
from tests.api.stores import ANNA, stored
from tests.fakes import FakeExtractor

GITHUB = "ghp_" + "aB3dE6gH9" * 4
STRIPE = "sk_live_" + "Zy9Xw8Vu7" * 3
TEXT = f"My token is {GITHUB}, keep it"
WITHOUT = "My token is [redacted: GitHub token], keep it"
FOUND = {"found": {"GitHub token": 1}, "redacted": True}
Body = dict[str, Any]


@pytest.fixture
def mode() -> Mode:
    return "redact"


@pytest.fixture
def settings(tmp_path: Path, mode: Mode) -> Settings:
    return Settings(data_dir=tmp_path / "data", redact=mode)


def said(text: str, **more: Any) -> Body:
    return {"messages": [{"role": "user", "content": text}], "user_id": "anna", **more}


async def add(http: httpx.AsyncClient, body: Body) -> Body:
    answer = await http.post("/v3/memories/add/", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def listed(http: httpx.AsyncClient) -> list[Body]:
    answer = await http.post("/v3/memories/", json={"filters": {"user_id": "anna"}})
    return answer.json()["results"]


def kept_anywhere(settings: Settings, *secrets: str) -> list[str]:
    """Which files of the store hold one of the secrets."""
    files = [path for path in settings.data_dir.rglob("*") if path.is_file()]
    assert files
    return [
        path.name for path in files for secret in secrets if secret.encode() in path.read_bytes()
    ]


async def test_a_secret_is_replaced_before_anything_is_kept(
    http: httpx.AsyncClient, settings: Settings
) -> None:
    metadata = {"source": f"see {STRIPE}", "list": [{"deep": GITHUB}], "n": 1}
    added = await add(http, said(TEXT, metadata=metadata))
    assert added["results"][0]["memory"] == WITHOUT
    assert added["secrets"] == {"found": {"GitHub token": 2, "Stripe key": 1}, "redacted": True}

    (row,) = await listed(http)
    assert row["metadata"] == {
        "source": "see [redacted: Stripe key]",
        "list": [{"deep": "[redacted: GitHub token]"}],
        "n": 1,
    }
    history = (await http.get(f"/v1/memories/{row['id']}/history/")).json()
    assert history[0]["new_memory"] == WITHOUT
    assert history[0]["metadata"] == row["metadata"]
    assert GITHUB not in (await http.get(f"/v1/event/{added['event_id']}/")).text
    assert kept_anywhere(settings, GITHUB, STRIPE) == []


async def test_deduced_memories_are_looked_through(http: httpx.AsyncClient) -> None:
    added = await add(http, said("context", deduced_memories=[TEXT, "likes tea"]))
    assert [each["memory"] for each in added["results"]] == [WITHOUT, "likes tea"]
    assert added["secrets"] == FOUND


async def test_the_first_generation_says_it_too(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/memories/", json=said(TEXT, output_format="v1.1"))
    assert answer.json()["secrets"] == FOUND


async def test_updates_are_looked_through_alone_and_in_batches(
    http: httpx.AsyncClient, settings: Settings
) -> None:
    memory_id = (await add(http, said("tea")))["id"]

    one = await http.put(f"/v1/memories/{memory_id}/", json={"text": TEXT})
    assert (one.json()["memory"], one.json()["secrets"]) == (WITHOUT, FOUND)
    metadata = {"metadata": {"key": STRIPE}}
    two = await http.put(f"/v1/memories/{memory_id}/", json=metadata)
    assert two.json()["metadata"] == {"key": "[redacted: Stripe key]"}
    items = [{"memory_id": memory_id, "text": f"again {GITHUB}", **metadata}]
    many = await http.put("/v1/batch/", json={"memories": items})
    assert many.json()["secrets"] == {
        "found": {"GitHub token": 1, "Stripe key": 1},
        "redacted": True,
    }
    plain = await http.put(f"/v1/memories/{memory_id}/", json={"text": "cake", "metadata": None})
    assert "secrets" not in plain.json()
    assert kept_anywhere(settings, GITHUB, STRIPE) == []


@pytest.mark.parametrize("mode", ["warn"])
async def test_a_warning_stores_the_text_and_says_so(http: httpx.AsyncClient) -> None:
    metadata = {"key": STRIPE}
    added = await add(http, said(TEXT, metadata=metadata))
    assert added["results"][0]["memory"] == TEXT
    assert added["secrets"] == {"found": {"GitHub token": 1, "Stripe key": 1}, "redacted": False}
    (row,) = await listed(http)
    assert row["metadata"] == metadata


@pytest.mark.parametrize("mode", ["off"])
async def test_switched_off_nothing_is_looked_at(http: httpx.AsyncClient) -> None:
    added = await add(http, said(TEXT, metadata={"key": STRIPE}))
    assert added["results"][0]["memory"] == TEXT
    assert "secrets" not in added


@pytest.mark.parametrize("mode", ["off", "warn", "redact"])
async def test_a_text_without_secrets_is_answered_as_ever(http: httpx.AsyncClient) -> None:
    assert "secrets" not in await add(http, said("likes tea", metadata={"a": "b"}))


async def test_two_texts_that_differ_in_a_secret_alone_are_one(http: httpx.AsyncClient) -> None:
    await add(http, said(TEXT))
    again = await add(http, said(TEXT.replace("aB3", "cD4")))
    assert again["results"][0]["event"] == "NONE"


async def test_what_stands_for_secrets_may_not_make_a_text_too_long(store: Container) -> None:
    grows = "ab://b:1@ " * (MAX_TEXT // 10)
    request = AddRequest(messages=(Message("user", grows),), entities=EntityIds(user_id="anna"))
    with pytest.raises(Invalid, match="characters"):
        await store.adding.add(ANNA, request)
    assert await stored(store) == []


async def test_what_stands_for_secrets_may_not_make_metadata_too_large() -> None:
    with pytest.raises(Invalid, match="16 KB"):
        Redaction("redact").metadata({"a": "ab://b:1@ " * 1_600})


def test_the_hosted_platform_s_texts_are_not_looked_through_and_a_wish_for_it_is_refused() -> None:
    with pytest.raises(ValidationError, match="OPENMEMORY_REDACT"):
        Settings.model_validate({"redact": "warn", "backend": "hosted"})


async def tool(http: httpx.AsyncClient, name: str, **arguments: object) -> str:
    async with Client(create_server(RestBackend(http, add_wait=20))) as client:
        (block,) = (await client.call_tool(name, arguments)).content
    assert isinstance(block, TextContent)
    return block.text


@pytest.mark.parametrize(
    ("mode", "note"),
    [
        ("redact", "Secrets were replaced, not stored: GitHub token."),
        (
            "warn",
            "Looks like a secret, and is stored for every app that may read it: GitHub token.",
        ),
    ],
)
async def test_an_agent_is_told(http: httpx.AsyncClient, note: str) -> None:
    added = await tool(http, "add_memories", text=TEXT)
    assert note in added
    updated = await tool(http, "update_memory", id="m1", text=f"again {GITHUB}")
    assert updated.startswith("updated [m1]\n")
    assert note in updated
    assert await tool(http, "update_memory", id="m1", text="tea") == "updated [m1]"


class TestWithAModel:
    @pytest.fixture
    def extractor(self) -> FakeExtractor:
        return FakeExtractor()

    async def test_neither_the_model_nor_what_waits_for_it_sees_a_secret(
        self, http: httpx.AsyncClient, extractor: FakeExtractor, settings: Settings
    ) -> None:
        extractor.gate = anyio.Event()
        called = extractor.called
        added = await add(http, said(TEXT, custom_instructions=f"as {STRIPE} has it"))
        assert added["status"] == "PENDING"
        assert added["secrets"]["found"] == {"GitHub token": 1, "Stripe key": 1}
        await called.wait()
        (passage,) = extractor.passages
        assert passage.messages[0].text == WITHOUT
        assert passage.guidance == Guidance(instructions="as [redacted: Stripe key] has it")
        assert kept_anywhere(settings, GITHUB, STRIPE) == []
        extractor.gate.set()

    async def test_a_fact_that_a_model_has_put_a_secret_into_is_looked_through(
        self, http: httpx.AsyncClient, extractor: FakeExtractor, settings: Settings
    ) -> None:
        extractor.script = [Extraction((Fact(f"the token is {GITHUB}", 0, None),))]
        added = await http.post("/v1/memories/", json=said("what is it?", async_mode=False))
        assert [each["memory"] for each in added.json()] == [
            "the token is [redacted: GitHub token]"
        ]
        assert kept_anywhere(settings, GITHUB) == []

    async def test_an_agent_that_waits_for_facts_is_told(self, http: httpx.AsyncClient) -> None:
        said = await tool(http, "add_memories", text=TEXT)
        assert "Secrets were replaced, not stored: GitHub token." in said
