"""What a model reads when the platform refuses, fails or falls silent; and that nothing is repeated."""

from typing import Any

import httpx
import pytest
from mcp import Client
from pydantic import JsonValue, SecretStr

from openmemory_mcp.backends.base import BackendError
from openmemory_mcp.backends.hosted import HostedBackend
from openmemory_mcp.backends.platform import AccountError, account
from openmemory_mcp.caller import Caller
from openmemory_mcp.server import create_server
from tests.mcp.hosted import Site, refused, remember, say, text_of
from tests.mcp.loopback import free_port, serving
from tests.mcp.platform import (
    KEY,
    Platform,
    Rule,
    answering,
    check_contract,
    cut,
    hang,
    once,
    pending,
)

ID = "018f0000-0000-7000-8000-000000000012"
CALLER = Caller("mcp-stdio", "cursor")
READS: dict[str, dict[str, Any]] = {
    "search_memory": {"query": "tea"},
    "list_memories": {},
}
WRITES: dict[str, dict[str, Any]] = {
    "add_memories": {"text": "likes coffee"},
    "update_memory": {"text": "likes coffee"},
    "delete_memories": {},
}
ENDPOINTS = (
    ("POST", "/v3/memories/"),
    ("PUT", "/v1/memories/"),
    ("DELETE", "/v1/memories/"),
)


async def call(client: Client, tool: str, id: str) -> str:
    """The error that a tool answers with."""
    arguments = (READS | WRITES)[tool]
    named = {"update_memory": {"id": id}, "delete_memories": {"ids": [id]}}
    return await refused(client, tool, **arguments, **named.get(tool, {}))


def everywhere(site: Site, rule: Rule) -> None:
    for method, path in ENDPOINTS:
        site.platform.on(method, path, rule)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, {"error": "text: too long"}, "text: too long."),
        (400, {"name": ["This field is required."]}, "name: This field is required."),
        (400, ["At least one filter is required!"], "At least one filter is required!"),
        (401, {"detail": "Invalid key"}, "Invalid key. The Mem0 platform does not accept"),
        (402, {"detail": "Usage limit reached"}, "Usage limit reached. The user's plan or quota"),
        (403, {"message": "No."}, "No. Only the user can allow it; do not retry."),
        (413, {"detail": "Too large"}, "The user's plan or quota"),
        (422, {"detail": [{"msg": "x"}]}, "refused (422); nothing was changed"),
        (429, {"detail": "Throttled"}, "Throttled. Wait 7 seconds before the next call."),
        (500, {"error": "Oops"}, "The Mem0 platform failed (500): Oops."),
        (503, "<html>maintenance</html>", "failed (503): Service Unavailable."),
        (307, "", "Ask the user to check the network and MEM0_BASE_URL"),
    ],
)
async def test_a_refusal_says_what_to_do_and_is_not_repeated(
    site: Site, status: int, body: JsonValue, said: str
) -> None:
    async with site.client() as client:
        (id,) = await remember(client, "likes tea")
        everywhere(site, answering(status, body, Retry_After="7", Location="/elsewhere/"))
        for tool in (*READS, *WRITES):
            before = len(site.platform.asked)
            answer = await call(client, tool, id)

            assert said in answer
            assert ("may or may not" in answer) == (tool in WRITES and status >= 500)
            # A change looks at the memory first.
            looks = 1 if tool in ("update_memory", "delete_memories") else 0
            assert len(site.platform.asked) - before == looks + 1

    assert list(await site.kept()) == ["likes tea"]


async def test_a_wait_that_is_given_as_a_date_is_a_minute(site: Site) -> None:
    date = "Wed, 21 Oct 2026 07:28:00 GMT"
    site.platform.on("POST", "/", answering(429, {"detail": "Throttled"}, Retry_After=date))
    async with site.client() as client:
        assert "Wait 60 seconds" in await refused(client, "search_memory", query="tea")


async def test_a_key_that_the_platform_does_not_know(platform: Platform) -> None:
    async with (
        serving(platform) as url,
        account(SecretStr("m0-wrong"), url) as http,
        Client(create_server(HostedBackend(http))) as client,
    ):
        for tool in READS:
            assert "MEM0_API_KEY" in await call(client, tool, ID)
        assert "MEM0_API_KEY" in await refused(client, "add_memories", text="likes tea")

    check_contract(platform.asked, key="m0-wrong")
    assert len(platform.writes) == 1


