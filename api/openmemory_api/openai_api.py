"""The official client of the OpenAI API, for whatever server speaks it; imported when configured.

Its errors become ours here. None of them carries what a server said: that may repeat a text of a
memory, or the key.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread

from openmemory_api.domain.errors import Unavailable

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

_AGAIN: Final = frozenset({408, 409, 425, 429})
"""Refusals that say nothing about the request; so does everything from 500."""
_NO_KEY: Final = "none"
"""What is sent where no key is set: the client insists on one, local servers ignore it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model behind an OpenAI-compatible server."""

    model: str
    url: str
    key: str | None = field(repr=False)
    """Sent to `url` and nowhere else."""


class ApiError(Unavailable):
    """A call that gave no answer.

    `status` is the server's, None where none came; `again` says whether the same call may succeed
    later, `retry_after` after how many seconds the server expects that. `hints` is what it said,
    in lower case, to look for the name of a parameter in; it is never shown.
    """

    def __init__(
        self,
        message: str,
        *,
        again: bool,
        status: int | None = None,
        retry_after: float | None = None,
        hints: str = "",
    ) -> None:
        super().__init__(message)
        self.again = again
        self.status = status
        self.retry_after = retry_after
        self.hints = hints

    @property
    def refuses_the_request(self) -> bool:
        """Whether the server found fault with the request itself."""
        return self.status in (400, 422)


class OpenAIServer:
    """One server. Made without importing the client, which takes a second."""

    def __init__(self, endpoint: Endpoint, *, setting: str, timeout: float) -> None:
        if find_spec("openai") is None:
            raise Unavailable(
                f"OPENMEMORY_{setting}_MODEL needs a package: pip install 'openmemory-server[openai]'"
            )
        self._endpoint = endpoint
        self._setting = setting
        self._timeout = timeout
        self._client: AsyncOpenAI | None = None
        self._making = anyio.Lock()

    @property
    def model(self) -> str:
        """The model to ask for."""
        return self._endpoint.model

    @asynccontextmanager
    async def call(self, *, within: float | None = None) -> AsyncGenerator["AsyncOpenAI"]:
        """The client for one call, which is given up after `within` seconds (or the timeout).

        Raises:
            ApiError: the call gave no answer.
        """
        client = await self._made()
        from openai import (  # noqa: PLC0415 - see above
            APIConnectionError,
            APIStatusError,
            APITimeoutError,
            OpenAIError,
        )

        seconds = within or self._timeout
        try:
            with anyio.fail_after(seconds):
                yield client
        except (TimeoutError, APITimeoutError) as error:
            message = f"{self._named} did not answer within {seconds:g} s"
            raise ApiError(message, again=True) from error
        except APIStatusError as error:
            raise self._refused(error) from None
        except APIConnectionError as error:
            raise ApiError(f"{self._named} cannot be reached", again=True) from error
        except (OpenAIError, ValueError, TypeError) as error:
            # What came is not what the API answers with.
            message = f"{self._named} sent something else than an answer"
            raise ApiError(message, again=True) from error

    async def close(self) -> None:
        """Close its connections."""
        if self._client is not None:
            await self._client.close()

    async def _made(self) -> "AsyncOpenAI":
        async with self._making:
            if self._client is None:
                self._client = await anyio.to_thread.run_sync(self._make)
        return self._client

    def _make(self) -> "AsyncOpenAI":
        from openai import AsyncOpenAI  # noqa: PLC0415 - see above

        # Retries are ours, and so is the whole time: its own is per read, which drops never end.
        client = AsyncOpenAI(
            api_key=self._endpoint.key or _NO_KEY,
            base_url=self._endpoint.url,
            timeout=self._timeout,
            max_retries=0,
        )
        # Read from the environment for another server than this one.
        client.organization = client.project = None
        return client

    @property
    def _named(self) -> str:
        kind = "language model" if self._setting == "LLM" else "embedder"
        return f"the {kind} {self._endpoint.model}"

    def _refused(self, error: "APIStatusError") -> ApiError:
        status = error.status_code
        spent = error.code == "insufficient_quota"
        return ApiError(
            f"{self._named} was refused: HTTP {status}{self._advice(status, spent=spent)}",
            again=(status in _AGAIN and not spent) or status >= 500,
            status=status,
            retry_after=_seconds(error.response.headers.get("Retry-After")),
            hints=f"{error.param or ''} {error.message}".lower(),
        )

    def _advice(self, status: int, *, spent: bool) -> str:
        if status in (401, 403):
            return f" (see OPENMEMORY_{self._setting}_API_KEY)"
        if status == 404:
            return f" (see OPENMEMORY_{self._setting}_MODEL and _URL)"
        return " (its quota is used up)" if spent else ""


def _seconds(header: str | None) -> float | None:
    """A wait in seconds; a date is as good as nothing said."""
    try:
        return max(float(header), 0.0) if header else None
    except ValueError:
        return None
