"""What stands before every route of a server, whatever is behind it: its surface and its keys."""

from collections.abc import Iterator, Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from openmemory_api.domain.keys import KeyTable, SessionTable
from openmemory_api.headers import ListedOrigins, SecurityHeaders
from openmemory_api.limits import Limits
from openmemory_api.middleware import Surface, SurfacePolicy
from openmemory_api.routes.identity import Authenticator
from openmemory_api.settings import Settings


class Surfaced(Starlette):
    """An application whose surface lies outside all else, also outside what answers for a crash."""

    surface: Sequence[Middleware] = ()

    def build_middleware_stack(self) -> ASGIApp:
        """The application within its surface."""
        app = super().build_middleware_stack()
        for each in reversed(self.surface):
            app = each.cls(app, *each.args, **each.kwargs)
        return app


def surface(settings: Settings) -> list[Middleware]:
    """What every request passes first, on every path: the outermost is the first."""
    return list(_surface(settings))


def _surface(settings: Settings) -> Iterator[Middleware]:
    if settings.trusted_proxies:
        trusted = list(settings.trusted_proxies)
        yield Middleware(ProxyHeadersMiddleware, trusted_hosts=trusted)
    yield Middleware(SecurityHeaders)
    policy = SurfacePolicy(
        trusts_local=settings.trusts_local,
        allowed_hosts=settings.allowed_hosts,
        allowed_origins=settings.allowed_origins,
    )
    yield Middleware(Surface, policy=policy, root_path=settings.root_path)
    if settings.allowed_origins:
        yield Middleware(ListedOrigins, origins=settings.allowed_origins)
    yield Middleware(Limits, seconds=settings.request_timeout)


def authenticator(
    settings: Settings,
    local_secret: str | None,
    table: KeyTable | None = None,
    sessions: SessionTable | None = None,
) -> Authenticator:
    """Knows the configured key, `local_secret` of the server file, and those of a store's tables."""
    configured = settings.api_key.get_secret_value() if settings.api_key else None
    keys = tuple(key for key in (configured, local_secret) if key)
    return Authenticator(keys, settings.demands_key, table, sessions)
