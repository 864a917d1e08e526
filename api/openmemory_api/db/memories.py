"""Memories in SQL: how a row becomes a `Memory`, and every statement on the table."""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import anyio.lowlevel
import numpy as np
import sqlalchemy as sa

from openmemory_api.db.filters import condition
from openmemory_api.db.session import ReadConnection, WriteConnection
from openmemory_api.db.tables import counters, memories, vectors
from openmemory_api.domain.filters import Filter, matches
from openmemory_api.domain.memory import EntityIds, Lifecycle, Memory, State
from openmemory_api.domain.protocols import Matrix, Point
from openmemory_api.domain.text import spoken

_IDS = ("user_id", "agent_id", "app_id", "run_id")
_PLAIN = (
    "id", "number", "project_id", "app", "text", "created_at", "updated_at", "expiration_date",
    "event_time", "role", "actor", "sequence", "source_event_id", "surface", "inferred",
    "immutable", "replaced_by", "version", "deleted_at", "change",
)  # fmt: skip
_NEWEST_FIRST = (memories.c.created_at.desc(), memories.c.id.desc())
_CHUNK = 500
_AT_A_STRETCH = 200
"""Rows that are made ready before other requests are served again."""


_AT = {column.key: position for position, column in enumerate(memories.c)}
_BY_ID = sa.select(memories).where(memories.c.id.in_(sa.bindparam("ids", expanding=True)))


def _where(connection: ReadConnection, wanted: Filter) -> sa.ColumnElement[bool]:
    return condition(wanted, connection.dialect.name)


def to_memory(row: Sequence[Any]) -> Memory:
    """The memory that a row beginning with the table's columns holds."""
    categories = row[_AT["categories"]]
    return Memory(
        **{name: row[_AT[name]] for name in _PLAIN},
        entities=EntityIds(*(row[_AT[name]] for name in _IDS)),
        metadata=row[_AT["meta"]],
        categories=None if categories is None else tuple(categories),
        tags=tuple(row[_AT["tags"]]),
        state=State(row[_AT["state"]]),
        lifecycle=Lifecycle(row[_AT["lifecycle"]]),
    )


def to_row(memory: Memory, fingerprint: str) -> dict[str, object]:
    """The column values of a memory."""
    return {
        **{name: getattr(memory, name) for name in _PLAIN},
        **{name: getattr(memory.entities, name) for name in _IDS},
        "meta": memory.metadata,
        "categories": None if memory.categories is None else list(memory.categories),
        "tags": list(memory.tags),
        "state": memory.state,
        "lifecycle": memory.lifecycle,
        "fingerprint": fingerprint,
    }


async def next_change(connection: WriteConnection) -> int:
    """The number of this write; numbers are given in commit order."""
    advance = (
        sa.update(counters)
        .where(counters.c.name == "change")
        .values(value=counters.c.value + 1)
        .returning(counters.c.value)
    )
    return (await connection.execute(advance)).scalar_one()


async def store_id(connection: ReadConnection) -> str:
    """What tells this store from every other, in an index that several share."""
    statement = sa.select(counters.c.value).where(counters.c.name == "store")
    return f"{(await connection.execute(statement)).scalar_one():016x}"


async def ensure_store_id(connection: WriteConnection) -> None:
    """Give the store its id when it is new."""
    known = sa.select(counters.c.value).where(counters.c.name == "store")
    if (await connection.execute(known)).scalar_one_or_none() is None:
        await _insert_store_id(connection)


async def renew_store_id(connection: WriteConnection) -> None:
    """Become another store to every index, so that each is filled from the beginning."""
    await connection.execute(sa.delete(counters).where(counters.c.name == "store"))
    await _insert_store_id(connection)


async def _insert_store_id(connection: WriteConnection) -> None:
    row = {"name": "store", "value": secrets.randbits(62)}
    await connection.execute(sa.insert(counters).values(row))


async def last_change(connection: ReadConnection) -> int:
    """The number of the last write."""
    statement = sa.select(counters.c.value).where(counters.c.name == "change")
    return (await connection.execute(statement)).scalar_one()


async def find(connection: ReadConnection, wanted: Filter, *, limit: int = 1) -> list[Memory]:
    """Up to `limit` memories of a set, newest first."""
    statement = (
        sa.select(memories).where(_where(connection, wanted)).order_by(*_NEWEST_FIRST).limit(limit)
    )
    return [to_memory(row) for row in await connection.execute(statement)]


