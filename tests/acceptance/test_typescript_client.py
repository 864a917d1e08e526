"""npm `mem0ai`, unmodified, only `host` set: every core method against what was stored."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.drivers import Driver, Json, Refused, npm_client
from tests.acceptance.processes import Server
from tests.acceptance.store import Store

pytestmark = pytest.mark.ci

NONE: Json = {}


def _add(client: Driver, text: str, **options: Any) -> str:
    """The id of one memory, added verbatim."""
    said = [{"role": "user", "content": text}]
    return client.call("add", said, {"infer": False, **options})["results"][0]["id"]


@pytest.fixture(scope="module")
def client(server: Server, node_modules: Path) -> Generator[Driver]:
    with npm_client(server.home, node_modules, "mem0ai", server.url) as driver:
        yield driver


def test_version(node_modules: Path) -> None:
    package = json.loads((node_modules / "mem0ai" / "package.json").read_text())
    assert package["version"] == "3.3.1"


@pytest.mark.parametrize("infer", [True, False, None])
def test_add_stores_each_message_verbatim(
    client: Driver, store: Store, user: str, infer: bool | None
) -> None:
    said = [
        {"role": "user", "content": "I moved to Basel in May."},
        {"role": "assistant", "content": "Noted: you live in Basel."},
    ]
    options: Json = {"userId": user, "runId": "r1", "metadata": {"topic": "home"}}

    answer = client.call("add", said, options if infer is None else {**options, "infer": infer})

    assert answer["status"] == "SUCCEEDED"
    stored = store.active(user_id=user)
    assert [memory.id for memory in stored] == [row["id"] for row in answer["results"]]
    assert [(memory.role, memory.text) for memory in stored] == [
        (message["role"], message["content"]) for message in said
    ]
    assert {memory.run_id for memory in stored} == {"r1"}
    assert stored[0].metadata == {"topic": "home"}
    assert stored[0].surface == "rest"
    assert answer["id"] == stored[0].id
    assert answer["eventId"]


def test_search_right_after_an_add_finds_it(client: Driver, store: Store, user: str) -> None:
    _add(client, "The bicycle stands in the cellar.", userId=user)
    wanted = _add(client, "Allergic to peanuts since childhood.", userId=user)

    found = client.call("search", "what food must be avoided?", {"filters": {"user_id": user}})

    assert found["results"][0]["id"] == wanted
    assert found["results"][0]["memory"] in store.texts(user_id=user)
    assert 0.1 < found["results"][0]["score"] <= 1


def test_get_all_pages_through_everything_once(client: Driver, store: Store, user: str) -> None:
    for number in range(5):
        _add(client, f"Fact number {number}", userId=user)

    pages = [
        client.call("getAll", {"filters": {"user_id": user}, "page": page, "pageSize": 2})
        for page in (1, 2, 3)
    ]

    assert [page["count"] for page in pages] == [5, 5, 5]
    assert [bool(page["next"]) for page in pages] == [True, True, False]
    listed = [row["id"] for page in pages for row in page["results"]]
    assert listed == [memory.id for memory in reversed(store.active(user_id=user))]


def test_get_and_update(client: Driver, store: Store, user: str) -> None:
    memory_id = _add(client, "Works at Acme.", userId=user, metadata={"kind": "job"})

    client.call("update", memory_id, {"text": "Works at Globex.", "metadata": {"kind": "work"}})

    got = client.call("get", memory_id)
    assert (got["memory"], got["metadata"]) == ("Works at Globex.", {"kind": "work"})
    assert got["userId"] == user
    [stored] = store.active(user_id=user)
    assert (stored.id, stored.text) == (memory_id, "Works at Globex.")
    assert stored.metadata == {"kind": "work"}


def test_history_tells_every_change(client: Driver, store: Store, user: str) -> None:
    memory_id = _add(client, "Has one cat.", userId=user)
    client.call("update", memory_id, {"text": "Has two cats."})

    history = client.call("history", memory_id)

    assert [(row["event"], row["oldMemory"], row["newMemory"]) for row in history] == [
        ("ADD", None, "Has one cat."),
        ("UPDATE", "Has one cat.", "Has two cats."),
    ]
    assert store.history(memory_id) == [row["event"] for row in history]


def test_delete_is_gone_everywhere(client: Driver, store: Store, user: str) -> None:
    kept = _add(client, "Plays the cello.", userId=user)
    gone = _add(client, "Plays the tuba.", userId=user)

    client.call("delete", gone)

    assert [memory.id for memory in store.active(user_id=user)] == [kept]
    found = client.call("search", "Plays the tuba.", {"filters": {"user_id": user}})
    assert [row["id"] for row in found["results"]] == [kept]
    for method in ("get", "history", "delete"):
        with pytest.raises(Refused) as refused:
            client.call(method, gone)
        assert (refused.value.name, refused.value.code) == ("MemoryNotFoundError", "HTTP_404")


def test_delete_all_is_bounded_by_what_it_names(client: Driver, store: Store, user: str) -> None:
    _add(client, "Of the first run.", userId=user, runId="one")
    _add(client, "Of the second run.", userId=user, runId="two")

    client.call("deleteAll", {"userId": user, "runId": "one"})

    assert store.texts(user_id=user) == ["Of the second run."]


def test_delete_all_without_a_name_deletes_nothing(client: Driver, store: Store, user: str) -> None:
    _add(client, "Stays.", userId=user)
    before = store.fingerprint()

    with pytest.raises(Refused) as refused:
        client.call("deleteAll")

    assert refused.value.name == "ValidationError"
    assert store.fingerprint() == before


@pytest.mark.parametrize("slashed", ["team/red", "a//b", "per cent %2F", "ümläut/ß", "x?y#z"])
def test_users_and_delete_users_take_any_name(
    client: Driver, store: Store, user: str, slashed: str
) -> None:
    named = f"{slashed} {user[:8]}"
    _add(client, "Of a user with an odd name.", userId=named)
    _add(client, "Of another user.", userId=user)

    listed = client.call("users")["results"]
    assert ("user", named) in [(row["type"], row["name"]) for row in listed]
    client.call("deleteUsers", {"userId": named})

    assert store.active(user_id=named) == []
    assert store.texts(user_id=user) == ["Of another user."]
    left = client.call("users")["results"]
    assert ("user", named) not in [(row["type"], row["name"]) for row in left]


def test_batch_update_and_delete_are_all_or_nothing(
    client: Driver, store: Store, user: str
) -> None:
    first, second = (_add(client, f"Draft {name}", userId=user) for name in "ab")
    unknown = "00000000-0000-0000-0000-000000000000"

    client.call("batchUpdate", [{"memoryId": first, "text": "Final a"}])
    assert store.texts(user_id=user) == ["Draft b", "Final a"]
    with pytest.raises(Refused):
        client.call("batchDelete", [first, unknown])
    assert store.texts(user_id=user) == ["Draft b", "Final a"]
    client.call("batchDelete", [first, second])
    assert store.texts(user_id=user) == []


@pytest.mark.parametrize(
    ("method", "args", "name", "code"),
    [
        ("get", ["not-a-uuid"], "ValidationError", "HTTP_400"),
        ("get", ["00000000-0000-0000-0000-000000000000"], "MemoryNotFoundError", "HTTP_404"),
        ("search", ["x", {"filters": {"nonsense": 1}}], "ValidationError", "HTTP_400"),
        ("search", ["x", {"topK": -1}], "ValidationError", "HTTP_400"),
        ("add", [[{"role": "user", "content": " "}], {"userId": "u"}], "ValidationError", None),
        ("add", [[{"role": "user", "content": "x"}], NONE], "ValidationError", "HTTP_400"),
        ("add", [[NONE][:0], {"userId": "u"}], "Error", None),
        ("search", ["x", {"userId": "u"}], "Error", None),
    ],
)
def test_errors_have_the_classes_that_callers_catch(
    client: Driver, store: Store, method: str, args: list[Any], name: str, code: str
) -> None:
    before = store.fingerprint()

    with pytest.raises(Refused) as refused:
        client.call(method, *args)

    assert refused.value.name == name
    assert code is None or refused.value.code == code
    assert store.fingerprint() == before
