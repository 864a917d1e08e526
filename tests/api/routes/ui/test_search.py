"""The playground: the app's own answer with the sums behind it, and which stage dropped the rest."""

from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.types import CallToolResult

from openmemory_api.container import Container
from openmemory_api.domain.memory import Lifecycle, State
from openmemory_mcp.backends.rest import RestBackend
from openmemory_mcp.caller import Launch
from openmemory_mcp.server import create_server
from tests.api.keys import bearer, make
from tests.api.stores import a_memory, put, uuid
from tests.fakes import HashEmbedder
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
ANNA = {"X-OpenMemory-User": "anna"}
CURSOR = {**ANNA, "X-OpenMemory-App": "cursor"}
DENY_TEA = {"verb": "read", "effect": "deny", "subject": {"kind": "tag", "value": "secret"}}
RULES: dict[str, list[dict[str, Any]]] = {
    "everything": [],
    "deny a tag": [{"app": "cursor", "read": "everything", "write": "own", "rules": [DENY_TEA]}],
    "own only": [{"app": "cursor", "read": "own", "write": "own"}],
    "nothing": [{"app": "cursor", "read": "nothing", "write": "nothing"}],
}
QUERIES = ("green tea", "what does Anna drink in the morning", "чай", "42", "the")


async def filled(store: Container) -> None:
    await put(
        store,
        a_memory(1, text="Anna drinks green tea in the morning", app="cursor"),
        a_memory(2, text="green paint", app="claude", tags=("secret",)),
        a_memory(3, text="tea is stored in the kitchen", app="claude"),
        a_memory(4, text="Анна пьёт чай", app="claude"),
        a_memory(5, text="green tea, of old", lifecycle=Lifecycle.SUPERSEDED),
        a_memory(6, text="green tea of Bob", user="bob"),
        *(a_memory(10 + i, text=f"note {i} about room 42", app="cursor") for i in range(15)),
    )


async def search(http: httpx.AsyncClient, query: str, **more: Any) -> dict[str, Any]:
    answer = await http.post("/api/v1/ui/search", json={"query": query, **more}, headers=ANNA)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def why(http: httpx.AsyncClient, memory: str, query: str = "tea", **more: Any) -> Any:
    body = {"query": query, "memory": memory, **more}
    answer = await http.post("/api/v1/ui/search/why-not", json=body, headers=ANNA)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def over_mcp(http: httpx.AsyncClient, query: str) -> list[dict[str, Any]]:
    server = create_server(RestBackend(http), Launch(user="anna", app="cursor"))
    async with Client(server) as client:
        answer = await client.call_tool("search_memory", {"query": query})
    assert isinstance(answer, CallToolResult)
    assert answer.structured_content is not None, answer
    return answer.structured_content["memories"]


@pytest.mark.parametrize("rules", RULES)
async def test_as_an_app_it_is_what_the_app_gets_over_mcp(
    http: httpx.AsyncClient, store: Container, rules: str
) -> None:
    await filled(store)
    if RULES[rules]:
        body = {"changes": RULES[rules]}
        assert (await http.post("/api/v1/access/apply", json=body, headers=ANNA)).is_success
    for query in QUERIES:
        tried = await search(http, query, as_app="cursor")
        mine = [(hit["item"]["short_id"], hit["score"]) for hit in tried["results"]]
        theirs = [(hit["id"], hit["score"]) for hit in await over_mcp(http, query)]
        assert [hit[0] for hit in mine] == [hit[0] for hit in theirs], query
        assert [hit[1] for hit in mine] == pytest.approx([hit[1] for hit in theirs], abs=0.005)
        assert tried["of_user"] == len((await search(http, query))["results"])


