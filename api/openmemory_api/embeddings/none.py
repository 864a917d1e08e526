"""No embedder: memories are found by their words and by what speaks for them beside those."""

from collections.abc import Sequence

from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.protocols import Matrix, Vector


class NoEmbedder:
    """`Embedder` that makes no vectors, so that nothing waits for one."""

    name = "none"
    dimensions = 0
    reading = None

    async def open(self) -> None:
        """Nothing to find out."""

    async def embed_documents(self, texts: Sequence[str]) -> list[Matrix]:
        """Refused: `reading` says not to ask."""
        raise Unavailable(f"{len(texts)} texts are not embedded: there is no model")

    async def embed_query(self, text: str) -> Vector:
        """Refused: `reading` says not to ask."""
        raise Unavailable(f"{text!r} is not embedded: there is no model")
