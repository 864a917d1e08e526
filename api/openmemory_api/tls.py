"""The certificate a server shows, read before anything is served with it."""

import ssl
from pathlib import Path


def context_of(certificate: Path, key: Path) -> ssl.SSLContext:
    """What uvicorn serves TLS with, 1.2 or later.

    Raises:
        ValueError: a file cannot be read or used; the message names it.
    """
    _require_readable(certificate, "OPENMEMORY_TLS_CERT")
    _require_readable(key, "OPENMEMORY_TLS_KEY")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=_refuse_password)
    except ssl.SSLError as error:
        reason = error.reason or "it cannot be read"
        if reason == "KEY_VALUES_MISMATCH":
            raise ValueError(
                f"The key {key} is not that of the certificate {certificate}"
            ) from None
        raise ValueError(
            f"{certificate} and {key} are not a certificate and its key in PEM form ({reason})"
        ) from None
    return context


def _require_readable(file: Path, setting: str) -> None:
    try:
        file.read_bytes()
    except OSError as error:
        raise ValueError(f"{setting}: {file} cannot be read: {error.strerror}") from None


def _refuse_password() -> str:
    raise ValueError("OPENMEMORY_TLS_KEY is protected by a password; give a key without one")
