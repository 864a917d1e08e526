"""What a route asks for, by type.

All of these are `async` although they wait for nothing: FastAPI sends the others to a thread each.
"""

from dataclasses import replace
from typing import Annotated, cast

from fastapi import Depends, Query, Request

from openmemory_api.container import Container
from openmemory_api.domain.access import Caller
from openmemory_api.domain.errors import Forbidden
from openmemory_api.routes.identity import Identity
from openmemory_api.services.access import require_manager
from openmemory_api.services.actions import ActionService
from openmemory_api.services.activity import identified
from openmemory_api.services.adding import AddService
from openmemory_api.services.apps import AppService
from openmemory_api.services.entities import EntityService
from openmemory_api.services.extraction import ExtractionService
from openmemory_api.services.matrix import MatrixService
from openmemory_api.services.memories import MemoryService
from openmemory_api.services.rules import RulesService
from openmemory_api.services.search import SearchService
from openmemory_api.services.trash import TrashService
from openmemory_api.services.undoing_app import AppUndoService
from openmemory_api.services.validation import checked_id


async def _container(request: Request) -> Container:
    return cast("Container", request.app.state.container)


async def _caller(request: Request) -> Caller:
    caller = identified(await cast("Identity", request.app.state.identity).caller(request))
    await cast("Container", request.app.state.container).limits.admit(caller)
    return caller


CallerDep = Annotated[Caller, Depends(_caller)]


async def _manager(
    request: Request,
    caller: CallerDep,
    user_id: Annotated[str | None, Query(description="Whose; the configured user if none")] = None,
) -> Caller:
    require_manager(caller)
    container = cast("Container", request.app.state.container)
    named = checked_id(user_id, name="user_id")
    if named is not None and caller.user_id not in (None, named):
        raise Forbidden(f"The caller acts for the user {caller.user_id!r} and cannot name another")
    return replace(caller, user_id=caller.user_id or named or container.settings.user)


ManagerDep = Annotated[Caller, Depends(_manager)]
"""Who settles what keys and apps of one user may do; its `user_id` is that user's."""
ContainerDep = Annotated[Container, Depends(_container)]


async def _adding(container: ContainerDep) -> AddService:
    return container.adding


async def _extraction(container: ContainerDep) -> ExtractionService:
    return container.extraction


async def _memories(container: ContainerDep) -> MemoryService:
    return container.memories


async def _search(container: ContainerDep) -> SearchService:
    return container.search


async def _entities(container: ContainerDep) -> EntityService:
    return container.entities


async def _actions(container: ContainerDep) -> ActionService:
    return container.actions


async def _trash(container: ContainerDep) -> TrashService:
    return container.trash


async def _apps(container: ContainerDep) -> AppService:
    return container.apps


async def _app_undo(container: ContainerDep) -> AppUndoService:
    return container.app_undo


async def _rules(container: ContainerDep) -> RulesService:
    return container.rules


async def _matrix(container: ContainerDep) -> MatrixService:
    return container.matrix


AddingDep = Annotated[AddService, Depends(_adding)]
ExtractionDep = Annotated[ExtractionService, Depends(_extraction)]
MemoriesDep = Annotated[MemoryService, Depends(_memories)]
SearchDep = Annotated[SearchService, Depends(_search)]
EntitiesDep = Annotated[EntityService, Depends(_entities)]
ActionsDep = Annotated[ActionService, Depends(_actions)]
TrashDep = Annotated[TrashService, Depends(_trash)]
AppsDep = Annotated[AppService, Depends(_apps)]
AppUndoDep = Annotated[AppUndoService, Depends(_app_undo)]
RulesDep = Annotated[RulesService, Depends(_rules)]
MatrixDep = Annotated[MatrixService, Depends(_matrix)]
