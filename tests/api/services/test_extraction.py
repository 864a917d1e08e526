"""An add that waits for a model becomes facts, or itself; once, whatever happens meanwhile."""

import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from openmemory_api.container import Container
from openmemory_api.db import jobs as rows
from openmemory_api.domain.errors import Invalid
from openmemory_api.domain.extraction import Extraction, Fact, Guidance, Usage
from openmemory_api.domain.memory import EntityIds
from openmemory_api.domain.requests import ChangeKind, Message
from openmemory_api.services.extraction import MAX_ATTEMPTS, MAX_PIECES, PATIENCE, PIECE
from openmemory_api.settings import Settings
from tests.api.stores import ANNA, settle, stored
from tests.api.waiting import (
    active,
    asked,
    busy,
    ended,
    event,
    job_rows,
    put_back,
    run_out,
    say,
    texts,
)
from tests.fakes import FakeExtractor, FrozenClock, HashEmbedder
from tests.postgres.fixtures import BOTH

DATABASES = BOTH


@pytest.fixture
def extractor() -> FakeExtractor:
    return FakeExtractor()


@asynccontextmanager
async def another(
    store: Container, extractor: FakeExtractor | None, clock: FrozenClock
) -> AsyncGenerator[Container]:
    """Another server's life on the same database."""
    container = Container(store.settings, embedder=HashEmbedder(), extractor=extractor, clock=clock)
    async with container.open():
        await container.ready()
        yield container


