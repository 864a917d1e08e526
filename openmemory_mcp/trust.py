"""Which certificate a server of ours is known by.

A server on one's own machine seldom has a certificate that anybody vouches for. Its own commands
know which one it has, and trust that one and no other.
"""

import re
import ssl
from pathlib import Path
from typing import Final

_CERTIFICATE: Final = re.compile(
    r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----"
)


def certificate_in(file: Path) -> str:
    """The server's own certificate in a PEM file: the first, which those that vouch for it follow.

    Raises:
        OSError: the file cannot be read.
        ValueError: there is none in it.
    """
    found = _CERTIFICATE.search(file.read_text(encoding="ascii", errors="replace"))
    if found is None:
        raise ValueError(f"{file} holds no certificate in PEM form")
    return found[0] + "\n"


def verifier(certificate: str | None) -> ssl.SSLContext | bool:
    """What httpx takes as `verify`: this certificate alone, else whom the system trusts.

    Raises:
        ssl.SSLError: it cannot be read as a certificate.
    """
    if certificate is None:
        return True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # The certificate itself is the proof: whoever has its key is the server, under any name.
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=certificate)
    return context
