"""The application without a store: the tool server for memories that the Mem0 platform keeps."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from openmemory_api import __version__
from openmemory_api.gates import Surfaced, authenticator, surface
from openmemory_api.key_gate import KeyGate
from openmemory_api.middleware import error_body
from openmemory_api.recording import Recording
from openmemory_api.settings import Settings
from openmemory_mcp.backends.hosted import HostedBackend
from openmemory_mcp.backends.platform import account
from openmemory_mcp.http import McpHttp
from openmemory_mcp.server import create_server

_NOTHING_HERE: Final = (
    "Not found: this server keeps no memories itself (OPENMEMORY_BACKEND=hosted), and serves /mcp "
    "and /health only"
)


def create_app(settings: Settings, *, local_secret: str | None = None) -> Starlette:
    """The application; it connects to nothing before a tool is called.

    Raises:
        AccountError: there is no key of the platform.
    """
    http = account(settings.hosted_key, settings.hosted_url)
    backend = HostedBackend(
        http,
        default_user=settings.user,
        reads=settings.hosted_reads,
        add_wait=settings.add_wait,
    )
    # The app's own middleware checks Host and Origin before a request gets there.
    tools = McpHttp(
        create_server(backend), TransportSecuritySettings(enable_dns_rebinding_protection=False)
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with http, tools.running():
            yield

    async def health(_: Request) -> JSONResponse:
        return JSONResponse(_health(settings))

    # There is no table of keys: only the configured one and the server file's are known.
    known = authenticator(settings, local_secret)
    app = Surfaced(
        routes=[Route("/health", health), *tools.routes()],
        middleware=[Middleware(KeyGate, authenticator=known)],
        exception_handlers={HTTPException: _http_error},
        lifespan=lifespan,
    )
    app.surface = [Middleware(Recording), *surface(settings)]
    app.router.redirect_slashes = False
    return app


def _health(settings: Settings) -> dict[str, object]:
    return {
        "status": "ok",
        "service": "openmemory",
        "version": __version__,
        "pid": os.getpid(),
        "backend": "hosted",
        "auth": {
            "mode": settings.auth,
            "key_required": settings.demands_key,
            "app_identity": "claimed",
        },
    }


async def _http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    missing = error.status_code == 404
    said = _NOTHING_HERE if missing else str(error.detail)
    return JSONResponse(error_body(said), error.status_code, error.headers)
