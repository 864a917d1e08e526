"""The hosted platform on the wire: one account, its refusals in words that a model can act on."""

from http import HTTPStatus
from typing import Final, TypeAlias, TypeVar

import httpx
from pydantic import BaseModel, JsonValue, SecretStr, TypeAdapter, ValidationError

from openmemory_mcp.backends.base import BackendError
from openmemory_mcp.version import VERSION

TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)

Json: TypeAlias = dict[str, JsonValue]

_LONGEST: Final = 300
"""Characters of a refusal's own words that are passed on."""

_Answer = TypeVar("_Answer", bound=BaseModel)
_json: Final = TypeAdapter[JsonValue](JsonValue)


class AccountError(ValueError):
    """The hosted platform was asked for, and key or address cannot be used."""


class NotThereError(BackendError):
    """The platform answered 404."""


class RefusedError(BackendError):
    """The platform answered 400: it did nothing."""


def account(key: SecretStr | None, url: str) -> httpx.AsyncClient:
    """A client of the platform at `url`, which sends nothing before it is asked to.

    Raises:
        AccountError: `key` is missing or no key, or `url` is no address.
    """
    plain = key.get_secret_value().strip() if key else ""
    if not plain:
        raise AccountError(
            "OPENMEMORY_BACKEND=hosted needs a key of the Mem0 platform: set MEM0_API_KEY"
        )
    if not (plain.isascii() and plain.isprintable()):
        raise AccountError("MEM0_API_KEY has characters that no key has")
    headers = {"Authorization": f"Token {plain}", "User-Agent": f"openmemory/{VERSION}"}
    try:
        return httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT)
    except httpx.InvalidURL as error:
        raise AccountError(f"MEM0_BASE_URL is no address: {error}") from error


class Platform:
    """Sends requests and turns every failure into a `BackendError` that says what to do next.

    A read whose connection could not be made is tried once more. Nothing else is ever repeated:
    a write that was cut off may have happened, and the error says so.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    @property
    def address(self) -> str:
        """Where the platform is, for messages."""
        return str(self._http.base_url.copy_with(userinfo=b"")).rstrip("/")

    async def read(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        """Ask for something; the platform is the same afterwards."""
        try:
            return self._checked(await self._read(method, path, body), "")
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise BackendError(self._unreachable(error)) from error
        except httpx.TimeoutException as error:
            raise BackendError(f"The Mem0 platform took too long to answer. {_AGAIN}") from error
        except httpx.RequestError as error:
            raise BackendError(f"The connection to the Mem0 platform broke. {_AGAIN}") from error

    async def write(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        """Change something, once."""
        try:
            return self._checked(await self._http.request(method, path, json=body), _UNCERTAIN)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise BackendError(f"{self._unreachable(error)} Nothing was changed.") from error
        except httpx.TimeoutException as error:
            said = "The Mem0 platform took too long to answer."
            raise BackendError(f"{said} {_UNCERTAIN}") from error
        except httpx.RequestError as error:
            said = "The connection to the Mem0 platform was cut before it answered."
            raise BackendError(f"{said} {_UNCERTAIN}") from error

    def parsed(
        self, model: type[_Answer], response: httpx.Response, *, written: bool = False
    ) -> _Answer:
        """The body of an answer as `model`; `written` if it answers a write."""
        try:
            return model.model_validate_json(response.content)
        except ValidationError as error:
            said = f"What answers at {self.address} does not speak the Mem0 platform's contract."
            note = f" {_UNCERTAIN}" if written else ""
            raise BackendError(f"{said} {_ADDRESS}{note}") from error

    async def _read(self, method: str, path: str, body: Json | None) -> httpx.Response:
        try:
            return await self._http.request(method, path, json=body)
        except httpx.ConnectError:
            return await self._http.request(method, path, json=body)

    def _checked(self, response: httpx.Response, failed: str) -> httpx.Response:
        if response.is_success:
            return response
        said = said_by(response)
        match response.status_code:
            case HTTPStatus.BAD_REQUEST:
                raise RefusedError(said)
            case HTTPStatus.NOT_FOUND:
                raise NotThereError(f"{self.address} does not know this: {said} {_ADDRESS}")
            case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise BackendError(
                    f"The Mem0 platform failed ({status}): {said} {failed or _AGAIN}"
                )
            case _:
                raise BackendError(f"{said} {self._remedy(response)}")

    def _remedy(self, response: httpx.Response) -> str:
        match response.status_code:
            case HTTPStatus.UNAUTHORIZED:
                return _KEY
            case HTTPStatus.PAYMENT_REQUIRED | HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                return _PLAN
            case HTTPStatus.FORBIDDEN:
                return "Only the user can allow it; do not retry."
            case HTTPStatus.TOO_MANY_REQUESTS:
                return f"Wait {_seconds(response)} seconds before the next call."
            case status if response.is_redirect:
                return f"{self.address} sends elsewhere ({status}). {_ADDRESS}"
            case status:
                return f"The Mem0 platform refused ({status}); nothing was changed."

    def _unreachable(self, error: httpx.TransportError) -> str:
        reason = str(error) or "no answer"
        return (
            f"The Mem0 platform cannot be reached at {self.address}: {reason}. {_AGAIN} If that"
            f" does not help: {_ADDRESS}"
        )


def said_by(response: httpx.Response) -> str:
    """A refusal's own words, as one sentence; the platform has several shapes for them."""
    try:
        said = _words(_json.validate_json(response.content))
    except ValidationError:
        # A page of some proxy: its markup helps nobody.
        said = ""
    said = " ".join(said.split())[:_LONGEST] or response.reason_phrase or "Refused"
    return said if said.endswith((".", "!", "?")) else f"{said}."


def _words(body: JsonValue) -> str:
    match body:
        case str():
            return body
        case [first, *_]:
            return _words(first)
        case {"detail": said} | {"error": said} | {"message": said} if said:
            return _words(said)
        case dict() if body:
            field, problem = next(iter(body.items()))
            return f"{field}: {_words(problem)}"
        case _:
            return ""


def _seconds(response: httpx.Response) -> str:
    given = response.headers.get("Retry-After", "")
    return given if given.isdecimal() else "60"


_AGAIN: Final = "Try again in a few seconds."
_UNCERTAIN: Final = (
    "The change may or may not have been made: look with list_memories before repeating it."
)
_ADDRESS: Final = "Ask the user to check the network and MEM0_BASE_URL."
_KEY: Final = (
    "The Mem0 platform does not accept this server's key. Ask the user to set a valid MEM0_API_KEY"
    " where OpenMemory is started; do not retry."
)
_PLAN: Final = (
    "The user's plan or quota on the Mem0 platform does not cover this; nothing was changed. Only"
    " the user can change that; do not retry."
)
