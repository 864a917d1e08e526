"""`openmemory keys`: asks the server that runs, else the store itself, opened for that alone."""

import json
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias, TypeVar
from urllib.parse import quote

import anyio
import filelock
import httpx
import typer
from rich.console import Console
from rich.table import Column, Table

from openmemory_api.commands import DataDir, fail, owned, settings_of
from openmemory_api.domain.access import KeyScope
from openmemory_api.domain.errors import StoreError
from openmemory_api.domain.keys import KEY_PREFIX
from openmemory_api.settings import Settings
from openmemory_mcp import serverfile
from openmemory_mcp.settings import url_of
from openmemory_mcp.trust import verifier

keys = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Make, list, rotate and revoke keys."
)

_PATH: Final = "/api/v1/keys"
_PAGE: Final = 200
_T = TypeVar("_T")
_Row: TypeAlias = dict[str, Any]
_Work: TypeAlias = Callable[[httpx.AsyncClient], Awaitable[_T]]
_Id = Annotated[str, typer.Argument(help="The key's id, as `openmemory keys list` shows it.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@keys.command("create")
def create(
    label: Annotated[str, typer.Option(help="What to know the key by.")] = "",
    user: Annotated[
        str | None, typer.Option(help="Bind it to this person, not to OPENMEMORY_USER.")
    ] = None,
    every_user: Annotated[
        bool, typer.Option("--every-user", help="Bind it to nobody: it names people itself.")
    ] = False,
    app: Annotated[str | None, typer.Option(help="Bind it to this app of the person's.")] = None,
    scope: Annotated[
        list[KeyScope] | None,
        typer.Option(help="What it may do; may be repeated. By default all but admin."),
    ] = None,
    days: Annotated[float | None, typer.Option(help="Days until it expires.")] = None,
    rate_limit: Annotated[int | None, typer.Option(help="Calls a minute it may make.")] = None,
    daily_calls: Annotated[int | None, typer.Option(help="Calls a day it may make.")] = None,
    as_json: _Json = False,
    data_dir: DataDir = None,
) -> None:
    """Make a key, which is shown this once."""
    wish = {
        "label": label,
        "user_id": user,
        "every_user": every_user,
        "app": app,
        "scopes": scope or None,
        "expires_in_days": days,
        "rate_limit": rate_limit,
        "daily_calls": daily_calls,
    }
    body = {name: value for name, value in wish.items() if value is not None}
    row = _ask(data_dir, lambda http: _send(http, "POST", _PATH, body))
    _show_new(row, data_dir, as_json=as_json)


@keys.command("list")
def list_(
    everything: Annotated[
        bool, typer.Option("--all", help="Show revoked and expired keys, too.")
    ] = False,
    as_json: _Json = False,
    data_dir: DataDir = None,
) -> None:
    """Show the keys, without their secrets."""
    found = _ask(data_dir, _all)
    shown = [row for row in found if everything or row["status"] == "active"]
    if as_json:
        typer.echo(json.dumps(shown, indent=2))
    elif shown:
        Console(highlight=False, soft_wrap=True).print(_table(shown))
    else:
        typer.echo("There are no keys. `openmemory keys create` makes one.")


@keys.command("rotate")
def rotate(
    key_id: _Id,
    overlap_hours: Annotated[
        float, typer.Option(help="Hours that the old key lives on; 0 ends it at once.")
    ] = 24,
    as_json: _Json = False,
    data_dir: DataDir = None,
) -> None:
    """Make a new key in the place of one, which lives on for a day."""
    body = {"overlap_hours": overlap_hours}
    path = f"{_PATH}/{_checked(key_id)}/rotate"
    row = _ask(data_dir, lambda http: _send(http, "POST", path, body))
    _show_new(row, data_dir, as_json=as_json)


@keys.command("revoke")
def revoke(key_id: _Id, as_json: _Json = False, data_dir: DataDir = None) -> None:
    """End a key at once, with all that it holds open."""
    path = f"{_PATH}/{_checked(key_id)}"
    row = _ask(data_dir, lambda http: _send(http, "DELETE", path))
    typer.echo(json.dumps(row, indent=2) if as_json else f"Revoked {row['id']}.")


def _ask(data_dir: Path | None, work: _Work[_T]) -> _T:
    """What `work` finds out from the server that holds the data, or from the data themselves."""
    settings = settings_of(data_dir=data_dir)
    if settings.backend == "hosted":
        fail(
            "There are no keys here but OPENMEMORY_API_KEY: the hosted platform keeps the memories"
        )
    try:
        try:
            with owned(settings):
                return anyio.run(_at_rest, settings, work)
        except filelock.Timeout:
            return anyio.run(_served, settings, work)
    except (StoreError, OSError, ValueError) as error:
        fail(str(error))


async def _at_rest(settings: Settings, work: _Work[_T]) -> _T:
    from openmemory_api.app import create_app  # noqa: PLC0415 - not needed beside a server
    from openmemory_api.container import Container  # noqa: PLC0415 - as above

    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    store = Container(settings)
    async with store.at_rest():
        transport = httpx.ASGITransport(create_app(settings, store, local_secret=secret))
        return await _with_client(f"http://127.0.0.1{settings.root_path}", secret, transport, work)


async def _served(settings: Settings, work: _Work[_T]) -> _T:
    running = serverfile.read(settings.data_dir)
    if running is None:
        fail("A server is starting or stopping; try again in a few seconds")
    transport = httpx.AsyncHTTPTransport(verify=verifier(running.certificate))
    return await _with_client(running.url, running.secret, transport, work)


async def _with_client(
    url: str, secret: str, transport: httpx.AsyncBaseTransport, work: _Work[_T]
) -> _T:
    # A proxy from the environment has no business between two processes of one machine.
    async with httpx.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Token {secret}"},
        transport=transport,
        trust_env=False,
    ) as http:
        return await work(http)


async def _send(
    http: httpx.AsyncClient, method: str, path: str, body: _Row | None = None, **query: int
) -> _Row:
    try:
        answer = await http.request(method, path, json=body, params=query)
    except httpx.HTTPError as error:
        fail(f"The server at {http.base_url} cannot be reached: {error}")
    if answer.is_error:
        fail(answer.json()["detail"])
    return answer.json()


async def _all(http: httpx.AsyncClient) -> list[_Row]:
    found: list[_Row] = []
    while True:
        number = len(found) // _PAGE + 1
        page = await _send(http, "GET", _PATH, page=number, page_size=_PAGE)
        found += page["results"]
        if len(page["results"]) < _PAGE:
            return found


def _show_new(row: _Row, data_dir: Path | None, *, as_json: bool) -> None:
    if as_json:
        return typer.echo(json.dumps(row, indent=2))
    key, whose = row["key"], row["user_id"] or "every user"
    bound = f"{row['app']} of {whose}" if row["app"] else whose
    typer.echo(f"{key}\n\nThis is key {row['id']}, for {bound}. It is not shown again.")
    if row["scopes"] != [KeyScope.ADMIN]:
        url = _address(settings_of(data_dir=data_dir))
        typer.echo(
            "Claude Code:   claude mcp add --transport http --scope user openmemory "
            f'{url}/mcp --header "Authorization: Bearer {key}"\n'
            f"Other clients: {url}/mcp with the header Authorization: Bearer {key}"
        )


def _address(settings: Settings) -> str:
    running = serverfile.read(settings.data_dir)
    if running:
        return running.url
    tls = settings.tls_cert is not None
    return url_of(settings.host, settings.port, tls=tls) + settings.root_path


def _table(rows: list[_Row]) -> Table:
    whole = Column("id", no_wrap=True)
    table = Table(whole, "label", "user", "app", "scopes", "status", "last used", box=None)
    for row in rows:
        ends = row["status"] == "active" and row["expires_at"]
        table.add_row(
            f"{row['id']} …{row['hint']}",
            row["label"],
            row["user_id"] or "every user",
            row["app"] or "",
            " ".join(scope.removeprefix("memory:") for scope in row["scopes"]),
            f"until {_minute(ends)}" if ends else row["status"],
            _minute(row["last_used_at"]) if row["last_used_at"] else "never",
        )
    return table


def _minute(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M} UTC"


def _checked(key_id: str) -> str:
    # People paste what `list` or a key itself begins with.
    return quote(key_id.removeprefix(KEY_PREFIX).split("_")[0], safe="")
