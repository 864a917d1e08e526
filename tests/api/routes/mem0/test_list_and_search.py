"""Listing and searching, in all three generations."""

from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI

from tests.api.routes.mem0.conftest import Api
from tests.fakes import HashEmbedder

LISTS = [("GET", "/v1/memories/"), ("POST", "/v2/memories/"), ("POST", "/v3/memories/")]


async def test_a_list_is_newest_first_in_the_envelope(api: Api) -> None:
    ids = [await api.add(text) for text in ("one", "two", "three")]

    page = await api.ok("POST", "/v3/memories/", {"filters": {"user_id": "alice"}})

    assert [memory["id"] for memory in page["results"]] == ids[::-1]
    assert (page["count"], page["next"], page["previous"]) == (3, None, None)


async def test_pages_name_their_neighbours_by_absolute_addresses(api: Api) -> None:
    for number in range(5):
        await api.add(f"memory {number}")

    page = await api.ok("POST", "/v3/memories/?page=2&page_size=2&source=N8N", {})

    assert [memory["memory"] for memory in page["results"]] == ["memory 2", "memory 1"]
    following = urlsplit(str(page["next"]))
    assert (following.scheme, following.netloc) == ("http", "127.0.0.1:8765")
    assert following.path == "/v3/memories/"
    assert parse_qs(following.query) == {"page": ["3"], "page_size": ["2"], "source": ["N8N"]}
    assert parse_qs(urlsplit(str(page["previous"])).query)["page"] == ["1"]


async def test_the_page_of_the_query_wins_over_the_bodys(api: Api) -> None:
    for number in range(3):
        await api.add(f"memory {number}")

    in_body = await api.ok("POST", "/v3/memories/", {"page": 3, "page_size": 1})
    in_both = await api.ok("POST", "/v3/memories/?page=1&page_size=2", {"page": 3, "page_size": 1})

    assert [memory["memory"] for memory in in_body["results"]] == ["memory 0"]
    assert [memory["memory"] for memory in in_both["results"]] == ["memory 2", "memory 1"]


async def test_a_page_beyond_the_end_is_not_found_but_the_first_always_is(api: Api) -> None:
    assert (await api.ok("POST", "/v3/memories/?page=1", {}))["count"] == 0
    assert await api.refused(404, "POST", "/v3/memories/?page=2", {}) == "Invalid page."


@pytest.mark.parametrize("query", ["page=0", "page_size=0", "page_size=201", "page=x"])
async def test_a_page_that_cannot_be_is_refused(api: Api, query: str) -> None:
    await api.refused(400, "POST", f"/v3/memories/?{query}", {})


async def test_a_cursor_walks_the_whole_list(api: Api) -> None:
    for number in range(5):
        await api.add(f"memory {number}")
    seen: list[str] = []
    cursor = None

    for _ in range(3):
        page = await api.ok("POST", "/v3/memories/?page_size=2", {"cursor": cursor})
        seen += [memory["memory"] for memory in page["results"]]
        cursor = page["next_cursor"]

    assert seen == [f"memory {number}" for number in (4, 3, 2, 1, 0)]
    assert cursor is None
    assert "cursor" in await api.refused(400, "POST", "/v3/memories/", {"cursor": "x"})


async def test_everything_beside_filters_narrows_a_list(api: Api) -> None:
    await api.add("tea in 2024", metadata={"n": 1}, timestamp=1_717_200_000)
    await api.add("tea now", metadata={"n": 1})
    await api.add("coffee", metadata={"n": 2})

    assert await api.texts(keywords="TEA", start_date="2026-01-01") == ["tea now"]
    assert await api.texts(metadata={"n": 1}, end_date="2024-06-01") == ["tea in 2024"]
    assert await api.texts(user_id="bob") == []
    assert await api.texts(filters={"user_id": "*"}, agent_id="bot") == []
    assert await api.texts(categories=["food"]) == []


async def test_expired_memories_are_listed_only_when_asked_for(api: Api) -> None:
    gone = await api.add("old", expiration_date="2020-01-01")

    assert await api.texts() == []
    assert await api.texts(show_expired=True) == ["old"]
    assert (await api.ok("GET", f"/v1/memories/{gone}/"))["memory"] == "old"


async def test_chosen_fields_are_the_only_ones_besides_the_id(api: Api) -> None:
    await api.add("hello")

    listed = await api.ok("POST", "/v3/memories/", {"fields": ["memory"]})
    found = await api.ok("POST", "/v3/memories/search/", {"query": "hello", "fields": ["score"]})
    queried = await api.ok("GET", "/v1/memories/?fields=memory,&fields=user_id")

    assert set(listed["results"][0]) == {"id", "memory"}
    assert set(found["results"][0]) == {"id", "score"}
    assert set(queried[0]) == {"id", "memory", "user_id"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"filters": {}}, "filters: must not be empty"),
        ({"filters": []}, "filters: must be an object"),
        ({"filters": {"session_id": "x"}}, "unknown field"),
        ({"metadata": "x"}, "metadata"),
        ({"start_date": "soon"}, "start_date: must be"),
    ],
)
async def test_what_cannot_be_selected_by_is_refused(
    api: Api, body: dict[str, object], message: str
) -> None:
    searching = {"query": "x", **body}
    assert message in await api.refused(400, "POST", "/v3/memories/", body)
    assert message in await api.refused(400, "POST", "/v2/memories/", body)
    if "start_date" not in body:
        for version in ("v1", "v2", "v3"):
            path = f"/{version}/memories/search/"
            assert message in await api.refused(400, "POST", path, searching)


