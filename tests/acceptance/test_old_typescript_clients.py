"""npm `mem0ai` of the generations before, only `host` set, against what was stored.

Both list and search over v1 and answer arrays, unless told `api_version: "v2"`.
"""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.acceptance.drivers import Driver, Json, Refused, npm_client
from tests.acceptance.processes import Home, Server, serving
from tests.acceptance.store import Store

_INSTALLED_AS: Final = {"2.4.6": "mem0ai-2", "1.0.39": "mem0ai-1"}
_NOBODY: Final = "00000000-0000-0000-0000-000000000000"
BOTH: Final = [
    pytest.param(release, marks=[pytest.mark.ci] if release == "2.4.6" else [])
    for release in _INSTALLED_AS
]


class Client:
    """One release in its process, with the differences between the releases evened out."""

    def __init__(self, release: str, driver: Driver) -> None:
        self.release = release
        self.call = driver.call

    @property
    def first(self) -> bool:
        """Whether it is of the first generation."""
        return self.release == "1.0.39"

    def add(self, text: str, **options: Any) -> str:
        """The id of one memory."""
        return self.call("add", [{"role": "user", "content": text}], options)[0]["id"]

    def update(self, memory_id: str, text: str) -> Json:
        """The memory with a new text, which the first generation takes bare."""
        return self.call("update", memory_id, text if self.first else {"text": text})

    def delete_user(self, listed: Json) -> Json:
        """Delete an entity by the number it was listed with."""
        if self.first:
            return self.call("deleteUser", listed["id"], {"type": listed["type"]})
        return self.call(
            "deleteUser", {"entity_id": int(listed["id"]), "entity_type": listed["type"]}
        )

    def thrown(self, name: str) -> str:
        """The class it throws for what later releases call `name`."""
        return "APIError" if self.first else name


@pytest.fixture(scope="module", params=BOTH)
def client(request: pytest.FixtureRequest, server: Server, node_modules: Path) -> Generator[Client]:
    package = _INSTALLED_AS[request.param]
    with npm_client(server.home, node_modules, package, server.url) as driver:
        yield Client(request.param, driver)


def test_version(client: Client, node_modules: Path) -> None:
    package = json.loads(
        (node_modules / _INSTALLED_AS[client.release] / "package.json").read_text()
    )
    assert (package["name"], package["version"]) == ("mem0ai", client.release)


def test_add_answers_an_array_or_on_request_an_object(
    client: Client, store: Store, user: str
) -> None:
    said = [
        {"role": "user", "content": "I moved to Basel in May."},
        {"role": "assistant", "content": "Noted: you live in Basel."},
    ]
    new = {"api_version": "v2", "version": "v2", "output_format": "v1.1", "async_mode": False}

    answer = client.call("add", said, {"user_id": user, "run_id": "r1", "metadata": {"a": 1}})
    wrapped = client.call("add", said[:1], {"user_id": user, **new})

    stored = store.active(user_id=user)
    assert [row["id"] for row in [*answer, *wrapped["results"]]] == [each.id for each in stored]
    assert [(memory.role, memory.text) for memory in stored][:2] == [
        (message["role"], message["content"]) for message in said
    ]
    assert (stored[0].run_id, stored[0].metadata) == ("r1", {"a": 1})
    assert stored[0].surface == "rest"
    assert wrapped["relations"] == []


def test_get_all_by_id_and_by_filters(client: Client, store: Store, user: str) -> None:
    client.add("Drinks tea.", user_id=user, metadata={"kind": "drink"})
    client.add("Eats cake.", user_id=user, run_id="r1")
    of_run = {"AND": [{"user_id": user}, {"run_id": "r1"}]}

    newest_first = [memory.id for memory in reversed(store.active(user_id=user))]
    by_id = client.call("getAll", {"user_id": user})
    by_filter = client.call("getAll", {"api_version": "v2", "filters": of_run})
    first = client.call("getAll", {"user_id": user, "limit": 1})

    assert [row["id"] for row in by_id] == newest_first
    assert [row["id"] for row in first] == newest_first[:1]
    assert [(row["memory"], row["session_id"]) for row in by_filter] == [("Eats cake.", "r1")]
    assert client.call("getAll", {"user_id": f"nobody like {user}"}) == []


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_pages_are_counted(client: Client, store: Store, user: str, version: str) -> None:
    for number in range(3):
        client.add(f"Fact number {number}", user_id=user)
    of_user = {"user_id": user} if version == "v1" else {"filters": {"user_id": user}}

    pages = [
        client.call("getAll", {"api_version": version, **of_user, "page": page, "page_size": 2})
        for page in (1, 2)
    ]

    assert [(page["count"], bool(page["next"])) for page in pages] == [(3, True), (3, False)]
    listed = [row["id"] for page in pages for row in page["results"]]
    assert listed == [memory.id for memory in reversed(store.active(user_id=user))]


