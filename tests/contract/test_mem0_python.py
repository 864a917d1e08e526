"""The official client, unmodified, with only `host=` changed; its word is what the contract is."""

from inspect import isawaitable
from typing import Any, Protocol
from uuid import UUID, uuid4

import pytest
from mem0 import AsyncMemoryClient, MemoryClient  # pyright: ignore[reportMissingTypeStubs]
from mem0.exceptions import (  # pyright: ignore[reportMissingTypeStubs]
    MemoryNotFoundError,
    ValidationError,
)

PIZZA = [{"role": "user", "content": "I love pizza"}, {"role": "assistant", "content": "Noted"}]


class Call(Protocol):
    """Calls a method of either client by its name."""

    async def __call__(self, method: str, *args: Any, **kwargs: Any) -> Any: ...


@pytest.fixture
def user() -> str:
    """A name of its own for each test: all of them share one store."""
    return f"al/ice {uuid4()}"


@pytest.fixture(params=[MemoryClient, AsyncMemoryClient], ids=["sync", "async"])
def client(server: str, request: pytest.FixtureRequest) -> MemoryClient | AsyncMemoryClient:
    return request.param(api_key="any", host=server)


@pytest.fixture
async def call(client: Any) -> Any:
    async def calling(method: str, *args: Any, **kwargs: Any) -> Any:
        result = getattr(client, method)(*args, **kwargs)
        return await result if isawaitable(result) else result

    yield calling
    if isinstance(client, MemoryClient):
        client.client.close()
    else:
        await client.async_client.aclose()


async def _texts(call: Call, user: str, **options: Any) -> list[str]:
    page = await call("get_all", filters={"user_id": user}, **options)
    return [memory["memory"] for memory in page["results"]]


async def test_what_is_added_is_listed_found_and_read(call: Call, user: str) -> None:
    added = await call("add", PIZZA, user_id=user, metadata={"k": [1]}, agent_id="bot")

    assert UUID(added["id"])
    assert UUID(added["event_id"])
    assert added["status"] == "SUCCEEDED"
    assert [item["memory"] for item in added["results"]] == ["I love pizza", "Noted"]
    assert await _texts(call, user) == ["Noted", "I love pizza"]
    found = await call("search", "pizza", filters={"AND": [{"user_id": user}]}, top_k=1)
    assert [hit["id"] for hit in found["results"]] == [added["id"]]
    assert 0.1 <= found["results"][0]["score"] <= 1
    memory = await call("get", added["id"])
    assert (memory["memory"], memory["metadata"], memory["agent_id"]) == (
        "I love pizza",
        {"k": [1]},
        "bot",
    )


async def test_ids_in_filters_alone_are_enough_for_an_add(call: Call, user: str) -> None:
    await call("add", "hello", filters={"user_id": user})

    assert await _texts(call, user) == ["hello"]


async def test_pages_are_counted(call: Call, user: str) -> None:
    for number in range(3):
        await call("add", f"memory {number}", user_id=user)

    page = await call("get_all", filters={"user_id": user}, page=2, page_size=2)

    assert page["count"] == 3
    assert [memory["memory"] for memory in page["results"]] == ["memory 0"]
    assert page["next"] is None
    assert "page=1" in page["previous"]


async def test_filters_select(call: Call, user: str) -> None:
    await call("add", "tea", user_id=user, metadata={"kind": "drink"}, timestamp=1_700_000_000)
    await call("add", "cake", user_id=user, run_id="r1")

    async def texts(**more: Any) -> list[str]:
        page = await call("get_all", filters={"AND": [{"user_id": user}, more]})
        return [memory["memory"] for memory in page["results"]]

    assert await texts(metadata={"kind": "drink"}) == ["tea"]
    assert await texts(created_at={"lt": "2024-01-01"}) == ["tea"]
    assert await texts(run_id="*") == ["cake"]
    assert await texts(NOT={"run_id": "*"}) == ["tea"]
    assert await texts(OR=[{"run_id": "r1"}, {"keywords": "TEA"}]) == ["cake", "tea"]


async def test_an_update_changes_what_it_names(call: Call, user: str) -> None:
    memory_id = (await call("add", "old", user_id=user, expiration_date="2090-01-01"))["id"]

    updated = await call("update", memory_id, text="new", metadata={"a": 1})
    cleared = await call("update", memory_id, expiration_date=None)

    assert (updated["memory"], updated["expiration_date"]) == ("new", "2090-01-01")
    assert cleared["expiration_date"] is None
    assert (await call("get", memory_id))["metadata"] == {"a": 1}
    history = await call("history", memory_id)
    assert [(entry["event"], entry["new_memory"]) for entry in history][:2] == [
        ("ADD", "old"),
        ("UPDATE", "new"),
    ]


async def test_a_deleted_memory_raises_the_clients_own_error(call: Call, user: str) -> None:
    memory_id = (await call("add", "hello", user_id=user))["id"]

    assert (await call("delete", memory_id))["message"]

    with pytest.raises(MemoryNotFoundError, match="Memory not found!"):
        await call("get", memory_id)


async def test_a_malformed_id_raises_the_clients_own_error(call: Call) -> None:
    with pytest.raises(ValidationError, match="memory_id should be a valid UUID"):
        await call("get", "id 1/x")


async def test_delete_all_deletes_what_its_filters_select(call: Call, user: str) -> None:
    await call("add", "one", user_id=user, metadata={"a": 1})
    await call("add", "two", user_id=user)
    await call("add", "three", user_id=user)

    by_metadata = await call("delete_all", user_id=user, metadata={"a": 1})
    left = await _texts(call, user)
    by_filters = await call("delete_all", filters={"user_id": user, "keywords": "two"})

    assert (by_metadata["deleted"], left) == (1, ["three", "two"])
    assert by_filters["deleted"] == 1
    assert await _texts(call, user) == ["three"]


async def test_delete_all_without_a_filter_is_refused(call: Call, user: str) -> None:
    await call("add", "hello", user_id=user)

    with pytest.raises(ValidationError, match="At least one filter is required"):
        await call("delete_all")

    assert await _texts(call, user) == ["hello"]


async def test_delete_all_for_an_unknown_user_succeeds(call: Call, user: str) -> None:
    assert (await call("delete_all", user_id=user))["message"]


async def test_batches_update_and_delete(call: Call, user: str) -> None:
    ids = [(await call("add", text, user_id=user))["id"] for text in ("one", "two")]

    updated = await call("batch_update", [{"memory_id": ref, "text": f"new {ref}"} for ref in ids])
    texts = await _texts(call, user)
    deleted = await call("batch_delete", [{"memory_id": ref} for ref in ids])

    assert updated["message"] == "Successfully updated 2 memories"
    assert texts == [f"new {ref}" for ref in ids[::-1]]
    assert deleted["message"] == "Successfully deleted 2 memories"
    assert await _texts(call, user) == []


async def test_users_are_listed_and_deleted_by_name(call: Call, user: str) -> None:
    await call("add", "hello", user_id=user)

    listed = [entity["name"] for entity in (await call("users"))["results"]]
    await call("delete_users", user_id=user)

    assert user in listed
    assert await _texts(call, user) == []


async def test_reset_deletes_memories_of_a_user_and_an_agent(call: Call, user: str) -> None:
    await call("add", "of both", user_id=user, agent_id=f"bot of {user}")

    await call("reset")

    assert (await call("users"))["count"] == 0


def test_the_client_pings_through_any_spelling_of_the_host(server: str) -> None:
    client = MemoryClient(api_key="any", host=f"{server}/")

    assert client.project.config.project_id == "default"
    client.client.close()
