"""Every error the store raises on purpose, and the HTTP status each is rendered with.

StoreError
├── Invalid               400  the request cannot be carried out as written
├── NotAuthenticated      401  no valid credential
├── Forbidden             403  about the caller, never about an object
├── NotFound              404  one fixed answer for everything the caller cannot read
├── TooLarge              413  a body over the limit, refused before it is read whole
├── Misdirected           421  a Host or proxy header this server does not serve
└── Unavailable           503  not ready, or a part it needs cannot be reached
"""


class StoreError(Exception):
    """Base of all; `status` is the HTTP status, the message is shown to the client."""

    status = 500


class Invalid(StoreError):
    """The request is malformed or out of bounds; nothing was changed."""

    status = 400


class NotAuthenticated(StoreError):
    """The credential is missing, unknown or not acceptable here."""

    status = 401


class Forbidden(StoreError):
    """The caller may not do this at all, whatever the object."""

    status = 403


class NotFound(StoreError):
    """Missing, denied, paused, trashed or another's: the caller cannot tell which."""

    status = 404

    def __init__(self, message: str = "Memory not found!") -> None:
        super().__init__(message)


class TooLarge(StoreError):
    """The body is larger than the server reads."""

    status = 413


class Misdirected(StoreError):
    """The request was meant for another host, or came through an undeclared proxy."""

    status = 421


class Unavailable(StoreError):
    """The server cannot answer now; the same request may succeed later."""

    status = 503
