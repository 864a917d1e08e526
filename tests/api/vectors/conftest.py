"""An index of each kind, for the suite that all of them pass."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import TypeAlias

import pytest

from openmemory_api.domain.protocols import Point, VectorIndex
from tests.api.vectors.indexes import INDEXES, SPACE, IndexFactory

IndexOf: TypeAlias = Callable[..., Awaitable[VectorIndex]]
"""Opens an index of its own and puts points into it, as change 1."""


@pytest.fixture(params=INDEXES)
def factory(request: pytest.FixtureRequest) -> IndexFactory:
    """A kind of index."""
    return INDEXES[request.param]


@pytest.fixture
async def index_of(factory: IndexFactory, tmp_path: Path) -> AsyncGenerator[IndexOf]:
    """Indexes of that kind, closed at the end."""
    numbers = count()
    async with AsyncExitStack() as opened:

        async def index_of(*held: Point) -> VectorIndex:
            index = factory(tmp_path / f"index-{next(numbers)}")
            opened.push_async_callback(index.close)
            await index.open(SPACE)
            if held:
                await index.apply(held, [], change=1)
            return index

        yield index_of
