"""Every error the store raises on purpose, and the HTTP status each is rendered with.

StoreError
├── Invalid               400  the request cannot be carried out as written
├── NotAuthenticated      401  no valid credential
├── Forbidden             403  about the caller, never about an object
├── NotFound              404  one fixed answer for everything the caller cannot read
├── TooSlow               408  the body did not arrive in time
├── Conflict              409  what it was decided on has changed since
├── Stale                 412  a memory has changed since the version that was to be changed
├── TooLarge              413  a body over the limit, refused before it is read whole
├── QuotaExceeded         413  as many memories are stored as may be; its clients read 413 so
├── AddressTooLong        414  path and query over the limit
├── Misdirected           421  a Host or proxy header this server does not serve
├── Unconditional         428  a change that does not say which version it is of
├── RateLimited           429  too many calls; says after how many seconds to come back
├── HeadersTooLarge       431  headers over the limit
└── Unavailable           503  not ready, or a part it needs cannot be reached
    └── UnreadableRules   503  what is stored of an app's access is not a rule; nothing is shown
"""

from collections.abc import Mapping


class StoreError(Exception):
    """Base of all; `status` is the HTTP status, the message is shown to the client."""

    status = 500
    headers: Mapping[str, str] = {}


class Invalid(StoreError):
    """The request is malformed or out of bounds; nothing was changed."""

    status = 400


class NotAuthenticated(StoreError):
    """The credential is missing, unknown or not acceptable here."""

    status = 401
    headers: Mapping[str, str] = {"WWW-Authenticate": 'Bearer realm="openmemory"'}


class Forbidden(StoreError):
    """The caller may not do this at all, whatever the object."""

    status = 403


class NotFound(StoreError):
    """Missing, denied, paused, trashed or another's: the caller cannot tell which."""

    status = 404

    def __init__(self, message: str = "Memory not found!") -> None:
        super().__init__(message)


class TooSlow(StoreError):
    """The body did not arrive in time; nothing was changed."""

    status = 408


class Conflict(StoreError):
    """What the caller decided on has changed since it looked; nothing was changed."""

    status = 409


class Stale(StoreError):
    """The memory is not any more as it was when this was decided; nothing was changed."""

    status = 412


class TooLarge(StoreError):
    """The body is larger than the server reads."""

    status = 413


class QuotaExceeded(StoreError):
    """No more memories may be stored; the platform's clients know 413 as just that."""

    status = 413


class AddressTooLong(StoreError):
    """Path and query are longer than the server reads."""

    status = 414


class Misdirected(StoreError):
    """The request was meant for another host, or came through an undeclared proxy."""

    status = 421


class Unconditional(StoreError):
    """A change has to say which version of the memory it is of, and does not."""

    status = 428


class RateLimited(StoreError):
    """Too many calls; `headers` say when to come back."""

    status = 429

    def __init__(self, message: str, headers: Mapping[str, str]) -> None:
        super().__init__(message)
        self.headers = headers


class HeadersTooLarge(StoreError):
    """The headers are larger than the server reads."""

    status = 431


class Unavailable(StoreError):
    """The server cannot answer now; the same request may succeed later."""

    status = 503


class UnreadableRules(Unavailable):
    """What is stored as an app's access cannot be understood, so it can reach nothing."""

    def __init__(self, app: str) -> None:
        super().__init__(
            f"The access rules of the app {app!r} cannot be read. Until they are set anew it can"
            " neither read nor write"
        )


class UnreadableMerges(UnreadableRules):
    """Which names are one app is stored and cannot be understood, so no app can reach anything."""

    def __init__(self) -> None:
        Unavailable.__init__(
            self,
            "Which names are one app cannot be read. Until the database is mended no app of this"
            " user can read or write",
        )
