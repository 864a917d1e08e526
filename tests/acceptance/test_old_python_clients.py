"""PyPI `mem0ai` of the generations before, both classes, only `host` set, against what was stored.

1.0.11 adds over v1, lists and searches over v2. 0.1.118 lists and searches over v1 unless told v2.
"""

from collections.abc import Generator
from typing import Any, Final

import pytest

from tests.acceptance import installs
from tests.acceptance.drivers import Driver, Refused, command_of_python, python_client
from tests.acceptance.processes import Home, Server, serving
from tests.acceptance.store import Store

_PINS: Final = {"1.0.11": "mem0ai-1.0", "0.1.118": "mem0ai-0.1"}
_NOBODY: Final = "00000000-0000-0000-0000-000000000000"
_CLASSES: Final = ("MemoryClient", "AsyncMemoryClient")
BOTH: Final = [
    pytest.param(
        (release, kind),
        id=f"{release}-{kind}",
        marks=[pytest.mark.ci] if release == "1.0.11" else [],
    )
    for release in _PINS
    for kind in _CLASSES
]


class Client:
    """One release's class in its process, with the differences between the releases evened out."""

    def __init__(self, release: str, kind: str, driver: Driver) -> None:
        self.release = release
        self.kind = kind
        self.call = driver.call

    def add(self, text: str, **options: Any) -> str:
        """The id of one memory."""
        said = [{"role": "user", "content": text}]
        return self.call("add", said, **options)["results"][0]["id"]

    def listed(self, **options: Any) -> list[dict[str, Any]]:
        """What `get_all` gives by default: 1.0 wraps rows into an object, 0.1 gives an array."""
        return self._rows(self.call("get_all", **options))

    def found(self, query: str, **options: Any) -> list[dict[str, Any]]:
        """The same for `search`."""
        return self._rows(self.call("search", query, **options))

    def filtered(self, method: str, *args: Any, **options: Any) -> Any:
        """A call that takes `filters`, which 0.1 has to be told to send over v2."""
        old = {"version": "v2"} if self.release.startswith("0.") else {}
        return self.call(method, *args, **options, **old)

    def rows_filtered(self, method: str, *args: Any, **options: Any) -> list[dict[str, Any]]:
        """Its rows."""
        return self._rows(self.filtered(method, *args, **options))

    def _rows(self, answer: Any) -> list[dict[str, Any]]:
        return answer if self.release.startswith("0.") else answer["results"]


@pytest.fixture(scope="module", params=BOTH)
def client(request: pytest.FixtureRequest, server: Server) -> Generator[Client]:
    release, kind = request.param
    with python_client(server.home, _PINS[release], kind, server.url) as driver:
        yield Client(release, kind, driver)


@pytest.fixture
def refused(client: Client) -> dict[int, str]:
    """What the class raises for a status: the asynchronous ones let httpx's error through."""
    if client.kind == "AsyncMemoryClient":
        return dict.fromkeys((400, 404), "HTTPStatusError")
    return {400: "ValidationError", 404: "MemoryNotFoundError"}


@pytest.mark.parametrize("release", ["1.0.11", "0.1.118"])
def test_version(release: str, server: Server) -> None:
    asked = "import importlib.metadata as m; print(m.version('mem0ai'))"
    done = server.home.run(installs.python_of(_PINS[release]), "-c", asked)
    assert done.stdout.strip() == release


def test_add_takes_messages_a_message_and_a_text(client: Client, store: Store, user: str) -> None:
    said = [
        {"role": "user", "content": "I moved to Basel in May."},
        {"role": "assistant", "content": "Noted: you live in Basel."},
    ]

    answers = [
        client.call("add", said, user_id=user, run_id="r1", metadata={"topic": "home"}),
        *(client.call("add", each, user_id=user) for each in (said[0], "A text.")),
    ]

    stored = store.active(user_id=user)
    given = [row["id"] for answer in answers for row in answer["results"]]
    assert [memory.id for memory in stored] == given
    assert [(memory.role, memory.text) for memory in stored][:2] == [
        (message["role"], message["content"]) for message in said
    ]
    assert (stored[0].run_id, stored[0].metadata) == ("r1", {"topic": "home"})
    assert {row["event"] for answer in answers for row in answer["results"]} == {"ADD"}
    assert {tuple(answer["relations"]) for answer in answers} == {()}


