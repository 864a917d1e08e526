"""What clients read: every key of the contract, null where there is nothing."""

from dataclasses import replace
from datetime import timedelta

from openmemory_api.domain.memory import EntityIds, Lifecycle, ScoredMemory
from openmemory_api.domain.requests import (
    Action,
    ActionKind,
    Added,
    Change,
    ChangeKind,
    Entity,
    HistoryEntry,
)
from openmemory_api.routes.mem0.rendering import (
    added_out,
    entity_out,
    event_out,
    history_out,
    memory_out,
    row,
    scored_out,
)
from tests.api.routes.mem0.samples import NOON, PLAIN

ADDED = Added("event", [Change(ChangeKind.ADD, PLAIN)], removed_characters=0, indexed=True)
ENTRY = HistoryEntry(
    id="entry",
    memory_id=PLAIN.id,
    kind=ChangeKind.ADD,
    old_text=None,
    new_text=PLAIN.text,
    entities=PLAIN.entities,
    metadata=None,
    categories=None,
    role="assistant",
    action_id="event",
    app="cursor",
    created_at=NOON,
)
ACTION = Action(
    id="event",
    project_id="default",
    user_id="alice",
    app=None,
    surface="rest",
    kind=ActionKind.ADD,
    status="SUCCEEDED",
    created_at=NOON,
    completed_at=NOON + timedelta(milliseconds=1500),
    undone_by=None,
    changes=[Change(ChangeKind.ADD, PLAIN)],
)


def test_a_memory_has_every_key_and_null_where_there_is_nothing() -> None:
    assert row(memory_out(PLAIN)) == {
        "id": PLAIN.id,
        "short_id": "m12",
        "memory": PLAIN.text,
        "user_id": "alice",
        "agent_id": None,
        "app_id": None,
        "run_id": None,
        "session_id": None,
        "app": "cursor",
        "metadata": None,
        "categories": None,
        "created_at": "2025-05-17T12:00:00+00:00",
        "updated_at": "2025-05-17T12:00:00+00:00",
        "expiration_date": None,
        "structured_attributes": {
            "year": 2025,
            "month": 5,
            "day": 17,
            "hour": 12,
            "minute": 0,
            "day_of_week": "saturday",
            "week_of_year": 20,
            "day_of_year": 137,
            "quarter": 2,
            "is_weekend": True,
        },
        "immutable": False,
        "lifecycle_state": "active",
        "replaced_by": None,
        "synthesized": False,
    }


def test_a_run_is_shown_under_both_of_its_names() -> None:
    shown = memory_out(replace(PLAIN, entities=EntityIds(run_id="r1")))

    assert (shown.run_id, shown.session_id) == ("r1", "r1")


def test_what_a_memory_carries_is_shown_as_it_is() -> None:
    memory = replace(
        PLAIN,
        number=None,
        metadata={"deep": [1, {"a": None}]},
        categories=(),
        lifecycle=Lifecycle.SUPERSEDED,
        replaced_by="newer",
        expiration_date="2030-01-31",
    )

    shown = row(memory_out(memory))

    assert shown["short_id"] is None
    assert shown["metadata"] == {"deep": [1, {"a": None}]}
    assert shown["categories"] == []
    assert shown["lifecycle_state"] == "superseded"
    assert shown["replaced_by"] == "newer"
    assert shown["expiration_date"] == "2030-01-31"


def test_selected_fields_keep_the_id_and_unknown_ones_are_ignored() -> None:
    assert row(memory_out(PLAIN), ["memory", "nonsense"]) == {
        "id": PLAIN.id,
        "memory": PLAIN.text,
    }


def test_a_hit_is_a_memory_with_its_score() -> None:
    shown = row(scored_out(ScoredMemory(PLAIN, 0.75, {"semantic": 0.5})))

    assert shown["score"] == 0.75
    assert shown["score_breakdown"] == {"semantic": 0.5}
    assert {key: shown[key] for key in row(memory_out(PLAIN))} == row(memory_out(PLAIN))


def test_an_add_names_its_first_memory_at_the_top() -> None:
    assert added_out(ADDED) == {
        "id": PLAIN.id,
        "message": "Memories added successfully!",
        "status": "SUCCEEDED",
        "event_id": "event",
        "results": [
            {
                "id": PLAIN.id,
                "short_id": "m12",
                "memory": PLAIN.text,
                "data": {"memory": PLAIN.text},
                "event": "ADD",
            }
        ],
    }


def test_an_add_says_what_was_removed_and_what_cannot_be_found_yet() -> None:
    shown = added_out(replace(ADDED, removed_characters=3, indexed=False))

    assert shown["removed_characters"] == 3
    assert shown["indexing"] is True
    assert shown["status"] == "SUCCEEDED"


def test_history_has_the_names_that_the_platform_gives_it() -> None:
    assert history_out(ENTRY).model_dump() == {
        "id": "entry",
        "memory_id": PLAIN.id,
        "input": [{"role": "assistant", "content": PLAIN.text}],
        "old_memory": None,
        "new_memory": PLAIN.text,
        "user_id": "alice",
        "agent_id": None,
        "app_id": None,
        "run_id": None,
        "session_id": None,
        "app": "cursor",
        "categories": None,
        "event": "ADD",
        "event_id": "event",
        "metadata": None,
        "previous_embedding_qwen": None,
        "embedding_qwen": None,
        "created_at": "2025-05-17T12:00:00+00:00",
        "updated_at": "2025-05-17T12:00:00+00:00",
    }


def test_a_restored_memory_is_an_add_to_the_platforms_clients() -> None:
    assert history_out(replace(ENTRY, kind=ChangeKind.RESTORE)).event == "ADD"


def test_an_entity_has_a_number_for_its_id() -> None:
    entity = Entity(7, "user", "alice", 3, NOON, NOON)

    assert entity_out(entity, "default").model_dump() == {
        "id": "7",
        "name": "alice",
        "type": "user",
        "owner": "default",
        "metadata": None,
        "total_memories": 3,
        "created_at": "2025-05-17T12:00:00+00:00",
        "updated_at": "2025-05-17T12:00:00+00:00",
    }


def test_an_event_gives_its_latency_in_milliseconds() -> None:
    shown = event_out(ACTION).model_dump()

    assert shown["latency"] == 1500
    assert shown["results"][0]["data"] == {"memory": PLAIN.text}
    assert shown["results"][0]["user_id"] == "alice"
    assert shown["updated_at"] == shown["completed_at"] == "2025-05-17T12:00:01.500000+00:00"


def test_an_unfinished_event_has_an_empty_list_and_no_end() -> None:
    shown = event_out(replace(ACTION, status="PENDING", completed_at=None, changes=[]))

    assert shown.results == []
    assert shown.completed_at is None
    assert shown.latency is None
