"""Keys, over HTTP: only who manages sees them, and their secrets are shown once."""

from dataclasses import asdict
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from openmemory_api.domain.access import KeyScope
from openmemory_api.domain.keys import PLAIN_SCOPES, IssuedKey, Key, KeyWish, Status
from openmemory_api.routes.deps import CallerDep, ContainerDep

router = APIRouter(prefix="/api/v1/keys", tags=["keys"])

_MOST_CALLS: Final = 1_000_000_000


class KeyView(BaseModel):
    """A key without its secret."""

    id: str
    label: str
    hint: str = Field(description="The last characters of the key, to know it by")
    user_id: str | None = Field(description="Null: it names users itself, as an administrator")
    app: str | None = Field(description="Null: it acts as the user, or for whatever app it names")
    scopes: list[KeyScope]
    status: Status
    created_at: datetime
    created_by: str | None = Field(description="The key it was made with; null: without one")
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="Written once a minute")
    revoked_at: datetime | None
    replaced_by: str | None = Field(description="The key it was rotated to")
    rate_limit: int | None = Field(description="Calls a minute")
    daily_calls: int | None


class IssuedKeyView(KeyView):
    """A key that was just made."""

    key: str = Field(description="The key itself. It is shown this once")


class KeyPage(BaseModel):
    """Some of the keys that the caller manages."""

    count: int
    results: list[KeyView]


class KeyRequest(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(extra="forbid")

    label: str = Field(default="", max_length=255)
    user_id: str | None = Field(
        default=None, max_length=255, description="Null: the caller's user, else the configured"
    )
    every_user: bool = Field(default=False, description="Bind it to no user, as an administrator's")
    app: str | None = Field(default=None, max_length=128)
    scopes: set[KeyScope] = Field(default=set(PLAIN_SCOPES), min_length=1)
    expires_at: AwareDatetime | None = None
    expires_in_days: float | None = Field(default=None, gt=0, le=36_500, allow_inf_nan=False)
    rate_limit: int | None = Field(default=None, ge=1, le=_MOST_CALLS, description="A minute")
    daily_calls: int | None = Field(default=None, ge=1, le=_MOST_CALLS)

    def wish(self) -> KeyWish:
        """What is asked for."""
        days = self.expires_in_days
        return KeyWish(
            label=self.label,
            user_id=self.user_id,
            every_user=self.every_user,
            app=self.app,
            scopes=frozenset(self.scopes),
            expires_at=self.expires_at,
            lifetime=None if days is None else timedelta(days=days),
            rate_limit=self.rate_limit,
            daily_calls=self.daily_calls,
        )


class RotateRequest(BaseModel):
    """How a key gives way to another."""

    model_config = ConfigDict(extra="forbid")

    overlap_hours: float = Field(
        default=24,
        ge=0,
        le=24 * 90,
        allow_inf_nan=False,
        description="How long the old key lives on; 0 ends it at once",
    )


@router.get("", summary="List keys")
async def list_keys(
    caller: CallerDep,
    container: ContainerDep,
    user_id: str | None = None,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    page_size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> KeyPage:
    """The keys that you manage, newest first: your user's, or everybody's for an administrator."""
    count, found = await container.keys.page(caller, user_id=user_id, page=page, size=page_size)
    now = container.clock()
    return KeyPage(count=count, results=[_view(key, now) for key in found])


@router.post("", status_code=HTTPStatus.CREATED, summary="Make a key")
async def create_key(caller: CallerDep, container: ContainerDep, body: KeyRequest) -> IssuedKeyView:
    """Make a key, which is shown this once. It can do no more, and for no longer, than your own."""
    return _issued(await container.keys.create(caller, body.wish()), container.clock())


@router.post("/{key_id}/rotate", status_code=HTTPStatus.CREATED, summary="Rotate a key")
async def rotate_key(
    caller: CallerDep, container: ContainerDep, key_id: str, body: RotateRequest | None = None
) -> IssuedKeyView:
    """Make a key in the place of one, which lives on for an overlap."""
    overlap = timedelta(hours=(body or RotateRequest()).overlap_hours)
    return _issued(await container.keys.rotate(caller, key_id, overlap), container.clock())


@router.delete("/{key_id}", summary="Revoke a key")
async def revoke_key(caller: CallerDep, container: ContainerDep, key_id: str) -> KeyView:
    """End a key at once, with the sessions and streams it holds open."""
    return _view(await container.keys.revoke(caller, key_id), container.clock())


def _view(key: Key, now: datetime) -> KeyView:
    return KeyView.model_validate(_fields(key, now))


def _issued(issued: IssuedKey, now: datetime) -> IssuedKeyView:
    fields = _fields(issued.key, now)
    return IssuedKeyView.model_validate({**fields, "key": issued.credential})


def _fields(key: Key, now: datetime) -> dict[str, Any]:
    return {**asdict(key), "scopes": sorted(key.scopes), "status": key.status(now)}
