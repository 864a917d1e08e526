"""A memory as a point: the payload that filters read, and its terms as a sparse vector."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final, Literal, cast

from openmemory_api.domain.filters import canonical_json, fold, value_of
from openmemory_api.domain.memory import Json, Memory
from openmemory_api.domain.protocols import Point
from openmemory_api.vectors.filters import KEYWORD_FIELDS, LIST_FIELDS, TIME_FIELDS
from openmemory_api.vectors.qdrant.engine import SPARSE, IndexPoint
from openmemory_api.vectors.terms import document_terms, searchable_text

SCHEMA: Final = 2
"""Of payload and vectors. Points of another schema are in another folder or collection."""

FACTS: Final = "facts"
"""Payload field: what is true of the memory, in words `name=value`. One index for all of them,
because each costs an embedded engine some ten files to put on the disk at every flush."""
FOLDED: Final = "_folded"
"""Ends the name of a field's copy in which case does not matter."""
NULLABLE: Final = frozenset(
    (
        "user_id",
        "agent_id",
        "app_id",
        "run_id",
        "app",
        "expiration_date",
        "categories",
        "event_time",
    )
)
"""The fields that can be null."""
OWNER: Final = "owner"
"""Payload field: state, project and user in one word, for nearly every search asks for all three."""
NEVER: Final = 100_000_000
"""In the payload's `expires`, after every day, where a memory does not expire."""
PRESENT: Final = "present"
"""Name of the facts that say which fields are not null."""

IndexType = Literal["keyword", "integer", "datetime"]
INDEXED: Final[Mapping[str, IndexType]] = {
    OWNER: "keyword",
    FACTS: "keyword",
    SPARSE: "integer",
    "expires": "integer",
    "created_at": "datetime",
    "updated_at": "datetime",
    "event_time": "datetime",
}
"""Payload fields to index. Texts are not: what is asked of them is a substring."""


def index_point(point: Point) -> IndexPoint:
    """The point as engines store it. Reads the whole text: some 0.1 ms."""
    terms = sparse(document_terms(searchable_text(point.memory)))
    payload = {**payload_of(point.memory), SPARSE: list(terms)}
    dense = point.vectors if point.vectors is not None and len(point.vectors) else None
    return IndexPoint(point.memory.id, payload, dense, terms)


def sparse(terms: Mapping[str, float]) -> dict[int, float]:
    """Terms by their u32 numbers; should two share one, which is rare, the heavier counts."""
    held: dict[int, float] = {}
    for term, weight in terms.items():
        number = term_number(term)
        held[number] = max(weight, held.get(number, 0.0))
    return held


def term_number(term: str) -> int:
    """The u32 that stands for a term, in every store alike."""
    return int.from_bytes(blake2b(term.encode(errors="surrogatepass"), digest_size=4).digest())


def payload_of(memory: Memory) -> dict[str, Any]:
    """What `filters.compiled` asks for. Null and empty fields are left out."""
    texts = {k: v for k, v in (memory.metadata or {}).items() if isinstance(v, str)}
    fields = {
        "change": memory.change,
        OWNER: owner(memory.state, memory.project_id, memory.entities.user_id),
        FACTS: list(_facts(memory)),
        "expires": day_number(memory.expiration_date) if memory.expiration_date else NEVER,
        "created_at": moment(memory.created_at),
        "updated_at": moment(memory.updated_at),
        "event_time": memory.event_time and moment(memory.event_time),
        "text": memory.text,
        "text_folded": fold(memory.text),
        "metadata": {metadata_path(k): text for k, text in texts.items()} or None,
        "metadata_folded": {metadata_path(k): fold(t) for k, t in texts.items()} or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def owner(state: str, project_id: str, user_id: str | None) -> str:
    """The word for a state, a project and a user."""
    return _digest(canonical_json([state, project_id, user_id]))


def fact(name: str, value: str) -> str:
    """One thing that is true of a memory. Names have no `=`, so no two facts are spelled alike."""
    return f"{name}={value}"


def moment(time: datetime) -> str:
    """RFC 3339 in UTC to the microsecond, which Qdrant compares as such."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def day_number(day: str) -> int:
    """`YYYY-MM-DD` as the number YYYYMMDD."""
    return int(day.replace("-", ""))


def metadata_path(key: str) -> str:
    """A metadata key as a step of a payload path, whatever characters it has."""
    return "k" + _digest(key)


def entry(key: str, value: Json) -> str:
    """A metadata key with a value, as one word that equals another's if both are equal as JSON."""
    return _digest(canonical_json([key, value]))


def _digest(text: str) -> str:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _facts(memory: Memory) -> Iterator[str]:
    for field in (*KEYWORD_FIELDS, *TIME_FIELDS, *LIST_FIELDS):
        value = value_of(memory, field)
        if field in NULLABLE and value is not None:
            yield fact(PRESENT, field)
        if isinstance(value, str) and field != "id":
            yield fact(field, value)
        elif isinstance(value, tuple):
            for item in cast("tuple[str, ...]", value):
                yield fact(field, item)
                yield fact(field + FOLDED, fold(item))
    for key, value in (memory.metadata or {}).items():
        yield from _metadata_facts(key, value)


def _metadata_facts(key: str, value: Json) -> Iterator[str]:
    if value is None:
        return
    yield fact("has", key)
    yield fact("metadata", entry(key, value))
    for item in value if isinstance(value, list) else ():
        if isinstance(item, str):
            yield fact("item", entry(key, item))
            yield fact("item" + FOLDED, entry(key, fold(item)))
