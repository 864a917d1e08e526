"""The secret under which keys are hashed: without it, what the database holds opens nothing."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from openmemory_api.domain.errors import Invalid, Unavailable

_SHORTEST: Final = 32
"""Bytes of the file; fewer were not written by us, or not to the end."""


class Pepper:
    """The pepper: configured, or kept in a file of its own that the first key makes."""

    def __init__(self, file: Path | None, configured: str | None = None) -> None:
        """`file` is None where several servers share the database, and a file would be one's."""
        self._file = file
        self._secret = configured.encode() if configured else None
        # Without a pepper no digest equals a stored one, and asking takes as long.
        self._none = secrets.token_bytes(32)

    @property
    def known(self) -> bool:
        """Whether there is one."""
        return self._read() is not None

    def digest(self, purpose: str, *parts: str) -> str:
        """The keyed hash of what is secret, for this purpose alone."""
        message = "\0".join((purpose, *parts)).encode()
        return hmac.digest(self._read() or self._none, message, hashlib.sha256).hex()

    def ensure(self) -> None:
        """Make the pepper, where there is none yet.

        Raises:
            Invalid: the servers of this database need a common one, and none is set.
            Unavailable: the file cannot be written.
        """
        if self.known:
            return
        if self._file is None:
            raise Invalid(
                "Keys of a shared database need OPENMEMORY_SECRET: set it to one long random text "
                "on every server that uses this database"
            )
        try:
            _write(self._file, secrets.token_urlsafe(32))
        except OSError as error:
            raise Unavailable(f"The secret of the keys cannot be kept: {error.strerror}") from error

    def _read(self) -> bytes | None:
        if self._secret is None and self._file is not None and self._file.exists():
            self._secret = _kept(self._file)
        return self._secret


def _kept(file: Path) -> bytes:
    try:
        secret = file.read_bytes()
    except OSError as error:
        raise Unavailable(f"The secret of the keys cannot be read: {error.strerror}") from error
    if len(secret) < _SHORTEST:
        raise Unavailable("The secret of the keys is cut short: bring it back from a backup")
    return secret


def _write(file: Path, secret: str) -> None:
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(secret.encode())
        opened.flush()
        os.fsync(descriptor)
    draft.replace(file)
