"""The engine that is a Qdrant server, or a cluster of them, over REST."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from hashlib import blake2b
from typing import Any, Final, TypeVar

import anyio
import anyio.to_thread
from qdrant_client import AsyncQdrantClient, models

from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.filters import canonical_json
from openmemory_api.domain.protocols import Space
from openmemory_api.vectors.loading import IndexOptions
from openmemory_api.vectors.qdrant.asking import MARK, answer
from openmemory_api.vectors.qdrant.engine import DENSE, SPARSE, Answers, Batch, IndexPoint
from openmemory_api.vectors.qdrant.index import QdrantIndex
from openmemory_api.vectors.qdrant.points import INDEXED, SCHEMA
from openmemory_api.vectors.qdrant.wire import WHERE, Gone, Patience, ask, connect

T = TypeVar("T")

OLDEST: Final = (1, 20)
"""The first version that compares substrings as such, which a filter on texts needs."""
APPLIED: Final = "applied"

_WRITE_BYTES: Final = 1024 * 1024
"""Of a request, about. A server takes 32 MB, but encoding so much would hold the event loop."""
_WRITE_POINTS: Final = 32
_FLOAT_BYTES: Final = 22
"""A number of a vector as JSON."""
_DELETE_POINTS: Final = 1_000


def create(options: IndexOptions) -> QdrantIndex:
    """The factory that `vectors.loading` calls.

    Raises:
        ValueError: no server is named.
    """
    url = options.qdrant_url
    if url is None:
        raise ValueError(
            "OPENMEMORY_INDEX=qdrant needs the server's address: OPENMEMORY_QDRANT_URL"
        )
    patience = Patience()
    return QdrantIndex(
        QdrantEngine(
            lambda: connect(url, options.qdrant_api_key, patience),
            prefix=options.qdrant_collection,
            patience=patience,
        )
    )


class QdrantEngine:
    """One collection per space. What it holds outlives this process and is seen by others."""

    def __init__(
        self,
        client: Callable[[], AsyncQdrantClient],
        *,
        prefix: str = "openmemory",
        patience: Patience = Patience(),  # noqa: B008  frozen
    ) -> None:
        self._new_client = client
        self._client: AsyncQdrantClient | None = None
        self._prefix = prefix
        self._patience = patience
        self._collection: str | None = None
        self._space: Space | None = None
        self._ready = False
        self._known = 0
        """What the mark said last: should it say less, the collection has lost something."""
        self._lost = False
        """Whether it has, since the writer last asked: what it is about to mark is not all there."""

    @property
    def shared(self) -> bool:
        """Always: whoever knows the address can search it."""
        return True

    async def open(self, space: Space) -> None:
        """Make the space's collection if it is not there; several processes may do so at once."""
        if self._client is None:
            # In a thread, because reading the certificates of this machine takes its time.
            self._client = await anyio.to_thread.run_sync(self._new_client)
        if space != self._space:
            self._space, self._collection = space, collection_of(self._prefix, space)
            self._ready, self._known, self._lost = False, 0, False
        if not self._ready:
            await self._refuse_an_old_server()
            await self._ensure(space)

    async def close(self) -> None:
        """End the connections."""
        client, self._client, self._ready = self._client, None, False
        self._space = self._collection = None
        if client is not None:
            await client.close()

    async def applied(self) -> int:
        """What the mark says; a collection that was deleted is made again, and reflects nothing."""
        try:
            return await self._marked()
        except Gone:
            assert self._space is not None, "opened"
            await self._ensure(self._space)
            return await self._marked()

    async def advance(self, change: int) -> None:
        """Put the mark at `change`, unless it is beyond, or was put back since it was read.

        Raises:
            Unavailable: it says less than it did, so what was written before is lost. To be raised
                once too often costs the writer a batch; to be silent would cost memories.
        """
        self._refuse_after_a_loss()
        mark = models.PointStruct(id=MARK, vector={}, payload={APPLIED: change})
        expected = _field(APPLIED, models.Range(gte=self._known, lt=change))
        await self._written(
            lambda client, name: client.upsert(
                name,
                [mark],
                update_filter=models.Filter(must=[expected]),
                update_mode=models.UpdateMode.UPDATE_ONLY,
            )
        )
        if await self._marked() < change:
            self._lost = True
        self._refuse_after_a_loss()

    def _refuse_after_a_loss(self) -> None:
        lost, self._lost = self._lost, False
        if lost:
            raise Unavailable(f"{WHERE} has lost what it held; it is filled again")

    async def write(self, upserts: Sequence[IndexPoint], deletes: Sequence[str]) -> None:
        """Delete, then insert or replace, in requests of a bounded size."""
        for start in range(0, len(deletes), _DELETE_POINTS):
            ids: list[Any] = list(deletes[start : start + _DELETE_POINTS])
            selector = models.PointIdsList(points=ids)
            await self._written(lambda client, name, s=selector: client.delete(name, s))
        for part in _parts(upserts):
            points = [_point(each) for each in part]
            await self._written(lambda client, name, p=points: client.upsert(name, p))

    async def run(self, batch: Batch) -> Answers:
        """Answer a batch; its parts are asked at the same time."""
        # A query may have a vector before the index was opened for the size of it.
        dense = self._space is not None and self._space.dimensions > 0
        return await answer(self._asked, batch, dense=dense)

    async def _marked(self) -> int:
        records = await self._asked(lambda client, name: client.retrieve(name, [MARK]))
        if not records:
            # Somebody began to make the collection and did not finish.
            raise Gone(f"{WHERE} does not have the whole collection; it is made and filled again")
        marked = int((records[0].payload or {})[APPLIED])
        self._lost = self._lost or marked < self._known
        self._known = marked
        return marked

    async def _refuse_an_old_server(self) -> None:
        said = (await self._asked(lambda client, _: client.info())).version
        numbers = said.removeprefix("v").split(".")[:2]
        if not all(number.isdecimal() for number in numbers):
            return
        if tuple(map(int, numbers)) < OLDEST:
            oldest = ".".join(map(str, OLDEST))
            raise Unavailable(f"{WHERE} is of version {said}; it has to be {oldest} or later")

    async def _ensure(self, space: Space) -> None:
        """The collection with its indexes and its mark, whatever of it there is already."""
        if not await self._asked(lambda client, name: client.collection_exists(name)):
            await self._create(space)
        there = await self._asked(lambda client, name: client.get_collection(name))
        self._check(space, there.config.params)
        for field in INDEXED.keys() - there.payload_schema.keys():
            schema = models.PayloadSchemaType(INDEXED[field])
            await self._written(
                lambda client, name, field=field, schema=schema: client.create_payload_index(
                    name, field, schema
                )
            )
        mark = models.PointStruct(id=MARK, vector={}, payload={APPLIED: 0})
        only_new = models.UpdateMode.INSERT_ONLY
        await self._written(lambda client, name: client.upsert(name, [mark], update_mode=only_new))
        self._ready = True

    async def _create(self, space: Space) -> None:
        try:
            await self._asked(
                lambda client, name: client.create_collection(
                    name,
                    vectors_config=_vectors(space),
                    sparse_vectors_config={SPARSE: models.SparseVectorParams()},
                    # Every search is exact and within a filter: a graph would be built for nobody.
                    hnsw_config=models.HnswConfigDiff(m=0, payload_m=0),
                    # Filters read what is indexed, which is in memory; texts need not be.
                    on_disk_payload=True,
                    metadata={"store": space.store, "embedder": space.embedder, "schema": SCHEMA},
                )
            )
        except Unavailable:
            # Another process may have been faster; what it made is checked like any other.
            if not await self._asked(lambda client, name: client.collection_exists(name)):
                raise

    def _check(self, space: Space, there: models.CollectionParams) -> None:
        wanted = _vectors(space)
        vectors = there.vectors if isinstance(there.vectors, dict) else {}
        sizes = {name: params.size for name, params in vectors.items()}
        fits = sizes == {name: params.size for name, params in wanted.items()}
        if not (fits and SPARSE in (there.sparse_vectors or {})):
            raise Unavailable(
                f"{WHERE} has a collection {self._collection} of other vectors than ours: delete "
                "it, or choose other names by OPENMEMORY_QDRANT_COLLECTION"
            )

    async def _written(
        self, call: Callable[[AsyncQdrantClient, str], Awaitable[models.UpdateResult]]
    ) -> None:
        result = await self._asked(call)
        if result.status != models.UpdateStatus.COMPLETED:
            raise Unavailable(f"{WHERE} has not finished a write in time: {result.status}")

    async def _asked(self, call: Callable[[AsyncQdrantClient, str], Awaitable[T]]) -> T:
        client, name = self._client, self._collection
        if client is None or name is None:
            raise Unavailable(f"{WHERE} has not been called yet; try again")
        return await ask(lambda: call(client, name), self._patience)