async def by_ids(
    connection: ReadConnection, ids: Sequence[str], scope: Filter
) -> dict[str, Memory]:
    """The memories among `ids` that lie in `scope`, by the reference meaning of the filter."""
    found: dict[str, Memory] = {}
    for start in range(0, len(ids), _CHUNK):
        # Compiling a scope to SQL costs more than reading the few rows it would leave out.
        rows = await connection.execute(_BY_ID, {"ids": ids[start : start + _CHUNK]})
        named = (to_memory(row) for row in rows)
        found |= {memory.id: memory for memory in named if matches(scope, memory)}
    return found


async def page(
    connection: ReadConnection,
    wanted: Filter,
    *,
    limit: int,
    offset: int = 0,
    after: tuple[datetime, str] | None = None,
) -> list[Memory]:
    """Memories of a set, newest first, from an offset or after a (created_at, id) position."""
    statement = sa.select(memories).where(_where(connection, wanted)).order_by(*_NEWEST_FIRST)
    if after is not None:
        created_at, memory_id = after
        older = sa.or_(
            memories.c.created_at < created_at,
            sa.and_(memories.c.created_at == created_at, memories.c.id < memory_id),
        )
        statement = statement.where(older)
    rows = await connection.execute(statement.limit(limit).offset(offset))
    return [to_memory(row) for row in rows]


async def ids(connection: ReadConnection, wanted: Filter, *, limit: int) -> list[str]:
    """Up to `limit` memories of a set, by their ids alone, newest first."""
    statement = sa.select(memories.c.id).where(_where(connection, wanted))
    found = await connection.execute(statement.order_by(*_NEWEST_FIRST).limit(limit))
    return list(found.scalars())


async def count(connection: ReadConnection, wanted: Filter) -> int:
    """How many memories a set has."""
    statement = sa.select(sa.func.count()).select_from(memories).where(_where(connection, wanted))
    return (await connection.execute(statement)).scalar_one()


async def repeats(
    connection: ReadConnection, fingerprints: Iterable[str], scope: Filter
) -> dict[str, Memory]:
    """By fingerprint, the oldest memory of `scope` that an add would repeat."""
    statement = (
        sa.select(memories)
        .where(memories.c.fingerprint.in_(list(fingerprints)), _where(connection, scope))
        .order_by(memories.c.created_at.desc(), memories.c.number.desc().nulls_last())
    )
    rows = await connection.execute(statement)
    return {row[_AT["fingerprint"]]: to_memory(row) for row in rows}


async def insert(connection: WriteConnection, rows: Sequence[tuple[Memory, str]]) -> None:
    """Store new memories, each with its fingerprint."""
    if rows:
        await connection.execute(sa.insert(memories), [to_row(*row) for row in rows])


async def save(connection: WriteConnection, rows: Sequence[tuple[Memory, str, bool]]) -> None:
    """Store changed memories over their rows, each with its fingerprint.

    The third value says whether the text has changed, which leaves its vectors behind.
    """
    over = sa.update(memories).where(memories.c.id == sa.bindparam("of"))
    anew = over.values(text_version=memories.c.text_version + 1, embedded=None)
    for statement, is_new in ((over, False), (anew, True)):
        chosen = [(memory, fingerprint) for memory, fingerprint, new in rows if new is is_new]
        if chosen:
            values = [{**to_row(*each), "of": each[0].id} for each in chosen]
            for start in range(0, len(values), _AT_A_STRETCH):
                await connection.execute(statement, values[start : start + _AT_A_STRETCH])


async def move(
    connection: WriteConnection,
    moved: Sequence[Memory],
    *,
    state: State,
    now: datetime,
    change: int,
) -> list[Memory]:
    """Put memories into a state; only the trash has a `deleted_at`."""
    values = {
        "state": state,
        "deleted_at": now if state is State.TRASHED else None,
        "change": change,
    }
    ids = [memory.id for memory in moved]
    for start in range(0, len(ids), _CHUNK):
        chosen = memories.c.id.in_(ids[start : start + _CHUNK])
        version = memories.c.version + 1
        await connection.execute(
            sa.update(memories).where(chosen).values(version=version, **values)
        )
    return [
        replace(
            memory,
            state=state,
            deleted_at=now if state is State.TRASHED else None,
            change=change,
            version=memory.version + 1,
        )
        for memory in moved
    ]


async def erase(connection: WriteConnection, ids: Sequence[str], *, change: int) -> None:
    """Forget what memories said, leaving only that their ids are taken."""
    blank: dict[str, object] = {
        "state": State.PURGED, "text": "", "fingerprint": "", "meta": None, "categories": None,
        "tags": [], "actor": None, "change": change,
    }  # fmt: skip
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        await connection.execute(sa.delete(vectors).where(vectors.c.memory_id.in_(chunk)))
        await connection.execute(sa.update(memories).where(memories.c.id.in_(chunk)).values(blank))


