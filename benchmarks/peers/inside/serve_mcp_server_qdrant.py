"""mcp-server-qdrant, its embedding provider replaced by the benchmark's model server.

Its only provider of its own downloads weights. The class takes another one as an argument, so
nothing of it is patched. `serve_mcp_server_qdrant.py PORT` serves; `… TEXTS seed` fills it.
"""

import asyncio  # noqa: TID251 - the peer's own loop
import os
import sys

import httpx
from mcp_server_qdrant.embeddings.base import EmbeddingProvider
from mcp_server_qdrant.mcp_server import QdrantMCPServer
from mcp_server_qdrant.qdrant import Entry
from mcp_server_qdrant.settings import QdrantSettings, ToolSettings
from model import embed, memories


class ModelServer(EmbeddingProvider):
    """Asks the model server over HTTP, as every other peer does."""

    def __init__(self) -> None:
        self._http = httpx.AsyncClient(trust_env=False)

    async def embed_documents(self, documents: list[str]) -> list[list[float]]:
        body = {"input": documents, "model": "benchmark"}
        answer = await self._http.post(f"{os.environ['MODEL_URL']}/embeddings", json=body)
        return [row["embedding"] for row in answer.raise_for_status().json()["data"]]

    async def embed_query(self, query: str) -> list[float]:
        return (await self.embed_documents([query]))[0]

    def get_vector_name(self) -> str:
        return "fast-benchmark"

    def get_vector_size(self) -> int:
        return len(embed(["size"])[0])


server = QdrantMCPServer(
    tool_settings=ToolSettings(), qdrant_settings=QdrantSettings(), embedding_provider=ModelServer()
)


async def seed() -> None:
    """Store every memory as its own tool does."""
    for text in memories():
        await server.qdrant_connector.store(Entry(content=text))


if sys.argv[2:] == ["seed"]:
    asyncio.run(seed())
else:
    server.run(transport="streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
