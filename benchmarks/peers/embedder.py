"""A model server of our own: the OpenAI API's embeddings and chat, in constant time, on loopback.

    python -m benchmarks.peers.embedder PORT

Every peer calls it over HTTP, as it would call a real one; what it costs is the same for all.
"""

import base64
import re
import sys
import zlib
from typing import Any, Final

import numpy as np
import uvicorn
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

DIMENSIONS: Final = 1536
"""What `text-embedding-3-small` has, which is the default of the peers that call OpenAI."""
MODEL: Final = "text-embedding-3-small"

_OFFSETS: Final = 1 << 16
_NOISE: Final = np.random.default_rng(0).standard_normal(_OFFSETS + DIMENSIONS).astype(np.float32)


def vector(text: str) -> NDArray[np.float32]:
    """A unit vector of `DIMENSIONS`; texts that share words are alike."""
    words = re.findall(r"\w+", text.lower()) or [""]
    total = np.zeros(DIMENSIONS, dtype=np.float32)
    for word in words:
        # A window on fixed noise: as good as a random vector of the word's own, and nothing to keep.
        start = zlib.crc32(word.encode()) % _OFFSETS
        total += _NOISE[start : start + DIMENSIONS]
    return total / np.float32(np.linalg.norm(total))


async def embeddings(request: Request) -> JSONResponse:
    """`POST /v1/embeddings` for a text or a list of texts, as floats or base64."""
    asked: dict[str, Any] = await request.json()
    given = asked["input"]
    texts = [given] if isinstance(given, str) else given
    packed = asked.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": i, "embedding": _encoded(vector(text), packed)}
        for i, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
    return JSONResponse({"object": "list", "data": data, "model": MODEL, "usage": usage})


def _encoded(made: NDArray[np.float32], packed: bool) -> str | list[float]:
    return base64.b64encode(made.tobytes()).decode() if packed else made.tolist()


async def chat(request: Request) -> JSONResponse:
    """`POST /v1/chat/completions`: always the same categories, which the predecessor asks for."""
    asked: dict[str, Any] = await request.json()
    message = {"role": "assistant", "content": '{"categories": ["personal"]}'}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return JSONResponse(
        {
            "id": "chat-1",
            "object": "chat.completion",
            "created": 0,
            "model": asked.get("model", MODEL),
            "choices": [choice],
            "usage": usage,
        }
    )


app = Starlette(
    routes=[
        Route("/v1/embeddings", embeddings, methods=["POST"]),
        Route("/v1/chat/completions", chat, methods=["POST"]),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="error")
