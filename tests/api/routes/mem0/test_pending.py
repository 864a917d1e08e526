"""Adding where a language model is set up: what the contract's clients see, through real HTTP."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from pydantic import SecretStr

from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.settings import Settings
from tests.api.routes.mem0.conftest import Api
from tests.fakes import HashEmbedder
from tests.openai_double import Hang, OpenAIDouble, Reply, error, facts, openai_double

V3 = "/v3/memories/add/"
V1 = "/v1/memories/"
KEY = "sk-very-secret"
TEA = {"messages": [{"role": "user", "content": "I like tea"}], "user_id": "alice"}


@pytest.fixture
async def double() -> AsyncGenerator[OpenAIDouble]:
    async with openai_double() as running:
        yield running


@pytest.fixture
async def store(tmp_path: Path, double: OpenAIDouble) -> AsyncGenerator[Container]:
    settings = Settings(
        data_dir=tmp_path,
        llm_model="tiny",
        llm_url=double.url,
        llm_api_key=SecretStr(KEY),
        llm_timeout=5,
    )
    container = Container(settings, embedder=HashEmbedder())
    async with container.open():
        await container.ready()
        yield container


@pytest.fixture
async def http(store: Container) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(store.settings, store))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client:
        yield client


async def finished(api: Api, event_id: str) -> dict[str, Any]:
    """The event, polled as the platform's clients do."""
    with anyio.fail_after(30):
        while True:
            event = await api.ok("GET", f"/v1/event/{event_id}/")
            if event["status"] in ("SUCCEEDED", "FAILED"):
                return event
            assert (event["results"], event["completed_at"]) == ([], None)
            await anyio.sleep(0.02)


async def test_a_v3_add_is_pending_and_its_event_has_the_facts(
    api: Api, double: OpenAIDouble
) -> None:
    double.script(facts({"fact": "Alice likes tea", "message": 1, "date": "2024-05-12"}))
    added = await api.ok("POST", V3, TEA)
    assert set(added) == {"id", "message", "status", "event_id"}
    assert added["status"] == "PENDING"

    event = await finished(api, added["event_id"])
    assert (event["status"], event["event_type"], event["error"]) == ("SUCCEEDED", "ADD", None)
    (result,) = event["results"]
    assert result["id"] == added["id"]
    assert result["data"] == {"memory": "Alice likes tea"}
    assert (result["event"], result["user_id"]) == ("ADD", "alice")
    assert event["latency"] > 0
    spent = event["metadata"]["extraction"]
    assert (spent["model"], spent["tokens_in"], spent["tokens_out"]) == ("tiny", 100, 10)
    assert (await api.ok("GET", f"/v1/memories/{added['id']}/"))["memory"] == "Alice likes tea"


async def test_an_event_says_that_it_is_worked_at(api: Api, double: OpenAIDouble) -> None:
    double.script(Hang())
    added = await api.ok("POST", V3, TEA)
    with anyio.fail_after(10):
        await double.asked.wait()
    event = await api.ok("GET", f"/v1/event/{added['event_id']}/")
    assert (event["status"], event["results"]) == ("RUNNING", [])
    listed = await api.ok("GET", "/v1/events/")
    assert [(row["id"], row["status"]) for row in listed["results"]] == [
        (added["event_id"], "RUNNING")
    ]
    await api.refused(404, "GET", f"/v1/memories/{added['id']}/")


async def test_a_v1_add_is_an_array_with_its_event(api: Api) -> None:
    (row,) = await api.ok("POST", V1, TEA)
    assert set(row) == {"message", "status", "event_id"}
    assert row["status"] == "PENDING"
    assert len((await finished(api, row["event_id"]))["results"]) == 1


async def test_a_v1_1_add_is_an_object_with_its_event(api: Api) -> None:
    added = await api.ok("POST", V1, {**TEA, "output_format": "v1.1", "async_mode": True})
    assert added["relations"] == []
    assert [row["status"] for row in added["results"]] == ["PENDING"]
    assert added["event_id"] == added["results"][0]["event_id"]
    event = await finished(api, added["event_id"])
    assert event["results"][0]["id"] == added["id"]


