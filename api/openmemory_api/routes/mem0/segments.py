"""Path segments as clients encode them."""

from typing import Annotated, TypeAlias
from urllib.parse import unquote

from fastapi import Depends, Request
from pydantic import AfterValidator

from openmemory_api.domain.errors import Invalid
from openmemory_api.domain.memory import ENTITY_TYPES, EntityType
from openmemory_api.routes.mem0.parsing import Place, clean_text

# The middleware leaves segments encoded, so that a name with a slash in it stays one segment.
Segment: TypeAlias = Annotated[str, AfterValidator(unquote)]


def entity_type(segment: str) -> EntityType:
    """The type of an entity, in the platform's words when it is none.

    Raises:
        Invalid: not one of the four.
    """
    if segment not in ENTITY_TYPES:
        raise Invalid("Invalid entity type")
    return segment


def entity_name(segment: str) -> str:
    """The id of an entity, as memories carry it.

    Raises:
        Invalid: it holds what no id can.
    """
    return clean_text(segment, Place("entity id"))


def _named_last(request: Request, name: str) -> str:
    """What a path names at its end; older clients leave the slashes of a name as they are.

    Raises:
        Invalid: one of two slashes is lost on the way here, so that the path names something else.
    """
    sent: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    if b"//" in sent.partition(b"/entities/")[2]:
        raise Invalid("Slashes that begin, end or follow each other in a name are sent as %2F")
    return entity_name(unquote(name))


NameAtEnd: TypeAlias = Annotated[str, Depends(_named_last)]
