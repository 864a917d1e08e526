"""The bounds of what can be stored; everything out of bounds is refused before anything is."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from openmemory_api.domain.access import (
    Caller,
    Everything,
    OfApp,
    OfCategory,
    OfMemory,
    OfTag,
    Rule,
)
from openmemory_api.domain.errors import Forbidden, Invalid
from openmemory_api.domain.extraction import MAX_GUIDANCE, Guidance
from openmemory_api.domain.filters import canonical_json, fold
from openmemory_api.domain.memory import EntityIds, Json
from openmemory_api.domain.requests import (
    MAX_CATEGORIES,
    MAX_ID,
    MAX_MESSAGES,
    MAX_METADATA,
    MAX_TEXT,
    AddRequest,
)
from openmemory_api.domain.text import clean, require_text

UUID_FORM: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
APP_NAME: Final = re.compile(r"[A-Za-z0-9._@+-]{1,128}")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_MAX_DEPTH: Final = 32
_SUBJECT: Final = "The subject of a rule"


@dataclass(frozen=True, slots=True)
class Draft:
    """A text about to be stored."""

    text: str
    removed: int
    """Invisible characters taken out of it."""
    sequence: int
    role: str | None
    actor: str | None


def checked_text(text: str, *, name: str) -> tuple[str, int]:
    """The text as it is stored, and how many characters were removed.

    Raises:
        Invalid: it is blank, too long, or not text.
    """
    cleaned, removed = clean(text, name=name)
    if not cleaned:
        raise Invalid(f"{name} is empty")
    if len(cleaned) > MAX_TEXT:
        raise Invalid(f"{name} has {len(cleaned):,} characters; at most {MAX_TEXT:,} are stored")
    return cleaned, removed


def drafts_of(request: AddRequest) -> list[Draft]:
    """One draft per deduced memory, else per user or assistant message.

    Raises:
        Invalid: there is none, there are too many, or one of them is out of bounds.
    """
    drafts = list(_deduced(request) if request.deduced_memories else _spoken(request))
    if not drafts:
        raise Invalid("messages holds nothing to remember: no user or assistant message")
    if len(drafts) > MAX_MESSAGES:
        raise Invalid(f"At most {MAX_MESSAGES:,} messages in one add, not {len(drafts):,}")
    return drafts


def _deduced(request: AddRequest) -> Iterator[Draft]:
    for i, text in enumerate(request.deduced_memories):
        yield Draft(*checked_text(text, name=f"deduced_memories[{i}]"), i, None, None)


def _spoken(request: AddRequest) -> Iterator[Draft]:
    for i, message in enumerate(request.messages):
        if message.role != "system":
            text, removed = checked_text(message.content, name=f"messages[{i}].content")
            actor = checked_id(message.name, name=f"messages[{i}].name") if message.name else None
            yield Draft(text, removed, i, message.role, actor)


def checked_entities(caller: Caller, named: EntityIds) -> EntityIds:
    """The ids a new memory carries: what the body names, and what the caller is bound to.

    Raises:
        Invalid: there is none, or one is too long.
        Forbidden: the body names another user than the caller's, or another app than its key.
    """
    user_id = checked_id(named.user_id, name="user_id")
    if caller.user_id is not None and user_id not in (None, caller.user_id):
        raise Forbidden(f"The caller acts for the user {caller.user_id!r} and cannot name another")
    entities = EntityIds(
        user_id=caller.user_id or user_id,
        agent_id=checked_id(named.agent_id, name="agent_id"),
        app_id=_app_id(caller, checked_id(named.app_id, name="app_id")),
        run_id=checked_id(named.run_id, name="run_id"),
    )
    if not entities:
        raise Invalid(
            "At least one entity ID is required: one of user_id, agent_id, app_id, run_id"
        )
    return entities


def _app_id(caller: Caller, named: str | None) -> str | None:
    """Data where the client gives it; what tools and keys of an app write carries its name."""
    if caller.proven and named is not None and named.lower() != caller.app:
        raise Forbidden(f"This key is bound to the app {caller.app!r} and cannot name another")
    over_mcp = caller.surface.startswith("mcp")
    return caller.app if caller.proven or over_mcp else named


def checked_id(value: str | None, *, name: str) -> str | None:
    """An id as it is stored and compared, in NFC; the empty string counts as none.

    Raises:
        Invalid: it is too long or holds control characters.
    """
    if not value:
        return None
    require_text(value, name=name)
    value = unicodedata.normalize("NFC", value)
    if len(value) > MAX_ID:
        raise Invalid(f"{name} has {len(value)} characters; at most {MAX_ID} are allowed")
    if any(ord(character) < 32 for character in value):
        raise Invalid(f"{name} contains control characters")
    return value


def checked_guidance(guidance: Guidance) -> Guidance:
    """Instructions as a model gets them, cleaned as texts are; blank ones count as none.

    Raises:
        Invalid: one is too long, or not text.
    """
    return Guidance(
        instructions=_checked_wish(guidance.instructions, name="custom_instructions"),
        includes=_checked_wish(guidance.includes, name="includes"),
        excludes=_checked_wish(guidance.excludes, name="excludes"),
    )


def _checked_wish(text: str | None, *, name: str) -> str | None:
    if text is None:
        return None
    cleaned, _ = clean(text, name=name)
    if len(cleaned) > MAX_GUIDANCE:
        raise Invalid(f"{name} has {len(cleaned):,} characters; at most {MAX_GUIDANCE:,} are read")
    return cleaned or None


def checked_app(value: str | None, *, name: str) -> str | None:
    """An app's name as it is stored; the empty string counts as none.

    Raises:
        Invalid: it is not a name that an app can have.
    """
    if not value:
        return None
    if not APP_NAME.fullmatch(value):
        raise Invalid(
            f"{name}: an app has at most 128 letters, digits and the characters . _ @ + -"
        )
    # `Cursor` is not a second app that the rules of `cursor` do not reach.
    return value.lower()


def checked_rule(rule: Rule) -> Rule:
    """A rule as it is stored.

    Raises:
        Invalid: it names a memory by anything but its UUID, or what no memory can have.
    """
    match rule.subject:
        case OfMemory(memory_id):
            if not UUID_FORM.fullmatch(memory_id):
                raise Invalid("A rule names a memory by its UUID")
            return replace(rule, subject=OfMemory(memory_id.lower()))
        case OfApp(name):
            return replace(rule, subject=OfApp(_named(checked_app(name, name=_SUBJECT))))
        case OfCategory(name):
            return replace(rule, subject=OfCategory(_named(checked_id(name, name=_SUBJECT))))
        case OfTag(name):
            return replace(rule, subject=OfTag(_named(checked_id(name, name=_SUBJECT))))
        case Everything():
            return rule


def _named(subject: str | None) -> str:
    if subject is None:
        raise Invalid(f"{_SUBJECT} is empty")
    return subject


def checked_metadata(metadata: Mapping[str, Json] | None) -> dict[str, Json] | None:
    """Metadata as it is stored; an empty object is none.

    Raises:
        Invalid: it is over 16 KB as JSON, nested too deep, or holds what JSON text cannot carry.
    """
    if not metadata:
        return None
    _require_plain(dict(metadata), depth=0)
    if len(canonical_json(dict(metadata)).encode()) > MAX_METADATA:
        raise Invalid(f"metadata is over {MAX_METADATA // 1024} KB as JSON")
    return dict(metadata)


def _require_plain(value: Json, *, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise Invalid(f"metadata is nested more than {_MAX_DEPTH} deep")
    match value:
        case str():
            require_text(value, name="metadata")
            if "\0" in value:
                raise Invalid("metadata contains a NUL character")
        case float() if value != value or value in (float("inf"), float("-inf")):
            raise Invalid("metadata contains a number that JSON cannot carry")
        case list():
            for item in value:
                _require_plain(item, depth=depth + 1)
        case dict():
            for key, item in value.items():
                _require_plain(key, depth=depth + 1)
                _require_plain(item, depth=depth + 1)
        case _:
            pass


def checked_categories(categories: Sequence[str] | None) -> tuple[str, ...] | None:
    """Categories as they are stored, each once, whatever its case; None leaves them undecided.

    Raises:
        Invalid: there are too many, or one is blank, too long or not text.
    """
    if categories is None:
        return None
    named = (checked_id(" ".join(name.split()), name="A category") for name in categories)
    found: dict[str, str] = {}
    for name in named:
        if name is None:
            raise Invalid("A category is empty")
        found.setdefault(fold(name), name)
    if len(found) > MAX_CATEGORIES:
        raise Invalid(f"A memory has at most {MAX_CATEGORIES} categories, not {len(found)}")
    return tuple(found.values())


def checked_expiration(day: str | None) -> str | None:
    """A day as it is stored.

    Raises:
        Invalid: it is not a real `YYYY-MM-DD`.
    """
    if day is None:
        return None
    try:
        parsed = date.fromisoformat(day) if _DAY.fullmatch(day) else None
    except ValueError:
        parsed = None
    if parsed is None:
        raise Invalid("expiration_date must be a real day as YYYY-MM-DD")
    return parsed.isoformat()


def checked_moment(moment: datetime | None, *, name: str) -> datetime | None:
    """A time as it is stored: in UTC.

    Raises:
        Invalid: it is too near to either end of the calendar.
    """
    if moment is None:
        return None
    try:
        in_utc = moment.astimezone(UTC)
        # Messages of one add are a tick apart, and readers east and west shift the hours.
        _ = in_utc - timedelta(days=1), in_utc + timedelta(days=1)
    except OverflowError as error:
        raise Invalid(f"{name} is not a time that can be stored") from error
    return in_utc


def tags_of(metadata: Mapping[str, Json] | None) -> tuple[str, ...]:
    """A memory's tags: the strings in the list `tags` of its metadata."""
    listed = (metadata or {}).get("tags")
    return tuple(tag for tag in listed if isinstance(tag, str)) if isinstance(listed, list) else ()