@pytest.mark.parametrize("tool", ["update_memory", "delete_memories"])
async def test_a_memory_that_is_not_there(site: Site, tool: str) -> None:
    async with site.client() as client:
        assert f"no such memory: {ID}" in await call(client, tool, ID)

    assert site.platform.writes == []


async def test_a_memory_that_went_between_looking_and_changing(site: Site) -> None:
    async with site.client() as client:
        (id,) = await remember(client, "likes tea")
        site.platform.on("PUT", "/", answering(404, {"error": "Memory not found!"}))

        assert f"no such memory: {id}" in await call(client, "update_memory", id)


async def test_an_address_where_something_else_lives(site: Site) -> None:
    site.platform.on("POST", "/v3/memories/add/", answering(404, "<h1>Not Found</h1>"))
    site.platform.on("POST", "/v3/memories/?page=1", answering(404, {}))
    site.platform.on("POST", "/v3/", answering(200, {"hello": "world"}))
    async with site.client() as client:
        assert "MEM0_BASE_URL" in await refused(client, "add_memories", text="likes tea")
        assert "MEM0_BASE_URL" in await refused(client, "list_memories")
        assert "does not speak the Mem0 platform's contract" in await refused(
            client, "search_memory", query="tea"
        )


async def test_a_write_that_was_answered_with_nonsense_may_have_happened(site: Site) -> None:
    site.platform.on("POST", "/v3/", answering(200, ["nonsense"]))
    async with site.client() as client:
        assert "may or may not" in await refused(client, "add_memories", text="likes tea")


# -- silence


@pytest.mark.parametrize(
    ("tool", "kept"),
    [
        ("add_memories", ["likes coffee", "likes tea"]),
        ("update_memory", ["likes coffee"]),
        ("delete_memories", []),
    ],
)
@pytest.mark.parametrize(("rule", "said"), [(cut, "was cut"), (hang, "took too long")])
async def test_a_write_whose_answer_is_lost_is_not_sent_again(
    site: Site, tool: str, kept: list[str], rule: Rule, said: str
) -> None:
    async with site.client() as client:
        (id,) = await remember(client, "likes tea")
    everywhere(site, rule)
    async with site.client(patience=1) as client:
        answer = await call(client, tool, id)

    assert said in answer
    assert "may or may not have been made: look with list_memories" in answer
    assert len(site.platform.writes) == 2
    assert sorted(await site.kept()) == kept


@pytest.mark.parametrize("tool", list(READS))
@pytest.mark.parametrize(("rule", "said"), [(cut, "broke"), (hang, "took too long")])
async def test_a_read_whose_answer_is_lost_can_be_asked_again(
    site: Site, tool: str, rule: Rule, said: str
) -> None:
    everywhere(site, once(rule))
    async with site.client(patience=1) as client:
        answer = await call(client, tool, ID)
        assert text_of(await client.call_tool(tool, READS[tool])) == "No memories found."

    assert said in answer
    assert "Try again" in answer