def test_every_option_of_an_add_is_taken(client: Client, store: Store, user: str) -> None:
    ignored = {
        "async_mode": False,
        "infer": False,
        "includes": "food",
        "excludes": "work",
        "enable_graph": True,
        "custom_categories": [{"food": "what they eat"}],
        "output_format": "v1.1",
    }
    memory_id = client.add(
        "Eats no meat.",
        user_id=user,
        agent_id="bot",
        app_id="shop",
        immutable=True,
        timestamp=1_700_000_000,
        expiration_date="2090-01-31",
        **ignored,
    )

    [stored] = store.active(user_id=user)
    assert (stored.id, stored.agent_id, stored.app_id) == (memory_id, "bot", "shop")
    got = client.call("get", memory_id)
    assert (got["expiration_date"], got["immutable"]) == ("2090-01-31", True)
    assert got["created_at"].startswith("2023-11-14T22:13:20")


def test_get_all_by_id_and_by_filters(client: Client, store: Store, user: str) -> None:
    client.add("Drinks tea.", user_id=user, metadata={"kind": "drink"})
    client.add("Eats cake.", user_id=user, run_id="r1")
    of_run = {"AND": [{"user_id": user}, {"run_id": "r1"}]}

    newest_first = [memory.id for memory in reversed(store.active(user_id=user))]
    assert [row["id"] for row in client.listed(user_id=user)] == newest_first
    assert [row["id"] for row in client.listed(user_id=user, top_k=1)] == newest_first[:1]
    assert [row["memory"] for row in client.listed(user_id=user, run_id="r1")] == ["Eats cake."]
    [filtered] = client.rows_filtered("get_all", filters=of_run)
    assert (filtered["memory"], filtered["session_id"]) == ("Eats cake.", "r1")
    assert client.listed(user_id=f"nobody like {user}") == []


def test_pages_are_counted(client: Client, store: Store, user: str) -> None:
    for number in range(3):
        client.add(f"Fact number {number}", user_id=user)

    pages = [client.call("get_all", user_id=user, page=page, page_size=2) for page in (1, 2)]
    by_filter = client.filtered("get_all", filters={"user_id": user}, page=2, page_size=2)

    assert [(page["count"], bool(page["next"])) for page in pages] == [(3, True), (3, False)]
    listed = [row["id"] for page in pages for row in page["results"]]
    assert listed == [memory.id for memory in reversed(store.active(user_id=user))]
    assert by_filter["results"] == pages[1]["results"]


def test_search_right_after_an_add_finds_it(client: Client, store: Store, user: str) -> None:
    client.add("The bicycle stands in the cellar.", user_id=user)
    wanted = client.add("Allergic to peanuts since childhood.", user_id=user)
    of_user = {"OR": [{"user_id": user}]}
    ignored = {
        "enable_graph": True,
        "keyword_search": True,
        "filter_memories": True,
        "rerank": True,
        "only_metadata_based_search": False,
    }

    by_id = client.found("what food must be avoided?", user_id=user, **ignored)
    by_filter = client.rows_filtered("search", "what food must be avoided?", filters=of_user)
    first = client.found("what food must be avoided?", user_id=user, top_k=1, threshold=0.1)

    for found in (by_id, by_filter, first):
        assert (found[0]["id"], found[0]["user_id"]) == (wanted, user)
        assert found[0]["memory"] in store.texts(user_id=user)
        assert 0.1 < found[0]["score"] <= 1
    assert len(first) == 1
    wrapped = client.call("search", "peanuts", user_id=user, output_format="v1.1")
    assert wrapped["results"][0]["id"] == wanted


