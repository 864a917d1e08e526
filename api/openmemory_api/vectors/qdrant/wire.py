"""The way to a Qdrant server: one client, bounded patience, and errors that say what to do."""

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import anyio
import httpx
from qdrant_client import AsyncQdrantClient
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from openmemory_api.domain.errors import Unavailable

log = logging.getLogger(__name__)

T = TypeVar("T")

WHERE: Final = "the Qdrant server at OPENMEMORY_QDRANT_URL"
_CONNECTIONS: Final = 32
_PASSING: Final = frozenset({429, 500, 502, 503, 504})
"""Statuses of which the next attempt may know nothing."""
_LONGEST_REASON: Final = 200


class Gone(Unavailable):
    """The collection is not there."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may take, in seconds, and how often it is tried."""

    connect: float = 3.0
    read: float = 10.0
    pauses: tuple[float, ...] = (0.1, 0.4)
    """Before each further attempt. Every call of ours can be repeated: it replaces or asks."""


def connect(url: str, api_key: str | None, patience: Patience) -> AsyncQdrantClient:
    """A client over HTTP. Nothing is sent yet."""
    limits = {
        "connect": patience.connect,
        "read": patience.read,
        "write": patience.read,
        "pool": patience.read,
    }

    async def bound(request: httpx.Request) -> None:
        # The client takes one whole number of seconds for everything.
        request.extensions["timeout"] = limits

    if api_key is not None and url.startswith("http:") and not _is_local(url):
        log.warning("OPENMEMORY_QDRANT_API_KEY is sent to OPENMEMORY_QDRANT_URL without encryption")
    return AsyncQdrantClient(
        url=url,
        # As a header: given as a key it would turn plain HTTP into a warning of the client's own.
        headers={"api-key": api_key} if api_key is not None else None,
        # Asked when the index is opened, with an answer that is acted upon.
        check_compatibility=False,
        limits=httpx.Limits(max_connections=_CONNECTIONS, keepalive_expiry=5.0),
        event_hooks={"request": [bound]},
    )


async def ask(call: Callable[[], Awaitable[T]], patience: Patience) -> T:
    """What the server answers, after another attempt or two if the way there failed.

    Raises:
        Gone: there is no such collection.
        Unavailable: it did not answer, or not with what was asked for.
    """
    pauses = iter(patience.pauses)
    while True:
        try:
            return await call()
        except (
            ResponseHandlingException,
            UnexpectedResponse,
            ResourceExhaustedResponse,
        ) as error:
            pause = next(pauses, None)
            if pause is None or not _passes(error):
                raise _unavailable(error, patience) from error
        except json.JSONDecodeError as error:
            raise _another_service() from error
        await anyio.sleep(pause)


def _passes(error: Exception) -> bool:
    """Whether another attempt may do better. One that took too long already waited enough."""
    match error:
        case ResponseHandlingException(source=source):
            return isinstance(source, httpx.TransportError) and not isinstance(
                source, httpx.TimeoutException
            )
        case UnexpectedResponse(status_code=status):
            return status in _PASSING
        case _:
            return True


def _unavailable(error: Exception, patience: Patience) -> Unavailable:
    match error:
        case ResponseHandlingException(source=httpx.ConnectTimeout()):
            return Unavailable(f"{WHERE} does not take a connection within {patience.connect:g} s")
        case ResponseHandlingException(source=httpx.TimeoutException()):
            return Unavailable(f"{WHERE} does not answer within {patience.read:g} s")
        case ResponseHandlingException(source=httpx.ConnectError() as cause):
            return Unavailable(f"{WHERE} cannot be reached: {cause}")
        case ResponseHandlingException(source=httpx.TransportError() as cause):
            return Unavailable(f"{WHERE} ended the connection: {cause}")
        case ResponseHandlingException():
            return _another_service()
        case UnexpectedResponse():
            return _refused(error.status_code or 0, _reason(error))
        case _:
            return Unavailable(f"{WHERE} asks to be called less often: {error}")


def _another_service() -> Unavailable:
    return Unavailable(f"{WHERE} answers what is not Qdrant's; is the address right?")


def _refused(status: int, reason: str) -> Unavailable:
    if status in (401, 403):
        return Unavailable(
            f"{WHERE} refuses the key ({status} {reason}): check OPENMEMORY_QDRANT_API_KEY"
        )
    if status == 404:
        return Gone(f"{WHERE} does not have the collection ({reason}); it is made and filled again")
    return Unavailable(f"{WHERE} answers {status}: {reason}")


def _reason(error: UnexpectedResponse) -> str:
    """The server's own words, or those of HTTP where something else answered."""
    try:
        body: Any = error.structured()
        said = str(body["status"]["error"])
    except (ValueError, KeyError, TypeError):
        said = error.reason_phrase
    return said[:_LONGEST_REASON]


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
