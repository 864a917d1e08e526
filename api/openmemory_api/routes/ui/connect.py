"""How a program is connected, and whether the tool server answers."""

from typing import Annotated, Any, Final, Literal, Protocol, cast

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from openmemory_api.domain.access import KeyScope
from openmemory_api.middleware import is_local_name
from openmemory_api.routes.deps import ContainerDep
from openmemory_api.routes.ui.deps import ViewerDep
from openmemory_api.services.access import require_scopes
from openmemory_api.services.validation import checked_app

router = APIRouter(prefix="/connect")

_KEY: Final = r"^[A-Za-z0-9_-]{1,200}$"
"""Nothing that a shell or a settings file could take for more than a word."""


class Connecting(Protocol):
    """What the app knows of its tool server."""

    def clients(
        self, base: str, *, user: str, app: str | None, key: str | None, needed: bool, local: bool
    ) -> tuple[str, str | None, list[Any]]:
        """The address for the app, what stands for a missing key, and the clients."""
        ...

    async def probe(self, key: str | None) -> Any:
        """What came of listing the tools."""
        ...


async def _connecting(request: Request) -> Connecting:
    return cast("Connecting", request.app.state.connecting)


ConnectingDep = Annotated[Connecting, Depends(_connecting)]


class _Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ConnectMethod(_Read):
    """One way to connect a client."""

    kind: Literal["command", "file", "url", "deeplink"]
    title: str
    text: str = Field(description="What to run, open or write.")
    path: str | None = Field(description="The file it belongs into.")
    language: Literal["shell", "json", "toml", "yaml", "url"]
    note: str | None


class ConnectClient(_Read):
    """A program that speaks MCP, and how it is connected: the easiest way first."""

    id: str = Field(description="Also the app it is known as, if no other was named.")
    name: str
    platforms: list[Literal["macos", "linux", "windows"]]
    methods: list[ConnectMethod]


class ConnectClients(BaseModel):
    """All clients that are known."""

    url: str = Field(description="For a client that is not listed.")
    key_placeholder: str | None = Field(
        description="What stands for the key in the texts; null: it is there, or none is needed."
    )
    clients: list[ConnectClient]


class ConnectTestBody(BaseModel):
    """What to test with."""

    model_config = ConfigDict(extra="forbid")

    key: str | None = Field(None, pattern=_KEY, description="Null: without a key.")


class ConnectTestOut(_Read):
    """Whether a client that calls so would be served."""

    ok: bool
    text: str
    tools: int
    ms: float


@router.get("/clients")
async def list_connect_clients(
    request: Request,
    viewer: ViewerDep,
    container: ContainerDep,
    connecting: ConnectingDep,
    app: Annotated[
        str | None, Query(max_length=128, description="The name to call by, for every client.")
    ] = None,
    x_openmemory_shown_key: Annotated[
        str | None,
        Header(pattern=_KEY, description="A key that was just made, to be written into the texts."),
    ] = None,
) -> ConnectClients:
    """How every known program is connected to this server, as it was called just now.

    The key comes in a header, because addresses are written into logs.
    """
    assert viewer.user_id is not None
    name = checked_app(app, name="app")
    url, placeholder, clients = connecting.clients(
        str(request.base_url).rstrip("/"),
        user=viewer.user_id,
        app=name,
        key=x_openmemory_shown_key,
        needed=container.settings.demands_key,
        local=is_local_name(request.headers.get("host", "")),
    )
    return ConnectClients(
        url=url,
        key_placeholder=placeholder,
        clients=[ConnectClient.model_validate(client) for client in clients],
    )


@router.post("/test")
async def test_connection(
    viewer: ViewerDep, connecting: ConnectingDep, body: ConnectTestBody
) -> ConnectTestOut:
    """Whether a client with this key would be served: lists the tools, as one does at first."""
    require_scopes(viewer, KeyScope.READ)
    return ConnectTestOut.model_validate(await connecting.probe(body.key))
