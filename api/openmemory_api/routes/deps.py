"""What a route asks for, by type."""

from typing import Annotated, cast

from fastapi import Depends, Request

from openmemory_api.container import Container
from openmemory_api.domain.access import Caller
from openmemory_api.routes.identity import Identity
from openmemory_api.services.actions import ActionService
from openmemory_api.services.entities import EntityService
from openmemory_api.services.memories import MemoryService
from openmemory_api.services.search import SearchService
from openmemory_api.services.trash import TrashService


def _container(request: Request) -> Container:
    return cast("Container", request.app.state.container)


def _caller(request: Request) -> Caller:
    return cast("Identity", request.app.state.identity).caller(request.headers)


CallerDep = Annotated[Caller, Depends(_caller)]
ContainerDep = Annotated[Container, Depends(_container)]


def _memories(container: ContainerDep) -> MemoryService:
    return container.memories


def _search(container: ContainerDep) -> SearchService:
    return container.search


def _entities(container: ContainerDep) -> EntityService:
    return container.entities


def _actions(container: ContainerDep) -> ActionService:
    return container.actions


def _trash(container: ContainerDep) -> TrashService:
    return container.trash


MemoriesDep = Annotated[MemoryService, Depends(_memories)]
SearchDep = Annotated[SearchService, Depends(_search)]
EntitiesDep = Annotated[EntityService, Depends(_entities)]
ActionsDep = Annotated[ActionService, Depends(_actions)]
TrashDep = Annotated[TrashService, Depends(_trash)]
