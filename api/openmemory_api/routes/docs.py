"""Swagger with its assets from our own origin, and `/health`."""

from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from openmemory_api.domain.errors import NotFound
from openmemory_api.routes.deps import ContainerDep

router = APIRouter(include_in_schema=False)

_ASSETS: Final = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")
_KEPT: Final = {"Cache-Control": "public, max-age=3600"}
_DOCS: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>OpenMemory API</title>
<link rel="stylesheet" href="{root}/docs/assets/swagger-ui.css">
<link rel="icon" href="{root}/docs/assets/favicon.png">
<div id="swagger-ui"></div>
<script src="{root}/docs/assets/swagger-ui-bundle.js"></script>
<script src="{root}/docs/assets/start.js" data-root="{root}"></script></html>"""
_START: Final = """SwaggerUIBundle({
  url: document.currentScript.dataset.root + "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
})
"""


@router.get("/health")
async def health(container: ContainerDep) -> dict[str, Any]:
    """Whether the server can serve; answered from the first moment on."""
    return await container.health()


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The API, to read and to try."""
    return HTMLResponse(_DOCS.format(root=escape(request.scope.get("root_path", ""))))


@router.get("/docs/assets/{name}")
async def asset(name: str) -> Response:
    """A file of Swagger's, or what starts it: a script in the page itself would not be run."""
    if name == "start.js":
        return Response(_START, media_type="text/javascript", headers=_KEPT)
    spec = find_spec("fastapi_offline")
    if name not in _ASSETS or spec is None or spec.origin is None:
        raise NotFound("Not found")
    return FileResponse(Path(spec.origin).parent / "static" / name, headers=_KEPT)
