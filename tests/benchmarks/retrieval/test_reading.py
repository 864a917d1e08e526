"""Data sets of other people's formats, in miniature, and our own lines."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.retrieval.lines import read_lines, write_lines
from benchmarks.retrieval.longmemeval import read_longmemeval
from benchmarks.retrieval.reading import FORMATS, read

LOCOMO: list[dict[str, Any]] = [
    {
        "sample_id": "talk-1",
        "conversation": {
            "speaker_a": "Ida",
            "speaker_b": "Olu",
            "session_2_date_time": "12:05 am on 9 June, 2024",
            "session_2": [{"speaker": "Olu", "dia_id": "D2:1", "text": "The kiln arrived."}],
            "session_10_date_time": "7:00 pm on 1 July, 2024",
            "session_10": [
                {
                    "speaker": "Ida",
                    "dia_id": "D10:1",
                    "text": "Look!",
                    "blip_caption": "a photo of a blue jug",
                }
            ],
            "session_11_date_time": "7:00 pm on 2 July, 2024",
        },
        "qa": [
            {"question": "What came?", "answer": "a kiln", "evidence": ["D2:01"], "category": 1},
            {"question": "Both?", "answer": "x", "evidence": ["D2:1; D10:1"], "category": 4},
            {"question": "Ida's kiln?", "evidence": ["D2:1"], "category": 5},
            {"question": "Nothing", "answer": "x", "evidence": ["D99:1"], "category": 2},
            {"question": "Nowhere", "answer": "x", "evidence": [], "category": 2},
        ],
    }
]
LONGMEMEVAL: list[dict[str, Any]] = [
    {
        "question_id": "q1",
        "question_type": "multi-session",
        "question": "How many plants do I have?",
        "answer": "3",
        "question_date": "2023/05/30 (Tue) 23:40",
        "haystack_dates": [
            "2023/05/20 (Sat) 02:21",
            "2023/05/21 (Sun) 10:00",
            "2023/05/22 (Mon) 09:00",
        ],
        "haystack_session_ids": ["s_a", "s_b", "s_a"],
        "haystack_sessions": [
            [
                {"role": "user", "content": "I bought two ferns.", "has_answer": True},
                {"role": "assistant", "content": "Lovely."},
            ],
            [{"role": "user", "content": "  "}, {"role": "user", "content": "Hello"}],
            [{"role": "user", "content": "And a cactus.", "has_answer": True}],
        ],
        "answer_session_ids": ["s_a"],
    },
    {
        "question_id": "q2_abs",
        "question_type": "single-session-user",
        "question": "What is my goldfish called?",
        "answer": "never said",
        "question_date": "2023/06/01 (Thu) 08:00",
        "haystack_dates": ["2023/05/20 (Sat) 02:21"],
        "haystack_session_ids": ["s_c"],
        "haystack_sessions": [[{"role": "user", "content": "I like fish."}]],
        "answer_session_ids": ["s_c"],
    },
]


def written(folder: Path, content: object) -> Path:
    path = folder / "data.json"
    path.write_text(json.dumps(content), "utf-8")
    return path


def test_locomo_s_turns_come_with_speaker_time_and_caption(tmp_path: Path) -> None:
    (conversation,) = read(written(tmp_path, LOCOMO), "locomo").conversations
    assert conversation.user == "talk-1"
    assert [session.id for session in conversation.sessions] == ["session_2", "session_10"]
    (first, said), (second, shown) = conversation.turns()
    assert (first.id, first.speaker, first.text) == ("D2:1", "Olu", "The kiln arrived.")
    assert said == datetime(2024, 6, 9, 0, 5, tzinfo=UTC)
    assert second.text == "Look! [shares a photo of a blue jug]"
    assert shown == datetime(2024, 7, 1, 19, 0, tzinfo=UTC)


def test_locomo_s_evidence_is_found_however_it_is_written(tmp_path: Path) -> None:
    data = read(written(tmp_path, LOCOMO), "locomo")
    assert [sorted(each.evidence) for each in data.questions] == [
        ["D2:1"],
        ["D10:1", "D2:1"],
        ["D2:1"],
    ]
    assert [each.labels["category"] for each in data.questions] == [
        "multi-hop",
        "single-hop",
        "adversarial",
    ]
    assert [each.apart for each in data.questions] == [False, False, True]
    assert data.unusable == 2


def test_longmemeval_counts_sessions_or_the_turns_that_answer(tmp_path: Path) -> None:
    path = written(tmp_path, LONGMEMEVAL)
    first, second = read(path, "longmemeval").questions
    assert first.evidence == {"s_a"}
    assert first.asked_at == datetime(2023, 5, 30, 23, 40, tzinfo=UTC)
    assert (second.evidence, second.apart) == (frozenset(), True)
    by_turn = read(path, "longmemeval-turns").questions[0]
    assert by_turn.evidence == {"s_a:0", "s_a#1:0"}


def test_a_longmemeval_session_that_occurs_twice_counts_as_one() -> None:
    haystack = read_longmemeval(LONGMEMEVAL).conversations[0]
    turns = [turn for turn, _ in haystack.turns()]
    assert len({turn.id for turn in turns}) == len(turns) == 4
    assert [turn.counts_as for turn in turns] == ["s_a", "s_a", "s_b", "s_a"]
    assert turns[1].role == "assistant"


def test_lines_are_read_as_they_are_written() -> None:
    lines = [
        '{"memory": "m1", "user": "u", "session": "s", "time": "2025-03-04T19:20:00+00:00",'
        ' "speaker": "Anna", "text": "Ich mag Käse."}',
        '{"memory": "m2", "user": "u", "session": "s", "time": "2025-03-04T19:20:00+00:00",'
        ' "role": "assistant", "text": "好的"}',
        '{"question": "q", "user": "u", "text": "Was?", "evidence": ["m1"],'
        ' "labels": {"kind": "direct"}, "apart": true}',
    ]
    data = read_lines([*lines, ""])
    assert read_lines(write_lines(data)) == data
    assert list(write_lines(data)) == lines
    assert [said for _, said in data.conversations[0].turns()] == [
        datetime(2025, 3, 4, 19, 20, 0, tzinfo=UTC),
        datetime(2025, 3, 4, 19, 20, 1, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"text": "?"}', "neither"),
        ('{"question": "q", "user": "u", "text": "?", "evidence": ["m9"]}', "m9"),
    ],
)
def test_a_line_that_makes_no_sense_is_named(line: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_lines([line])


def test_a_data_set_can_be_cut_by_its_labels(tmp_path: Path) -> None:
    data = read(written(tmp_path, LOCOMO), "locomo")
    cut = data.only({"category": "adversarial"})
    assert [each.text for each in cut.questions] == ["Ida's kiln?"]
    assert cut.turns == data.turns == 2
    bare = data.bare()
    assert [(turn.speaker, said) for turn, said in bare.conversations[0].turns()] == [
        (None, None)
    ] * 2
    assert bare.questions == data.questions
    assert data.only({"category": "none"}).conversations == []
    assert set(FORMATS) == {"locomo", "longmemeval", "longmemeval-turns", "jsonl"}
