"""Fill mcp-memory-service through its own storage class, in batches."""

import asyncio  # noqa: TID251 - the peer's own loop
import os

from mcp_memory_service.models.memory import Memory
from mcp_memory_service.storage.sqlite_vec import SqliteVecMemoryStorage
from mcp_memory_service.utils.hashing import generate_content_hash
from model import memories

_BATCH = 200


async def seed() -> None:
    """Store every memory; it embeds them itself, through the model server."""
    storage = SqliteVecMemoryStorage(os.environ["MCP_MEMORY_SQLITE_PATH"])
    await storage.initialize()
    every = memories()
    for start in range(0, len(every), _BATCH):
        done = await storage.store_batch([_memory(t) for t in every[start : start + _BATCH]])
        refused = [why for stored, why in done if not stored]
        if refused:
            raise SystemExit(f"{len(refused)} were refused: {refused[0]}")
    await storage.close()


def _memory(text: str) -> Memory:
    return Memory(content=text, content_hash=generate_content_hash(text), tags=[])


asyncio.run(seed())