def collection_of(prefix: str, space: Space) -> str:
    """The collection's name: another space or layout never meets its points."""
    written = canonical_json([SCHEMA, space.store, space.embedder, space.dimensions])
    return f"{prefix}_{blake2b(written.encode(), digest_size=8).hexdigest()}"


def _vectors(space: Space) -> dict[str, models.VectorParams]:
    if not space.dimensions:
        return {}
    best_piece = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
    params = models.VectorParams(
        size=space.dimensions, distance=models.Distance.DOT, multivector_config=best_piece
    )
    return {DENSE: params}


def _point(point: IndexPoint) -> models.PointStruct:
    vector: dict[str, Any] = {}
    if point.dense is not None and len(point.dense):
        vector[DENSE] = point.dense.tolist()
    if point.terms:
        vector[SPARSE] = models.SparseVector(
            indices=list(point.terms), values=list(point.terms.values())
        )
    return models.PointStruct(id=point.id, vector=vector, payload=dict(point.payload))


def _field(key: str, bounds: models.Range) -> models.FieldCondition:
    return models.FieldCondition(key=key, range=bounds)


def _parts(points: Sequence[IndexPoint]) -> Iterator[list[IndexPoint]]:
    """The points in their order, in parts that one request holds. A point alone always fits."""
    part: list[IndexPoint] = []
    size = 0
    for point in points:
        more = _size(point)
        if part and (len(part) == _WRITE_POINTS or size + more > _WRITE_BYTES):
            yield part
            part, size = [], 0
        part.append(point)
        size += more
    if part:
        yield part


def _size(point: IndexPoint) -> int:
    numbers = (0 if point.dense is None else point.dense.size) + 2 * len(point.terms)
    texts = sum(len(str(value)) for value in point.payload.values())
    return numbers * _FLOAT_BYTES + 4 * texts