def test_search_right_after_an_add_finds_it(client: Client, store: Store, user: str) -> None:
    client.add("The bicycle stands in the cellar.", user_id=user)
    wanted = client.add("Allergic to peanuts since childhood.", user_id=user)
    asked = "what food must be avoided?"
    of_user = {"api_version": "v2", "filters": {"OR": [{"user_id": user}]}, "threshold": 0.1}

    by_id = client.call("search", asked, {"user_id": user, "limit": 1})
    by_filter = client.call("search", asked, {**of_user, "top_k": 3, "rerank": True})

    assert [row["id"] for row in by_id] == [wanted]
    assert by_filter[0]["id"] == wanted
    assert by_id[0]["memory"] in store.texts(user_id=user)
    assert 0.1 < by_id[0]["score"] <= 1


def test_get_update_and_history(client: Client, store: Store, user: str) -> None:
    memory_id = client.add("Works at Acme.", user_id=user, metadata={"kind": "job"})

    updated = client.update(memory_id, "Works at Globex.")

    got = client.call("get", memory_id)
    assert (got["memory"], got["metadata"]) == ("Works at Globex.", {"kind": "job"})
    assert (got["user_id"], updated["id"]) == (user, memory_id)
    [stored] = store.active(user_id=user)
    assert (stored.id, stored.text) == (memory_id, "Works at Globex.")
    history = client.call("history", memory_id)
    assert [(row["event"], row["old_memory"], row["new_memory"]) for row in history] == [
        ("ADD", None, "Works at Acme."),
        ("UPDATE", "Works at Acme.", "Works at Globex."),
    ]
    assert store.history(memory_id) == [row["event"] for row in history]


def test_delete_is_gone_everywhere(client: Client, store: Store, user: str) -> None:
    kept = client.add("Plays the cello.", user_id=user)
    gone = client.add("Plays the tuba.", user_id=user)

    assert client.call("delete", gone)["message"]

    assert [memory.id for memory in store.active(user_id=user)] == [kept]
    found = client.call("search", "Plays the tuba.", {"user_id": user})
    assert [row["id"] for row in found] == [kept]
    for method in ("get", "history", "delete"):
        with pytest.raises(Refused) as refused:
            client.call(method, gone)
        assert refused.value.name == client.thrown("MemoryNotFoundError")


def test_delete_all_is_bounded_by_what_it_names(client: Client, store: Store, user: str) -> None:
    client.add("Of the first run.", user_id=user, run_id="one")
    client.add("Of the second run.", user_id=user, run_id="two")

    client.call("deleteAll", {"user_id": user, "run_id": "one"})

    assert store.texts(user_id=user) == ["Of the second run."]


def test_delete_all_without_a_name_deletes_nothing(client: Client, store: Store, user: str) -> None:
    client.add("Stays.", user_id=user)
    before = store.fingerprint()

    with pytest.raises(Refused, match="At least one filter is required") as refused:
        client.call("deleteAll")

    assert refused.value.name == client.thrown("ValidationError")
    assert store.fingerprint() == before


# A name goes into the address as it is: what an address gives a meaning cannot be in it.
@pytest.mark.parametrize("named", ["team/red", "a b@c", "ümläut/ß"])
def test_users_and_deleting_them(client: Client, store: Store, user: str, named: str) -> None:
    name = f"{named} {user[:8]}"
    client.add("Of a user with an odd name.", user_id=name)
    client.add("Of another user.", user_id=user)

    [listed] = [row for row in client.call("users")["results"] if row["name"] == name]
    if client.first:
        client.delete_user(listed)
    else:
        client.call("deleteUsers", {"user_id": name})

    assert listed["type"] == "user"
    assert store.active(user_id=name) == []
    assert store.texts(user_id=user) == ["Of another user."]


