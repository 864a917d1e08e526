"""The tools over the hosted platform, which a second store plays: see tests/mcp/platform.py."""

from typing import Any, Literal

import pytest
from mcp.types import ElicitRequestParams, ElicitResult
from pydantic import SecretStr

from openmemory_mcp.backends.base import BackendError
from openmemory_mcp.backends.hosted import HostedBackend
from openmemory_mcp.backends.platform import account
from openmemory_mcp.caller import Caller
from tests.mcp.hosted import Site, agree, refused, remember, say, text_of
from tests.mcp.platform import KEY, check_contract, forget_apps, forget_filters, rewriting

UNKNOWN = "018f0000-0000-7000-8000-000000000012"


# -- what is sent


async def test_an_add_names_user_and_app_and_the_app_again_in_the_metadata(site: Site) -> None:
    async with site.client("Cursor", user="alice") as cursor:
        (id,) = await remember(cursor, "likes tea")

    (added,) = site.platform.writes
    assert added.body == {
        "messages": [{"role": "user", "content": "likes tea"}],
        "user_id": "alice",
        "app_id": "cursor",
        "metadata": {"openmemory_app": "cursor"},
        "infer": True,
    }
    row = (await site.kept())["likes tea"]
    assert (row["id"], row["user_id"], row["app_id"]) == (id, "alice", "cursor")
    assert row["metadata"] == {"openmemory_app": "cursor"}


async def test_every_tool_sends_the_key_and_speaks_the_contract_alone(site: Site) -> None:
    async with site.client() as client:
        first, second = await remember(client, "likes tea", "likes cake")
        await say(client, "search_memory", query="tea")
        await say(client, "list_memories")
        await say(client, "update_memory", id=first, text="likes mate")
        await say(client, "delete_memories", ids=[second])
        await client.read_resource(f"memory://item/{first}")
        await say(client, "delete_all", confirm=True)

    assert await site.kept() == {}
    check_contract(site.platform.asked)
    # Ten calls and what checking before each change costs; the fixture looks at each of them.
    assert len(site.platform.writes) == 5


async def test_searches_and_lists_ask_for_the_user_only(site: Site) -> None:
    async with site.client("cursor", user="Zoë") as client:
        await say(client, "search_memory", query="tea", limit=3)
        await say(client, "list_memories", limit=7)

    searched, listed = site.platform.asked
    filters = {"AND": [{"user_id": "Zoë"}]}
    assert searched.body == {
        "query": "tea",
        "filters": filters,
        "top_k": 3,
        "threshold": 0,
        "latest_only": True,
    }
    assert listed.path == "/v3/memories/?page=1&page_size=7"
    assert listed.body == {"filters": filters, "latest_only": True}


# -- two apps of one user


async def test_what_one_app_stores_another_finds_and_may_change(site: Site) -> None:
    async with site.client("cursor") as cursor:
        (id,) = await remember(cursor, "likes tea")
    async with site.client("claude-code") as claude:
        found = await claude.call_tool("search_memory", {"query": "tea"})
        assert await say(claude, "update_memory", id=id, text="likes mate") == f"updated [{id}]"

    assert text_of(found) == f"[{id} cursor] likes tea"
    assert found.structured_content is not None
    assert found.structured_content["memories"][0]["app"] == "cursor"
    row = (await site.kept())["likes mate"]
    assert row["metadata"] == {"openmemory_app": "cursor"}


async def test_another_user_neither_sees_nor_changes_anything(site: Site) -> None:
    async with site.client(user="alice") as alice:
        (id,) = await remember(alice, "likes tea")
    async with site.client(user="bob", elicitation_callback=agree) as bob:
        assert await say(bob, "search_memory", query="tea") == "No memories found."
        assert await say(bob, "list_memories") == "No memories found."
        assert f"no such memory: {id}" in await refused(bob, "update_memory", id=id, text="x")
        assert f"no such memory: {id}" in await refused(bob, "delete_memories", ids=[id])
        assert "deleted 0, left 0" in await say(bob, "delete_all")
        with pytest.raises(Exception, match="no such memory"):
            await bob.read_resource(f"memory://item/{id}")

    assert await site.kept()
    assert len(site.platform.writes) == 1