@pytest.mark.parametrize("depth", [900, 10_000])
async def test_a_body_of_any_depth_is_refused_and_nothing_breaks(api: Api, depth: int) -> None:
    body = b'{"query": "x", "filters": ' + b'{"NOT":' * depth + b"1" + b"}" * depth + b"}"

    for path in ("/v3/memories/", "/v3/memories/search/", "/v2/memories/"):
        response = await api.http.post(
            path, content=body, headers={"content-type": "application/json"}
        )
        assert response.status_code == 400


@pytest.mark.parametrize(("method", "path"), LISTS[:2])
async def test_the_older_generations_answer_an_array_unless_a_page_is_asked_for(
    api: Api, method: str, path: str
) -> None:
    for number in range(3):
        await api.add(f"memory {number}")
    body = None if method == "GET" else {"user_id": "alice"}

    whole = await api.ok(method, f"{path}?user_id=alice", body)
    page = await api.ok(method, f"{path}?user_id=alice&page=2&page_size=2", body)

    assert [memory["memory"] for memory in whole] == ["memory 2", "memory 1", "memory 0"]
    assert (page["count"], len(page["results"])) == (3, 1)


async def test_the_first_generation_reads_its_query(api: Api) -> None:
    await api.add("tea", metadata={"n": 1})
    await api.add("tea again", metadata={"n": 2})
    await api.add("bobs tea", user_id="bob")
    path = "/v1/memories/"

    async def texts(**query: str) -> list[str]:
        return [memory["memory"] for memory in await api.ok("GET", path, **query)]

    assert await texts(user_id="alice", metadata='{"n": 1}') == ["tea"]
    assert await texts(user_id="alice", metadata="{'n': 2}") == ["tea again"]
    assert await texts(filters="{'user_id': 'bob'}") == ["bobs tea"]
    assert await texts(keywords="again") == ["tea again"]
    assert await texts(categories="a,b") == []
    assert await texts(start_date="2030-01-01") == []
    assert await texts(user_id="alice", limit="1") == ["tea again"]
    assert "metadata" in await api.refused(400, "GET", path, metadata="n=1")


async def test_a_search_is_best_first_with_scores(api: Api) -> None:
    await api.add("rain in spain")
    await api.add("pizza with tea")
    await api.add("pizza")

    found = await api.ok("POST", "/v3/memories/search/", {"query": "pizza", "top_k": 2})

    assert [hit["memory"] for hit in found["results"]] == ["pizza", "pizza with tea"]
    scores = [hit["score"] for hit in found["results"]]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert {"semantic", "bm25", "entity"} <= set(found["results"][0]["score_breakdown"])
    assert "degraded" not in found


async def test_limit_is_the_older_name_of_top_k(api: Api) -> None:
    await api.add("pizza one")
    await api.add("pizza two")

    found = await api.ok("POST", "/v3/memories/search/", {"query": "pizza", "limit": 1})

    assert len(found["results"]) == 1


async def test_each_generation_has_its_own_threshold(api: Api) -> None:
    await api.add("nothing alike")

    async def count(path: str, **body: object) -> int:
        found = await api.ok("POST", path, {"query": "pizza", **body})
        return len(found["results"] if path.startswith("/v3") else found)

    assert await count("/v1/memories/search/") == 1
    assert await count("/v1/memories/search/", threshold=0.3) == 0
    assert await count("/v2/memories/search/") == 0
    assert await count("/v3/memories/search/") == 0
    assert await count("/v3/memories/search/", threshold=0) == 1


async def test_the_first_generation_answers_an_object_when_asked_for_it(api: Api) -> None:
    await api.add("pizza")
    body = {"query": "pizza", "user_id": "alice"}

    plain = await api.ok("POST", "/v1/memories/search/", body)
    wrapped = await api.ok("POST", "/v1/memories/search/", {**body, "output_format": "v1.1"})

    assert plain == wrapped["results"]
    assert wrapped["relations"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": "  "},
        {"query": "x", "top_k": 0},
        {"query": "x", "top_k": 1001},
        {"query": "x", "threshold": 1.1},
        {"query": "x", "threshold": -0.1},
        {"query": "x", "reference_date": "soon"},
    ],
)
async def test_a_search_out_of_bounds_is_refused(api: Api, body: dict[str, object]) -> None:
    for version in ("v1", "v2", "v3"):
        await api.refused(400, "POST", f"/{version}/memories/search/", body)


async def test_a_search_says_when_only_words_were_compared(
    api: Api, embedder: HashEmbedder
) -> None:
    await api.add("pizza")
    embedder.broken = True

    found = await api.ok("POST", "/v3/memories/search/", {"query": "pizza"})

    assert [hit["memory"] for hit in found["results"]] == ["pizza"]
    assert found["degraded"]


async def test_another_users_memories_are_simply_not_there(api: Api) -> None:
    await api.add("pizza")
    bob = api.acting(User="bob")

    assert await bob.texts(filters={"user_id": "alice"}) == []
    assert await bob.ok("GET", "/v1/memories/?user_id=alice") == []
    found = await bob.ok("POST", "/v3/memories/search/", {"query": "pizza", "user_id": "alice"})
    assert found == {"results": []}


async def test_the_contract_is_in_the_openapi_document(app: FastAPI) -> None:
    paths = app.openapi()["paths"]

    assert {"/v3/memories/add/", "/v1/batch/", "/v1/event/{event_id}/"} <= set(paths)
