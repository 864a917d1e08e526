"""Messages between the server and the process of its index: a JSON header and float32 numbers.

length of header, u32 | length of numbers in bytes, u32 | header, UTF-8 | numbers, float32
"""

import json
import struct
from typing import Any, BinaryIO, Final

PREFIX: Final = struct.Struct("<II")


def packed(header: dict[str, Any], numbers: bytes = b"") -> bytes:
    """A message as bytes."""
    text = json.dumps(header, separators=(",", ":")).encode()
    return b"".join((PREFIX.pack(len(text), len(numbers)), text, numbers))


def read(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next message of a blocking stream; None at its end."""
    prefix = stream.read(PREFIX.size)
    if len(prefix) < PREFIX.size:
        return None
    header, numbers = PREFIX.unpack(prefix)
    text, rest = stream.read(header), stream.read(numbers)
    if len(text) < header or len(rest) < numbers:
        return None
    return json.loads(text), rest


def header_of(text: bytes) -> dict[str, Any]:
    """The header of a message that was read by its lengths."""
    return json.loads(text)