def test_a_user_is_deleted_by_its_number(client: Client, store: Store, user: str) -> None:
    client.add("Of the user.", user_id=user)
    client.add("Of an agent of that name.", agent_id=user)

    [listed] = [
        row
        for row in client.call("users")["results"]
        if (row["type"], row["name"]) == ("user", user)
    ]
    assert client.delete_user(listed)["message"]

    assert store.texts(user_id=user) == []
    assert store.texts(agent_id=user) == ["Of an agent of that name."]


def test_batches_update_and_delete_all_or_nothing(client: Client, store: Store, user: str) -> None:
    first, second = (client.add(f"Draft {name}", user_id=user) for name in "ab")

    client.call("batchUpdate", [{"memoryId": first, "text": "Final a"}])
    assert store.texts(user_id=user) == ["Draft b", "Final a"]
    with pytest.raises(Refused):
        client.call("batchDelete", [first, _NOBODY])
    assert store.texts(user_id=user) == ["Draft b", "Final a"]
    client.call("batchDelete", [first, second])
    assert store.texts(user_id=user) == []


@pytest.mark.parametrize(
    ("method", "args", "name"),
    [
        ("get", ["not-a-uuid"], "ValidationError"),
        ("get", [_NOBODY], "MemoryNotFoundError"),
        ("add", [[{"role": "user", "content": "x"}]], "ValidationError"),
        ("search", ["x", {"user_id": "u", "limit": -1}], "ValidationError"),
        ("search", ["x", {"api_version": "v2", "filters": {"nonsense": 1}}], "ValidationError"),
    ],
)
def test_errors_have_the_classes_that_callers_catch(
    client: Client, store: Store, method: str, args: list[Any], name: str
) -> None:
    before = store.fingerprint()

    with pytest.raises(Refused) as refused:
        client.call(method, *args)

    assert refused.value.name == client.thrown(name)
    assert store.fingerprint() == before


# `first` is what 1.0.39 throws: it has no such method, or asks for ids that it has no way to know.
@pytest.mark.parametrize(
    ("method", "argument", "first"),
    [
        ("feedback", {"memory_id": _NOBODY, "feedback": "POSITIVE"}, "TypeError"),
        ("createMemoryExport", {"schema": {}, "filters": {"user_id": "u"}}, "TypeError"),
        ("getMemoryExport", {"filters": {"user_id": "u"}}, "TypeError"),
        ("getProject", {"fields": ["custom_instructions"]}, "Error"),
        ("updateProject", {"custom_instructions": "Be brief."}, "Error"),
        ("getWebhooks", {"projectId": "default"}, "APIError"),
        ("createWebhook", {"name": "n", "url": "http://x", "eventTypes": []}, "APIError"),
        ("updateWebhook", {"webhookId": 1, "projectId": "default", "name": "n"}, "APIError"),
        ("deleteWebhook", {"webhookId": 1}, "APIError"),
    ],
)
def test_what_the_server_has_not_is_said_and_changes_nothing(
    client: Client, store: Store, method: str, argument: Json, first: str
) -> None:
    before = store.fingerprint()

    with pytest.raises(Refused) as refused:
        client.call(method, argument)

    assert refused.value.name == (first if client.first else "MemoryNotFoundError")
    assert store.fingerprint() == before


@pytest.mark.parametrize("release", BOTH)
def test_delete_users_empties_the_store(home: Home, node_modules: Path, release: str) -> None:
    with (
        serving(home) as server,
        npm_client(server.home, node_modules, _INSTALLED_AS[release], server.url) as driver,
    ):
        client = Client(release, driver)
        client.add("Of a user and an agent.", user_id="team/red", agent_id="bot")
        client.add("Of a run.", run_id="r1")

        driver.call("deleteUsers")

        assert Store(home.data_dir / "openmemory.db").active() == []
        assert driver.call("users")["count"] == 0
