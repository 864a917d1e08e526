"""One memory, many memories, entities and events."""

from uuid import uuid4

import pytest

from openmemory_api.container import Container
from openmemory_api.domain.access import Access, Base, Caller
from tests.api.routes.mem0.conftest import Api

ALL_FOUR = {"user_id": "*", "agent_id": "*", "app_id": "*", "run_id": "*"}


async def test_ping_gives_the_ids_that_the_sdks_insist_on(api: Api) -> None:
    assert await api.ok("GET", "/v1/ping/") == {
        "status": "ok",
        "org_id": "default-org",
        "project_id": "default",
        "user_email": None,
    }


async def test_an_update_replaces_what_is_sent_and_keeps_the_rest(api: Api) -> None:
    path = f"/v1/memories/{await api.add('old', metadata={'a': 1}, expiration_date='2030-01-31')}/"

    renamed = await api.ok("PUT", path, {"text": "new", "source": "CLI"})
    cleared = await api.ok("PUT", path, {"expiration_date": None})
    tagged = await api.ok("PUT", path, {"metadata": {"b": 2}})
    moved = await api.ok("PUT", path, {"timestamp": "2025-01-15T12:00:00Z"})

    assert (renamed["memory"], renamed["expiration_date"]) == ("new", "2030-01-31")
    assert (cleared["memory"], cleared["expiration_date"]) == ("new", None)
    assert (cleared["metadata"], tagged["metadata"]) == ({"a": 1}, {"b": 2})
    assert moved["created_at"] == "2025-01-15T12:00:00+00:00"
    assert await api.ok("GET", path) == moved


async def test_an_update_of_nothing_is_refused(api: Api) -> None:
    path = f"/v1/memories/{await api.add('hello')}/"

    assert "at least one" in await api.refused(400, "PUT", path, {})
    assert "timestamp" in await api.refused(400, "PUT", path, {"timestamp": "soon"})


async def test_history_tells_every_change_oldest_first(api: Api) -> None:
    path = f"/v1/memories/{await api.add('old')}/"
    await api.ok("PUT", path, {"text": "new"})

    entries = await api.ok("GET", f"{path}history/")

    told = [(entry["event"], entry["old_memory"], entry["new_memory"]) for entry in entries]
    assert told == [("ADD", None, "old"), ("UPDATE", "old", "new")]
    assert entries[0]["input"] == [{"role": "user", "content": "old"}]


async def test_a_deleted_memory_is_gone_everywhere(api: Api) -> None:
    path = f"/v1/memories/{await api.add('hello')}/"

    deleted = await api.ok("DELETE", path, source="CLI")

    assert deleted["message"] == "Memory deleted successfully!"
    assert "cascade_count" not in deleted
    for method, where in (("GET", path), ("DELETE", path), ("GET", f"{path}history/")):
        assert await api.refused(404, method, where) == "Memory not found!"


async def test_a_linked_delete_counts_what_it_took_along(api: Api) -> None:
    path = f"/v1/memories/{await api.add('hello')}/"

    assert (await api.ok("DELETE", path, delete_linked="true"))["cascade_count"] == 0


@pytest.mark.parametrize("ref", ["m1", "not-a-uuid", "a%2Fb", "id%201"])
async def test_what_is_no_uuid_is_refused_by_every_call(api: Api, ref: str) -> None:
    path = f"/v1/memories/{ref}/"

    for method, where, body in (
        ("GET", path, None),
        ("PUT", path, {"text": "x"}),
        ("DELETE", path, None),
        ("GET", f"{path}history/", None),
    ):
        assert await api.refused(400, method, where, body) == ("memory_id should be a valid UUID")


async def test_a_short_id_serves_within_the_callers_user(api: Api) -> None:
    bob = api.acting(User="bob")
    await bob.add("hello", user_id="bob")

    assert (await bob.ok("GET", "/v1/memories/m1/"))["memory"] == "hello"


async def test_an_unknown_uuid_is_not_found(api: Api) -> None:
    await api.refused(404, "GET", f"/v1/memories/{uuid4()}/")


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"user_id": ""},
        {"metadata": "{}"},
        {"source": "CLI"},
        {"filters": "{'keywords': '*'}"},
    ],
)
async def test_deleting_without_a_filter_deletes_nothing(api: Api, query: dict[str, str]) -> None:
    await api.add("hello")

    assert "At least one filter" in await api.refused(400, "DELETE", "/v1/memories/", **query)
    assert await api.texts() == ["hello"]


@pytest.mark.parametrize("name", ["filters", "metadata"])
@pytest.mark.parametrize("text", ["", "null", "[]", "user_id=alice", "{'a': open}", "{1"])
async def test_a_filter_that_cannot_be_read_is_never_ignored(
    api: Api, name: str, text: str
) -> None:
    await api.add("hello")

    message = await api.refused(400, "DELETE", "/v1/memories/", **{"user_id": "alice", name: text})

    assert message.startswith(name)
    assert await api.texts() == ["hello"]