class TestFacts:
    async def test_an_add_is_answered_at_once_and_its_facts_follow(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        extractor.gate = anyio.Event()
        added = await say(store, ANNA, "I moved to Porto")
        assert added.pending
        assert added.changes == []
        await asked(extractor, 1)
        assert (await event(store, ANNA, added)).status == "RUNNING"
        assert await stored(store) == []

        extractor.gate.set()
        action = await ended(store, ANNA, added)
        assert action.status == "SUCCEEDED"
        assert [change.memory.text for change in action.changes] == ["fact: I moved to Porto"]
        assert action.changes[0].memory.id == added.reserved_id
        assert await job_rows(store) == []

    async def test_a_fact_carries_what_the_add_said_and_what_the_model_found_out(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        day = datetime(2024, 5, 12, tzinfo=UTC)
        extractor.script = [
            Extraction(
                (Fact("Rosa moved", 1, day), Fact("they talked", None, None), Fact("x", 0, None))
            )
        ]
        said_at = datetime(2024, 5, 13, 9, tzinfo=UTC)
        added = await say(
            store,
            ANNA,
            messages=(Message("assistant", "Hi"), Message("user", "I moved yesterday", "Rosa")),
            metadata={"tags": ["move"]},
            timestamp=said_at,
            expiration_date="2030-01-01",
            immutable=True,
            entities=EntityIds("anna", "helper", "mail", "run-1"),
        )
        await ended(store, ANNA, added)
        # In the order of their messages; what names none stands with the first.
        talked, first, moved = await active(store)
        assert [first.text, talked.text, moved.text] == ["x", "they talked", "Rosa moved"]
        assert (moved.role, moved.actor, moved.sequence) == ("user", "Rosa", 1)
        assert (moved.event_time, talked.event_time) == (day, said_at)
        # A fact of no message in particular was said by nobody in particular.
        assert (talked.role, talked.actor) == (None, None)
        for memory in (talked, first, moved):
            assert memory.inferred
            assert memory.entities == EntityIds("anna", "helper", "mail", "run-1")
            assert (memory.metadata, memory.tags) == ({"tags": ["move"]}, ("move",))
            assert (memory.expiration_date, memory.immutable) == ("2030-01-01", True)
            assert memory.source_event_id == added.action_id
            assert memory.number is not None
        assert [memory.created_at for memory in await active(store)] == [
            said_at + timedelta(microseconds=n) for n in range(3)
        ]

    async def test_the_model_is_told_when_it_was_said_and_what_to_look_for(
        self, store: Container, extractor: FakeExtractor, clock: FrozenClock
    ) -> None:
        said_at = datetime(2024, 5, 13, 9, tzinfo=UTC)
        guidance = Guidance(" only\u200b food ", None, " ")
        await ended(store, ANNA, await say(store, ANNA, "a", timestamp=said_at, guidance=guidance))
        await ended(store, ANNA, await say(store, ANNA, "b"))
        first, second = extractor.passages
        assert first.moment == said_at
        assert first.guidance == Guidance("only food", None, None)
        assert clock.now - second.moment < timedelta(seconds=1)
        assert second.guidance == Guidance()

    async def test_system_messages_are_not_told(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        messages = (Message("system", "be nice"), Message("user", "tea"))
        await ended(store, ANNA, await say(store, ANNA, messages=messages))
        assert [said.text for said in extractor.passages[0].messages] == ["tea"]

    async def test_where_there_is_nothing_to_remember_nothing_is_stored(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        extractor.script = [Extraction(())]
        action = await ended(store, ANNA, await say(store, ANNA, "hello"))
        assert (action.status, action.changes) == ("SUCCEEDED", [])
        assert await stored(store) == []

    async def test_a_repeat_is_answered_with_what_it_repeats(self, store: Container) -> None:
        await ended(store, ANNA, await say(store, ANNA, "tea"))
        again = await say(store, ANNA, "tea", "coffee")
        action = await ended(store, ANNA, again)
        assert {(change.kind, change.memory.text) for change in action.changes} == {
            (ChangeKind.NONE, "fact: tea"),
            (ChangeKind.ADD, "fact: coffee"),
        }
        assert await texts(store) == ["fact: tea", "fact: coffee"]
        assert (await active(store))[1].id == again.reserved_id

    async def test_the_facts_are_found_like_any_memory(self, store: Container) -> None:
        await ended(store, ANNA, await say(store, ANNA, "green tea"))
        await settle(store)
        assert await store.indexer.pending() == 0

    async def test_the_event_says_what_it_cost(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        extractor.script = [Extraction((Fact("tea", 0, None),), dropped=2, usage=Usage(30, 7))]
        action = await ended(store, ANNA, await say(store, ANNA, "tea"))
        assert action.detail == {
            "model": "fake-1",
            "calls": 1,
            "attempts": 1,
            "pieces": 1,
            "facts": 1,
            "verbatim": 0,
            "dropped": 2,
            "tokens_in": 30,
            "tokens_out": 7,
        }

    async def test_the_memories_of_an_extraction_can_be_undone(self, store: Container) -> None:
        added = await say(store, ANNA, "tea", "coffee")
        await ended(store, ANNA, added)
        assert len((await store.actions.undo(ANNA, added.action_id)).reversed) == 2
        assert await active(store) == []


class TestNotAsked:
    async def test_who_wants_the_text_gets_it_at_once(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        added = await say(store, ANNA, "tea", infer=False)
        assert not added.pending
        assert [change.memory.text for change in added.changes] == ["tea"]
        deduced = await say(store, ANNA, "chatter", deduced_memories=("likes tea",))
        assert [change.memory.text for change in deduced.changes] == ["likes tea"]
        assert extractor.passages == []

    async def test_what_is_out_of_bounds_is_refused_before_anything_waits(
        self, store: Container
    ) -> None:
        with pytest.raises(Invalid, match="custom_instructions has 8,001 characters"):
            await say(store, ANNA, "tea", guidance=Guidance("x" * 8_001))
        with pytest.raises(Invalid):
            await say(store, ANNA, "tea", " ")
        assert await job_rows(store) == []


class TestPieces:
    async def test_a_long_add_is_read_in_pieces_and_no_word_twice(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        long = " ".join(f"word{n}" for n in range(1_500))
        said = [f"message {n} " + "x" * 900 for n in range(20)]
        await ended(store, ANNA, await say(store, ANNA, *said, long))
        read = [part.text for passage in extractor.passages for part in passage.messages]
        assert "".join(read) == "".join([*said, long])
        for passage in extractor.passages:
            assert sum(len(part.text) for part in passage.messages) <= PIECE

    async def test_of_a_very_long_add_the_rest_is_kept_as_it_was_said(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        said = [f"{n:03} " + "x" * (PIECE - 10) for n in range(MAX_PIECES + 2)]
        action = await ended(store, ANNA, await say(store, ANNA, *said))
        assert len(extractor.passages) == MAX_PIECES
        kept = await active(store)
        assert [memory.inferred for memory in kept] == [True] * MAX_PIECES + [False] * 2
        assert [memory.text for memory in kept[-2:]] == said[-2:]
        assert action.detail is not None
        assert action.detail["fallback"] == "it is longer than is extracted of one add"

    async def test_a_piece_that_is_refused_is_kept_as_it_was_said_and_the_others_are_facts(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        said = [f"{n} " + "x" * 4_000 for n in range(3)]
        ok = Extraction((Fact("a fact", 0, None),), usage=Usage(5, 5))
        extractor.script = [ok, busy(again=False)]
        action = await ended(store, ANNA, await say(store, ANNA, *said))
        kept = await active(store)
        assert [memory.text for memory in kept] == ["a fact", said[1], f"fact: {said[2][:60]}"]
        assert [memory.inferred for memory in kept] == [True, False, True]
        assert action.detail is not None
        assert action.detail["fallback"] == "the model is busy"
        assert (action.detail["tokens_in"], action.detail["tokens_out"]) == (16, 7)

    async def test_a_message_of_which_a_part_is_refused_is_kept_whole_and_once(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        long = "word " * 3_000
        extractor.script = [Extraction((Fact("first part", 0, None),)), busy(again=False)]
        await ended(store, ANNA, await say(store, ANNA, long))
        assert await texts(store) == [long.strip()]


class TestFailures:
    async def test_it_is_tried_again_after_a_while_and_the_price_adds_up(
        self, store: Container, extractor: FakeExtractor, clock: FrozenClock
    ) -> None:
        extractor.script = [busy(), busy()]
        added = await say(store, ANNA, "tea")
        for attempt, pause in ((1, 2), (2, 10)):
            waiting = await put_back(store, ANNA, added, attempts=attempt)
            assert waiting["waiting"] == "the model is busy"
            assert await texts(store) == []
            clock.advance(timedelta(seconds=pause - 1))
            store.jobs.notice()
            assert len(extractor.passages) == attempt
            clock.advance(timedelta(seconds=1))
            store.jobs.notice()
        action = await ended(store, ANNA, added)
        assert await texts(store) == ["fact: tea"]
        assert action.detail is not None
        assert action.detail["attempts"] == 3
        assert action.detail["calls"] == 3
        assert (action.detail["tokens_in"], action.detail["tokens_out"]) == (12, 2)
        assert store.extraction.problem is None

    async def test_after_three_attempts_the_text_itself_is_stored(
        self, store: Container, extractor: FakeExtractor, clock: FrozenClock
    ) -> None:
        extractor.script = [busy()] * MAX_ATTEMPTS
        added = await say(store, ANNA, "tea", "coffee")
        await run_out(store, clock)
        action = await event(store, ANNA, added)
        assert action.status == "SUCCEEDED"
        assert action.detail is not None
        assert action.detail["fallback"] == "the model is busy"
        assert (action.detail["facts"], action.detail["verbatim"]) == (0, 2)
        assert await texts(store) == ["tea", "coffee"]
        assert not any(memory.inferred for memory in await active(store))
        assert len(extractor.passages) == MAX_ATTEMPTS
        assert store.extraction.problem == "the model is busy"

    async def test_what_would_fail_again_is_not_tried_again(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        extractor.script = [busy(again=False)]
        await ended(store, ANNA, await say(store, ANNA, "tea"))
        assert await texts(store) == ["tea"]
        assert len(extractor.passages) == 1

    @pytest.mark.parametrize(
        ("asked_for", "waits"), [(30.0, 30), (0.0, 0), (3_600.0, 60), (math.inf, 60)]
    )
    async def test_the_server_s_wish_to_wait_is_granted_within_a_minute(
        self,
        store: Container,
        extractor: FakeExtractor,
        clock: FrozenClock,
        asked_for: float,
        waits: int,
    ) -> None:
        extractor.script = [busy(retry_after=asked_for)]
        added = await say(store, ANNA, "tea")
        if waits:
            await put_back(store, ANNA, added)
            (row,) = await job_rows(store)
            assert (
                timedelta(0)
                <= row.run_after - clock.now + timedelta(seconds=1) - timedelta(seconds=waits)
                <= timedelta(seconds=1)
            )
            clock.advance(timedelta(seconds=waits))
            store.jobs.notice()
        await ended(store, ANNA, added)
        assert await texts(store) == ["fact: tea"]

    async def test_a_piece_that_is_done_is_not_paid_again(
        self, store: Container, extractor: FakeExtractor, clock: FrozenClock
    ) -> None:
        said = [f"{n} " + "x" * 4_000 for n in range(3)]
        ok = Extraction((Fact("first", 0, None),))
        extractor.script = [ok, busy(), busy()]
        await say(store, ANNA, *said)
        await run_out(store, clock)
        begun = [passage.messages[0].text[0] for passage in extractor.passages]
        assert begun == ["0", "1", "1", "1", "2"]

    async def test_while_the_model_is_down_an_add_has_one_attempt(
        self, store: Container, extractor: FakeExtractor, clock: FrozenClock
    ) -> None:
        extractor.script = [busy()] * (MAX_ATTEMPTS + 1)
        await say(store, ANNA, "tea")
        await run_out(store, clock)
        await ended(store, ANNA, await say(store, ANNA, "coffee"))
        assert await texts(store) == ["tea", "coffee"]
        assert len(extractor.passages) == MAX_ATTEMPTS + 1

        await ended(store, ANNA, await say(store, ANNA, "water"))
        assert (await texts(store))[-1] == "fact: water"

    async def test_what_has_waited_long_behind_a_model_that_is_down_waits_no_longer(
        self, store: Container, extractor: FakeExtractor, clock: FrozenClock
    ) -> None:
        extractor.gate = anyio.Event()
        extractor.script = [busy()] * 20
        adds = [await say(store, ANNA, f"tea {n}") for n in range(10)]
        await asked(extractor, 2)
        extractor.gate.set()
        for _ in range(3):
            clock.advance(timedelta(seconds=10))
            store.jobs.notice()
            await store.jobs.some_end(within=0.1)
        clock.advance(PATIENCE)
        await run_out(store, clock)
        for added in adds:
            await ended(store, ANNA, added)
        assert sorted(await texts(store)) == sorted(f"tea {n}" for n in range(10))
        assert len(extractor.passages) < 20

    async def test_a_fault_of_ours_loses_nothing_either(
        self,
        store: Container,
        extractor: FakeExtractor,
        clock: FrozenClock,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        extractor.script = [RuntimeError("a bug"), RuntimeError("a bug")]
        await say(store, ANNA, "tea")
        await run_out(store, clock)
        assert await texts(store) == ["fact: tea"]
        assert "could not be carried out" in caplog.text


class TestDeath:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """One worker, which the model can hold up: it competes for nothing meanwhile."""
        return settings.model_copy(update={"llm_concurrency": 1})

    async def test_what_a_dead_server_had_begun_is_done_by_the_next(
        self, store: Container, extractor: FakeExtractor, clock: FrozenClock
    ) -> None:
        extractor.gate = anyio.Event()
        added = await say(store, ANNA, "tea")
        await asked(extractor, 1)
        # As `kill -9` leaves it: a lease, and nobody behind it.
        clock.advance(timedelta(minutes=5))
        survivor = FakeExtractor()
        async with another(store, survivor, clock) as again:
            await ended(again, ANNA, added)
            assert await texts(again) == ["fact: tea"]
            # The first was only late: what it brings now is dropped.
            extractor.gate.set()
            await store.jobs.some_end(within=5)
            assert await texts(again) == ["fact: tea"]
        assert len(survivor.passages) == 1

    async def test_a_server_that_ends_well_gives_back_what_it_had_begun(
        self, store: Container, clock: FrozenClock
    ) -> None:
        stuck = FakeExtractor()
        stuck.gate = anyio.Event()
        async with another(store, stuck, clock) as ending:
            added = await say(ending, ANNA, "tea")
            await asked(stuck, 1)
        # No lease has to run out: the clock stands still.
        store.jobs.notice()
        action = await ended(store, ANNA, added)
        assert await texts(store) == ["fact: tea"]
        # And it was no attempt.
        assert action.detail is not None
        assert action.detail["attempts"] == 1

    async def test_a_text_that_kills_its_server_is_kept_unread_after_three_deaths(
        self, store: Container, extractor: FakeExtractor, clock: FrozenClock
    ) -> None:
        extractor.gate = anyio.Event()
        added = await say(store, ANNA, "deadly")
        await asked(extractor, 1)
        for _ in range(MAX_ATTEMPTS - 1):
            clock.advance(timedelta(minutes=5))
            async with store.database.write() as connection:
                now = clock()
                dead = await rows.claim(connection, owner="dead", now=now, until=now, at_once=10)
                assert dead is not None
        clock.advance(timedelta(minutes=5))
        survivor = FakeExtractor()
        async with another(store, survivor, clock) as again:
            action = await ended(again, ANNA, added)
        assert await texts(store) == ["deadly"]
        assert action.detail is not None
        assert "stopped 3 times" in str(action.detail["fallback"])
        assert survivor.passages == []

    async def test_a_piece_that_was_done_before_a_death_is_not_paid_again(
        self, store: Container, extractor: FakeExtractor, clock: FrozenClock
    ) -> None:
        said = [f"{n} " + "x" * 4_000 for n in range(2)]
        extractor.script = [Extraction((Fact("first", 0, None),), usage=Usage(7, 7))]
        extractor.gate, extractor.ungated = anyio.Event(), 1
        added = await say(store, ANNA, *said)
        await asked(extractor, 2)
        clock.advance(timedelta(minutes=5))
        survivor = FakeExtractor()
        async with another(store, survivor, clock) as again:
            action = await ended(again, ANNA, added)
        assert [passage.messages[0].text[0] for passage in survivor.passages] == ["1"]
        assert await texts(store) == ["first", f"fact: {said[1][:60]}"]
        assert action.detail is not None
        assert action.detail["tokens_in"] == 17

    async def test_without_a_model_what_still_waits_is_stored_as_it_was_said(
        self, store: Container, extractor: FakeExtractor, clock: FrozenClock
    ) -> None:
        extractor.gate = anyio.Event()
        added = await say(store, ANNA, "tea")
        await asked(extractor, 1)
        clock.advance(timedelta(minutes=5))
        async with another(store, None, clock) as without:
            action = await ended(without, ANNA, added)
            assert not (await say(without, ANNA, "coffee")).pending
        assert await texts(store) == ["tea", "coffee"]
        assert action.detail is not None
        assert action.detail["fallback"] == "no language model is configured any more"


async def test_no_more_are_read_at_once_than_is_set(
    store: Container, extractor: FakeExtractor
) -> None:
    extractor.gate = anyio.Event()
    adds = [await say(store, ANNA, f"tea {n}") for n in range(12)]
    await asked(extractor, 2)
    await anyio.sleep(0.1)
    extractor.gate.set()
    for added in adds:
        await ended(store, ANNA, added)
    assert extractor.most_at_once == store.settings.llm_concurrency == 2
    assert len(await active(store)) == 12


async def test_adds_without_a_wish_for_facts_go_on_beside_those_that_wait(
    store: Container, extractor: FakeExtractor
) -> None:
    extractor.gate = anyio.Event()
    await say(store, ANNA, "slow")
    await asked(extractor, 1)
    with anyio.fail_after(5):
        await say(store, ANNA, "quick", infer=False)
        assert await texts(store) == ["quick"]
    extractor.gate.set()


async def test_who_waits_gets_the_results_or_the_pending_add_again(
    store: Container, extractor: FakeExtractor
) -> None:
    extractor.gate = anyio.Event()
    added = await say(store, ANNA, "tea")
    assert await store.extraction.settled(ANNA, added, within=0.05) == added
    extractor.gate.set()
    done = await store.extraction.settled(ANNA, added, within=10)
    assert not done.pending
    assert [change.memory.text for change in done.changes] == ["fact: tea"]