@pytest.mark.parametrize("forgetful", [False, True])
async def test_an_app_that_reads_its_own_sees_and_changes_no_others(
    site: Site, forgetful: bool
) -> None:
    if forgetful:
        site.platform.on("POST", "/v3/memories/", forget_apps)
    async with site.client("cursor") as cursor:
        (foreign,) = await remember(cursor, "likes tea")
    async with site.client("zed", reads="own") as zed:
        (own,) = await remember(zed, "likes green tea")

        assert await say(zed, "search_memory", query="tea") == f"[{own} zed] likes green tea"
        assert await say(zed, "list_memories") == f"[{own} zed] likes green tea"
        assert "no such memory" in await refused(zed, "update_memory", id=foreign, text="x")
        result = await zed.call_tool("delete_memories", {"ids": [own, foreign]})

    assert result.structured_content is not None
    assert result.structured_content["deleted"] == 1
    assert result.structured_content["missing"] == [foreign]
    assert list(await site.kept()) == ["likes tea"]


@pytest.mark.parametrize("reads", ["all", "own"])
@pytest.mark.parametrize("forgetful", [False, True])
async def test_a_models_word_deletes_only_what_its_app_wrote(
    site: Site, reads: Literal["all", "own"], forgetful: bool
) -> None:
    if forgetful:
        site.platform.on("POST", "/v3/memories/?", forget_apps)
    async with site.client("cursor") as cursor:
        await remember(cursor, "likes tea")
    async with site.client("zed", reads=reads) as zed:
        await remember(zed, "likes cake", "likes mate")
        result = await zed.call_tool("delete_all", {"confirm": True})

    assert result.structured_content is not None
    assert result.structured_content["deleted"] == 2
    assert result.structured_content["left"] == (1 if reads == "all" else 0)
    assert list(await site.kept()) == ["likes tea"]


@pytest.mark.parametrize("rule", [None, forget_apps, forget_filters])
@pytest.mark.parametrize("reads", ["all", "own"])
async def test_a_persons_yes_deletes_what_the_app_may_change_and_no_more(
    site: Site, reads: Literal["all", "own"], rule: Any
) -> None:
    if rule is not None:
        site.platform.on("POST", "/v3/memories/?", rule)
    await site.seed("somebody else's", user_id="bob", app_id="zed")
    await site.seed("an agent's alone", agent_id="zed")
    async with site.client("cursor") as cursor:
        await remember(cursor, "likes tea")
    async with site.client("zed", reads=reads, elicitation_callback=agree) as zed:
        await remember(zed, "likes cake")
        result = await zed.call_tool("delete_all", {})

    assert result.structured_content is not None
    assert result.structured_content["left"] == 0
    others = {"somebody else's", "an agent's alone"}
    assert set(await site.kept()) == (others if reads == "all" else others | {"likes tea"})


async def test_rows_of_scripts_belong_to_the_app_that_they_name(site: Site) -> None:
    await site.seed("by a script for zed", user_id="default_user", app_id="zed")
    await site.seed(
        "claimed twice",
        user_id="default_user",
        app_id="zed",
        metadata={"openmemory_app": "cursor"},
    )
    async with site.client("zed", reads="own") as zed:
        assert (await say(zed, "list_memories")).endswith("] by a script for zed")
        await say(zed, "delete_all", confirm=True)

    assert list(await site.kept()) == ["claimed twice"]


# -- rows that say less than they should


async def test_a_row_that_names_nobody_is_neither_shown_nor_deleted(site: Site) -> None:
    def nobodys(row: dict[str, Any]) -> None:
        row["user_id"] = None

    site.platform.on("POST", "/v3/memories/?", rewriting(nobodys))
    async with site.client(elicitation_callback=agree) as client:
        await remember(client, "likes tea")

        assert await say(client, "list_memories") == "No memories found."
        assert "deleted 0, left 0" in await say(client, "delete_all")

    assert await site.kept()


async def test_metadata_that_is_no_object_keeps_nobody_from_reading(site: Site) -> None:
    def odd(row: dict[str, Any]) -> None:
        row["metadata"] = "a text"

    site.platform.on("POST", "/v3/memories/?", rewriting(odd))
    async with site.client("cursor", reads="own") as client:
        (id,) = await remember(client, "likes tea")

        assert await say(client, "list_memories") == f"[{id} cursor] likes tea"


async def test_a_row_that_leaves_its_user_out_is_listed_and_not_changed(site: Site) -> None:
    def shortened(row: dict[str, Any]) -> None:
        del row["user_id"]

    for method, path in (("POST", "/v3/memories/?"), ("GET", "/v1/memories/")):
        site.platform.on(method, path, rewriting(shortened))
    async with site.client(elicitation_callback=agree) as client:
        (id,) = await remember(client, "likes tea")

        assert await say(client, "list_memories") == f"[{id} cursor] likes tea"
        assert "no such memory" in await refused(client, "update_memory", id=id, text="x")
        assert "deleted 0, left 1" in await say(client, "delete_all")

    assert list(await site.kept()) == ["likes tea"]


