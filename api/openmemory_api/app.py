"""The web application: routers, error rendering, the mounted tool server."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Final

import httpx
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from mcp.server.transport_security import TransportSecuritySettings
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from openmemory_api import __version__
from openmemory_api.container import DEFAULT_PROJECT, Container
from openmemory_api.domain.errors import Invalid, StoreError
from openmemory_api.gates import Surfaced, authenticator, surface
from openmemory_api.key_gate import KeyGate, OpenCalls
from openmemory_api.middleware import ASGIApp, ReadyGate, error_body
from openmemory_api.recording import Recording, Routed
from openmemory_api.routes import access, activity, apps, docs, keys, own, sessions
from openmemory_api.routes.dashboard import BUILT, Dashboard
from openmemory_api.routes.identity import Identity
from openmemory_api.routes.mem0 import router as mem0_router
from openmemory_api.routes.problems import PROBLEMS
from openmemory_api.routes.ui import router as ui_router
from openmemory_api.services.activity import raised
from openmemory_api.settings import Settings
from openmemory_mcp.backends.rest import TIMEOUT, RestBackend
from openmemory_mcp.connecting import Connecting
from openmemory_mcp.http import McpHttp
from openmemory_mcp.server import create_server

_DESCRIPTION: Final = (
    "One memory for every AI agent on this machine. `/v1` to `/v3` speak the Mem0 platform's "
    "contract; `/api/v1` is ours."
)


class _Application(Surfaced, FastAPI):
    """FastAPI within our surface."""


def create_app(
    settings: Settings,
    container: Container | None = None,
    *,
    local_secret: str | None = None,
    dashboard: Path = BUILT,
) -> FastAPI:
    """The application; nothing is opened before its lifespan starts.

    `local_secret` is the key of the server file, which makes local commands admins; `dashboard` is
    the folder of the built one.
    """
    store = container or Container(settings)
    identity = _identity(settings, local_secret, store)
    calls = OpenCalls(store.keys.left)
    app = _Application(
        title="OpenMemory",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=PROBLEMS,
        lifespan=_lifespan,
        middleware=[
            Middleware(Dashboard, routes=lambda: app.routes, folder=dashboard),
            Middleware(ReadyGate, ready=store.ready),
            Middleware(KeyGate, authenticator=identity.authenticator, calls=calls),
            Middleware(Routed, routes=lambda: app.routes),
        ],
    )
    recording = Middleware(
        Recording,
        put=store.recorder.put,
        project_id=DEFAULT_PROJECT,
        routes=lambda: app.routes,
        root_path=settings.root_path,
    )
    app.surface = [recording, *surface(settings)]
    app.state.container = store
    app.state.identity = identity
    app.state.end_streams = store.live.close
    _render_errors(app)
    app.include_router(docs.router)
    app.include_router(mem0_router)
    app.include_router(own.router)
    app.include_router(access.router)
    app.include_router(apps.router)
    app.include_router(activity.router)
    app.include_router(keys.router)
    app.include_router(sessions.router)
    app.include_router(ui_router)
    _mount_tool_server(app, add_wait=settings.add_wait)
    calls.on_cut(app.state.tools.end)
    store.keys.on_end(calls.end)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.state.container.open())
        await stack.enter_async_context(app.state.tools.running())
        yield


def _mount_tool_server(app: FastAPI, *, add_wait: float) -> None:
    """Give the tool server this app as its backend, in process: no port, one contract."""
    http = in_process(app)
    app.state.connecting = Connecting(http)
    # The app's own middleware has checked Host and Origin before a request gets here.
    security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    app.state.tools = McpHttp(create_server(RestBackend(http, add_wait=add_wait)), security)
    app.router.routes.extend(app.state.tools.routes())


def in_process(app: ASGIApp) -> httpx.AsyncClient:
    """A client of an app without a port. One serves all callers, so it keeps no cookie of any."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://127.0.0.1",
        timeout=TIMEOUT,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )


def _identity(settings: Settings, local_secret: str | None, store: Container) -> Identity:
    return Identity(
        authenticator(settings, local_secret, store.keys, store.sessions),
        project_id=DEFAULT_PROJECT,
        default_user=settings.user,
    )


def _render_errors(app: FastAPI) -> None:
    """Every error in one shape, which each of the platform's clients can read."""

    @app.exception_handler(StoreError)
    async def _store_error(_: Request, error: StoreError) -> JSONResponse:
        raised(error)
        return JSONResponse(error_body(str(error)), error.status, error.headers)

    @app.exception_handler(RequestValidationError)
    async def _not_as_declared(_: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse(error_body(_first_problem(error)), Invalid.status)

    @app.exception_handler(HTTPException)
    async def _http_error(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse(error_body(str(error.detail)), error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def _unforeseen(_: Request, __: Exception) -> JSONResponse:
        return JSONResponse(error_body("The server failed; its log says why"), StoreError.status)


def _first_problem(error: RequestValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return f"{place}: {first['msg']}"