async def test_the_contributions_are_the_sum_that_the_order_goes_by(
    http: httpx.AsyncClient, store: Container
) -> None:
    await filled(store)
    for query in QUERIES:
        found = await search(http, query, top_k=100)
        assert found["candidates"] >= len(found["results"]) > 0
        sums = [hit["sum"] for hit in found["results"]]
        assert sums == sorted(sums, reverse=True)
        assert [hit["rank"] for hit in found["results"]] == list(range(1, len(sums) + 1))
        for hit in found["results"]:
            parts = [signal["contribution"] for signal in hit["signals"]]
            assert sum(parts) == pytest.approx(hit["sum"], abs=1e-5)
        assert [stage["stage"] for stage in found["timing"]] == ["embed", "find", "rank", "confirm"]


async def test_raw_values_times_weights_are_the_contributions(
    http: httpx.AsyncClient, store: Container
) -> None:
    await filled(store)
    for query in QUERIES:
        for hit in (await search(http, query, top_k=100))["results"]:
            for signal in hit["signals"]:
                product = (signal["raw"] or 0) * signal["weight"]
                assert product == pytest.approx(signal["contribution"], abs=1e-5)
    russian = (await search(http, "чай"))["results"][0]
    assert "stand_in" in [signal["signal"] for signal in russian["signals"]]


@pytest.mark.parametrize("off", ["semantic", "bm25"])
async def test_a_signal_that_is_switched_off_contributes_nothing(
    http: httpx.AsyncClient, store: Container, off: str
) -> None:
    await filled(store)
    found = await search(http, "green tea", signals={off: False})
    assert found["results"]
    for hit in found["results"]:
        signals = {signal["signal"]: signal for signal in hit["signals"]}
        assert (signals[off]["raw"], signals[off]["contribution"]) == (None, 0)
        other = {"semantic": "bm25", "bm25": "semantic"}[off]
        assert signals[other]["rank"] is not None or signals[other]["contribution"] == 0
    both = await search(http, "green tea", signals={"semantic": False, "bm25": False})
    assert {hit["sum"] for hit in both["results"]} <= {0}


async def test_matched_words_are_as_they_stand_in_the_memory(
    http: httpx.AsyncClient, store: Container
) -> None:
    await put(store, a_memory(1, text="Anna’s Café serves teas, and 緑茶 too"))

    async def terms(query: str) -> list[str]:
        return (await search(http, query))["results"][0]["terms"]

    assert await terms("what tea has the cafe") == ["Café", "teas"]
    assert await terms("Anna") == ["Anna’s"]
    assert await terms("緑茶") == ["緑茶"]
    assert await terms("zither") == []


async def test_without_an_embedder_it_says_so_as_a_search_does(
    http: httpx.AsyncClient, store: Container, embedder: HashEmbedder
) -> None:
    await filled(store)
    embedder.broken = True
    found = await search(http, "green tea", as_app="cursor")
    assert "words alone" in found["degraded"]
    for hit in found["results"]:
        signals = {signal["signal"]: signal for signal in hit["signals"]}
        assert (signals["semantic"]["raw"], signals["semantic"]["contribution"]) == (None, 0)


async def test_filters_are_those_of_the_list(http: httpx.AsyncClient, store: Container) -> None:
    await filled(store)
    found = await search(http, "green tea", filters={"app": ["claude"]})
    assert {hit["item"]["app"] for hit in found["results"]} == {"claude"}


async def test_it_is_logged_as_tried_out_and_is_no_reading_of_the_app(
    http: httpx.AsyncClient, store: Container
) -> None:
    await filled(store)
    await search(http, "green tea", as_app="cursor")
    calls = (await http.get("/api/v1/activity", headers=ANNA)).json()["results"]
    (call,) = [call for call in calls if call["query"] == "green tea"]
    assert (call["operation"], call["surface"]) == ("playground", "dashboard")
    assert (call["app"], call["kind"]) == (None, "manage")
    used = (await http.get("/api/v1/usage?by=app", headers=ANNA)).json()["results"]
    assert sum(each["reads"] for each in used) == 0