async def test_a_row_that_leaves_its_user_out_is_not_read_by_its_id(site: Site) -> None:
    def shortened(row: dict[str, Any]) -> None:
        del row["user_id"]

    site.platform.on("GET", "/v1/memories/", rewriting(shortened))
    async with site.client(user="alice") as alice:
        (id,) = await remember(alice, "likes tea")
    async with site.client(user="bob") as bob:
        with pytest.raises(Exception, match="no such memory"):
            await bob.read_resource(f"memory://item/{id}")


# -- who is calling


@pytest.mark.parametrize("user", ["*", " ", "x" * 256, "a\x07b"])
async def test_a_user_who_would_be_everybody_or_nobody_is_refused(site: Site, user: str) -> None:
    async with site.client(user=user) as client:
        assert "cannot be a user" in await refused(client, "list_memories")
        assert "cannot be a user" in await refused(client, "add_memories", text="likes tea")

    assert site.platform.asked == []


@pytest.mark.parametrize(
    ("caller", "user", "app"),
    [
        (Caller("mcp-http", "zed", user="Zo\xc3\xab"), "Zoë", "zed"),
        (Caller("mcp-http", "zed", user="Zo\xeb"), "Zoë", "zed"),
        (Caller("mcp-http", "zed", app="Cursor"), "default_user", "cursor"),
        (Caller("mcp-http", "unknown"), "default_user", "unknown"),
    ],
)
async def test_a_caller_is_named_as_the_store_names_it(
    site: Site, caller: Caller, user: str, app: str
) -> None:
    async with account(SecretStr(KEY), site.url) as http:
        await HostedBackend(http).add(caller, "likes tea", infer=False)

    row = (await site.kept())["likes tea"]
    assert (row["user_id"], row["app_id"]) == (user, app)


@pytest.mark.parametrize("app", ["a b", "*", "é", "x" * 129])
async def test_a_name_that_cannot_be_an_app_is_refused(site: Site, app: str) -> None:
    async with account(SecretStr(KEY), site.url) as http:
        with pytest.raises(BackendError, match="An app's name"):
            await HostedBackend(http).add(Caller("mcp-http", "zed", app=app), "x", infer=False)

    assert site.platform.asked == []


@pytest.mark.parametrize("id", ["m1", "", "../entities", f"{UNKNOWN}/history", "*"])
async def test_an_id_that_is_none_never_reaches_the_platform(site: Site, id: str) -> None:
    async with site.client() as client:
        assert "no such memory" in await refused(client, "update_memory", id=id, text="x")
        assert "no such memory" in await refused(client, "delete_memories", ids=[id])

    assert site.platform.asked == []


# -- pages


async def test_pages_follow_each_other_although_the_limit_changes(site: Site) -> None:
    texts = [f"memory number {number}" for number in range(5)]
    async with site.client() as client:
        await remember(client, *texts)
        seen: list[str] = []
        arguments: dict[str, Any] = {"limit": 2}
        for _ in range(3):
            page = await client.call_tool("list_memories", arguments)
            assert page.structured_content is not None
            seen += [memory["text"] for memory in page.structured_content["memories"]]
            arguments = {"limit": 50, "cursor": page.structured_content.get("next")}

    assert seen == texts[::-1]
    assert arguments["cursor"] is None


async def test_a_page_that_is_no_longer_there_is_empty(site: Site) -> None:
    async with site.client() as client:
        await remember(client, "likes tea")

        assert await say(client, "list_memories", cursor="7.20") == "No memories found."


@pytest.mark.parametrize("cursor", ["nonsense", "0.5", "2", "1.0", "99999999.1"])
async def test_a_cursor_that_is_none_is_refused(site: Site, cursor: str) -> None:
    async with site.client() as client:
        assert "cursor" in await refused(client, "list_memories", cursor=cursor)

    assert site.platform.asked == []


# -- deleting is for good


async def test_who_deletes_is_told_that_it_is_for_good(site: Site) -> None:
    asked: list[str] = []

    async def question(context: object, params: ElicitRequestParams) -> ElicitResult:
        asked.append(params.message)
        return await agree(context, params)

    async with site.client(elicitation_callback=question) as client:
        first, _ = await remember(client, "likes tea", "likes cake")
        some = await client.call_tool("delete_memories", {"ids": [first]})
        everything = await client.call_tool("delete_all", {})

    for result in (some, everything):
        assert "gone for good" in text_of(result)
        assert "gone for good" in str(result.structured_content)
    assert "gone for good" in asked[0]