def test_get_update_and_history(client: Client, store: Store, user: str) -> None:
    memory_id = client.add("Works at Acme.", user_id=user, metadata={"kind": "job"})

    updated = client.call("update", memory_id, text="Works at Globex.", metadata={"kind": "work"})

    got = client.call("get", memory_id)
    assert (got["memory"], got["metadata"]) == ("Works at Globex.", {"kind": "work"})
    assert (got["user_id"], updated["id"]) == (user, memory_id)
    [stored] = store.active(user_id=user)
    assert (stored.id, stored.text) == (memory_id, "Works at Globex.")
    assert stored.metadata == {"kind": "work"}
    history = client.call("history", memory_id)
    assert [(row["event"], row["old_memory"], row["new_memory"]) for row in history] == [
        ("ADD", None, "Works at Acme."),
        ("UPDATE", "Works at Acme.", "Works at Globex."),
    ]
    assert store.history(memory_id) == [row["event"] for row in history]


def test_update_takes_a_time_where_the_release_has_one(
    client: Client, store: Store, user: str
) -> None:
    memory_id = client.add("Was in Rome.", user_id=user)

    if client.release == "0.1.118":
        with pytest.raises(Refused, match="timestamp"):
            client.call("update", memory_id, timestamp=1_700_000_000)
    else:
        client.call("update", memory_id, timestamp=1_700_000_000)
        assert client.call("get", memory_id)["created_at"].startswith("2023-11-14T22:13:20")

    assert store.texts(user_id=user) == ["Was in Rome."]


def test_delete_is_gone_everywhere(
    client: Client, store: Store, user: str, refused: dict[int, str]
) -> None:
    kept = client.add("Plays the cello.", user_id=user)
    gone = client.add("Plays the tuba.", user_id=user)

    assert client.call("delete", gone)["message"]

    assert [memory.id for memory in store.active(user_id=user)] == [kept]
    assert [row["id"] for row in client.found("Plays the tuba.", user_id=user)] == [kept]
    for method in ("get", "history", "delete"):
        with pytest.raises(Refused) as thrown:
            client.call(method, gone)
        assert thrown.value.name == refused[404]


def test_delete_all_is_bounded_by_what_it_names(client: Client, store: Store, user: str) -> None:
    client.add("Of the first run.", user_id=user, run_id="one")
    client.add("Of the second run.", user_id=user, run_id="two")

    client.call("delete_all", user_id=user, run_id="one")

    assert store.texts(user_id=user) == ["Of the second run."]


def test_delete_all_without_a_name_deletes_nothing(
    client: Client, store: Store, user: str, refused: dict[int, str]
) -> None:
    client.add("Stays.", user_id=user)
    before = store.fingerprint()

    with pytest.raises(Refused) as thrown:
        client.call("delete_all")

    assert thrown.value.name == refused[400]
    assert store.fingerprint() == before


# These releases put a name into the path as it is: what a URL gives a meaning cannot be in it.
@pytest.mark.parametrize("named", ["team/red", "a b@c", "per cent %", "ümläut/ß"])
def test_users_and_delete_users_take_a_name(
    client: Client, store: Store, user: str, named: str
) -> None:
    name = f"{named} {user[:8]}"
    client.add("Of a user with an odd name.", user_id=name)
    client.add("Of another user.", user_id=user)

    listed = client.call("users")["results"]
    assert ("user", name) in [(row["type"], row["name"]) for row in listed]
    client.call("delete_users", user_id=name)

    assert store.active(user_id=name) == []
    assert store.texts(user_id=user) == ["Of another user."]