async def changed_after(
    connection: ReadConnection, change: int, *, embedder: str, limit: int
) -> list[Point]:
    """Memories written after `change`, in the order of their writes, with current vectors."""
    statement = (
        sa.select(memories, vectors.c.pieces, vectors.c.data)
        .outerjoin(vectors, _current_vector(embedder))
        .where(memories.c.change > change)
        .order_by(memories.c.change)
        .limit(limit)
    )
    rows = (await connection.execute(statement)).all()
    if len(rows) == limit:
        # A write is taken whole or not at all, or the rest of it would never be asked for.
        rows = await _whole_last_write(connection, rows, embedder)
    points: list[Point] = []
    for start in range(0, len(rows), _AT_A_STRETCH):
        if start:
            # One write may be of very many, and nobody else is served meanwhile.
            await anyio.lowlevel.checkpoint()
        part = rows[start : start + _AT_A_STRETCH]
        points += [Point(to_memory(row), _matrix(row.pieces, row.data)) for row in part]
    return points


async def _whole_last_write(
    connection: ReadConnection, rows: Sequence[sa.Row[Any]], embedder: str
) -> list[sa.Row[Any]]:
    last = rows[-1][_AT["change"]]
    statement = (
        sa.select(memories, vectors.c.pieces, vectors.c.data)
        .outerjoin(vectors, _current_vector(embedder))
        .where(memories.c.change == last)
    )
    whole = (await connection.execute(statement)).all()
    return [*(row for row in rows if row[_AT["change"]] != last), *whole]


async def unembedded(
    connection: ReadConnection, embedder: str, *, limit: int
) -> list[tuple[str, int, str]]:
    """(id, text version, text to embed) of active memories without a vector, newest first."""
    statement = (
        sa.select(memories.c.id, memories.c.text_version, memories.c.text, memories.c.actor)
        .where(_unembedded(embedder))
        .order_by(memories.c.change.desc())
        .limit(limit)
    )
    rows = await connection.execute(statement)
    return [(row.id, row.text_version, spoken(row.text, row.actor)) for row in rows]


async def standing(
    connection: ReadConnection, embedder: str, ids: Collection[str]
) -> dict[str, tuple[bool, int]]:
    """By id: whether a memory needs no vector that it has not, and its last change."""
    lacking = sa.and_(
        memories.c.state == State.ACTIVE, memories.c.embedded.is_distinct_from(embedder)
    )
    asked, found = list(ids), dict[str, tuple[bool, int]]()
    for start in range(0, len(asked), _CHUNK):
        known = memories.c.id.in_(asked[start : start + _CHUNK])
        columns = (memories.c.id, sa.case((lacking, 1), else_=0), memories.c.change)
        rows = await connection.execute(sa.select(*columns).where(known))
        found |= {memory_id: (not lacks, change) for memory_id, lacks, change in rows}
    return found


async def embedding_of(connection: ReadConnection, memory_id: str) -> tuple[str | None, int]:
    """The embedder of a memory's vector, if it has one of its text, and the text's version."""
    statement = sa.select(memories.c.embedded, memories.c.text_version)
    found = await connection.execute(statement.where(memories.c.id == memory_id))
    return tuple(found.one())


async def embedded(connection: ReadConnection, embedder: str, ids: Collection[str]) -> set[str]:
    """Those of some memories whose text has a vector."""
    known = (memories.c.id.in_(list(ids)), memories.c.embedded == embedder)
    return set((await connection.execute(sa.select(memories.c.id).where(*known))).scalars())


async def count_unembedded(connection: ReadConnection, embedder: str) -> int:
    """How many active memories have no current vector."""
    statement = sa.select(sa.func.count()).select_from(memories).where(_unembedded(embedder))
    return (await connection.execute(statement)).scalar_one()


def _unembedded(embedder: str) -> sa.ColumnElement[bool]:
    # Three ranges of one index rather than `!=`, which would read every memory there is.
    column = memories.c.embedded
    ranges = (column.is_(None), column < embedder, column > embedder)
    return sa.or_(*(sa.and_(memories.c.state == State.ACTIVE, part) for part in ranges))


