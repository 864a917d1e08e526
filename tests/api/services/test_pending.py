"""What waits for a model obeys deletions, pauses and rules that come after it."""

from dataclasses import replace

import anyio
import pytest

from openmemory_api.container import Container
from openmemory_api.domain.access import (
    Access,
    Base,
    Caller,
    Effect,
    OfCategory,
    Rule,
    Verb,
    written_by,
)
from openmemory_api.domain.errors import Forbidden, Invalid
from openmemory_api.domain.filters import ALL, Contains, Filter, In
from openmemory_api.domain.memory import EntityIds
from openmemory_api.domain.requests import ActionKind, Added, ChangeKind
from openmemory_api.domain.rules import ANY_OTHER_APP
from tests.api.stores import ADMIN, ANNA, BOB, app_of
from tests.api.waiting import asked, ended, event, job_rows, put_back, run_out, say, texts
from tests.fakes import FakeExtractor, FrozenClock
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
CURSOR, CODEX = app_of(ANNA, "cursor"), app_of(ANNA, "codex")


@pytest.fixture
def extractor() -> FakeExtractor:
    return FakeExtractor()


async def under_way(
    store: Container, extractor: FakeExtractor, caller: Caller, *said: str, **options: object
) -> Added:
    """An add that the model is reading, until the gate is opened."""
    extractor.gate = extractor.gate or anyio.Event()
    before = len(extractor.passages)
    added = await say(store, caller, *said, **options)
    await asked(extractor, before + 1)
    return added


async def deleted(store: Container, added: Added, caller: Caller = ANNA) -> None:
    """That an add has ended without a trace, now and after the model's answer."""
    action = await event(store, caller, added)
    assert action.status == "FAILED"
    assert action.completed_at is not None
    assert action.detail == {"error": "deleted before its memories were extracted"}
    assert action.changes == []


