"""The log of calls: who read and wrote what, and when. Under `/api/v1/`."""

import csv
import io
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from openmemory_api.db.activity import Call, Wanted
from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.domain.errors import Forbidden
from openmemory_api.routes.deps import CallerDep, ContainerDep
from openmemory_api.services.access import require_manager, require_scopes
from openmemory_api.services.activity import Kind, Outcome
from openmemory_api.services.usage import By
from openmemory_api.services.validation import checked_id, checked_moment

router = APIRouter(prefix="/api/v1", tags=["activity"])

_JSONL: Final = "application/x-ndjson"
_CSV: Final = "text/csv"
_MONTH: Final = timedelta(days=29)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class HitOut(BaseModel):
    """A memory that a call found or changed, or was refused to change."""

    memory_id: str
    rank: int
    score: float | None


class CallOut(BaseModel):
    """One call of the store."""

    id: int
    at: datetime
    request_id: str
    user_id: str | None
    app: str | None
    key_id: str | None
    surface: str
    operation: str
    kind: Kind
    query: str | None
    count: int | None
    hits: list[HitOut]
    duration_ms: float
    outcome: Outcome
    status: int | None


class CallsOut(BaseModel):
    """A page of the log; `next` is the cursor of the following one."""

    results: list[CallOut]
    next: str | None


class StoredOut(BaseModel):
    """What is stored now; `bytes` are those of texts and vectors."""

    model_config = ConfigDict(from_attributes=True)

    memories: int
    vectors: int
    bytes: int


class UsedOut(BaseModel):
    """What one day, user, app or key has used; `stored` by user and by app."""

    name: str | None
    calls: int
    reads: int
    writes: int
    denied: int
    limited: int
    errors: int
    stored: StoredOut | None


class UsageOut(BaseModel):
    """Counts of calls, and all that is stored now."""

    first: date = Field(alias="from")
    last: date = Field(alias="to")
    by: By
    results: list[UsedOut]
    stored: StoredOut


class ErrorOut(BaseModel):
    """One failure: where, never what about."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    request_id: str
    operation: str
    status: int
    exception: str | None
    place: str | None


class ErrorsOut(BaseModel):
    """The newest failures."""

    results: list[ErrorOut]


async def _viewer(
    caller: CallerDep,
    user_id: Annotated[str | None, Query(description="Whose calls; everybody's if none")] = None,
) -> Caller:
    require_manager(caller)
    named = checked_id(user_id, name="user_id")
    if named is not None and caller.user_id not in (None, named):
        raise Forbidden(f"The caller acts for the user {caller.user_id!r} and cannot name another")
    return replace(caller, user_id=caller.user_id or named)


ViewerDep = Annotated[Caller, Depends(_viewer)]
"""Who may see what was done: its `user_id` is None where that is everybody's."""


def _in_utc(moment: datetime) -> datetime:
    there = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    in_utc = checked_moment(there, name="since or until")
    assert in_utc is not None
    return in_utc


Moment = Annotated[datetime, AfterValidator(_in_utc)]
Text = Annotated[str | None, Query(max_length=255)]


async def _wanted(
    viewer: ViewerDep,
    app: Text = None,
    surface: Text = None,
    operation: Annotated[
        str | None, Query(max_length=255, description="A tool's name, or method and route")
    ] = None,
    kind: Kind | None = None,
    outcome: Outcome | None = None,
    key_id: Text = None,
    memory_id: Annotated[
        str | None, Query(max_length=36, description="Calls that found or changed this memory")
    ] = None,
    since: Moment | None = None,
    until: Annotated[Moment | None, Query(description="Exclusive")] = None,
    q: Annotated[str | None, Query(max_length=2_000, description="A part of the query")] = None,
    looks: Annotated[
        bool,
        Query(description="Also calls that only look at how things are managed, if not refused"),
    ] = True,
) -> Wanted:
    # A query, and which memory it found, tells of what is remembered.
    require_scopes(viewer, KeyScope.READ)
    return Wanted(
        project_id=viewer.project_id,
        user_id=viewer.user_id,
        app=app,
        surface=surface,
        operation=operation,
        kind=kind,
        outcome=outcome,
        key_id=key_id,
        memory_id=memory_id,
        since=since,
        until=until,
        query=q,
        looks=looks,
    )


