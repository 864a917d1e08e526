"""A stand-in for a Qdrant server, on loopback: its REST, and the ways a network breaks it.

It speaks the calls that our adapter makes. Every body is parsed with `qdrant_client`'s own request
models, which forbid what the server does not know, and carried out by its in-memory mode. What that
mode does otherwise than a server: it scans where a server uses an index, and keeps nothing on disk.
"""

import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import anyio
import uvicorn
from pydantic import BaseModel, TypeAdapter, ValidationError
from qdrant_client import AsyncQdrantClient, QdrantClient, models
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

MAX_BODY = 32 * 1024 * 1024
"""What a server accepts unless it is configured otherwise, in bytes."""

_INSERT: TypeAdapter[models.PointInsertOperations] = TypeAdapter(models.PointInsertOperations)
_SELECTOR: TypeAdapter[models.PointsSelector] = TypeAdapter(models.PointsSelector)


@dataclass
class Fault:
    """What goes wrong with the next `times` requests of this method whose path ends in `at`."""

    at: str = ""
    method: str = ""
    """Any, unless named."""
    times: int = 1
    status: int | None = None
    """Answer with this status instead of doing anything."""
    half: bool = False
    """Of an upsert, apply the first half of the points and answer 500."""
    cut: bool = False
    """Do what was asked, and close the connection in the middle of the answer."""
    stall: float = 0.0
    """Seconds to do nothing in, unless the caller goes away before; then the connection ends."""
    headers: dict[str, str] = field(default_factory=dict[str, str])