class TestDeletion:
    async def test_what_was_deleted_while_it_was_read_does_not_come_back(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        added = await under_way(store, extractor, ANNA, "my secret")
        await store.memories.delete_where(ANNA, ALL)
        await deleted(store, added)
        assert await job_rows(store) == []

        assert extractor.gate is not None
        extractor.gate.set()
        await store.jobs.some_end(within=5)
        assert await texts(store) == []
        await deleted(store, added)

    async def test_what_was_deleted_while_it_waited_is_never_read(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        adds = [await under_way(store, extractor, ANNA, f"read {n}") for n in range(2)]
        adds += [await say(store, ANNA, f"waits {n}") for n in range(3)]
        await store.memories.delete_where(ANNA, ALL)
        for added in adds:
            await deleted(store, added)
        assert extractor.gate is not None
        extractor.gate.set()
        await ended(store, ANNA, await say(store, ANNA, "later"))
        assert await texts(store) == ["fact: later"]
        assert len(extractor.passages) == 3

    @pytest.mark.parametrize(
        ("wanted", "goes"),
        [
            (In("user_id", ("anna",)), True),
            (In("run_id", ("run-1",)), True),
            (In("run_id", ("run-2",)), False),
            (In("agent_id", ("helper",)), False),
            (written_by("cursor", {}), True),
            (written_by("codex", {}), False),
            (Contains("text", "TEA"), True),
            (Contains("text", "coffee"), False),
        ],
    )
    async def test_a_deletion_covers_what_it_would_cover_if_it_were_stored(
        self, store: Container, extractor: FakeExtractor, wanted: Filter, goes: bool
    ) -> None:
        ids = EntityIds("anna", None, "cursor", "run-1")
        added = await under_way(store, extractor, CURSOR, "green tea", entities=ids)
        await store.memories.delete_where(ANNA, wanted, kind=ActionKind.DELETE_USER)
        assert extractor.gate is not None
        extractor.gate.set()
        if goes:
            await deleted(store, added)
        else:
            await ended(store, ANNA, added)
        assert await texts(store) == ([] if goes else ["fact: green tea"])

    async def test_of_several_messages_only_those_it_covers_go(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        added = await under_way(store, extractor, ANNA, "my password is x", "I like tea")
        await store.memories.delete_where(ANNA, Contains("text", "password"))
        assert "password" not in str([row.payload for row in await job_rows(store)])
        assert extractor.gate is not None
        extractor.gate.set()
        await ended(store, ANNA, added)
        assert await texts(store) == ["fact: I like tea"]
        # What was read before the deletion is not used, for it may tell of both.
        said = [[part.text for part in passage.messages] for passage in extractor.passages]
        assert said == [["my password is x", "I like tea"], ["I like tea"]]

    async def test_it_stops_at_what_its_caller_may_delete(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        await store.access.configure(ANNA, "codex", Access(write=Base.OWN))
        mine = await under_way(store, extractor, CODEX, "of codex")
        theirs = await under_way(store, extractor, CURSOR, "of cursor")
        bobs = await say(store, BOB, "of bob")
        await store.memories.delete_where(CODEX, ALL)
        assert extractor.gate is not None
        extractor.gate.set()
        await deleted(store, mine)
        await ended(store, ANNA, theirs)
        await ended(store, BOB, bobs)
        assert sorted(await texts(store)) == ["fact: of bob", "fact: of cursor"]

    async def test_an_admin_s_deletion_covers_every_user(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        adds = [(who, await under_way(store, extractor, who, "tea")) for who in (ANNA, BOB)]
        await store.memories.delete_where(ADMIN, In("user_id", ("anna", "bob")))
        for who, added in adds:
            await deleted(store, added, who)
        assert extractor.gate is not None
        extractor.gate.set()

    async def test_an_add_that_is_undone_while_it_waits_is_not_carried_out(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        added = await under_way(store, extractor, CURSOR, "tea")
        other = await under_way(store, extractor, ANNA, "coffee")
        undone = await store.actions.undo(ANNA, added.action_id)
        assert undone.action_id is not None
        action = await event(store, ANNA, added)
        assert (action.status, action.undone_by) == ("FAILED", undone.action_id)
        assert action.detail == {"error": "undone before its memories were extracted"}
        with pytest.raises(Invalid, match="already undone"):
            await store.actions.undo(ANNA, added.action_id)
        assert extractor.gate is not None
        extractor.gate.set()
        await ended(store, ANNA, other)
        assert await texts(store) == ["fact: coffee"]

    async def test_who_waits_for_it_is_told(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        added = await under_way(store, extractor, ANNA, "tea")
        await store.memories.delete_where(ANNA, ALL)
        with pytest.raises(Invalid, match="Nothing was stored: deleted before"):
            await store.extraction.settled(ANNA, added, within=5)


class TestAccess:
    async def test_nothing_of_an_app_that_is_paused_is_read_or_stored_or_lost(
        self, store: Container, extractor: FakeExtractor, clock: FrozenClock
    ) -> None:
        read = await under_way(store, extractor, CURSOR, "read")
        other = await under_way(store, extractor, ANNA, "other")
        unread = await say(store, CURSOR, "unread")
        await store.access.pause(ANNA, "cursor")
        assert extractor.gate is not None
        extractor.gate.set()
        await ended(store, ANNA, other)
        for added in (read, unread):
            waiting = await put_back(store, ANNA, added)
            assert "paused" in str(waiting["waiting"])
        assert await texts(store) == ["fact: other"]
        assert len(extractor.passages) == 2

        await store.access.pause(ANNA, "cursor", paused=False)
        await run_out(store, clock)
        assert sorted(await texts(store)) == ["fact: other", "fact: read", "fact: unread"]
        # What had been read before the pause is not read again.
        assert len(extractor.passages) == 3
        action = await event(store, ANNA, unread)
        assert action.detail is not None
        assert action.detail["attempts"] == 1

    async def test_an_app_that_may_not_add_any_more_waits_too(
        self, store: Container, extractor: FakeExtractor, clock: FrozenClock
    ) -> None:
        added = await under_way(store, extractor, CURSOR, "tea")
        await store.access.configure(ANNA, "cursor", Access(write=Base.NOTHING))
        assert extractor.gate is not None
        extractor.gate.set()
        waiting = await put_back(store, ANNA, added)
        assert "may not add" in str(waiting["waiting"])
        assert await texts(store) == []
        await store.access.configure(ANNA, "cursor", Access())
        await run_out(store, clock)
        assert await texts(store) == ["fact: tea"]

    async def test_what_waits_for_a_paused_app_is_its_user_s_to_delete(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        added = await under_way(store, extractor, CURSOR, "tea")
        await store.access.pause(ANNA, "cursor")
        assert extractor.gate is not None
        extractor.gate.set()
        await put_back(store, ANNA, added)
        await store.memories.delete_where(ANNA, ALL)
        await deleted(store, added)
        assert await job_rows(store) == []

    async def test_only_what_its_app_may_read_can_be_repeated(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        ids = EntityIds("anna", None, "shared", None)
        sdk = replace(CURSOR, surface="rest")
        await ended(store, ANNA, await say(store, ANNA, "tea", entities=ids))
        added = await under_way(store, extractor, sdk, "tea", entities=ids)
        await store.access.configure(ANNA, ANY_OTHER_APP, Access(read=Base.OWN))
        assert extractor.gate is not None
        extractor.gate.set()
        action = await ended(store, ANNA, added)
        assert [change.kind for change in action.changes] == [ChangeKind.ADD]
        assert await texts(store) == ["fact: tea", "fact: tea"]

    async def test_results_are_shown_to_those_who_may_read_them(self, store: Container) -> None:
        first = await say(store, CURSOR, "tea")
        await ended(store, ANNA, first)
        again = await say(store, CURSOR, "tea")
        await ended(store, ANNA, again)
        deny = Rule(Verb.READ, Effect.DENY, OfCategory("health"))
        await store.access.configure(ANNA, "cursor", Access(rules=(deny,)))
        for added in (first, again):
            assert (await event(store, CURSOR, added)).changes == []
            assert len((await event(store, ANNA, added)).changes) == 1

    async def test_an_app_that_is_paused_cannot_add(self, store: Container) -> None:
        await store.access.pause(ANNA, "cursor")
        with pytest.raises(Forbidden):
            await say(store, CURSOR, "tea")
        assert await job_rows(store) == []
