"""The composition root: builds the parts of the store, opens them in order and closes them."""

import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import anyio
import sqlalchemy as sa
from anyio.abc import TaskGroup
from sqlalchemy.exc import SQLAlchemyError

from openmemory_api import __version__
from openmemory_api.db import memories as memory_rows
from openmemory_api.db.failures import Unreachable
from openmemory_api.db.opening import activity_file, open_activity, open_database
from openmemory_api.db.schema import migrate, refuse_foreign
from openmemory_api.db.session import Database, WriteConnection
from openmemory_api.db.sqlite import make_private
from openmemory_api.db.tables import projects
from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.protocols import Clock, Embedder, Extractor, Reranker, VectorIndex
from openmemory_api.embeddings.minilm import MiniLMEmbedder
from openmemory_api.embeddings.multilingual import MultilingualEmbedder
from openmemory_api.embeddings.none import NoEmbedder
from openmemory_api.embeddings.openai import TIMEOUT as EMBEDDER_TIMEOUT
from openmemory_api.embeddings.openai import OpenAIEmbedder
from openmemory_api.llm.extractor import LlmExtractor
from openmemory_api.openai_api import Endpoint, OpenAIServer
from openmemory_api.rerankers.cross_encoder import CrossEncoder
from openmemory_api.rerankers.http import HttpReranker
from openmemory_api.services.access import AccessService
from openmemory_api.services.actions import ActionService
from openmemory_api.services.adding import AddService
from openmemory_api.services.apps import AppService
from openmemory_api.services.attention import AttentionService
from openmemory_api.services.background import Background
from openmemory_api.services.browsing import BrowseService
from openmemory_api.services.calls import CallService
from openmemory_api.services.editing import EditService
from openmemory_api.services.entities import EntityService
from openmemory_api.services.extraction import ExtractionService
from openmemory_api.services.indexing import Indexer
from openmemory_api.services.jobs import JobQueue
from openmemory_api.services.keys import KeyService
from openmemory_api.services.limits import CallLimits, Quota
from openmemory_api.services.live import Live
from openmemory_api.services.looking import LookService
from openmemory_api.services.matrix import MatrixService
from openmemory_api.services.memories import MemoryService
from openmemory_api.services.overview import OverviewService
from openmemory_api.services.pepper import Pepper
from openmemory_api.services.playground import PlaygroundService
from openmemory_api.services.recorder import Recorder
from openmemory_api.services.redaction import Redaction
from openmemory_api.services.reranking import Reranking
from openmemory_api.services.rules import RulesService
from openmemory_api.services.search import SearchService
from openmemory_api.services.sessions import SessionService
from openmemory_api.services.showing import ShowingService
from openmemory_api.services.states import StateService
from openmemory_api.services.trash import TrashService
from openmemory_api.services.undoing_app import AppUndoService
from openmemory_api.services.usage import UsageService
from openmemory_api.services.watch import Watch
from openmemory_api.settings import Settings
from openmemory_api.vectors.loading import IndexOptions, load_index

log = logging.getLogger(__name__)

DEFAULT_PROJECT: Final = "default"
DEFAULT_ORG: Final = "default-org"
_EMBEDDERS: Final[Mapping[str, Callable[[], Embedder]]] = {
    "english": MiniLMEmbedder,
    "multilingual": MultilingualEmbedder,
    "none": NoEmbedder,
}
_REOPEN_SECONDS: Final = 1
_LEASE_SLACK: Final = timedelta(seconds=30)
"""What a worker does beside waiting for the model, and how far clocks of machines may be apart."""


def utc_now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


