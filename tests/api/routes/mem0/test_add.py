"""Adding, in the first and the current generation."""

import pytest

from tests.api.routes.mem0.conftest import Api

V3 = "/v3/memories/add/"
V1 = "/v1/memories/"
HELLO = [{"role": "user", "content": "hello"}]
IMAGE = {"type": "image_url", "image_url": {"url": "https://x/y.png"}}


async def test_every_message_but_the_systems_becomes_a_memory(api: Api) -> None:
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "I love pizza", "name": "Al"},
        {"role": "assistant", "content": "Noted"},
    ]

    added = await api.ok("POST", V3, {"messages": messages, "user_id": "alice"})

    assert [item["memory"] for item in added["results"]] == ["I love pizza", "Noted"]
    assert added["status"] == "SUCCEEDED"
    assert added["id"] == added["results"][0]["id"]
    assert (await api.ok("GET", f"/v1/event/{added['event_id']}/"))["status"] == "SUCCEEDED"


async def test_all_that_an_add_names_is_stored_and_the_rest_ignored(api: Api) -> None:
    body = {
        "messages": HELLO,
        "user_id": "alice",
        "agent_id": "bot",
        "app_id": "web",
        "run_id": 7,
        "metadata": {"k": ["v", None]},
        "infer": False,
        "timestamp": 1_700_000_000,
        "expiration_date": "2030-01-31",
        "immutable": True,
        "custom_categories": [{"x": "y"}],
        "structured_data_schema": {"a": 1},
        "enable_graph": True,
        "org_id": "org",
        "source": "CLI",
    }

    added = await api.ok("POST", V3, body)
    memory = await api.ok("GET", f"/v1/memories/{added['id']}/")

    expected = {
        "user_id": "alice",
        "agent_id": "bot",
        "app_id": "web",
        "run_id": "7",
        "session_id": "7",
        "metadata": {"k": ["v", None]},
        "created_at": "2023-11-14T22:13:20+00:00",
        "expiration_date": "2030-01-31",
        "immutable": True,
    }
    assert {name: memory[name] for name in expected} == expected


async def test_ids_may_arrive_in_filters_alone(api: Api) -> None:
    added = await api.ok(
        "POST", V3, {"messages": HELLO, "filters": {"user_id": "alice", "app_id": "web"}}
    )

    memory = await api.ok("GET", f"/v1/memories/{added['id']}/")
    assert (memory["user_id"], memory["app_id"]) == ("alice", "web")


async def test_an_id_given_twice_has_to_be_the_same(api: Api) -> None:
    body = {"messages": HELLO, "user_id": "alice", "filters": {"user_id": "bob"}}

    assert await api.refused(400, "POST", V3, body) == "filters.user_id: contradicts user_id"


async def test_deduced_memories_are_stored_instead_of_the_messages(api: Api) -> None:
    await api.add("chatter", deduced_memories=["likes tea", "has a cat"])

    assert sorted(await api.texts()) == ["has a cat", "likes tea"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"type": "text", "text": "one"}, "one"),
        ([{"type": "text", "text": "one"}, IMAGE, "two"], "one\ntwo"),
    ],
)
async def test_the_text_parts_of_a_message_are_remembered(
    api: Api, content: object, text: str
) -> None:
    body = {"messages": [{"role": "user", "content": content}], "user_id": "alice"}

    added = await api.ok("POST", V3, body)

    assert added["results"][0]["memory"] == text


@pytest.mark.parametrize("content", [IMAGE, [IMAGE], []])
async def test_a_message_without_text_is_refused_and_nothing_is_stored(
    api: Api, content: object
) -> None:
    body = {"messages": [*HELLO, {"role": "user", "content": content}], "user_id": "alice"}

    assert "vision model" in await api.refused(400, "POST", V3, body)
    assert await api.texts() == []


@pytest.mark.parametrize("messages", ["hello", {"role": "user", "content": "hello"}])
async def test_a_bare_text_or_message_is_taken_for_a_list(api: Api, messages: object) -> None:
    await api.ok("POST", V3, {"messages": messages, "user_id": "alice"})

    assert await api.texts() == ["hello"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "role"),
        ({"messages": [{"role": "user"}]}, "content"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages[0].content is empty"),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, "surrogate"),
        ({"user_id": ""}, "At least one entity ID is required"),
        ({"user_id": "x" * 256}, "at most 255"),
        ({"metadata": [1]}, "metadata"),
        ({"metadata": {"a": "x" * 17_000}}, "16 KB"),
        ({"timestamp": "soon"}, "timestamp: must be an ISO 8601"),
        ({"expiration_date": "2030-02-30"}, "expiration_date: must be a date"),
    ],
)
async def test_a_malformed_add_is_refused(
    api: Api, change: dict[str, object], message: str
) -> None:
    body = {"messages": HELLO, "user_id": "alice", **change}

    assert message in await api.refused(400, "POST", V3, body)


async def test_a_repeat_answers_the_memory_it_repeats(api: Api) -> None:
    first = await api.add("hello")

    again = await api.ok("POST", V3, {"messages": HELLO, "user_id": "alice"})

    assert (again["id"], again["results"][0]["event"]) == (first, "NONE")


async def test_removed_characters_are_counted(api: Api) -> None:
    added = await api.ok("POST", V3, {"messages": "he\u200bllo", "user_id": "alice"})

    assert added["removed_characters"] == 1
    assert added["results"][0]["memory"] == "hello"


async def test_the_first_generation_answers_an_array(api: Api) -> None:
    added = await api.ok("POST", V1, {"messages": HELLO, "user_id": "alice"})

    assert [item["event"] for item in added] == ["ADD"]


async def test_the_first_generation_answers_an_object_when_asked_for_it(api: Api) -> None:
    body = {"messages": HELLO, "user_id": "alice", "output_format": "v1.1", "async_mode": True}

    added = await api.ok("POST", V1, body)

    assert added["results"][0]["memory"] == "hello"
    assert added["relations"] == []
    assert added["id"] == added["results"][0]["id"]


async def test_a_caller_bound_to_a_user_adds_for_that_user_only(api: Api) -> None:
    bob = api.acting(User="bob")

    await bob.ok("POST", V3, {"messages": HELLO})

    assert await api.texts(filters={"user_id": "bob"}) == ["hello"]
    assert "bob" in await bob.refused(403, "POST", V3, {"messages": HELLO, "user_id": "alice"})
