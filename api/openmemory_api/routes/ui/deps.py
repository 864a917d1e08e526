"""Who looks at the dashboard: a person, never an app."""

from dataclasses import replace
from typing import Annotated, Final

from fastapi import Depends, Query

from openmemory_api.domain.access import Caller
from openmemory_api.domain.errors import Forbidden
from openmemory_api.routes.deps import CallerDep, ContainerDep
from openmemory_api.services.activity import identified
from openmemory_api.services.validation import checked_id

SURFACE: Final = "dashboard"
"""What the log calls the calls of the dashboard, which are no app's."""


async def _viewer(
    caller: CallerDep,
    container: ContainerDep,
    user_id: Annotated[str | None, Query(description="Whose; the configured user if none")] = None,
) -> Caller:
    if caller.app is not None:
        raise Forbidden("The dashboard is the user's; an app cannot use it")
    named = checked_id(user_id, name="user_id")
    if named is not None and caller.user_id not in (None, named):
        raise Forbidden(f"The caller acts for the user {caller.user_id!r} and cannot name another")
    whose = caller.user_id or named or container.settings.user
    return identified(replace(caller, user_id=whose, surface=SURFACE))


ViewerDep = Annotated[Caller, Depends(_viewer)]
"""Who looks; its `user_id` is whose memories they are. What its key allows is asked at each use."""
