"""Bad input over REST: each with its status and what it says; never a 5xx, never a change."""

import json
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from tests.acceptance.processes import Server
from tests.acceptance.store import Store

pytestmark = pytest.mark.ci

Json = dict[str, Any]

ADD: Final = "/v3/memories/add/"
LIST: Final = "/v3/memories/"
SEARCH: Final = "/v3/memories/search/"
UNKNOWN: Final = "00000000-0000-4000-8000-000000000000"
JSON_TYPE: Final = {"Content-Type": "application/json"}


def said(content: Any, **more: Any) -> Json:
    return {"messages": [{"role": "user", "content": content}], "user_id": "bad", **more}


def nested(depth: int) -> Json:
    filters: Json = {"user_id": "bad"}
    for _ in range(depth):
        filters = {"AND": [filters]}
    return filters


@pytest.fixture
def seeded(rest: httpx.Client, user: str) -> str:
    """The id of one memory of the test's own user."""
    body = said("Seeded: the user's own fact.") | {"user_id": user}
    return rest.post(ADD, json=body).json()["id"]


def refused(answer: httpx.Response, status: int, phrase: str) -> None:
    """It has this status, and says so in the one shape that all clients read."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert phrase in body["detail"]
    assert body["detail"] == body["error"]


@pytest.mark.parametrize(
    ("path", "body", "phrase"),
    [
        pytest.param(ADD, said(""), "messages[0].content is empty", id="empty text"),
        pytest.param(ADD, said(" \n\t "), "messages[0].content is empty", id="blank text"),
        pytest.param(ADD, said("\0\0"), "messages[0].content is empty", id="only NUL"),
        pytest.param(ADD, said("x" * 20_001), "20,001 characters; at most 20,000", id="20,001"),
        pytest.param(ADD, {"messages": [], "user_id": "bad"}, "messages", id="no message"),
        pytest.param(ADD, {"user_id": "bad"}, "messages", id="messages missing"),
        pytest.param(ADD, {"messages": 5, "user_id": "bad"}, "messages", id="messages a number"),
        pytest.param(ADD, said(["x", None]), "messages", id="a part is null"),
        pytest.param(ADD, said("x") | {"user_id": ["bad"]}, "user_id", id="user_id a list"),
        pytest.param(ADD, said("x") | {"user_id": ""}, "At least one entity ID", id="no entity"),
        pytest.param(ADD, said("x") | {"user_id": "u" * 300}, "user_id", id="user_id too long"),
        pytest.param(ADD, said("x", metadata="text"), "metadata", id="metadata a text"),
        pytest.param(ADD, said("x", metadata={"k": "v" * 20_000}), "metadata", id="metadata 20 KB"),
        pytest.param(ADD, said("x", infer="perhaps"), "infer", id="infer a word"),
        pytest.param(ADD, said("x", timestamp="soon"), "timestamp", id="timestamp a word"),
        pytest.param(ADD, said("x", expiration_date="soon"), "expiration_date", id="no date"),
        pytest.param(ADD, [1, 2], "", id="a list for a body"),
        pytest.param(SEARCH, {"filters": {"user_id": "bad"}}, "query", id="no query"),
        pytest.param(SEARCH, {"query": 7, "top_k": "many"}, "top_k", id="top_k a word"),
        pytest.param(SEARCH, {"query": "x", "top_k": 0}, "top_k", id="top_k 0"),
        pytest.param(SEARCH, {"query": "x", "threshold": 2}, "threshold", id="threshold 2"),
        pytest.param(f"{LIST}?page=0", {}, "page", id="page 0"),
        pytest.param(f"{LIST}?page_size=100000", {}, "page_size", id="page_size 100,000"),
        pytest.param(f"{LIST}?page=one", {}, "page", id="page a word"),
    ],
)
def test_bodies(rest: httpx.Client, store: Store, path: str, body: Any, phrase: str) -> None:
    before = store.fingerprint()

    refused(rest.post(path, json=body), 400, phrase)

    assert store.fingerprint() == before


@pytest.mark.parametrize("path", [LIST, SEARCH])
@pytest.mark.parametrize(
    ("filters", "phrase"),
    [
        pytest.param({"colour": "red"}, "unknown field 'colour'", id="unknown field"),
        pytest.param({"user_id": {"like": "b"}}, "unknown operator 'like'", id="unknown operator"),
        pytest.param(nested(200), "levels deep", id="200 deep"),
        pytest.param({"OR": [{"user_id": "bad"}] * 10_000}, "more than", id="10,000 terms"),
        pytest.param({"user_id": {"in": ["u"] * 10_000}}, "more than", id="10,000 values"),
        pytest.param("{'user_id': 'bad'}", "must be an object", id="a Python repr"),
        pytest.param([{"user_id": "bad"}], "must be an object", id="a list"),
        pytest.param({}, "must not be empty", id="empty"),
        pytest.param({"AND": []}, "must not be empty", id="empty AND"),
        pytest.param({"OR": {"user_id": "bad"}}, "must be a list", id="OR without a list"),
        pytest.param({"user_id": 7}, "must be a string", id="an id that is a number"),
        pytest.param({"user_id": None}, "must be a string", id="a null id"),
        pytest.param({"created_at": {"gte": "soon"}}, "created_at", id="no date"),
        pytest.param({"memory_ids": ["m1"]}, "is a short id", id="a short id"),
        pytest.param({"user_id": "a\0b"}, "must not contain NUL", id="NUL"),
    ],
)
def test_filters(rest: httpx.Client, store: Store, path: str, filters: Any, phrase: str) -> None:
    before = store.fingerprint()

    refused(rest.post(path, json={"query": "x", "filters": filters}), 400, phrase)

    assert store.fingerprint() == before


@pytest.mark.parametrize("path", [LIST, SEARCH])
def test_sibling_and_with_or_means_both(
    rest: httpx.Client, seeded: str, user: str, path: str
) -> None:
    both: Json = {"AND": [{"user_id": user}], "OR": [{"run_id": "none"}, {"user_id": user}]}
    neither: Json = {**both, "OR": [{"run_id": "none"}, {"agent_id": "none"}]}

    found, nothing = (
        rest.post(path, json={"query": "fact", "filters": filters, "threshold": 0})
        for filters in (both, neither)
    )

    assert [row["id"] for row in found.json()["results"]] == [seeded]
    assert nothing.json()["results"] == []


def test_a_python_repr_selects_where_the_official_client_sends_one(
    rest: httpx.Client, seeded: str, user: str
) -> None:
    listed = rest.get("/v1/memories/", params={"filters": repr({"user_id": user})})
    assert [row["id"] for row in listed.json()] == [seeded]


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"user_id": ""}, id="empty user_id"),
        pytest.param({"filters": ""}, id="empty filters"),
        pytest.param({"filters": "{}"}, id="filters {}"),
        pytest.param({"filters": "null"}, id="filters null"),
        pytest.param({"filters": "[]"}, id="filters []"),
        pytest.param({"filters": "__import__('os').getcwd()"}, id="filters that are code"),
        pytest.param({"metadata": ""}, id="empty metadata"),
        pytest.param({"metadata": "{}"}, id="metadata {}"),
        pytest.param({"userid": "bad"}, id="a misspelt name"),
        pytest.param({"all": "true"}, id="all without a user"),
        pytest.param({"own": "true"}, id="own without an app"),
    ],
)
def test_delete_never_wipes_by_leaving_things_out(
    rest: httpx.Client, store: Store, seeded: str, query: dict[str, str]
) -> None:
    before = store.fingerprint()

    refused(rest.delete("/v1/memories/", params=query), 400, "")

    assert store.fingerprint() == before


@pytest.mark.parametrize(
    ("method", "tail"), [("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "history/")]
)
@pytest.mark.parametrize(
    ("name", "bound", "status", "phrase"),
    [
        pytest.param(UNKNOWN, False, 404, "Memory not found!", id="unknown"),
        pytest.param("another's", True, 404, "Memory not found!", id="another's"),
        pytest.param("m999", True, 404, "Memory not found!", id="m999"),
        pytest.param("m999", False, 400, "", id="m999 of no user"),
        pytest.param("not-an-id", False, 400, "", id="no id"),
        pytest.param("%00", False, 400, "", id="NUL"),
        pytest.param("..%2F..%2Fhealth", False, 400, "", id="a path"),
    ],
)
def test_ids(
    rest: httpx.Client,
    store: Store,
    seeded: str,
    method: str,
    tail: str,
    name: str,
    bound: bool,
    status: int,
    phrase: str,
) -> None:
    before = store.fingerprint()
    memory_id = seeded if name == "another's" else name
    headers = {"X-OpenMemory-User": "somebody-else"} if bound else {}
    body = {"text": "changed"} if method == "PUT" else None

    answer = rest.request(method, f"/v1/memories/{memory_id}/{tail}", json=body, headers=headers)

    refused(answer, status, phrase)
    assert store.fingerprint() == before


def test_what_cannot_be_read_looks_as_if_it_were_not_there(rest: httpx.Client, seeded: str) -> None:
    somebody = {"X-OpenMemory-User": "somebody-else"}
    answers = {
        (answer.status_code, answer.content)
        for each in (seeded, UNKNOWN, "m999", "m1")
        for answer in (rest.get(f"/v1/memories/{each}/", headers=somebody),)
    }
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("text", "kept", "removed"),
    [
        pytest.param("a\0b\0", "ab", 2, id="NUL"),
        pytest.param("שלום עולם, مرحبا", "שלום עולם, مرحبا", 0, id="RTL"),
        pytest.param("👩‍👩‍👧‍👦 and 🏴󠁧󠁢󠁷󠁬󠁳󠁿", None, None, id="emoji"),
        pytest.param("line one\nline two\tend", "line one\nline two\tend", 0, id="newline"),
        pytest.param("a\u202eb\u2066c\u200bd", "abcd", 3, id="bidi and zero width"),
        pytest.param("x" * 20_000, "x" * 20_000, 0, id="20,000 characters"),
        pytest.param("e\u0301te\u0301", "été", 0, id="NFC"),
    ],
)
def test_odd_texts_that_are_stored(
    rest: httpx.Client, store: Store, user: str, text: str, kept: str | None, removed: int | None
) -> None:
    answer = rest.post(ADD, json=said(text) | {"user_id": user})

    assert answer.status_code == 200, answer.text
    [stored] = store.texts(user_id=user)
    assert stored.startswith("👩‍👩‍👧‍👦 and 🏴") if kept is None else stored == kept
    if removed is not None:
        assert answer.json().get("removed_characters", 0) == removed
    assert rest.get(f"/v1/memories/{answer.json()['id']}/").json()["memory"] == stored


@pytest.mark.parametrize(
    "escape",
    [r"\ud800", r"\udfff", r"\udc00\ud800", r"\ud83d x"],
    ids=["high", "low", "swapped", "cut"],
)
@pytest.mark.parametrize(
    "place", ["content", "user_id", "metadata", "metadata key", "filters", "query"]
)
def test_lone_surrogates(rest: httpx.Client, store: Store, escape: str, place: str) -> None:
    before = store.fingerprint()
    message = '{"messages":[{"role":"user","content":"%s"}],"user_id":"%s","metadata":{"%s":"%s"}}'
    path, body = {
        "content": (ADD, message % (escape, "bad", "k", "v")),
        "user_id": (ADD, message % ("x", escape, "k", "v")),
        "metadata": (ADD, message % ("x", "bad", "k", escape)),
        "metadata key": (ADD, message % ("x", "bad", escape, "v")),
        "filters": (LIST, f'{{"filters":{{"user_id":"{escape}"}}}}'),
        "query": (SEARCH, f'{{"query":"{escape}","filters":{{"user_id":"bad"}}}}'),
    }[place]

    refused(rest.post(path, content=body, headers=JSON_TYPE), 400, "surrogate")

    assert store.fingerprint() == before


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("path", [ADD, SEARCH, LIST])
def test_five_megabytes(rest: httpx.Client, store: Store, path: str, chunked: bool) -> None:
    before = store.fingerprint()
    body = json.dumps(said("x" * 5_000_000) | {"query": "x"}).encode()
    pieces = (body[at : at + 65_536] for at in range(0, len(body), 65_536))

    answer = rest.post(path, content=pieces if chunked else body, headers=JSON_TYPE)

    refused(answer, 413, "over 4 MB")
    assert store.fingerprint() == before


@pytest.mark.parametrize("path", [ADD, SEARCH, LIST])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="an open brace"),
        pytest.param(b"{'a': 1}", id="single quotes"),
        pytest.param(b'{"metadata": {"k": NaN}}', id="NaN"),
        pytest.param(b'"text"', id="a string"),
        pytest.param(b"null", id="null"),
        pytest.param(b"\xff\xfe\x00", id="no UTF-8"),
        pytest.param(b"[" * 100_000, id="100,000 brackets"),
        pytest.param(b'{"metadata":' + b"[" * 5_000 + b"]" * 5_000 + b"}", id="5,000 deep"),
        pytest.param(b'{"page": 1' + b"0" * 5_000 + b"}", id="a number of 5,000 digits"),
    ],
)
def test_malformed_json(rest: httpx.Client, store: Store, path: str, body: bytes) -> None:
    before = store.fingerprint()

    refused(rest.post(path, content=body, headers=JSON_TYPE), 400, "")

    assert store.fingerprint() == before


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "", "nonsense"]
)
def test_wrong_content_type(rest: httpx.Client, store: Store, kind: str) -> None:
    before = store.fingerprint()
    body = json.dumps(said("From a form of another page.")).encode()

    refused(rest.post(ADD, content=body, headers={"Content-Type": kind}), 400, "")

    assert store.fingerprint() == before


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{LIST}?page=99&page_size=10", 404),
        (f"{LIST}?page=1000000000&page_size=200", 404),
        ("/v2/memories/?page=99&page_size=10", 404),
    ],
)
def test_a_page_beyond_the_end(
    rest: httpx.Client, seeded: str, user: str, path: str, status: int
) -> None:
    refused(rest.post(path, json={"filters": {"user_id": user}}), status, "Invalid page.")


PATHS: Final = ("/health", "/v1/ping/", "/mcp", "/mcp/a/sse/b", "/docs", "/", "/no/such/path")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("headers", "status", "phrase"),
    [
        pytest.param({"Host": "evil.example"}, 421, "OPENMEMORY_ALLOWED_HOSTS", id="Host"),
        pytest.param({"Host": "127.0.0.1.evil.example"}, 421, "evil", id="Host that looks local"),
        pytest.param({"Host": "169.254.169.254"}, 421, "169.254", id="Host of another address"),
        pytest.param(
            {"Origin": "https://evil.example"}, 403, "OPENMEMORY_ALLOWED_ORIGINS", id="Origin"
        ),
        pytest.param({"Origin": "null"}, 403, "null", id="Origin null"),
        pytest.param({"Origin": "http://localhost.evil.example"}, 403, "evil", id="Origin local?"),
        pytest.param({"X-Forwarded-For": "8.8.8.8"}, 421, "OPENMEMORY_AUTH", id="X-Forwarded-For"),
        pytest.param({"Forwarded": "for=8.8.8.8"}, 421, "OPENMEMORY_AUTH", id="Forwarded"),
        pytest.param({"X-Real-IP": "8.8.8.8"}, 421, "OPENMEMORY_AUTH", id="X-Real-IP"),
        pytest.param({"X-Forwarded-Host": "a.b"}, 421, "OPENMEMORY_AUTH", id="X-Forwarded-Host"),
        pytest.param({"Via": "1.1 proxy"}, 421, "OPENMEMORY_AUTH", id="Via"),
    ],
)
def test_foreign_callers(
    rest: httpx.Client, path: str, headers: dict[str, str], status: int, phrase: str
) -> None:
    refused(rest.get(path, headers=headers), status, phrase)


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]:8080"]
)
def test_pages_of_this_machine_may_call(rest: httpx.Client, origin: str) -> None:
    assert rest.get("/v1/ping/", headers={"Origin": origin}).status_code == 200


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_names_of_this_machine(server: Server, name: str) -> None:
    assert httpx.get(f"http://{name}:{server.home.port}/health").status_code == 200


def test_a_key_of_ours_is_verified_even_where_none_is_needed(rest: httpx.Client) -> None:
    for headers in ({"Authorization": "Token omk_wrong"}, {"X-API-Key": "omk_wrong"}):
        refused(rest.get("/v1/ping/", headers=headers), 401, "unknown, revoked or expired")


@pytest.mark.parametrize("header", ["X-OpenMemory-User", "X-OpenMemory-App"])
def test_headers_that_name_nobody(rest: httpx.Client, store: Store, header: str) -> None:
    before = store.fingerprint()
    value = "x" * 300

    refused(rest.post(ADD, json=said("x"), headers={header: value}), 400, "")

    assert store.fingerprint() == before


def test_ids_are_what_they_are(seeded: str) -> None:
    assert str(UUID(seeded)) == seeded
