"""Who the caller is, and the dashboard's sessions: a key, traded for a cookie."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import Headers

from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.domain.errors import Invalid, NotAuthenticated
from openmemory_api.domain.keys import Binding, Session
from openmemory_api.routes.deps import CallerDep, ContainerDep
from openmemory_api.routes.identity import (
    Authenticator,
    Identity,
    cookie,
    credentials_of,
    no_cookie,
    require_same_origin,
)
from openmemory_api.services.sessions import LIFETIME

router = APIRouter(prefix="/api/v1", tags=["sessions"])


class SessionView(BaseModel):
    """A browser that is signed in."""

    id: str
    label: str
    key_id: str | None = Field(description="Null: the configured key, or the server file's")
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = Field(description="Written once a minute")
    current: bool = Field(description="Whether it is the one that asks")


class SessionList(BaseModel):
    """The sessions that the caller may end."""

    count: int
    results: list[SessionView]


class WhoAmI(BaseModel):
    """Whom the server takes the caller for, and why."""

    user_id: str | None = Field(description="Null: the caller names users itself")
    default_user: str = Field(description="Whose memories count where nobody is named")
    app: str | None = Field(description="Null: the caller acts as the user")
    app_identity: Literal["proven", "claimed"] | None = Field(
        description="Proven by the key, or a claim; null where there is no app"
    )
    scopes: list[KeyScope]
    key_id: str | None
    auth: Literal["auto", "required", "off"]
    key_required: bool
    session_needed: bool = Field(description="Whether a browser has to sign in")
    session: SessionView | None


class SignIn(BaseModel):
    """A key, to be traded for a session."""

    model_config = ConfigDict(extra="forbid")

    key: str | None = Field(
        default=None, max_length=4096, description="Null: the one in the request's headers"
    )
    label: str = Field(default="", max_length=255, description="What to know the browser by")


async def _identity(request: Request) -> Identity:
    return cast("Identity", request.app.state.identity)


IdentityDep = Annotated[Identity, Depends(_identity)]


@router.get("/session", summary="Who am I")
async def who_am_i(
    request: Request, caller: CallerDep, identity: IdentityDep, container: ContainerDep
) -> WhoAmI:
    """Whom the server takes you for. Where local callers are trusted no session is needed."""
    settings = container.settings
    return WhoAmI(
        user_id=caller.user_id,
        default_user=settings.user,
        app=caller.app,
        app_identity=_app_identity(caller),
        scopes=sorted(caller.scopes),
        key_id=caller.key_id,
        auth=settings.auth,
        key_required=settings.demands_key,
        session_needed=settings.demands_key,
        session=await session_of(request, identity),
    )


@router.post("/session", status_code=HTTPStatus.CREATED, summary="Sign in")
async def sign_in(
    request: Request,
    response: Response,
    identity: IdentityDep,
    container: ContainerDep,
    body: SignIn,
) -> SessionView:
    """Trade a key for a cookie of 12 hours, which ends with the key."""
    require_same_origin(request, without=True)
    binding, credential = await _proven(identity.authenticator, request.headers, body.key)
    session, token = await container.sessions.open(
        identity.project_id, binding, credential, body.label
    )
    response.headers["set-cookie"] = cookie(request, token, int(LIFETIME.total_seconds()))
    return _view(session, session)


@router.delete("/session", status_code=HTTPStatus.NO_CONTENT, summary="Sign out")
async def sign_out(request: Request, identity: IdentityDep, container: ContainerDep) -> Response:
    """End this browser's session, if it has one."""
    found = await identity.signed_in(request)
    if found is not None:
        await container.sessions.sign_out(found.session)
    return Response(status_code=HTTPStatus.NO_CONTENT, headers={"set-cookie": no_cookie(request)})


@router.get("/sessions", summary="List sessions")
async def list_sessions(
    request: Request, caller: CallerDep, identity: IdentityDep, container: ContainerDep
) -> SessionList:
    """The sessions of your key, or of all whom you manage, newest first."""
    found = await container.sessions.living(caller)
    mine = await identity.signed_in(request)
    results = [_view(session, mine and mine.session) for session in found]
    return SessionList(count=len(results), results=results)


@router.delete("/sessions/{session_id}", status_code=HTTPStatus.NO_CONTENT, summary="End a session")
async def end_session(caller: CallerDep, container: ContainerDep, session_id: str) -> Response:
    """End a session at once."""
    await container.sessions.end(caller, session_id)
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _proven(
    authenticator: Authenticator, headers: Headers, key: str | None
) -> tuple[Binding, str]:
    """Whom all keys of a request speak for, and the one to keep the session by."""
    sent = credentials_of(headers)
    if not (key or sent):
        raise Invalid("Signing in takes a key: in the body as `key`, or in a header")
    # Without any, this would ask for the key that the body may have.
    named = await authenticator.verify(headers) if sent else None
    for credential in [key.strip()] if key else sent:
        binding = await authenticator.binding(credential)
        if binding is None:
            continue
        if named not in (None, binding):
            raise NotAuthenticated("The keys of this request are not one and the same")
        return binding, credential
    raise NotAuthenticated("This key is unknown, revoked or expired")


def _app_identity(caller: Caller) -> Literal["proven", "claimed"] | None:
    if caller.app is None:
        return None
    return "proven" if caller.proven else "claimed"


async def session_of(request: Request, identity: Identity) -> SessionView | None:
    """The session that the request comes with, if it has one."""
    found = await identity.signed_in(request)
    return _view(found.session, found.session) if found else None


def _view(session: Session, mine: Session | None) -> SessionView:
    return SessionView(
        id=session.id,
        label=session.label,
        key_id=session.key_id,
        created_at=session.created_at,
        expires_at=session.expires_at,
        last_used_at=session.last_used_at,
        current=mine is not None and session.id == mine.id,
    )