@router.get(
    "/activity",
    response_model=CallsOut,
    responses={200: {"content": {_JSONL: {}, _CSV: {}}}},
)
async def list_calls(
    viewer: ViewerDep,
    wanted: Annotated[Wanted, Depends(_wanted)],
    container: ContainerDep,
    cursor: Annotated[str | None, Query(max_length=255)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    format: Annotated[
        Literal["json", "jsonl", "csv"], Query(description="`jsonl` and `csv` are not paged")
    ] = "json",
) -> Any:
    """Every call of the store, newest first. For users their own, for administrators all."""
    if format == "json":
        found, following = await container.calls.page(viewer, wanted, cursor=cursor, limit=limit)
        return {"results": [_call(call) for call in found], "next": following}
    written, kind = (_lines, _JSONL) if format == "jsonl" else (_cells, _CSV)
    return _download(await _begun(container.calls.all(viewer, wanted)), written, kind)


@router.get("/usage", response_model=UsageOut)
async def usage(
    viewer: ViewerDep,
    container: ContainerDep,
    first: Annotated[date | None, Query(alias="from", description="A day (UTC)")] = None,
    last: Annotated[date | None, Query(alias="to", description="Today if none")] = None,
    by: By = "day",
) -> Any:
    """What was used: calls by day, user, app or key, and what is stored now."""
    last = last or container.clock().date()
    first = first or last - min(_MONTH, last - date.min)
    used, stored = await container.usage.used(viewer, by=by, first=first, last=last)
    results = [{"name": each.name, **each.counts, "stored": each.stored} for each in used]
    return {"from": first, "to": last, "by": by, "results": results, "stored": stored}


@router.get("/errors", response_model=ErrorsOut)
async def errors(caller: CallerDep, container: ContainerDep) -> Any:
    """The newest 1,000 failures (5xx) of the server, without any text of theirs."""
    return {"results": await container.usage.errors(caller)}


async def _begun(calls: AsyncGenerator[Call]) -> AsyncGenerator[Call]:
    """The same, once the first is there: what cannot be read must not look like nothing."""
    first = await anext(calls, None)

    async def following() -> AsyncGenerator[Call]:
        if first is not None:
            yield first
        async for call in calls:
            yield call

    return following()


def _download(
    calls: AsyncGenerator[Call],
    written: Callable[[AsyncGenerator[Call]], AsyncIterator[str]],
    kind: str,
) -> StreamingResponse:
    name = "activity.csv" if kind == _CSV else "activity.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(written(calls), media_type=kind, headers=headers)


async def _lines(calls: AsyncGenerator[Call]) -> AsyncIterator[str]:
    async for call in calls:
        yield CallOut.model_validate(_call(call)).model_dump_json() + "\n"


async def _cells(calls: AsyncGenerator[Call]) -> AsyncIterator[str]:
    yield _row(CallOut.model_fields)
    async for call in calls:
        values = CallOut.model_validate(_call(call)).model_dump(mode="json")
        hits = json.dumps(values.pop("hits"))
        yield _row({**values, "hits": hits}.get(name) for name in CallOut.model_fields)


def _row(values: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([_inert(value) for value in values])
    return line.getvalue()


def _inert(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _call(call: Call) -> dict[str, Any]:
    shown = {name: getattr(call, name) for name in CallOut.model_fields if name != "hits"}
    hits = [{"memory_id": h.memory_id, "rank": h.rank, "score": h.score} for h in call.hits]
    return {**shown, "hits": hits}
