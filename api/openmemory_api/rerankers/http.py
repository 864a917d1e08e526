"""A reranker behind the HTTP interface that Cohere, Jina and those who follow them have in common.

What it answers is checked, never trusted, and none of it is shown: it may repeat a memory or the
key.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import httpx

from openmemory_api.domain.errors import Unavailable

MAX_ANSWER: Final = 8 * 1024 * 1024
"""Bytes; some servers send the texts back."""
MAX_DOCUMENT: Final = 4_000
"""Characters of a text that are sent; most models read less."""


@dataclass(frozen=True, slots=True)
class RerankEndpoint:
    """Where texts are sent to be judged."""

    url: str
    """What `/rerank` comes after."""
    model: str | None = None
    key: str | None = field(default=None, repr=False)
    """Sent to `url` and nowhere else."""


class HttpReranker:
    """`Reranker` over HTTP."""

    def __init__(self, endpoint: RerankEndpoint, *, timeout: float) -> None:
        self._endpoint = endpoint
        headers = {"Accept-Encoding": "identity"}
        if endpoint.key is not None:
            headers["Authorization"] = f"Bearer {endpoint.key}"
        # Without the environment: a `.netrc` would put another password in the place of the key.
        # A redirect would carry memories to a server that nobody set.
        self._client = httpx.AsyncClient(
            headers=headers, timeout=timeout, follow_redirects=False, trust_env=False
        )

    @property
    def name(self) -> str:
        """The model, as `/health` names it."""
        return self._endpoint.model or "unnamed"

    async def open(self) -> None:
        """Nothing to load; whether the server answers shows in the first search."""

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        """One relevance per text, 0..1.

        Raises:
            Unavailable: there is no usable answer.
        """
        asked: dict[str, Any] = {
            "query": query[:MAX_DOCUMENT],
            "documents": [text[:MAX_DOCUMENT] for text in texts],
            "top_n": len(texts),
        }
        if self._endpoint.model is not None:
            asked["model"] = self._endpoint.model
        try:
            answer = await self._answer(asked)
        except httpx.TimeoutException as error:
            raise Unavailable("the reranker did not answer in time") from error
        except httpx.HTTPError as error:
            raise Unavailable("the reranker cannot be reached") from error
        return _relevances(answer, len(texts))

    async def _answer(self, asked: dict[str, Any]) -> bytes:
        url = f"{self._endpoint.url}/rerank"
        async with self._client.stream("POST", url, json=asked) as response:
            if response.status_code != 200:
                raise Unavailable(_refused(response.status_code))
            body = bytearray()
            # Raw, so that nothing small unfolds into something large.
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_ANSWER:
                    raise Unavailable("the reranker's answer is too large")
            return bytes(body)


def _refused(status: int) -> str:
    advice = ""
    if status in (401, 403):
        advice = " (see OPENMEMORY_RERANKER_API_KEY)"
    elif status < 400 or status == 404:
        advice = " (see OPENMEMORY_RERANKER_URL)"
    return f"the reranker refused: HTTP {status}{advice}"


def _relevances(answer: bytes, count: int) -> list[float]:
    """The relevance of each text in the order they were sent in."""
    try:
        results = json.loads(answer)["results"]
        given = {_index(each["index"]): _number(each["relevance_score"]) for each in results}
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise Unavailable("the reranker sent something else than relevances") from error
    if len(results) != count or set(given) != set(range(count)):
        raise Unavailable("the reranker did not judge each text once")
    values = [given[place] for place in range(count)]
    if all(0 <= value <= 1 for value in values):
        return values
    # Some servers (llama.cpp) send what the model says as it is: log-odds.
    return [probability(value) for value in values]


def probability(log_odds: float) -> float:
    """What a cross-encoder's output stands for, 0..1."""
    return 1 / (1 + math.exp(-max(-700.0, log_odds)))


def _index(value: object) -> int:
    if type(value) is not int:
        raise ValueError("no index")
    return value


def _number(value: object) -> float:
    if type(value) not in (int, float):
        raise ValueError("no number")
    number = float(cast("float", value))
    if not math.isfinite(number):
        raise ValueError("no number")
    return number
