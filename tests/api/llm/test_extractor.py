"""The model behind a real socket: what it is asked, what it may refuse, and how it fails."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import anyio
import pytest

from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.extraction import (
    Extraction,
    ExtractionFailed,
    Guidance,
    Passage,
    Said,
    Usage,
)
from openmemory_api.llm.extractor import LlmExtractor
from openmemory_api.openai_api import Endpoint, OpenAIServer
from tests.openai_double import (
    Answer,
    Hang,
    OpenAIDouble,
    Reply,
    asked,
    completion,
    error,
    facts,
    openai_double,
)

KEY = "sk-very-secret"
SAID = Passage(
    messages=(Said("user", "Anna", "I moved\nto Porto"), Said("assistant", None, "Welcome")),
    moment=datetime(2024, 5, 13, 23, 0, tzinfo=UTC),
)


@pytest.fixture
async def double() -> AsyncGenerator[OpenAIDouble]:
    async with openai_double() as running:
        yield running


@asynccontextmanager
async def connected(
    url: str, *, key: str | None = KEY, timeout: float = 5
) -> AsyncGenerator[LlmExtractor]:
    server = OpenAIServer(Endpoint("tiny", url, key), setting="LLM", timeout=timeout)
    yield LlmExtractor(server)
    await server.close()


@pytest.fixture
async def extractor(double: OpenAIDouble) -> AsyncGenerator[LlmExtractor]:
    async with connected(double.url) as extractor:
        yield extractor


async def failure(extractor: LlmExtractor, passage: Passage = SAID) -> ExtractionFailed:
    with pytest.raises(ExtractionFailed) as caught:
        await extractor.extract(passage)
    return caught.value


async def test_a_passage_becomes_facts_with_what_they_cost(
    double: OpenAIDouble, extractor: LlmExtractor
) -> None:
    double.script(facts({"fact": "Anna moved to Porto", "message": 1, "date": "2024-05-12"}))
    found = await extractor.extract(SAID)
    assert [(fact.text, fact.message) for fact in found.facts] == [("Anna moved to Porto", 0)]
    assert found.facts[0].when == datetime(2024, 5, 12, tzinfo=UTC)
    assert found.usage == Usage(100, 10)


async def test_the_model_gets_the_messages_as_lines_that_none_of_them_can_end(
    double: OpenAIDouble, extractor: LlmExtractor
) -> None:
    await extractor.extract(SAID)
    body = double.chats[0].body
    assert body["model"] == "tiny"
    assert body["temperature"] == 0
    assert body["messages"][-1]["content"].startswith("Said on Monday, 2024-05-13.\n")
    assert asked(double.chats[0]) == [
        {"message": 1, "role": "user", "name": "Anna", "content": "I moved\nto Porto"},
        {"message": 2, "role": "assistant", "content": "Welcome"},
    ]
    # Two examples: small models answer rubbish without them.
    assert [message["role"] for message in body["messages"]] == [
        "system", "user", "assistant", "user", "assistant", "user",
    ]  # fmt: skip
    for example in body["messages"][2:5:2]:
        assert json.loads(example["content"])["facts"]


async def test_the_application_s_wishes_stand_with_the_task_and_not_with_the_messages(
    double: OpenAIDouble, extractor: LlmExtractor
) -> None:
    guidance = Guidance('only "food"', "allergies", "politics")
    await extractor.extract(replace(SAID, guidance=guidance))
    await extractor.extract(SAID)
    with_wishes, without = (call.body["messages"] for call in double.chats)
    for wish in ('only \\"food\\"', "allergies", "politics"):
        assert wish in with_wishes[0]["content"]
    assert with_wishes[0]["content"].startswith(without[0]["content"])
    assert with_wishes[1:] == without[1:]


async def test_the_key_goes_to_its_server_and_to_nobody_without_one(double: OpenAIDouble) -> None:
    async with connected(double.url) as with_key, connected(double.url, key=None) as without:
        await with_key.extract(SAID)
        await without.extract(SAID)
    assert [call.key for call in double.chats] == [f"Bearer {KEY}", "Bearer none"]


async def test_what_the_environment_says_of_another_server_is_not_sent(
    double: OpenAIDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_API_KEY", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "of-openai")
    async with connected(double.url, key=None) as extractor:
        await extractor.extract(SAID)
    assert "of-openai" not in double.chats[0].raw


class TestWhatServersRefuse:
    """A server without a parameter is asked without it, and from then on at once."""

    @pytest.mark.parametrize(
        ("words", "left"),
        [
            (["Unsupported value: 'temperature' must be 1"], {"response_format", "max_tokens"}),
            (
                ["'max_tokens' is not supported, use 'max_completion_tokens'"],
                {"response_format", "max_completion_tokens", "temperature"},
            ),
            (["max_tokens?", "max_completion_tokens?"], {"response_format", "temperature"}),
            (["what is json_schema", "what is json_object"], {"max_tokens", "temperature"}),
            (["bad request", "bad request"], {"max_tokens", "temperature"}),
        ],
    )
    @pytest.mark.parametrize("status", [400, 422])
    async def test_it_is_left_out(
        self,
        double: OpenAIDouble,
        extractor: LlmExtractor,
        words: list[str],
        left: set[str],
        status: int,
    ) -> None:
        double.script(*(error(status, said) for said in words))
        assert (await extractor.extract(SAID)).facts
        await extractor.extract(SAID)

        assert len(double.chats) == len(words) + 2
        for call in double.chats[-2:]:
            assert set(call.body) - {"model", "messages"} == left

    async def test_a_schema_gives_way_to_an_object_first(
        self, double: OpenAIDouble, extractor: LlmExtractor
    ) -> None:
        double.script(error(400, "response_format"))
        await extractor.extract(SAID)
        forms = [call.body["response_format"]["type"] for call in double.chats]
        assert forms == ["json_schema", "json_object"]

    async def test_a_request_that_is_refused_in_every_form_fails_for_good(
        self, double: OpenAIDouble, extractor: LlmExtractor
    ) -> None:
        double.chat = lambda _: error(400, "no")
        assert not (await failure(extractor)).again
        assert len(double.chats) == 3


AGAIN: list[tuple[str, Answer]] = [
    ("HTTP 500", error(500)),
    ("HTTP 503", Reply(b"<html>busy</html>", 503)),
    ("HTTP 429", error(429)),
    ("HTTP 408", error(408)),
    ("cannot be reached", Reply({"choices": []}, cut=0)),
    ("cannot be reached", Reply({"choices": []}, cut=40)),
    ("cannot be reached", Reply({"a": "b" * 5_000}, cut=3_000)),
    ("something else than an answer", Reply(b'{"choices": [')),
    ("cannot be used: it is empty", Reply({"choices": []})),
    ("cannot be used: it is empty", Reply({})),
    ("cannot be used: it is empty", Reply([1])),
    ("cannot be used: it is empty", Reply({"choices": [{"message": None}]})),
    ("cannot be used: it is empty", Reply("words")),
    ("cannot be used: it holds no text", completion(None)),
    ("cannot be used: it was cut off", completion('{"facts": [', finish_reason="length")),
    ("cannot be used: it has no list of facts", completion("I am a poem")),
    ("cannot be used: none of its facts", completion('{"facts": [1]}')),
]
NEVER: list[tuple[str, Answer]] = [
    ("HTTP 401 (see OPENMEMORY_LLM_API_KEY)", error(401)),
    ("HTTP 403 (see OPENMEMORY_LLM_API_KEY)", error(403)),
    ("HTTP 404 (see OPENMEMORY_LLM_MODEL and _URL)", error(404)),
    ("refused to read this", completion(None, refusal="I cannot")),
    ("refused to read this", completion("", finish_reason="content_filter")),
]


class TestFailures:
    @pytest.mark.parametrize(("said", "answer"), AGAIN, ids=range(len(AGAIN)))
    async def test_what_may_be_better_next_time_is_to_be_tried_again(
        self, double: OpenAIDouble, extractor: LlmExtractor, said: str, answer: Answer
    ) -> None:
        double.script(answer)
        failed = await failure(extractor)
        assert said in str(failed)
        assert failed.again
        # It is tried again by the queue, which survives a restart, and not in here.
        assert len(double.chats) == 1

    @pytest.mark.parametrize(("said", "answer"), NEVER, ids=range(len(NEVER)))
    async def test_what_would_be_the_same_is_not(
        self, double: OpenAIDouble, extractor: LlmExtractor, said: str, answer: Answer
    ) -> None:
        double.script(answer)
        failed = await failure(extractor)
        assert said in str(failed)
        assert not failed.again

    async def test_a_quota_that_is_used_up_does_not_fill_by_waiting(
        self, double: OpenAIDouble, extractor: LlmExtractor
    ) -> None:
        spent = {"error": {"message": "x", "code": "insufficient_quota"}}
        double.script(Reply(spent, 429))
        assert not (await failure(extractor)).again

    @pytest.mark.parametrize(
        ("header", "seconds"), [("7", 7.0), ("-1", 0.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None)]
    )
    async def test_the_server_says_how_long_to_wait(
        self, double: OpenAIDouble, extractor: LlmExtractor, header: str, seconds: float | None
    ) -> None:
        double.script(error(429, **{"Retry-After": header}))
        assert (await failure(extractor)).retry_after == seconds

    @pytest.mark.parametrize("answer", [Hang(), replace(facts("tea"), slow=0.05)])
    async def test_a_server_that_never_ends_is_given_up(
        self, double: OpenAIDouble, answer: Answer
    ) -> None:
        async with connected(double.url, timeout=1) as extractor:
            double.script(answer)
            with anyio.fail_after(20):
                failed = await failure(extractor)
        assert "did not answer within 1 s" in str(failed)
        assert failed.again

    async def test_nobody_listens(self) -> None:
        async with openai_double() as gone:
            url = gone.url
        async with connected(url) as extractor:
            failed = await failure(extractor)
        assert "cannot be reached" in str(failed)
        assert failed.again

    async def test_a_useless_answer_has_its_price_too(
        self, double: OpenAIDouble, extractor: LlmExtractor
    ) -> None:
        double.script(completion("rubbish"))
        assert (await failure(extractor)).usage == Usage(100, 10)

    @pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": "many"}, 7])
    async def test_a_server_that_does_not_count_leaves_the_price_open(
        self, double: OpenAIDouble, extractor: LlmExtractor, usage: object
    ) -> None:
        double.script(completion('{"facts": []}', usage=usage))
        assert await extractor.extract(SAID) == Extraction(())

    @pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
    async def test_no_error_repeats_what_the_server_said(
        self, double: OpenAIDouble, extractor: LlmExtractor, status: int
    ) -> None:
        double.chat = lambda call: error(status, f"you sent {call.key}: {call.body['messages']}")
        failed = await failure(extractor)
        for secret in (KEY, "Porto"):
            assert secret not in str(failed)
            assert secret not in repr(failed)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_nothing(name: str) -> None:
        """No package is there."""

    monkeypatch.setattr("openmemory_api.openai_api.find_spec", find_nothing)
    with pytest.raises(Unavailable, match=r"pip install 'openmemory-server\[openai\]'"):
        OpenAIServer(Endpoint("tiny", "http://127.0.0.1:1/v1", None), setting="LLM", timeout=5)