@pytest.mark.parametrize("path", ["search", "search/why-not"])
@pytest.mark.parametrize("bad", [r"\ud83d", r"\udc00 tea", " ", "x" * 20_001])
async def test_a_query_that_is_none_is_refused_and_not_logged(
    http: httpx.AsyncClient, store: Container, path: str, bad: str
) -> None:
    await filled(store)
    memory = "" if path == "search" else ', "memory": "m1"'
    body = f'{{"query": "{bad}"{memory}}}'
    headers = {**ANNA, "Content-Type": "application/json"}
    answer = await http.post(f"/api/v1/ui/{path}", content=body, headers=headers)
    assert answer.status_code == 400, answer.text
    await search(http, "green tea")
    calls = (await http.get("/api/v1/activity", headers=ANNA)).json()["results"]
    assert [call["query"] for call in calls if call["operation"] == "playground"] == [
        "green tea",
        None,
    ]
    health = (await http.get("/health")).json()
    assert (health["status"], health["activity"]["problem"]) == ("ok", None)
    assert health["background"]["problem"] is None


@pytest.mark.parametrize(
    "given",
    [
        r'"as_app": "\ud83d"',
        r'"filters": {"text": "\ud83d"}',
        r'"filters": {"category": ["\ud83d"]}',
        r'"filters": {"app": ["\ud83d"]}',
        r'"filters": {"readable_by": "\ud83d"}',
        r'"memory": "\ud83d"',
        r'"memory": "\u0000"',
    ],
)
async def test_what_no_encoding_carries_fails_nothing_anywhere(
    http: httpx.AsyncClient, store: Container, given: str
) -> None:
    await filled(store)
    path = "search/why-not" if "memory" in given else "search"
    headers = {**ANNA, "Content-Type": "application/json"}
    body = f'{{"query": "tea", {given}}}'
    answer = await http.post(f"/api/v1/ui/{path}", content=body, headers=headers)
    assert answer.status_code in (200, 400), answer.text
    await store.recorder.flush()
    assert (await http.get("/health")).json()["status"] == "ok"


# Why not.


async def test_what_is_returned_says_where(http: httpx.AsyncClient, store: Container) -> None:
    await filled(store)
    hits = (await search(http, "green tea"))["results"]
    for hit in hits:
        reason = await why(http, hit["item"]["id"], "green tea")
        assert (reason["stage"], reason["rank"]) == ("returned", hit["rank"])
        assert reason["score"] == hit["score"]


@pytest.mark.parametrize("ref", [uuid(99), uuid(6), "m77"])
async def test_what_is_not_ones_own_is_not_found(
    http: httpx.AsyncClient, store: Container, ref: str
) -> None:
    await filled(store)
    assert (await why(http, ref))["stage"] == "not_found"


async def test_what_was_erased_is_not_found(http: httpx.AsyncClient, store: Container) -> None:
    await put(store, a_memory(1, state=State.PURGED, text=""))
    assert (await why(http, uuid(1)))["stage"] == "not_found"


@pytest.mark.parametrize("state", [State.PAUSED, State.ARCHIVED, State.TRASHED])
async def test_the_state_is_told(http: httpx.AsyncClient, store: Container, state: State) -> None:
    await put(store, a_memory(1, text="tea", state=state))
    assert (await why(http, "m1"))["stage"] == "state"
    assert (await why(http, "m1", as_app="cursor"))["stage"] == "state"


async def test_what_the_app_may_not_read_is_told_with_the_rule(
    http: httpx.AsyncClient, store: Container
) -> None:
    await filled(store)
    body = {"changes": RULES["deny a tag"]}
    assert (await http.post("/api/v1/access/apply", json=body, headers=ANNA)).is_success
    reason = await why(http, "m2", "green", as_app="cursor")
    assert reason["stage"] == "not_readable"
    assert reason["explanation"]["because"] == "denied"
    assert reason["explanation"]["rules"][0]["subject"] == {"kind": "tag", "value": "secret"}
    assert "secret" in reason["text"]
    assert (await why(http, "m2", "green"))["stage"] == "returned"