class Refused(Exception):
    """The server's own answer to a request that it understood."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class QdrantDouble:
    """An ASGI application. What it holds outlives the connections to it, as a disk does."""

    def __init__(self, *, api_key: str | None = None, version: str = "1.20.0") -> None:
        self.local = QdrantClient(":memory:")
        self.api_key = api_key
        self.version = version
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        """Method and path of each, in order."""
        self.in_time = True
        """Whether a write is done when it is answered; else it is only promised."""
        self.indexes: dict[tuple[str, str], models.PayloadIndexInfo] = {}
        """By collection and field."""
        self.sizes: list[int] = []
        """Bytes of each body that was read."""
        self._app = Starlette(routes=self._routes())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        asked = f"{scope['method']} {scope['path']}"
        self.requests.append(asked)
        fault = self._fault(asked)
        if fault.stall:
            await _until_given_up(receive, within=fault.stall)
            return None
        if fault.status is not None:
            response = _error(fault.status, "out of order", fault.headers)
            return await response(scope, receive, send)
        scope["state"]["half"] = fault.half
        return await self._app(scope, receive, _cutting(send) if fault.cut else send)

    def names(self) -> list[str]:
        """The collections there are."""
        return [each.name for each in self.local.get_collections().collections]

    def points(self) -> dict[str, models.Record]:
        """All points of the only collection, by id."""
        (name,) = self.names()
        records, _ = self.local.scroll(name, limit=100_000, with_vectors=True)
        return {str(record.id): record for record in records}

    def _fault(self, asked: str) -> Fault:
        for fault in self.faults:
            if asked.startswith(fault.method) and asked.endswith(fault.at) and fault.times:
                fault.times -= 1
                return fault
        return Fault()

    def _routes(self) -> list[Route]:
        collection = "/collections/{name}"
        return [
            Route("/", self._version),
            Route(collection, self._served(self._describe), methods=["GET"]),
            Route(collection, self._served(self._create), methods=["PUT"]),
            Route(f"{collection}/exists", self._served(self._exists), methods=["GET"]),
            Route(f"{collection}/index", self._served(self._create_index), methods=["PUT"]),
            Route(f"{collection}/points", self._served(self._upsert), methods=["PUT"]),
            Route(f"{collection}/points", self._served(self._retrieve), methods=["POST"]),
            Route(f"{collection}/points/delete", self._served(self._delete), methods=["POST"]),
            Route(f"{collection}/points/count", self._served(self._count), methods=["POST"]),
            Route(f"{collection}/facet", self._served(self._facet), methods=["POST"]),
            Route(f"{collection}/points/query/batch", self._served(self._query), methods=["POST"]),
        ]

    async def _version(self, request: Request) -> JSONResponse:
        return JSONResponse({"title": "qdrant - vector search engine", "version": self.version})

    def _served(self, handler: Callable[[Request, bytes], object]) -> Callable[[Request], Any]:
        """A route: key and size are checked, errors have the server's shape."""

        async def endpoint(request: Request) -> JSONResponse:
            body = await request.body()
            self.sizes.append(len(body))
            try:
                self._check(request, body)
                result = handler(request, body)
            except Refused as refused:
                return _error(refused.status, str(refused))
            except ValidationError as error:
                return _error(400, f"Format error in JSON body: {error}")
            except (ValueError, TypeError, KeyError, Warning) as error:
                return _error(*_meant(str(error)))
            return JSONResponse({"result": _plain(result), "status": "ok", "time": 0.0})

        return endpoint

    def _check(self, request: Request, body: bytes) -> None:
        given = request.headers.get("api-key")
        if self.api_key is not None and given != self.api_key:
            missing = "Must provide an API key or an Authorization bearer token"
            raise Refused(401, "Invalid API key or JWT" if given else missing)
        if len(body) > MAX_BODY:
            raise Refused(413, "Payload Too Large")

    def _describe(self, request: Request, body: bytes) -> object:
        there = self.local.get_collection(_name(request))
        held = self.indexes.items()
        there.payload_schema = {key[1]: info for key, info in held if key[0] == _name(request)}
        return there

    def _exists(self, request: Request, body: bytes) -> object:
        return {"exists": self.local.collection_exists(_name(request))}

    def _create(self, request: Request, body: bytes) -> object:
        asked = models.CreateCollection.model_validate_json(body)
        return self.local.create_collection(
            _name(request), asked.vectors, asked.sparse_vectors, metadata=asked.metadata
        )

    def _create_index(self, request: Request, body: bytes) -> object:
        asked = models.CreateFieldIndex.model_validate_json(body)
        self.local.get_collection(_name(request))
        # In-memory mode scans, so that an index is only remembered.
        schema = asked.field_schema
        kind = models.PayloadSchemaType(getattr(schema, "type", schema))
        info = models.PayloadIndexInfo(data_type=kind, points=0)
        self.indexes[_name(request), asked.field_name] = info
        return self._written()

    def _upsert(self, request: Request, body: bytes) -> object:
        asked = _INSERT.validate_json(body)
        assert isinstance(asked, models.PointsList)
        half = request.state.half
        points = asked.points[: len(asked.points) // 2] if half else asked.points
        self.local.upsert(
            _name(request),
            points,
            update_filter=asked.update_filter,
            update_mode=asked.update_mode,
        )
        if half:
            raise Refused(500, "Service internal error: the disk is gone")
        return self._written()

    def _written(self) -> object:
        return {"operation_id": 0, "status": "completed" if self.in_time else "wait_timeout"}

    def _retrieve(self, request: Request, body: bytes) -> object:
        asked = models.PointRequest.model_validate_json(body)
        payload = True if asked.with_payload is None else asked.with_payload
        vectors = asked.with_vector or False
        return self.local.retrieve(_name(request), asked.ids, payload, vectors)

    def _delete(self, request: Request, body: bytes) -> object:
        self.local.delete(_name(request), _SELECTOR.validate_json(body))
        return self._written()

    def _count(self, request: Request, body: bytes) -> object:
        asked = models.CountRequest.model_validate_json(body)
        return self.local.count(_name(request), asked.filter, exact=asked.exact is not False)

    def _facet(self, request: Request, body: bytes) -> object:
        asked = models.FacetRequest.model_validate_json(body)
        name, limit = _name(request), asked.limit or 10
        if (name, asked.key) not in self.indexes:
            raise Refused(400, f"Bad request: No appropriate index for faceting: `{asked.key}`")
        return self.local.facet(name, asked.key, asked.filter, limit=limit, exact=bool(asked.exact))

    def _query(self, request: Request, body: bytes) -> object:
        asked = models.QueryRequestBatch.model_validate_json(body)
        for search in asked.searches:
            # Which in-memory mode would warn of, because it always searches exactly.
            assert search.params == models.SearchParams(exact=True)
            search.params = None
        return self.local.query_batch_points(_name(request), asked.searches)


class InMemory(AsyncQdrantClient):
    """The client's in-memory mode as an engine's client: closing it forgets nothing.

    Told what that mode has no use for, indexes and parameters of a search, it would warn.
    """

    def __init__(self) -> None:
        super().__init__(":memory:")

    async def close(self, grpc_grace: float | None = None, **kwargs: Any) -> None:
        """Nothing, so that an engine can be opened again on what it left."""

    async def create_payload_index(self, *args: Any, **kwargs: Any) -> models.UpdateResult:
        """Nothing: in-memory mode scans."""
        return models.UpdateResult(operation_id=0, status=models.UpdateStatus.COMPLETED)

    async def query_batch_points(self, *args: Any, **kwargs: Any) -> Any:
        """Search; exactly, whatever was asked for."""
        name, requests = args
        plain = [request.model_copy(update={"params": None}) for request in requests]
        return await super().query_batch_points(name, plain, **kwargs)


async def _until_given_up(receive: Receive, *, within: float) -> None:
    with anyio.move_on_after(within):
        while (await receive())["type"] != "http.disconnect":
            pass


def _name(request: Request) -> str:
    return request.path_params["name"]


def _plain(result: object) -> object:
    if isinstance(result, BaseModel):
        return result.model_dump(mode="json", exclude_none=True)
    if isinstance(result, list):
        return [_plain(each) for each in cast("Sequence[object]", result)]
    return result


def _meant(message: str) -> tuple[int, str]:
    """The status that a server gives an error of in-memory mode."""
    if "not found" in message:
        return 404, f"Not found: {message}"
    return (409 if "already exists" in message else 400), f"Wrong input: {message}"


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"status": {"error": message}, "time": 0.0}, status, headers)


def _cutting(send: Send) -> Send:
    """`send`, which ends the connection after half of the answer."""

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.body":
            body = message["body"]
            await send({**message, "body": body[: len(body) // 2], "more_body": True})
            raise ConnectionAbortedError("cut, as asked")
        await send(message)

    return sending


@asynccontextmanager
async def qdrant_server(double: QdrantDouble, port: int = 0) -> AsyncGenerator[str]:
    """Serve `double` while entered, on a given or a free port; the value is its URL."""
    listener = socket.create_server(("127.0.0.1", port))
    # Of what it accepts from a socket that was made outside, asyncio does not set it itself.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(double, log_level="critical", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    stopped = anyio.Event()

    async def serve() -> None:
        await server.serve([listener])
        stopped.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        with anyio.fail_after(5):
            while not server.started:
                await anyio.lowlevel.checkpoint()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            # Also when a test failed: cancelled, it would leave its sockets behind.
            with anyio.CancelScope(shield=True):
                await stopped.wait()
