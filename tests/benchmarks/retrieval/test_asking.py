"""The harness against a real server that asks for a key."""

import httpx
import pytest

from benchmarks.retrieval.asking import Wish, add_body, asked, search_body
from benchmarks.retrieval.records import Conversation, DataSet, Question, Session, Turn, instant
from benchmarks.retrieval.serving import Address, served

TALK = Session(
    "s1",
    instant("2025-05-04T10:00:00"),
    [Turn("t1", "I sold the green kettle.", "Ida"), Turn("t2", "To whom?", role="assistant")],
)
DATA = DataSet(
    [Conversation("u", [TALK]), Conversation("v", [Session("s1", None, [Turn("t9", "A kettle")])])],
    [
        Question(
            "q1", "u", "What about the kettle?", frozenset({"t1"}), asked_at=instant("2025-06-01")
        )
    ],
)


def test_a_turn_and_a_question_are_sent_as_agents_send_them() -> None:
    assert add_body("u", "s1", TALK.turns[0]) == {
        "messages": [{"role": "user", "content": "I sold the green kettle.", "name": "Ida"}],
        "user_id": "u",
        "run_id": "s1",
        "metadata": {"turn": "t1"},
        "infer": False,
    }
    assert "name" not in add_body("u", "s1", TALK.turns[1])["messages"][0]
    assert search_body("u", DATA.questions[0], Wish(top_k=7)) == {
        "query": "What about the kettle?",
        "filters": {"user_id": "u"},
        "top_k": 7,
        "reference_date": "2025-06-01T00:00:00+00:00",
    }
    assert search_body("u", DATA.questions[0], Wish(threshold=0))["threshold"] == 0


async def test_a_store_is_loaded_and_asked_over_http() -> None:
    with served({"LOG_LEVEL": "warning"}) as address:
        async with asked(address, DATA) as store:
            await store.load()
            answers = await store.answers(Wish(threshold=0))
            again = await store.answers(Wish(threshold=1))
        async with asked(Address(address.url, None), DATA) as stranger:
            with pytest.raises(ExceptionGroup, match="TaskGroup") as refused:
                await stranger.load()
    # Only what this user has, each turn by its own name.
    assert answers["q1"].found[0] == "t1"
    assert set(answers["q1"].found) <= {"t1", "t2"}
    assert answers["q1"].top > 0
    assert (again["q1"].found, again["q1"].top) == ([], 0)
    assert refused.group_contains(httpx.HTTPStatusError, match="401")