async def test_a_paused_app_reads_nothing(http: httpx.AsyncClient, store: Container) -> None:
    await filled(store)
    body = {"changes": [{"app": "cursor", "paused": True}]}
    assert (await http.post("/api/v1/access/apply", json=body, headers=ANNA)).is_success
    reason = await why(http, "m1", "green tea", as_app="cursor")
    assert (reason["stage"], reason["explanation"]["because"]) == ("not_readable", "paused")
    assert (await search(http, "green tea", as_app="cursor"))["results"] == []


async def test_what_has_expired_is_told(http: httpx.AsyncClient, store: Container) -> None:
    await put(store, a_memory(1, text="tea", expiration_date="2026-02-28"))
    reason = await why(http, "m1")
    assert reason["stage"] == "expired"
    assert "2026-02-28" in reason["text"]


async def test_what_was_replaced_or_filtered_away_is_told(
    http: httpx.AsyncClient, store: Container
) -> None:
    await filled(store)
    replaced = await why(http, "m5", "green tea")
    assert (replaced["stage"], "newer" in replaced["text"]) == ("filtered", True)
    filtered = await why(http, "m1", "green tea", filters={"app": ["claude"]})
    assert (filtered["stage"], "filters" in filtered["text"]) == ("filtered", True)


async def test_below_the_threshold_and_beyond_the_cut(
    http: httpx.AsyncClient, store: Container
) -> None:
    await filled(store)
    weak = await why(http, "m3", "green tea", threshold=0.99)
    assert weak["stage"] == "below_threshold"
    assert weak["score"] < 0.99
    order = [hit["item"]["id"] for hit in (await search(http, "room 42", top_k=100))["results"]]
    cut = await why(http, order[11], "room 42", top_k=10)
    assert (cut["stage"], cut["rank"]) == ("cut", 12)
    assert "12th" in cut["text"]


async def test_no_candidate_where_others_are_nearer(
    http: httpx.AsyncClient, store: Container
) -> None:
    near = [a_memory(i, text=f"green tea {i}") for i in range(1, 121)]
    await put(store, *near, a_memory(200, text="a zither"))
    reason = await why(http, "m200", "green tea")
    assert reason["stage"] == "no_candidate"


# Who may.


async def test_who_may_not(http: httpx.AsyncClient, store: Container) -> None:
    await filled(store)
    body = {"query": "tea"}
    as_cursor = {**body, "as_app": "cursor"}
    assert (await http.post("/api/v1/ui/search", json=body, headers=CURSOR)).status_code == 403
    plain = bearer(await make(http, user_id="anna"))
    assert (await http.post("/api/v1/ui/search", json=body, headers=plain)).status_code == 200
    refused = await http.post("/api/v1/ui/search", json=as_cursor, headers=plain)
    assert refused.status_code == 403
    writer = bearer(await make(http, user_id="anna", scopes=["memory:write"]))
    assert (await http.post("/api/v1/ui/search", json=body, headers=writer)).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"query": ""},
        {"query": "  "},
        {"query": "x" * 20_001},
        {"query": "tea", "as_app": "no app"},
        {"query": "tea", "top_k": 0},
        {"query": "tea", "threshold": 2},
        {"query": "tea", "signals": {"other": True}},
        {"query": "tea", "filters": {"catgory": ["food"]}},
        {"query": "tea", "filters": {"category": "food"}},
    ],
)
async def test_bad_input_is_refused(http: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await http.post("/api/v1/ui/search", json=body, headers=ANNA)
    assert answer.status_code == 400, answer.text


async def test_an_unknown_field_of_a_filter_never_widens_a_bulk_change(
    http: httpx.AsyncClient, store: Container
) -> None:
    await filled(store)
    for wrong in ({"catgory": ["food"]}, {"limit": 1}, {"user_id": "bob"}):
        body = {"operation": "delete", "filter": wrong}
        answer = await http.post("/api/v1/ui/memories/bulk", json=body, headers=ANNA)
        assert answer.status_code == 400, answer.text
    left = (await http.get("/api/v1/ui/overview", headers=ANNA)).json()["states"]
    assert left["trashed"] == 0