async def store_vectors(
    connection: WriteConnection,
    embedder: str,
    embedded: Mapping[tuple[str, int], Matrix],
    *,
    change: int,
) -> None:
    """Keep vectors by (memory id, text version).

    While the model worked a text may have changed, or been erased for good: those are passed over.
    """
    known = sa.select(memories.c.id, memories.c.text_version).where(
        memories.c.id.in_([memory_id for memory_id, _ in embedded]),
        memories.c.state == State.ACTIVE,
    )
    current_texts = {(row.id, row.text_version) for row in await connection.execute(known)}
    rows = [
        {
            "memory_id": memory_id,
            "embedder": embedder,
            "text_version": version,
            "pieces": len(matrix),
            "data": np.ascontiguousarray(matrix, dtype="<f4").tobytes(),
        }
        for (memory_id, version), matrix in embedded.items()
        if (memory_id, version) in current_texts
    ]
    if not rows:
        return
    held = (vectors.c.memory_id == sa.bindparam("held"), vectors.c.embedder == embedder)
    await connection.execute(
        sa.delete(vectors).where(*held), [{"held": row["memory_id"]} for row in rows]
    )
    await connection.execute(sa.insert(vectors), rows)
    current = (memories.c.id == sa.bindparam("held"), memories.c.text_version == sa.bindparam("of"))
    await connection.execute(
        sa.update(memories).where(*current).values(change=change, embedded=embedder),
        [{"held": row["memory_id"], "of": row["text_version"]} for row in rows],
    )


def _current_vector(embedder: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        vectors.c.memory_id == memories.c.id,
        vectors.c.embedder == embedder,
        vectors.c.text_version == memories.c.text_version,
    )


def _matrix(pieces: int | None, data: bytes | None) -> Matrix | None:
    if pieces is None or data is None:
        return None
    return np.frombuffer(data, dtype="<f4").reshape(pieces, -1)


async def ids_of_numbers(
    connection: ReadConnection, project_id: str, user_id: str, numbers: Sequence[int]
) -> dict[int, str]:
    """The UUIDs behind some of a user's short ids, as far as they were ever given."""
    found: dict[int, str] = {}
    for start in range(0, len(numbers), _CHUNK):
        statement = sa.select(memories.c.number, memories.c.id).where(
            memories.c.project_id == project_id,
            memories.c.user_id == user_id,
            memories.c.number.in_(numbers[start : start + _CHUNK]),
        )
        found |= {row.number: row.id for row in await connection.execute(statement)}
    return found


async def replaced_by(
    connection: ReadConnection, ids: Sequence[str], scope: Filter
) -> list[Memory]:
    """The memories of `scope` that gave way to one of `ids`."""
    statement = sa.select(memories).where(
        memories.c.replaced_by.in_(ids), _where(connection, scope)
    )
    return [to_memory(row) for row in await connection.execute(statement)]


@dataclass(frozen=True, slots=True)
class EntityRow:
    """An entity id, as the memories that carry it tell of it."""

    name: str
    total: int
    created_at: datetime
    updated_at: datetime


async def entities(connection: ReadConnection, field: str, scope: Filter) -> list[EntityRow]:
    """The values of an entity field over a set, by name."""
    column = memories.c[field]
    statement = (
        sa.select(
            column,
            sa.func.count(),
            sa.func.min(memories.c.created_at),
            sa.func.max(memories.c.updated_at),
        )
        .where(_where(connection, scope), column.is_not(None))
        .group_by(column)
        .order_by(column)
    )
    return [EntityRow(*row) for row in await connection.execute(statement)]


@dataclass(frozen=True, slots=True)
class Stored:
    """What a set of memories takes up: how many, their vectors, and the bytes of both."""

    memories: int
    vectors: int
    bytes: int

    def __add__(self, other: "Stored") -> "Stored":
        return Stored(
            self.memories + other.memories, self.vectors + other.vectors, self.bytes + other.bytes
        )


async def stored_by(connection: ReadConnection, field: str, scope: Filter) -> dict[str, Stored]:
    """What the memories of a set take up, by a field of theirs; empty for those without it."""
    column = sa.func.coalesce(memories.c[field], "")
    within = _where(connection, scope)
    texts = sa.select(column, sa.func.count(), sa.literal(0), sa.func.sum(_octets(connection)))
    held = sa.select(
        column,
        sa.literal(0),
        sa.func.sum(vectors.c.pieces),
        sa.func.sum(sa.func.length(vectors.c.data)),
    ).join(vectors, vectors.c.memory_id == memories.c.id)
    found: dict[str, Stored] = {}
    for statement in (texts, held):
        for name, *numbers in await connection.execute(statement.where(within).group_by(column)):
            more = Stored(*(int(number) for number in numbers))
            found[name] = found.get(name, Stored(0, 0, 0)) + more
    return found


def _octets(connection: ReadConnection) -> sa.ColumnElement[int]:
    if connection.dialect.name == "postgresql":
        return sa.func.octet_length(memories.c.text)
    return sa.func.length(sa.cast(memories.c.text, sa.LargeBinary))


async def trashed_before(connection: ReadConnection, moment: datetime, *, limit: int) -> list[str]:
    """Ids that have been in the trash since before `moment`."""
    statement = (
        sa.select(memories.c.id)
        .where(memories.c.state == State.TRASHED, memories.c.deleted_at <= moment)
        .limit(limit)
    )
    return list((await connection.execute(statement)).scalars())