@pytest.mark.parametrize("named", ["/{}", "{}/", "{}//x"])
def test_a_name_that_the_client_mangles_deletes_nobody_else(
    client: Client, store: Store, user: str, refused: dict[int, str], named: str
) -> None:
    short = user[-60:].strip("-")
    for name in (short, f"{short}/x", named.format(short)):
        client.add(f"Of {name}.", user_id=name)
    before = store.fingerprint()

    with pytest.raises(Refused) as thrown:
        client.call("delete_users", user_id=named.format(short))

    assert thrown.value.name == refused[400]
    assert store.fingerprint() == before


def test_batches_update_and_delete_all_or_nothing(client: Client, store: Store, user: str) -> None:
    first, second = (client.add(f"Draft {name}", user_id=user) for name in "ab")

    client.call("batch_update", [{"memory_id": first, "text": "Final a"}])
    assert store.texts(user_id=user) == ["Draft b", "Final a"]
    with pytest.raises(Refused):
        client.call("batch_delete", [{"memory_id": first}, {"memory_id": _NOBODY}])
    assert store.texts(user_id=user) == ["Draft b", "Final a"]
    client.call("batch_delete", [{"memory_id": first}, {"memory_id": second}])
    assert store.texts(user_id=user) == []


@pytest.mark.parametrize(
    ("method", "args", "options", "status"),
    [
        ("get", ["not-a-uuid"], {}, 400),
        ("get", [_NOBODY], {}, 404),
        ("add", [[{"role": "user", "content": "x"}]], {}, 400),
        ("add", [[{"role": "user", "content": " "}]], {"user_id": "u"}, 400),
        ("search", ["x"], {"user_id": "u", "top_k": -1}, 400),
    ],
)
def test_errors_have_the_classes_that_callers_catch(
    client: Client,
    store: Store,
    refused: dict[int, str],
    method: str,
    args: list[Any],
    options: dict[str, Any],
    status: int,
) -> None:
    before = store.fingerprint()

    with pytest.raises(Refused) as thrown:
        client.call(method, *args, **options)

    assert thrown.value.name == refused[status]
    assert store.fingerprint() == before


@pytest.mark.parametrize(
    ("method", "args", "options"),
    [
        ("feedback", [_NOBODY, "POSITIVE"], {}),
        ("create_memory_export", ["{}"], {"user_id": "u"}),
        ("get_memory_export", [], {"user_id": "u"}),
        ("get_summary", [{"user_id": "u"}], {}),
        ("get_project", [["custom_instructions"]], {}),
        ("update_project", ["Be brief."], {}),
        ("get_webhooks", ["default"], {}),
        ("create_webhook", ["http://127.0.0.1:1", "n", "default", ["memory_add"]], {}),
        ("update_webhook", [1, "n"], {}),
        ("delete_webhook", [1], {}),
    ],
)
def test_what_the_server_has_not_is_said_and_changes_nothing(
    client: Client,
    store: Store,
    refused: dict[int, str],
    method: str,
    args: list[Any],
    options: dict[str, Any],
) -> None:
    before = store.fingerprint()

    with pytest.raises(Refused) as thrown:
        client.call(method, *args, **options)

    assert thrown.value.name == refused[404]
    assert store.fingerprint() == before


@pytest.mark.parametrize("which", BOTH)
def test_reset_empties_the_store(home: Home, which: tuple[str, str]) -> None:
    release, kind = which
    with serving(home) as server, python_client(home, _PINS[release], kind, server.url) as driver:
        client = Client(release, kind, driver)
        client.add("Of a user and an agent.", user_id="team/red", agent_id="bot")
        client.add("Of a run.", run_id="r1")

        driver.call("reset")

        assert Store(home.data_dir / "openmemory.db").active() == []
        assert driver.call("users")["count"] == 0


@pytest.mark.parametrize("which", BOTH)
def test_an_unknown_key_stops_the_constructor(server: Server, which: tuple[str, str]) -> None:
    release, kind = which
    unknown = "omk_unknown"

    done = server.home.run(*command_of_python(_PINS[release], kind, server.url, unknown))

    assert done.returncode == 1
    assert "ValueError: Error: " in done.stderr