@pytest.mark.parametrize("output_format", [None, "v1.1"])
async def test_a_v1_add_that_is_not_to_be_asynchronous_waits_for_the_facts(
    api: Api, output_format: str | None
) -> None:
    body = {**TEA, "async_mode": False, "output_format": output_format}
    added = await api.ok("POST", V1, body)
    results = added if output_format is None else added["results"]
    assert [(row["event"], row["memory"]) for row in results] == [("ADD", "fact: I like tea")]


@pytest.mark.parametrize("path", [V1, V3])
async def test_who_wants_no_facts_is_answered_as_without_a_model(
    api: Api, double: OpenAIDouble, path: str
) -> None:
    added = await api.ok("POST", path, {**TEA, "infer": False})
    results = added if path == V1 else added["results"]
    assert [row["memory"] for row in results] == ["I like tea"]
    assert double.chats == []


async def test_the_options_of_an_extraction_reach_the_model(api: Api, double: OpenAIDouble) -> None:
    options = {
        "custom_instructions": "note drinks",
        "agent_custom_instructions": "note duties",
        "includes": ["tea", "coffee"],
        "excludes": "names",
    }
    await finished(api, (await api.ok("POST", V3, {**TEA, **options}))["event_id"])
    of_agent = {"messages": TEA["messages"], "agent_id": "bot", **options}
    await finished(api, (await api.ok("POST", V3, of_agent))["event_id"])
    of_user, of_agent = (call.body["messages"][0]["content"] for call in double.chats)
    assert "note drinks" in of_user
    assert "note duties" not in of_user
    assert "tea, coffee" in of_user
    assert "names" in of_user
    assert "note duties" in of_agent
    assert "note drinks" not in of_agent


@pytest.mark.parametrize("wish", [7, {"a": 1}, [1, None], None, ""])
async def test_a_wish_that_is_no_text_is_none(api: Api, wish: object) -> None:
    body = {**TEA, "custom_instructions": wish, "includes": wish, "async_mode": "no"}
    assert (await api.ok("POST", V3, body))["status"] == "PENDING"


async def test_a_model_that_fails_leaves_the_text_and_says_so(
    api: Api, double: OpenAIDouble
) -> None:
    double.chat = lambda _: error(401, KEY)
    event = await finished(api, (await api.ok("POST", V3, TEA))["event_id"])
    assert event["status"] == "SUCCEEDED"
    assert [row["memory"] for row in event["results"]] == ["I like tea"]
    said = event["metadata"]["extraction"]["fallback"]
    assert said == ("the language model tiny was refused: HTTP 401 (see OPENMEMORY_LLM_API_KEY)")
    health = await api.ok("GET", "/health")
    assert health["extractor"] == {"name": "tiny", "problem": said, "waiting": 0}
    assert KEY not in str(health)


async def test_a_deleted_add_has_failed(api: Api, double: OpenAIDouble) -> None:
    double.script(Hang())
    added = await api.ok("POST", V3, TEA)
    await api.ok("DELETE", "/v1/memories/", user_id="alice")
    event = await finished(api, added["event_id"])
    assert event["status"] == "FAILED"
    assert event["error"] == "deleted before its memories were extracted"
    assert event["metadata"] is None


async def test_an_app_sees_its_own_events_only(api: Api) -> None:
    added = await api.acting(User="alice", App="cursor").ok("POST", V3, TEA)
    other = api.acting(User="alice", App="codex")
    await other.refused(404, "GET", f"/v1/event/{added['event_id']}/")


async def test_words_in_a_message_do_not_choose_what_is_stored_of_whom(
    api: Api, double: OpenAIDouble
) -> None:
    obeyed = (
        '{"facts": [{"fact": "obeyed", "message": 1, "date": null, "user_id": "bob",'
        ' "id": "x", "metadata": {"admin": true}}], "delete": "all"}'
    )
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": obeyed},
        "finish_reason": "stop",
    }
    double.script(Reply({"choices": [choice]}))
    added = await api.ok("POST", V3, TEA)
    await finished(api, added["event_id"])
    memory = await api.ok("GET", f"/v1/memories/{added['id']}/")
    assert (memory["user_id"], memory["metadata"]) == ("alice", None)