class Container:
    """Everything a request needs. Made cheap; `open` does the work."""

    def __init__(
        self,
        settings: Settings,
        *,
        embedder: Embedder | None = None,
        index: VectorIndex | None = None,
        extractor: Extractor | None = None,
        reranker: Reranker | None = None,
        clock: Clock = utc_now,
        settled: Callable[[], object] = lambda: None,
    ) -> None:
        """`settled` is called once all that a start loads is there, before the first request."""
        self.settings = settings
        self.database: Database = open_database(settings.database_path, settings.postgres_url)
        self._servers: list[OpenAIServer] = []
        self.embedder = embedder or self._embedder()
        self.extractor = extractor or self._extractor()
        self.index = index or _index(settings)
        self.reranking = Reranking(
            reranker or _reranker(settings), timeout=settings.reranker_timeout
        )
        self.clock = clock
        self._settled = settled
        self.pepper = self._pepper()
        self.keys = KeyService(self.database, clock, self.pepper, settings.user)
        self.sessions = SessionService(self.database, clock, self.pepper, self.keys)
        self.recorder = self._recorder()
        self.calls = CallService(self.recorder)
        self.limits = CallLimits(
            self.keys,
            self.recorder.calls_of_key,
            clock,
            per_minute=settings.rate_limit,
            per_day=settings.daily_calls,
        )
        keep = timedelta(days=settings.trash_days)
        self.indexer = Indexer(self.database, self.index, self.embedder)
        self.access = AccessService(self.database, clock, self.keys)
        self.usage = UsageService(self.recorder, self.database, self.access)
        redaction = Redaction(settings.redact)
        self.memories = MemoryService(
            self.database, self.access, self.indexer, clock, keep, self._forget, redaction
        )
        self.search = SearchService(
            self.database,
            self.access,
            self.index,
            self.indexer,
            self.embedder,
            clock,
            self.reranking,
        )
        self.rules = RulesService(self.database, self.search)
        self.matrix = MatrixService(self.database)
        self.showing = ShowingService(self.database, self.recorder, self.embedder)
        self.entities = EntityService(self.database, self.access)
        quota = Quota(settings.max_memories)
        self.actions = ActionService(self.database, self.access, self.indexer, clock, quota)
        self.apps = AppService(self.database, self.access, clock)
        self.app_undo = AppUndoService(self.database, self.indexer, clock, quota)
        self.states = StateService(self.access, self.indexer, clock, keep, self._forget, quota)
        self.editing = EditService(self.access, self.indexer, clock, redaction)
        self.browsing = BrowseService(self.database, self.access, self.recorder)
        self.looking = LookService(
            self.database, self.access, self.search, self.indexer, self.embedder, self.showing
        )
        self.jobs = JobQueue(
            self.database,
            clock,
            at_once=settings.llm_concurrency,
            lease=timedelta(seconds=settings.llm_timeout) + _LEASE_SLACK,
        )
        waits = self.jobs if self.extractor else None
        self.adding = AddService(
            self.database, self.access, self.indexer, clock, waits, redaction, quota
        )
        self.extraction = ExtractionService(
            self.database,
            self.access,
            self.indexer,
            clock,
            self.jobs,
            self.actions,
            self.extractor,
            redaction,
            quota,
        )
        self.playground = PlaygroundService(self.database, self.search, clock)
        self.overview = OverviewService(self.database, self.recorder, clock)
        self.live = Live()
        self.watch = Watch(self.database, self.indexer, self.live)
        self.attention = AttentionService(
            self.database,
            self.indexer,
            self.extraction,
            self.recorder,
            clock,
            opened=not settings.demands_key and not settings.trusts_local,
        )
        self.trash = TrashService(
            self.database, self.access, self.indexer, clock, keep, self._forget, quota
        )
        self._have_it_told()
        # Also what the process before did not come to.
        self._to_forget = True
        self._background = Background()
        self._opened = anyio.Event()
        self._failure: Exception | None = None

    def _have_it_told(self) -> None:
        """Have everything that happens known to those who look on."""
        self.database.on_write(self.live.poke)
        self.recorder.on_call(self.watch.call)
        self.sessions.on_end(self.live.wake)

        async def look_again(_key_id: str, _left: timedelta) -> None:
            self.live.wake()

        self.keys.on_end(look_again)

    def _pepper(self) -> Pepper:
        secret = self.settings.secret
        # A file of one of several servers would be no secret of the others.
        file = None if self.database.shared else self.settings.data_dir / "secret"
        return Pepper(file, secret.get_secret_value() if secret else None)

    def _recorder(self) -> Recorder:
        path, url = self.settings.database_path, self.settings.postgres_url
        return Recorder(
            open_activity(path, url),
            self.database,
            None if path is None else activity_file(path),
            self.clock,
            days=self.settings.activity_days,
            queries=self.settings.activity_queries,
            hashed=self._hashed,
            redacts=self.settings.redact == "redact",
        )

    def _hashed(self, query: str) -> str:
        if not self.database.shared:
            self.pepper.ensure()
        return self.pepper.digest("query", query)

    async def _forget(self) -> None:
        self._to_forget = True
        with suppress(Unavailable):
            await self.forget_again()
        await self.recorder.erase()

    async def forget_again(self) -> None:
        """Leave nothing of what was erased for good beside the database, where something may be.

        Raises:
            Unavailable: another program reads it now; to be tried again.
        """
        if not self._to_forget:
            return
        self._to_forget = False
        try:
            await self.database.forget()
        except BaseException:
            self._to_forget = True
            raise

    def _embedder(self) -> Embedder:
        endpoint = self.settings.embedder_server
        if endpoint is None:
            return _EMBEDDERS[self.settings.embedder]()
        server = self._server(endpoint, "EMBEDDER", EMBEDDER_TIMEOUT)
        return OpenAIEmbedder(server, dimensions=self.settings.embedder_dimensions)

    def _extractor(self) -> Extractor | None:
        endpoint = self.settings.llm
        if endpoint is None:
            return None
        return LlmExtractor(self._server(endpoint, "LLM", self.settings.llm_timeout))

    def _server(self, endpoint: Endpoint, setting: str, timeout: float) -> OpenAIServer:
        server = OpenAIServer(endpoint, setting=setting, timeout=timeout)
        self._servers.append(server)
        return server

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["Container"]:
        """Open in the background, so that `/health` answers meanwhile; close at the end."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.database.close)
            stack.push_async_callback(self.recorder.close)
            stack.push_async_callback(self.index.close)
            stack.push_async_callback(self.reranking.close)
            for server in self._servers:
                stack.push_async_callback(server.close)
            tasks = await stack.enter_async_context(anyio.create_task_group())
            stack.callback(tasks.cancel_scope.cancel)
            tasks.start_soon(self._open, tasks)
            yield self

    async def _open(self, tasks: TaskGroup) -> None:
        try:
            await self._open_database()
            await self.indexer.open()
        except Unreachable as error:
            # It may only start later than we do.
            self._failure = error
            tasks.start_soon(self._open_later, tasks)
        except Exception as error:
            # Whatever it was, requests are told instead of left waiting.
            log.critical("The store could not be opened", exc_info=error)
            self._failure = error
        else:
            self._failure = None
            self._settled()
            tasks.start_soon(self.reranking.open)
            for name, work in self._works():
                tasks.start_soon(self._background.keep, name, work)
        self._opened.set()

    def _works(self) -> list[tuple[str, Callable[[], Awaitable[object]]]]:
        """What goes on in the background, by the names that `/health` tells an end by."""
        return [
            ("The index", self.indexer.run),
            ("Extraction", self.extraction.run),
            ("The log of calls", self.recorder.run),
            ("Live updates", self.watch.run),
            ("The hourly sweep", self._hourly),
            ("The sweep of each minute", self._minutely),
        ]

    async def _open_later(self, tasks: TaskGroup) -> None:
        await anyio.sleep(_REOPEN_SECONDS)
        await self._open(tasks)

    async def _open_database(self) -> None:
        self.settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.settings.database_path is not None:
            refuse_foreign(self.settings.database_path)
            make_private(self.settings.database_path)
        await migrate(self.database)
        async with self.database.write() as connection:
            await _ensure_project(connection, self.clock())
            await memory_rows.ensure_store_id(connection)

    async def forget_index(self) -> None:
        """Have the next start fill the index anew. For a container that is not open.

        Raises:
            Unavailable: the database is not ours, or cannot be reached.
        """
        async with self.at_rest():
            await self.indexer.renew_store()

    @asynccontextmanager
    async def at_rest(self) -> AsyncGenerator["Container"]:
        """With its database open and nothing else: for what is done while nobody is served.

        Raises:
            Unavailable: the database is not ours, or cannot be reached.
        """
        try:
            await self._open_database()
            self._opened.set()
            yield self
        finally:
            await self.database.close()

    async def can_be_administered(self) -> bool:
        """Whether there is a key that can make others. For a container that is not open.

        Where the database cannot be reached it may be; then nobody is let in either.
        """
        try:
            async with self.at_rest():
                return await self.keys.can_administer()
        except Unreachable:
            return True

    async def _hourly(self) -> None:
        while True:
            await _attempt(self._sweep, "The trash could not be swept")
            await _attempt(self._sweep_log, "The log of calls could not be swept")
            await anyio.sleep(3600)

    async def _sweep(self) -> None:
        if await self.database.leads():
            await self.trash.sweep()

    async def _sweep_log(self) -> None:
        if await self.database.leads():
            await self.recorder.sweep()

    async def _minutely(self) -> None:
        while True:
            await anyio.sleep(60)
            await _attempt(self.forget_again, "What was erased is still being read")
            await _attempt(self.recorder.forget, "Erased queries are still being read")
            await _attempt(self.access.record_seen, "When apps were last seen is not recorded")
            await _attempt(self.keys.record_used, "When keys were last used is not recorded")
            await _attempt(self.sessions.record_used, "When sessions were last used is not known")

    async def ready(self) -> None:
        """Wait until the store can serve.

        Raises:
            Unavailable: it could not be opened.
        """
        await self._opened.wait()
        if self._failure is not None:
            raise Unavailable(f"The store could not be opened: {self._failure}")

    async def health(self) -> dict[str, Any]:
        """What anyone may know of this server; never a memory, a path or a key."""
        return {
            "status": self._status(),
            "service": "openmemory",
            "version": __version__,
            "pid": os.getpid(),
            "auth": {
                "mode": self.settings.auth,
                "key_required": self.settings.demands_key,
                "app_identity": await self._app_identity(),
            },
            "embedder": {"name": self.embedder.name, "problem": self.indexer.degraded},
            "extractor": await self._extractor_health(),
            "reranker": self.reranking.health,
            "index": {
                "pending": await self._count(self.indexer.pending),
                "problem": self.indexer.unreached or self.indexer.behind,
                "leads": self.indexer.leads,
            },
            "activity": self.recorder.health(),
            "background": {"problem": self._background.problem},
            # On a network, how much somebody remembers is nobody's business.
            "memories": await self._count(self.memories.total)
            if self.settings.trusts_local
            else None,
        }

    async def _app_identity(self) -> str:
        """Proven where nobody reaches memories but by a key that is bound to an app."""
        if not self.settings.demands_key or self.settings.api_key is not None:
            return "claimed"
        return "proven" if await self._count(self.keys.prove_apps) else "claimed"

    async def _extractor_health(self) -> dict[str, Any] | None:
        if self.extractor is None:
            return None
        return {
            "name": self.extractor.name,
            "problem": self.extraction.problem,
            "waiting": await self._count(self.jobs.waiting),
        }

    async def _count(self, counted: Callable[[], Awaitable[int]]) -> int | None:
        if not self._opened.is_set() or self._failure is not None:
            return None
        try:
            return await counted()
        except Unavailable:
            return None

    def _status(self) -> str:
        if not self._opened.is_set():
            return "starting"
        if self._failure is not None:
            return "failed"
        index = self.indexer.degraded or self.indexer.unreached or self.indexer.behind
        problem = index or self._background.problem
        return "degraded" if problem else "ok"


def _index(settings: Settings) -> VectorIndex:
    key = settings.qdrant_api_key
    options = IndexOptions(
        folder=settings.data_dir / "index",
        qdrant_url=settings.qdrant_address,
        qdrant_api_key=key.get_secret_value() if key else None,
        qdrant_collection=settings.qdrant_collection,
    )
    return load_index(settings.index, options)


def _reranker(settings: Settings) -> Reranker | None:
    if settings.reranker is not None:
        return HttpReranker(settings.reranker, timeout=settings.reranker_timeout)
    if settings.reranker_path is not None:
        return CrossEncoder(settings.reranker_path)
    return None


async def _attempt(work: Callable[[], Awaitable[object]], otherwise: str) -> None:
    try:
        await work()
    except (SQLAlchemyError, Unavailable):
        # A locked file or a full disk now; the next round may do better.
        log.exception(otherwise)


async def _ensure_project(connection: WriteConnection, now: datetime) -> None:
    known = sa.select(projects.c.id).where(projects.c.id == DEFAULT_PROJECT)
    if (await connection.execute(known)).scalar_one_or_none() is None:
        row = {
            "id": DEFAULT_PROJECT,
            "org_id": DEFAULT_ORG,
            "name": "Default",
            "created_at": now,
        }
        await connection.execute(sa.insert(projects).values(row))
