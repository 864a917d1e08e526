"""What a person changes: a new memory, one memory, many at once."""

import re
from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Header, Path, Response

from openmemory_api.container import Container
from openmemory_api.domain.access import Caller
from openmemory_api.domain.errors import Invalid, Unconditional
from openmemory_api.domain.filters import fold
from openmemory_api.domain.memory import EntityIds, Memory
from openmemory_api.domain.requests import UNSET, AddRequest, Message
from openmemory_api.routes.deps import ContainerDep
from openmemory_api.routes.ui.deps import ViewerDep
from openmemory_api.routes.ui.memories import detail_of, etag_of
from openmemory_api.routes.ui.memory_models import (
    DashboardAdded,
    DashboardBulk,
    DashboardBulkDone,
    DashboardEdit,
    DashboardEdited,
    DashboardLeft,
    DashboardNewMemory,
)
from openmemory_api.routes.ui.models import item_of
from openmemory_api.services.access import require_manager
from openmemory_api.services.editing import Edit, Edited
from openmemory_api.services.states import Categories, Choice
from openmemory_api.services.validation import checked_app

router = APIRouter(prefix="/memories")

_TAG: Final = re.compile(r'(?:W/)?"?([0-9]{1,9})"?')


async def _versions(
    if_match: Annotated[
        str | None, Header(description="The `ETag` of the memory that is changed.", max_length=255)
    ] = None,
) -> frozenset[int] | None:
    """The versions that a change is of; None for whichever."""
    if not if_match:
        raise Unconditional("Say in If-Match which version of the memory you change: its ETag")
    if if_match.strip() == "*":
        return None
    found = [_TAG.fullmatch(each.strip()) for each in if_match.split(",")]
    versions = frozenset(int(each.group(1)) for each in found if each)
    if len(versions) < 1:
        raise Invalid('If-Match is the ETag of the memory, such as "3"')
    return versions


VersionsDep = Annotated[frozenset[int] | None, Depends(_versions)]


@router.post("", status_code=HTTPStatus.CREATED)
async def add_dashboard_memory(
    viewer: ViewerDep, container: ContainerDep, body: DashboardNewMemory
) -> DashboardAdded:
    """Remember something, as it is written or as the facts a language model finds in it."""
    if body.app:
        require_manager(viewer)
    request = AddRequest(
        messages=(Message("user", body.text),),
        entities=EntityIds(user_id=viewer.user_id),
        metadata=body.metadata,
        infer=body.infer,
        categories=_labels(body.categories),
        written_by=body.app,
    )
    added = await container.adding.add(viewer, request)
    shown = await container.showing.shown(viewer, [each.memory for each in added.changes])
    known = all(each.kind == "NONE" for each in added.changes)
    return DashboardAdded(
        action_id=added.action_id,
        event="PENDING" if added.pending else "NONE" if known else "ADD",
        items=[item_of(each) for each in shown],
        not_applied=_not_applied(body, added.changes[0].memory) if known and added.changes else [],
    )


def _not_applied(body: DashboardNewMemory, memory: Memory) -> list[Literal["app", "categories"]]:
    """What was given with a text that was known, and is not so of the memory it is."""
    held = {fold(name) for name in memory.categories or ()}
    differing: list[Literal["app", "categories"]] = []
    if body.app and checked_app(body.app, name="app") != memory.app:
        differing.append("app")
    if body.categories and {fold(name) for name in body.categories} - held:
        differing.append("categories")
    return differing


@router.post("/bulk")
async def change_dashboard_memories(
    viewer: ViewerDep, container: ContainerDep, body: DashboardBulk
) -> DashboardBulkDone:
    """Do something to many memories, as one action that one undo takes back.

    What it cannot be done to is left, with the reason. `purge` erases for good. A filter stands for
    what is there: what a language model still reads comes into being later, and is not among it.
    """
    wish = body.categories
    categories = Categories(tuple(wish.add), tuple(wish.remove)) if wish else None
    choice = await _chosen(viewer, container, body)
    done = await container.states.change(viewer, body.operation, choice, categories)
    return DashboardBulkDone(
        action_id=done.action_id,
        changed=done.changed,
        left=[DashboardLeft(id=each.ref, why=each.why) for each in done.left],
        left_total=done.left_total,
    )


@router.patch("/{memory_id}")
async def edit_dashboard_memory(
    viewer: ViewerDep,
    container: ContainerDep,
    memory_id: str,
    versions: VersionsDep,
    body: DashboardEdit,
    response: Response,
) -> DashboardEdited:
    """Change one memory. 428 without `If-Match`, 412 where it has changed meanwhile."""
    given = body.model_fields_set
    edit = Edit(
        text=body.text,
        metadata=body.metadata if "metadata" in given else UNSET,
        categories=_labels(body.categories) if "categories" in given else UNSET,
    )
    edited = await container.editing.edit(viewer, memory_id, edit, versions=versions)
    return await _answer(viewer, container, edited, response)


@router.post("/{memory_id}/versions/{version}/restore")
async def restore_dashboard_version(
    viewer: ViewerDep,
    container: ContainerDep,
    memory_id: str,
    version: Annotated[int, Path(ge=1, le=2**31 - 1)],
    versions: VersionsDep,
    response: Response,
) -> DashboardEdited:
    """Make a memory say again what it said at a version, which makes a new version."""
    edited = await container.editing.restore(viewer, memory_id, version, versions=versions)
    return await _answer(viewer, container, edited, response)


async def _answer(
    viewer: Caller, container: Container, edited: Edited, response: Response
) -> DashboardEdited:
    detail = await container.looking.detail(viewer, edited.memory.id)
    response.headers["ETag"] = etag_of(detail)
    return DashboardEdited(
        action_id=edited.action_id, memory=detail_of(detail), indexed=edited.indexed
    )


async def _chosen(viewer: Caller, container: Container, body: DashboardBulk) -> Choice:
    if body.ids and body.filter is None:
        return body.ids
    if body.filter is None or body.ids is not None:
        raise Invalid("Give either ids or filter")
    return await container.browsing.filter_of(viewer, body.filter.wish())


def _labels(categories: list[str] | None) -> tuple[str, ...] | None:
    return None if categories is None else tuple(categories)
