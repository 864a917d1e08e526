"""What stands before every route of a server, whatever is behind it: its surface and its keys."""

from starlette.middleware import Middleware

from openmemory_api.middleware import Surface, SurfacePolicy
from openmemory_api.routes.identity import Authenticator
from openmemory_api.settings import Settings


def surface(settings: Settings) -> Middleware:
    """The check of Host, Origin and body size, on every path."""
    policy = SurfacePolicy(
        trusts_local=settings.trusts_local,
        allowed_hosts=settings.allowed_hosts,
        allowed_origins=settings.allowed_origins,
    )
    return Middleware(Surface, policy=policy, root_path=settings.root_path)


def authenticator(settings: Settings, local_secret: str | None) -> Authenticator:
    """Knows the configured key and `local_secret`, the one of the server file."""
    configured = settings.api_key.get_secret_value() if settings.api_key else None
    keys = tuple(key for key in (configured, local_secret) if key)
    return Authenticator(keys, required=settings.demands_key)
