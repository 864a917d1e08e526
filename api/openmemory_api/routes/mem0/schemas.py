"""Bodies that write, in the Mem0 contract: lax where its clients are sloppy."""

import unicodedata
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from openmemory_api.domain.errors import Invalid
from openmemory_api.domain.extraction import Guidance
from openmemory_api.domain.memory import EntityIds, Json
from openmemory_api.domain.requests import (
    UNSET,
    AddRequest,
    Message,
    UpdateRequest,
)
from openmemory_api.routes.mem0.conditions import ID_FIELDS, IdField
from openmemory_api.routes.mem0.dates import read_day, read_instant
from openmemory_api.routes.mem0.parsing import Place, clean_text


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _as_messages(value: Any) -> Any:
    """The SDKs make a list of a bare string or message; a plain HTTP client may not."""
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    return [value] if isinstance(value, dict) else value


Names: TypeAlias = Annotated[list[str], BeforeValidator(_as_list)]
Object: TypeAlias = dict[str, Any]


class Lax(BaseModel):
    """Ignores unknown fields: every client sends some. Numbers pass for ids."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


class Ids(Lax):
    """The four entity ids where they stand outside `filters`."""

    user_id: str | None = None
    agent_id: str | None = None
    app_id: str | None = None
    run_id: str | None = None

    def ids(self) -> dict[IdField, str | None]:
        return {field: getattr(self, field) for field in ID_FIELDS}


class MessageBody(Lax):
    """One message; `content` is a text, a multimodal part, or a list of parts."""

    role: Literal["user", "assistant", "system"]
    content: str | Object | list[str | Object]
    name: str | None = None

    def message(self, index: int) -> Message:
        text = "\n".join(_texts(self.content))
        if not text and not isinstance(self.content, str):
            raise Invalid(
                f"messages[{index}].content has no text part; reading images and files needs a"
                " vision model, and this server has none"
            )
        return Message(self.role, text, self.name)


class AddBody(Ids):
    """What is to be remembered, of whom, and how."""

    messages: Annotated[list[MessageBody], BeforeValidator(_as_messages), Field(min_length=1)]
    filters: Object | None = Field(None, description="A carrier for the four ids, nothing more.")
    metadata: Object | None = None
    infer: bool | None = Field(
        None, description="Extract facts, where a language model is set up; false: verbatim."
    )
    custom_instructions: Any = Field(None, description="What to extract, in plain words.")
    agent_custom_instructions: Any = Field(None, description="The same, for an agent's memories.")
    includes: Any = Field(None, description="What alone to extract.")
    excludes: Any = Field(None, description="What not to extract.")
    async_mode: Any = Field(None, description="v1 only; false waits for an extraction to end.")
    deduced_memories: Names | None = None
    timestamp: Any = Field(None, description="Unix seconds or ISO 8601; backdates `created_at`.")
    expiration_date: str | None = None
    immutable: bool | None = None
    output_format: str | None = None

    def request(self) -> AddRequest:
        messages = [message.message(index) for index, message in enumerate(self.messages)]
        return AddRequest(
            messages=tuple(messages),
            entities=self._entities(),
            deduced_memories=tuple(self.deduced_memories or ()),
            metadata=self.metadata,
            timestamp=optional_instant(self.timestamp, "timestamp"),
            expiration_date=_day(self.expiration_date),
            immutable=bool(self.immutable),
            infer=self.infer is not False,
            guidance=self._guidance(),
        )

    @property
    def waits(self) -> bool:
        """Whether the client wants the results in the answer, however long they take."""
        return self.async_mode is False

    def _guidance(self) -> Guidance:
        # Facts owned by an agent have instructions of their own, else they share the others.
        of_agent = self.user_id is None and self.agent_id is not None
        own = _wish(self.agent_custom_instructions) if of_agent else None
        return Guidance(
            instructions=own or _wish(self.custom_instructions),
            includes=_wish(self.includes),
            excludes=_wish(self.excludes),
        )

    def _entities(self) -> EntityIds:
        carried = self.filters or {}
        return EntityIds(**{field: self._id(field, carried.get(field)) for field in ID_FIELDS})

    def _id(self, field: IdField, carried: Json) -> str | None:
        """Agent Framework sends the ids in `filters` only."""
        place = Place("filters").key(field)
        named = self.ids()[field]
        if carried is None or carried == "":
            return unicodedata.normalize("NFC", named) if named else None
        text = clean_text(carried, place)
        if named and unicodedata.normalize("NFC", named) != text:
            raise place.refuse(f"contradicts {field}")
        return text


class UpdateBody(Lax):
    """Fields to replace; only a null that was sent clears."""

    text: str | None = None
    metadata: Object | None = None
    timestamp: Any = Field(None, description="Unix seconds or ISO 8601.")
    expiration_date: str | None = None

    def request(self) -> UpdateRequest:
        sent = self.model_fields_set
        return UpdateRequest(
            text=self.text,
            metadata=self.metadata if "metadata" in sent else UNSET,
            timestamp=optional_instant(self.timestamp, "timestamp"),
            expiration_date=_day(self.expiration_date) if "expiration_date" in sent else UNSET,
        )


class BatchUpdateItem(UpdateBody):
    """One memory of a batch update."""

    memory_id: str


class BatchUpdateBody(Lax):
    """Up to 1,000 updates, carried out all or none."""

    memories: list[BatchUpdateItem]


class BatchDeleteItem(Lax):
    """One memory of a batch delete."""

    memory_id: str


class BatchDeleteBody(Lax):
    """Up to 1,000 deletes, carried out all or none unless `partial`."""

    memories: list[BatchDeleteItem]
    partial: bool = Field(False, description="Ours: skip what is missing and say so.")


def _wish(value: Any) -> str | None:
    """Clients send a text, or a list of them; anything else has never meant anything."""
    if isinstance(value, list):
        parts = cast("list[object]", value)
        return ", ".join(part for part in parts if isinstance(part, str)) or None
    return value if isinstance(value, str) else None


def _texts(content: str | Object | list[str | Object]) -> list[str]:
    if isinstance(content, str):
        return [content]
    if isinstance(content, list):
        return [text for part in content for text in _texts(part)]
    text: object = content.get("text")
    return [text] if isinstance(text, str) and text else []


def optional_instant(value: Json, name: str) -> datetime | None:
    """As `read_instant`, where the field may be missing."""
    return None if value is None else read_instant(value, Place(name))


def _day(value: str | None) -> str | None:
    return None if value is None else read_day(value, Place("expiration_date"))
