"""Entities: the users, agents, apps and runs that readable memories carry. They have no rows."""

import hashlib

from openmemory_api.db import memories as rows
from openmemory_api.db.session import Database
from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.domain.filters import KeywordField
from openmemory_api.domain.memory import ENTITY_TYPES, EntityType
from openmemory_api.domain.requests import Entity
from openmemory_api.services.access import AccessService, Scope
from openmemory_api.services.activity import note

ENTITY_FIELDS: dict[EntityType, KeywordField] = {
    "user": "user_id",
    "agent": "agent_id",
    "app": "app_id",
    "run": "run_id",
}


class EntityService:
    """Lists entities."""

    def __init__(self, database: Database, access: AccessService) -> None:
        self._database = database
        self._access = access

    async def all(self, caller: Caller) -> list[Entity]:
        """Every entity that a memory readable by the caller carries, by type and name."""
        return await self._access.answer(caller, self._within, KeyScope.READ)

    async def _within(self, scope: Scope) -> list[Entity]:
        project_id = scope.caller.project_id
        found: list[Entity] = []
        async with self._database.read() as connection:
            for kind in ENTITY_TYPES:
                carried = await rows.entities(connection, ENTITY_FIELDS[kind], scope.readable)
                found += [_entity(project_id, kind, row) for row in carried]
        note(count=len(found))
        return found

    async def page(
        self, caller: Caller, page: int, page_size: int
    ) -> tuple[int, dict[EntityType, int], list[Entity]]:
        """(how many there are, how many of each type, one page of them)."""
        found = await self.all(caller)
        totals: dict[EntityType, int] = {
            kind: sum(entity.type == kind for entity in found) for kind in ENTITY_TYPES
        }
        start = (page - 1) * page_size
        return len(found), totals, found[start : start + page_size]

    async def by_number(self, caller: Caller, kind: EntityType, number: int) -> str | None:
        """The name of the entity that was listed with `number`, if the caller can see it still."""
        for entity in await self.all(caller):
            if entity.type == kind and entity.id == number:
                return entity.name
        return None


def _entity(project_id: str, kind: EntityType, row: rows.EntityRow) -> Entity:
    return Entity(
        id=_number(project_id, kind, row.name),
        type=kind,
        name=row.name,
        total_memories=row.total,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _number(project_id: str, kind: EntityType, name: str) -> int:
    # A counter would tell a caller how many entities it cannot see. 48 bits are exact in
    # JavaScript, whose client parses the number.
    key = "\0".join((project_id, kind, name)).encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=6).digest())
