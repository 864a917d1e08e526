"""The built dashboard: its files, and its page on every path that is no other route's."""

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from hashlib import sha256
from html import escape
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from typing import Final

import anyio.to_thread
from fastapi import Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from fastapi.routing import iter_route_contexts
from starlette.datastructures import Headers
from starlette.routing import BaseRoute
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from openmemory_api.middleware import ASGIApp, Receive, Scope, Send

BUILT: Final = Path(__file__).parents[1] / "static"
"""Where `make ui` writes it; a wheel brings it along."""

_ASSETS: Final = "assets"
"""Files whose name changes with their content: to be kept for good, and none of them is a page."""
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"
_ENCODED: Final = {"br": ".br", "gzip": ".gz"}
"""What stands beside a file, the smallest first."""
_HEAD: Final = re.compile(r"<head>(\s*<base [^>]*>)?")
_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Not asked of the machine, where another program may have said that scripts are plain text."""
_DETOURS: Final = frozenset({"", ".", ".."})
"""Segments of paths that are not the straight way to a file."""
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
_NOT_BUILT: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>OpenMemory is running</title>
<style>:root{{color-scheme:light dark}}
body{{font:16px/1.6 system-ui;max-width:44rem;margin:4rem auto;padding:0 1rem}}
code{{background:#8882;padding:.15em .4em;border-radius:4px;overflow-wrap:anywhere}}</style>
<main><h1>OpenMemory is running</h1>
<p>Agents can use it; only this dashboard is not built. It is made from the folder <code>ui</code>
with Node.js 22 or newer, which is not needed for anything else:</p>
<p><code>make ui</code></p>
<p>Then load this page again; the server may go on running. What <code>pip</code> or
<code>uvx</code> install has the dashboard in it.</p>
<p>Connect Claude Code:</p>
<p><code>claude mcp add --transport http -s user openmemory {base}mcp</code></p>
<p>Use the official Mem0 client with <code>host="{base}"</code>, or look at the
<a href="{base}docs">API</a>.</p></main></html>"""


class Dashboard:
    """ASGI middleware: answers browsers that look for the page or its files.

    It stands before what waits for the store, asks for keys and writes the log: the page holds no
    memory, and can say itself what it waits for. FastAPI's own `frontend` knows no compressed
    files and no prefix.
    """

    def __init__(
        self, app: ASGIApp, routes: Callable[[], Iterable[BaseRoute]], folder: Path = BUILT
    ) -> None:
        """`routes` of the app, which come first."""
        self._app = app
        self._routes = routes
        self._page = folder / "index.html"
        self._files = StaticFiles(directory=folder, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        answer = await self._answer(scope) if self._is_asked(scope) else None
        await (answer or self._app)(scope, receive, send)

    def _is_asked(self, scope: Scope) -> bool:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return False
        return _path(scope).split("/")[0] not in self._taken

    @cached_property
    def _taken(self) -> frozenset[str]:
        """The first segments of all other routes: what is missing below them is not our page."""
        paths = (route.path for route in iter_route_contexts(list(self._routes())))
        return frozenset(path.split("/")[1] for path in paths if path)

    async def _answer(self, scope: Scope) -> Response | None:
        path = _path(scope)
        if path not in ("", "index.html"):
            file = await anyio.to_thread.run_sync(self._file, path, scope)
            if file is not None:
                return file
            if path.split("/")[0] == _ASSETS or not _wants_page(scope):
                return None
        return await anyio.to_thread.run_sync(self._html, path, scope)

    def _file(self, path: str, scope: Scope) -> Response | None:
        file = self._find(path)
        if file is None or file.suffix in _ENCODED.values():
            return None
        kept = _FOR_GOOD if path.split("/")[0] == _ASSETS else _ASK_AGAIN
        headers = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
        accepted = _accepted(Headers(scope=scope).get("accept-encoding", ""))
        for coding in (each for each in _ENCODED if each in accepted):
            smaller = self._find(path + _ENCODED[coding])
            if smaller is not None:
                file, headers["Content-Encoding"] = smaller, coding
                break
        kind = _TYPES.get(PurePosixPath(path).suffix, "application/octet-stream")
        answer = FileResponse(file, headers=headers, media_type=kind, stat_result=file.stat())
        return self._unless_known(answer, scope)

    def _find(self, path: str) -> Path | None:
        """A file of the build; nothing outside of its folder, whatever the path says."""
        # By another of its names, the page would be kept for good, as assets are.
        if not _DETOURS.isdisjoint(path.split("/")) or "\\" in path:
            return None
        try:
            found, status = self._files.lookup_path(path)
        except (OSError, ValueError):
            return None
        return Path(found) if status and S_ISREG(status.st_mode) else None

    def _html(self, path: str, scope: Scope) -> Response:
        try:
            page = self._page.read_text("utf-8")
        except OSError:
            base = escape(str(Request(scope).base_url))
            return HTMLResponse(_NOT_BUILT.format(base=base), 404 if path else 200)
        # Its links are relative, so that one build serves under every prefix.
        base = f'<base href="{escape(scope.get("root_path", ""))}/">'
        page = _HEAD.sub(f"<head>\n    {base}", page, count=1)
        etag = f'"{sha256(page.encode()).hexdigest()[:32]}"'
        headers = {"Cache-Control": _ASK_AGAIN, "ETag": etag}
        return self._unless_known(HTMLResponse(page, headers=headers), scope)

    def _unless_known(self, answer: Response, scope: Scope) -> Response:
        known = self._files.is_not_modified(answer.headers, Headers(scope=scope))
        return NotModifiedResponse(answer.headers) if known else answer


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")).lstrip("/")


def _wants_page(scope: Scope) -> bool:
    """Whether a person follows a link: programs ask for anything, and scripts for scripts."""
    return bool(_PAGES & _accepted(Headers(scope=scope).get("accept", "")))


def _accepted(header: str) -> frozenset[str]:
    """What a header of the `Accept` family names and does not exclude."""
    parts = (part.replace(" ", "").lower().partition(";q=") for part in header.split(","))
    return frozenset(name for name, _, weight in parts if not weight or weight.strip("0."))