async def test_all_given_filters_have_to_hold_for_a_delete(api: Api) -> None:
    await api.add("both", agent_id="bot", user_id="alice", metadata={"a": 1})
    await api.add("user only")
    await api.add("agent only", agent_id="bot")

    deleted = await api.ok(
        "DELETE",
        "/v1/memories/",
        user_id="alice",
        agent_id="*",
        metadata="{'a': 1}",
        filters="{'user_id': 'alice'}",
    )

    assert (deleted["deleted"], deleted["left"]) == (1, 0)
    assert await api.texts() == ["agent only", "user only"]


async def test_four_wildcards_empty_the_project(api: Api) -> None:
    await api.add("one")
    await api.add("two", run_id="r1")

    assert (await api.ok("DELETE", "/v1/memories/", **ALL_FOUR))["deleted"] == 2
    assert await api.texts() == []


async def test_deleting_for_an_unknown_user_succeeds(api: Api) -> None:
    deleted = await api.ok("DELETE", "/v1/memories/", user_id="nobody")

    assert deleted["message"]
    assert (deleted["deleted"], deleted["left"]) == (0, 0)


async def test_an_app_may_ask_for_all_it_may_change_or_only_its_own(
    api: Api, store: Container
) -> None:
    cursor, claude = (api.acting(User="alice", App=app) for app in ("cursor", "claude"))
    await cursor.add("of cursor")
    await claude.add("of claude")
    caller = Caller("default", "alice", None)
    await store.access.configure(caller, "claude", Access(write=Base.OWN))

    of_its_own = await cursor.ok("DELETE", "/v1/memories/", own="true")
    await cursor.add("of cursor again")
    of_all = await claude.ok("DELETE", "/v1/memories/", all="true")

    assert (of_its_own["deleted"], of_its_own["left"]) == (1, 0)
    assert (of_all["deleted"], of_all["left"]) == (1, 1)
    assert await api.texts() == ["of cursor again"]


async def test_nobody_in_particular_can_ask_for_all_or_for_its_own(api: Api) -> None:
    assert "bound to a user" in await api.refused(400, "DELETE", "/v1/memories/", all="true")
    assert "is an app" in await api.refused(400, "DELETE", "/v1/memories/", own="true")


async def test_a_batch_update_changes_all_or_nothing(api: Api) -> None:
    ids = [await api.add(text) for text in ("one", "two")]
    updates = [
        {"memory_id": ids[0], "text": "uno"},
        {"memory_id": ids[1], "metadata": {"a": 1}},
    ]

    answer = await api.ok("PUT", "/v1/batch/", {"memories": updates})
    lost = {
        "memories": [{"memory_id": ids[0], "text": "x"}, {"memory_id": str(uuid4()), "text": "y"}]
    }
    await api.refused(404, "PUT", "/v1/batch/", lost)

    assert answer == {"message": "Successfully updated 2 memories"}
    assert await api.texts() == ["two", "uno"]


async def test_a_batch_delete_reads_the_body_of_a_delete(api: Api) -> None:
    ids = [await api.add(text) for text in ("one", "two", "three")]
    missing = str(uuid4())
    body = {"memories": [{"memory_id": ref} for ref in (*ids[:2], missing)]}

    await api.refused(404, "DELETE", "/v1/batch/", body)
    partly = await api.ok("DELETE", "/v1/batch/", {**body, "partial": True})
    rest = await api.ok("DELETE", "/v1/batch/", {"memories": [{"memory_id": ids[2]}]})

    assert partly["message"] == "Successfully deleted 2 memories"
    assert (partly["deleted"], partly["missing"]) == (ids[:2], [missing])
    assert set(rest) == {"message", "event_id"}
    assert await api.texts() == []


async def test_a_batch_delete_refuses_an_id_that_no_answer_could_give_back(api: Api) -> None:
    await api.add("one")
    body = {"memories": [{"memory_id": "\ud800"}], "partial": True}

    await api.refused(400, "DELETE", "/v1/batch/", body)

    assert await api.texts() == ["one"]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_a_batch_has_at_most_a_thousand_memories(api: Api, method: str) -> None:
    memories = [{"memory_id": str(uuid4()), "text": "x"} for _ in range(1_001)]

    assert "1000" in await api.refused(400, method, "/v1/batch/", {"memories": memories})
    await api.refused(400, method, "/v1/batch/", {"memories": "x"})


