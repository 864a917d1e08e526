"""`domain.filters.fold` as a PostgreSQL function, made from Python's own tables.

PostgreSQL's `lower` follows the cluster's locale and knows no case folding before version 18, so
the function carries the mapping itself. Its name carries a digest of its body: processes whose
Python knows another Unicode version use functions of their own side by side.
"""

import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import Final

_ASCII: Final = 128
_BLOCKS: Final = (0x110000, 0x1000, 0x100)
"""Letters are replaced by blocks within blocks, each only where a text has some of its letters."""


@cache
def fold_name() -> str:
    """The name of the function that this process uses."""
    return f"openmemory_fold_{hashlib.sha256(_body().encode()).hexdigest()[:12]}"


def create_fold() -> str:
    """The statement that makes the function; it does what `fold` does, and null stays null."""
    return (
        f"CREATE OR REPLACE FUNCTION {fold_name()}(value text) RETURNS text "
        f"LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $fold$\n{_body()}\n$fold$"
    )


@cache
def _body() -> str:
    folded = {chr(code): chr(code).casefold() for code in _code_points()}
    changed = {letter: into for letter, into in folded.items() if into != letter}
    return "\n".join(
        (
            "BEGIN",
            'IF octet_length(value) = length(value) THEN RETURN lower(value COLLATE "C"); END IF;',
            'value := lower(normalize(value, NFC) COLLATE "C");',
            *_steps(changed, _BLOCKS),
            "RETURN value;",
            "END",
        )
    )


def _code_points() -> Iterator[int]:
    return (code for code in range(_ASCII, sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)


def _steps(changed: dict[str, str], sizes: tuple[int, ...]) -> Iterator[str]:
    if not sizes:
        yield from _replacements(changed)
        return
    for _, block in groupby(changed, key=lambda letter: ord(letter) // sizes[0]):
        letters = "".join(block)
        yield f"IF value COLLATE \"C\" ~ '[{letters}]' THEN"
        yield from _steps({letter: changed[letter] for letter in letters}, sizes[1:])
        yield "END IF;"


def _replacements(changed: dict[str, str]) -> Iterator[str]:
    # In any order: what a letter is folded into is never folded further.
    single = "".join(letter for letter, into in changed.items() if len(into) == 1)
    into = "".join(changed[letter] for letter in single)
    value = f"translate(value, '{single}', '{into}')" if single else "value"
    for letter, several in changed.items():
        if len(several) > 1:
            value = f"replace({value}, '{letter}', '{several}')"
    yield f"value := {value};"
