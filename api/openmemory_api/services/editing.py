"""What a person changes of one memory, knowing which version it was: text, metadata, categories."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

from openmemory_api.db import actions as action_rows
from openmemory_api.db.actions import contents
from openmemory_api.db.session import WriteConnection
from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.domain.errors import Conflict, Invalid, NotFound, Stale
from openmemory_api.domain.filters import canonical_json
from openmemory_api.domain.memory import KEPT, Json, Memory
from openmemory_api.domain.protocols import Clock
from openmemory_api.domain.requests import UNSET, ActionKind, MemoryRef, Unset
from openmemory_api.services.access import AccessService
from openmemory_api.services.activity import note_memories
from openmemory_api.services.indexing import Indexer
from openmemory_api.services.redaction import NO_REDACTION, Redaction
from openmemory_api.services.validation import (
    checked_categories,
    checked_metadata,
    checked_text,
    tags_of,
)
from openmemory_api.services.writing import Write, find_one

_FOUND_WITHIN: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Fields to replace; null clears one, and UNSET leaves it."""

    text: str | None = None
    metadata: dict[str, Json] | None | Unset = UNSET
    categories: tuple[str, ...] | None | Unset = UNSET
    """None makes them undecided; an empty tuple says that there are none."""
    expiration_date: str | None | Unset = UNSET


@dataclass(frozen=True, slots=True)
class Edited:
    """A memory after a change, and the action to undo it by; None where it was so before."""

    action_id: str | None
    memory: Memory
    indexed: bool
    """Whether agents find it as it is now."""


class EditService:
    """Changes one memory, if it is still as it was when that was decided."""

    def __init__(
        self,
        access: AccessService,
        indexer: Indexer,
        clock: Clock,
        redaction: Redaction = NO_REDACTION,
    ) -> None:
        self._access = access
        self._indexer = indexer
        self._clock = clock
        self._redaction = redaction

    async def edit(
        self, caller: Caller, ref: MemoryRef, edit: Edit, *, versions: Collection[int] | None
    ) -> Edited:
        """Replace what is given.

        Args:
            caller: a person.
            ref: which memory.
            edit: what of it.
            versions: one of which it must be at; None for whichever.

        Raises:
            Invalid: nothing is given, or it is out of bounds.
            NotFound: the person has no such memory.
            Stale: it is at another version.
            Conflict: it is in the trash.
        """
        checked = self._checked(edit)
        await self._access.scope(caller, KeyScope.READ, KeyScope.WRITE)
        async with self._access.changing(caller) as connection:
            old = await self._found(connection, caller, ref, versions)
            edited = await self._save(connection, caller, old, checked)
        return await self._indexed(edited)

    async def restore(
        self, caller: Caller, ref: MemoryRef, version: int, *, versions: Collection[int] | None
    ) -> Edited:
        """Make a memory say again what it said at a version, as a new version.

        Raises:
            NotFound: the person has no such memory, or it had no such version.
            Stale, Conflict: as `edit`.
        """
        await self._access.scope(caller, KeyScope.READ, KeyScope.WRITE)
        async with self._access.changing(caller) as connection:
            old = await self._found(connection, caller, ref, versions)
            lived = await action_rows.versions(connection, old.id)
            held = next((row.after for row in lived if row.version == version), None)
            if held is None:
                raise NotFound(f"The memory said nothing at a version {version}")
            edited = await self._save(connection, caller, old, _edit_to(held))
        return await self._indexed(edited)

    async def _found(
        self,
        connection: WriteConnection,
        caller: Caller,
        ref: MemoryRef,
        versions: Collection[int] | None,
    ) -> Memory:
        needs = (KeyScope.READ, KeyScope.WRITE)
        scope = await self._access.scope_within(connection, caller, *needs)
        memory = await find_one(connection, caller, ref, scope.held)
        if versions is not None and memory.version not in versions:
            raise Stale(f"The memory has changed meanwhile: it is at version {memory.version}")
        if memory.state not in KEPT:
            raise Conflict("The memory is in the trash; restore it first")
        return memory

    async def _save(
        self, connection: WriteConnection, caller: Caller, old: Memory, edit: Edit
    ) -> Edited:
        new = _edited(old, edit)
        note_memories([old.id])
        if canonical_json(contents(new)) == canonical_json(contents(old)):
            return Edited(None, old, indexed=True)
        user_id = old.entities.user_id
        write = await Write.start(
            connection, caller, ActionKind.UPDATE, user_id=user_id, now=self._clock()
        )
        new = replace(new, updated_at=write.now, version=old.version + 1, change=write.change)
        await write.replace([(old, new)])
        await write.finish()
        return Edited(write.action_id, new, indexed=False)

    async def _indexed(self, edited: Edited) -> Edited:
        if edited.action_id is None:
            return edited
        memory = edited.memory
        found = await self._indexer.found([memory.id], memory.change, within=_FOUND_WITHIN)
        return replace(edited, indexed=found)

    def _checked(self, edit: Edit) -> Edit:
        if edit == Edit():
            raise Invalid("Give at least one of text, categories, metadata")
        if edit.text is not None:
            text, _ = self._redaction.text(checked_text(edit.text, name="text")[0])
            edit = replace(edit, text=text)
        if not isinstance(edit.metadata, Unset):
            metadata, _ = self._redaction.metadata(checked_metadata(edit.metadata))
            edit = replace(edit, metadata=metadata)
        if not isinstance(edit.categories, Unset):
            edit = replace(edit, categories=checked_categories(edit.categories))
        return edit


def _edited(old: Memory, edit: Edit) -> Memory:
    metadata = old.metadata if isinstance(edit.metadata, Unset) else edit.metadata
    expiration = edit.expiration_date
    return replace(
        old,
        text=old.text if edit.text is None else edit.text,
        metadata=metadata,
        tags=tags_of(metadata),
        categories=old.categories if isinstance(edit.categories, Unset) else edit.categories,
        expiration_date=old.expiration_date if isinstance(expiration, Unset) else expiration,
    )


def _edit_to(held: dict[str, Any]) -> Edit:
    categories = held["categories"]
    return Edit(
        text=held["text"],
        metadata=held["metadata"],
        categories=None if categories is None else tuple(categories),
        expiration_date=held["expiration_date"],
    )
