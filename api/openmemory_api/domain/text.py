"""What happens to a text before it is stored: normalised, cleaned, and told apart from repeats."""

import hashlib
import re
import unicodedata
from datetime import date
from typing import Final

from openmemory_api.domain.errors import Invalid
from openmemory_api.domain.filters import canonical_json, fold
from openmemory_api.domain.memory import EntityIds, Json

# Characters that a person cannot see and a model may obey: controls other than tab and newline,
# zero-width space, word joiner, byte-order mark, bidi overrides and isolates, tag characters.
# ZWJ, ZWNJ and the direction marks stay: languages and emoji need them.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_FINAL_MARKS: Final = ".!?…。！？"


def clean(text: str, *, name: str = "text") -> tuple[str, int]:
    """NFC text without invisible characters, and how many were removed.

    Raises:
        Invalid: it holds a lone surrogate, which is not text.
    """
    require_text(text, name=name)
    visible, removed = _INVISIBLE.subn("", text.replace("\r\n", "\n").replace("\r", "\n"))
    # Composed last: an invisible character can stand between a letter and its accent.
    return unicodedata.normalize("NFC", visible).strip(), removed


def require_text(text: str, *, name: str) -> None:
    """Refuse what no encoding can carry.

    Raises:
        Invalid: it holds a lone surrogate.
    """
    if _SURROGATE.search(text):
        raise Invalid(f"{name} contains a lone surrogate, which is not valid text")


def spoken(text: str, actor: str | None) -> str:
    """A text with its speaker, as a transcript has it: what an embedder reads."""
    return f"{actor}: {text}" if actor else text


def estimated_tokens(text: str) -> int:
    """About how many tokens a language model makes of a text, 1 and up.

    Four ASCII characters to a token and one of any other: for most scripts an estimate that errs
    on the long side.
    """
    plain = sum(map(str.isascii, text))
    return 1 + plain // 4 + len(text) - plain


def cut(text: str, size: int, *, overlap: int = 0) -> list[str]:
    """A text in pieces of at most `size` characters, cut where it pauses, the next a bit earlier.

    Args:
        text: what to cut; a short one is its own piece.
        size: characters of a piece, more than twice the overlap.
        overlap: characters that neighbouring pieces share, so that no sentence is only ever cut.
    """
    pieces: list[str] = []
    start = 0
    while len(text) - start > size:
        end = start + _pause(text[start : start + size])
        pieces.append(text[start:end])
        start = max(end - overlap, start + 1)
    return [*pieces, text[start:]]


def _pause(piece: str) -> int:
    """Where to end a piece: after its last pause, if that does not lie in its first half."""
    for pause in ("\n\n", "\n", ". ", " "):
        found = piece.rfind(pause, len(piece) // 2)
        if found >= 0:
            return found + len(pause)
    return len(piece)


def repeat_form(text: str) -> str:
    """The form in which two texts are exact repeats of each other, and nothing looser."""
    collapsed = " ".join(fold(text).split())
    without_mark = collapsed[:-1].rstrip() if collapsed[-1:] in _FINAL_MARKS else collapsed
    return without_mark or collapsed


def fingerprint(
    text: str, entities: EntityIds, metadata: dict[str, Json] | None, event_day: date
) -> str:
    """Equal for two adds that would store the same memory: text, four ids, metadata and day."""
    ids = [entities.user_id, entities.agent_id, entities.app_id, entities.run_id]
    parts: list[Json] = [repeat_form(text), *ids, metadata or {}, event_day.isoformat()]
    return hashlib.blake2b(canonical_json(parts).encode(), digest_size=16).hexdigest()