class Unsteady(httpx.AsyncBaseTransport):
    """A network on which the first connections fail."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.tried = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.tried += 1
        if self.tried <= self.failures:
            raise httpx.ConnectError("Network is unreachable")
        return httpx.Response(200, json={"results": []})


async def test_a_read_that_could_not_be_sent_is_tried_once_more() -> None:
    for failures, tried in ((1, 2), (9, 2)):
        network = Unsteady(failures)
        async with httpx.AsyncClient(transport=network, base_url="http://platform") as http:
            backend = HostedBackend(http)
            if failures == 1:
                assert (await backend.search(CALLER, "tea", limit=1)).results == []
            else:
                with pytest.raises(BackendError, match=r"reached at http://platform: Network is"):
                    await backend.search(CALLER, "tea", limit=1)
        assert network.tried == tried


async def test_a_write_that_could_not_be_sent_is_not_tried_again_and_changed_nothing() -> None:
    network = Unsteady(1)
    async with httpx.AsyncClient(transport=network, base_url="http://platform") as http:
        with pytest.raises(BackendError, match="Nothing was changed"):
            await HostedBackend(http).add(CALLER, "likes tea", infer=True)

    assert network.tried == 1


async def test_nobody_at_the_address() -> None:
    url = f"http://anna:secret@127.0.0.1:{free_port()}"
    async with account(SecretStr(KEY), url) as http:
        with pytest.raises(BackendError, match="check the network and MEM0_BASE_URL") as raised:
            await HostedBackend(http).list(CALLER, limit=1, cursor=None)

    assert "secret" not in str(raised.value)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("key", [None, "", "  ", "m0-ü", "m0-a\nb"])
def test_without_a_key_that_can_be_sent_nothing_starts(key: str | None) -> None:
    with pytest.raises(AccountError, match="MEM0_API_KEY"):
        account(None if key is None else SecretStr(key), "http://platform")


def test_an_address_that_is_none_is_named() -> None:
    with pytest.raises(AccountError, match="MEM0_BASE_URL"):
        account(SecretStr(KEY), "http://platform:port")


# -- adds that the platform carries out later


async def test_a_queued_add_is_waited_for(site: Site) -> None:
    still = answering(200, {"status": "RUNNING", "results": []})
    pending(once(still))(site.platform)
    async with site.client() as client:
        result = await client.call_tool("add_memories", {"text": "likes tea"})

    row = (await site.kept())["likes tea"]
    assert text_of(result) == f"added [{row['id']}] likes tea"
    assert len(site.platform.sent("GET /v1/event/")) == 2
    assert len(site.platform.writes) == 1


async def test_an_event_that_is_not_there_yet_is_asked_for_again(site: Site) -> None:
    pending(once(answering(404, {"error": "Event not found"})))(site.platform)
    async with site.client() as client:
        assert (await say(client, "add_memories", text="likes tea")).startswith("added [")


@pytest.mark.parametrize(
    "event",
    [
        answering(200, {"status": "PENDING"}),
        answering(200, {"status": "RUNNING", "results": None}),
        answering(200, {"status": "SOMETHING_NEW", "results": []}),
        answering(404, {"error": "Event not found"}),
        answering(500, {"error": "Oops"}),
        answering(429, {"detail": "Throttled"}),
        answering(200, "nonsense"),
    ],
)
async def test_an_add_that_is_not_done_in_time_is_queued_under_its_event(
    site: Site, event: Rule
) -> None:
    pending(event)(site.platform)
    async with site.client(add_wait=0.6) as client:
        result = await client.call_tool("add_memories", {"text": "likes tea"})

    assert not result.is_error
    assert result.structured_content is not None
    queued = result.structured_content["queued"]
    assert text_of(result) == f"queued: memories follow (event {queued})"
    polled = site.platform.sent("GET /v1/event/")
    assert {each.path for each in polled} == {f"/v1/event/{queued}/"}
    assert len(site.platform.writes) == 1


async def test_nothing_is_asked_for_where_nobody_wants_to_wait(site: Site) -> None:
    pending()(site.platform)
    async with site.client(add_wait=0) as client:
        assert "queued" in await say(client, "add_memories", text="likes tea")

    assert site.platform.sent("GET") == []


@pytest.mark.parametrize("error", ["The text could not be read", None])
async def test_an_add_that_failed_is_an_error_with_its_reason(
    site: Site, error: str | None
) -> None:
    pending(answering(200, {"status": "FAILED", "results": [], "error": error}))(site.platform)
    async with site.client() as client:
        said = await refused(client, "add_memories", text="likes tea")

    assert (error or "does not say why") in said
    assert "list_memories" in said
    assert len(site.platform.writes) == 1


async def test_what_an_event_did_is_told_kind_by_kind(site: Site) -> None:
    results: JsonValue = [
        {"id": ID, "event": "ADD", "data": {"memory": "likes tea"}},
        {"id": ID, "event": "NONE", "memory": "likes cake"},
        {"id": ID, "event": "SUPERSEDE"},
        {"id": ID, "event": "DELETE", "data": None},
    ]
    pending(answering(200, {"status": "SUCCEEDED", "results": results}))(site.platform)
    async with site.client() as client:
        said = await say(client, "add_memories", text="likes tea")

    assert said.splitlines() == [
        f"added [{ID}] likes tea",
        f"unchanged [{ID}] likes cake",
        f"updated [{ID}]",
        f"deleted [{ID}]",
    ]


async def test_a_queued_add_without_an_event_is_queued(site: Site) -> None:
    site.platform.on("POST", "/v3/memories/add/", answering(200, {"status": "PENDING"}))
    async with site.client() as client:
        assert "event unknown" in await say(client, "add_memories", text="likes tea")

    assert site.platform.sent("GET") == []