async def test_entities_are_what_memories_carry(api: Api) -> None:
    await api.add("one", user_id="al/ice", agent_id="bot")
    await api.add("two", user_id="al/ice")

    listed = await api.ok("GET", "/v1/entities/")
    one = await api.ok("GET", "/v2/entities/user/al%2Fice/")
    theirs = await api.ok("GET", "/v1/memories/user/al%2Fice/")

    shown = [
        (entity["type"], entity["name"], entity["total_memories"]) for entity in listed["results"]
    ]
    assert sorted(shown) == [("agent", "bot", 1), ("user", "al/ice", 2)]
    assert (listed["total_users"], listed["total_agents"], listed["total_runs"]) == (1, 1, 0)
    assert one[0]["total_memories"] == 2
    assert [memory["memory"] for memory in theirs["results"]] == ["two", "one"]


@pytest.mark.parametrize("name", ["al/ice", "50%", "a%2Fb", "jo sé@x:y", "m1"])
async def test_an_entity_is_deleted_by_its_name_whatever_is_in_it(api: Api, name: str) -> None:
    await api.add("of nobody else", user_id=name)
    await api.add("kept")
    encoded = "".join(f"%{byte:02X}" for byte in name.encode())

    deleted = await api.ok("DELETE", f"/v2/entities/user/{encoded}/")

    assert deleted["deleted"] == 1
    assert await api.texts() == ["kept"]


async def test_older_clients_leave_the_slashes_of_a_name(api: Api) -> None:
    await api.add("of a team", user_id="team/red one")
    await api.add("of a colour", user_id="red one")

    [shown] = await api.ok("GET", "/v2/entities/user/team/red%20one/")
    deleted = await api.ok("DELETE", "/v2/entities/user/team/red%20one/")

    assert (shown["name"], deleted["deleted"]) == ("team/red one", 1)
    left = await api.ok("GET", "/v1/entities/")
    assert [entity["name"] for entity in left["results"]] == ["red one"]


@pytest.mark.parametrize("named", ["/alice", "alice/", "al//ice"])
async def test_a_name_that_lost_a_slash_deletes_nobody_else(api: Api, named: str) -> None:
    await api.add("stays")
    await api.add("stays too", user_id="al/ice")

    assert "%2F" in await api.refused(400, "DELETE", f"/v2/entities/user/{named}/")

    assert (await api.ok("GET", "/v1/entities/"))["count"] == 2


async def test_an_entity_is_deleted_by_the_number_it_was_listed_with(api: Api) -> None:
    await api.add("hello")
    listed = await api.ok("GET", "/v1/entities/")

    await api.ok("DELETE", f"/v1/entities/user/{listed['results'][0]['id']}/")

    assert await api.texts() == []
    assert "integer" in await api.refused(400, "DELETE", "/v1/entities/user/alice/")
    assert (await api.ok("DELETE", "/v1/entities/user/7/"))["deleted"] == 0


async def test_entities_that_were_listed_together_are_deleted_in_turn(api: Api) -> None:
    await api.add("of both", user_id="alice", agent_id="bot")
    listed = (await api.ok("GET", "/v1/entities/"))["results"]

    for entity in listed:
        await api.ok("DELETE", f"/v1/entities/{entity['type']}/{entity['id']}/")

    assert len(listed) == 2
    assert await api.texts() == []


async def test_a_type_that_is_none_is_refused_in_the_platforms_words(api: Api) -> None:
    for method, path in (
        ("DELETE", "/v2/entities/users/alice/"),
        ("GET", "/v2/entities/users/alice/"),
        ("DELETE", "/v1/entities/users/7/"),
        ("GET", "/v1/memories/users/alice/"),
    ):
        assert await api.refused(400, method, path) == "Invalid entity type"
    await api.refused(404, "GET", "/v2/entities/user/nobody/")


async def test_events_are_the_writes_newest_first(api: Api) -> None:
    first = await api.add("one")
    await api.ok("DELETE", f"/v1/memories/{first}/")

    listed = await api.ok("GET", "/v1/events/", page_size="1")
    second = await api.ok("GET", "/v1/events/", page_size="1", page="2")

    assert listed["count"] == 2
    assert [event["event_type"] for event in listed["results"]] == ["DELETE"]
    assert [event["event_type"] for event in second["results"]] == ["ADD"]
    assert await api.ok("GET", f"/v1/event/{listed['results'][0]['id']}/") == listed["results"][0]
    await api.refused(404, "GET", f"/v1/event/{uuid4()}/")


async def test_slashes_may_be_missing_or_doubled(api: Api) -> None:
    await api.add("hello")

    assert await api.ok("GET", "/v1/ping") == await api.ok(
        "GET", "http://127.0.0.1:8765//v1//ping/"
    )
    assert (await api.ok("POST", "/v3/memories", {}))["count"] == 1
