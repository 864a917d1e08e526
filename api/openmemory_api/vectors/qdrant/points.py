"""A memory as a point: the payload that filters read, and its terms as a sparse vector."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final, Literal

from openmemory_api.domain.filters import canonical_json, fold
from openmemory_api.domain.memory import Json, Memory, Metadata
from openmemory_api.domain.protocols import Point
from openmemory_api.vectors.qdrant.engine import SPARSE, IndexPoint
from openmemory_api.vectors.terms import document_terms, searchable_text

SCHEMA: Final = 1
"""Of payload and vectors. Points of another schema are in another folder or collection."""

FOLDED: Final = "_folded"
"""Ends the name of a field's copy in which case does not matter."""
NULLABLE: Final = (
    "user_id", "agent_id", "app_id", "run_id", "app", "expiration_date", "categories", "event_time",
)  # fmt: skip
"""What can be null; a payload's `present` names those that are not."""

IndexType = Literal["keyword", "integer", "datetime"]
INDEXED: Final[Mapping[str, IndexType]] = {
    **dict.fromkeys(
        (
            "project_id", "user_id", "agent_id", "app_id", "run_id", "app", "state", "lifecycle",
            "expiration_date", "categories", "categories_folded", "tags", "tags_folded", "present",
            "metadata", "metadata_items", "metadata_items_folded",
        ),
        "keyword",
    ),
    **dict.fromkeys((SPARSE, "expires"), "integer"),
    **dict.fromkeys(("created_at", "updated_at", "event_time"), "datetime"),
}  # fmt: skip
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
    ids = memory.entities
    fields = {
        "change": memory.change,
        "project_id": memory.project_id,
        "user_id": ids.user_id,
        "agent_id": ids.agent_id,
        "app_id": ids.app_id,
        "run_id": ids.run_id,
        "app": memory.app,
        "state": str(memory.state),
        "lifecycle": str(memory.lifecycle),
        "expiration_date": memory.expiration_date,
        "expires": memory.expiration_date and day_number(memory.expiration_date),
        "created_at": moment(memory.created_at),
        "updated_at": moment(memory.updated_at),
        "event_time": memory.event_time and moment(memory.event_time),
        "text": memory.text,
        "text_folded": fold(memory.text),
        "categories": list(memory.categories or ()) or None,
        "categories_folded": _folded(memory.categories),
        "tags": list(memory.tags) or None,
        "tags_folded": _folded(memory.tags),
        "present": _present(memory) or None,
        **_metadata_fields(memory.metadata or {}),
    }
    return {name: value for name, value in fields.items() if value is not None}


def moment(time: datetime) -> str:
    """RFC 3339 in UTC to the microsecond, which Qdrant compares as such."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def day_number(day: str) -> int:
    """`YYYY-MM-DD` as the number YYYYMMDD."""
    return int(day.replace("-", ""))


def metadata_name(key: str) -> str:
    """A metadata key as the name in `present`."""
    return f"metadata:{key}"


def metadata_path(key: str) -> str:
    """A metadata key as a step of a payload path, whatever characters it has."""
    return "k" + _digest(key)


def entry(key: str, value: Json) -> str:
    """A metadata key with a value, as one word that equals another's if both are equal as JSON."""
    return _digest(canonical_json([key, value]))


def _digest(text: str) -> str:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _folded(values: tuple[str, ...] | None) -> list[str] | None:
    return [fold(value) for value in values or ()] or None


def _present(memory: Memory) -> list[str]:
    values: dict[str, object] = {
        "user_id": memory.entities.user_id,
        "agent_id": memory.entities.agent_id,
        "app_id": memory.entities.app_id,
        "run_id": memory.entities.run_id,
        "app": memory.app,
        "expiration_date": memory.expiration_date,
        "categories": memory.categories,
        "event_time": memory.event_time,
    }
    held = [name for name in NULLABLE if values[name] is not None]
    return held + [metadata_name(k) for k, v in (memory.metadata or {}).items() if v is not None]


def _metadata_fields(metadata: Metadata) -> dict[str, Any]:
    """Each key with its value, each string of a list, and the strings themselves by key."""
    texts = {key: value for key, value in metadata.items() if isinstance(value, str)}
    items = [
        (key, item)
        for key, value in metadata.items()
        if isinstance(value, list)
        for item in value
        if isinstance(item, str)
    ]
    return {
        "metadata": [entry(k, v) for k, v in metadata.items() if v is not None] or None,
        "metadata_items": [entry(key, item) for key, item in items] or None,
        "metadata_items_folded": [entry(key, fold(item)) for key, item in items] or None,
        "metadata_texts": {metadata_path(k): text for k, text in texts.items()} or None,
        "metadata_texts_folded": {metadata_path(k): fold(t) for k, t in texts.items()} or None,
    }
