"""Somebody's words, made fit to stand in a line of an answer."""

import re
from typing import Final

BREAK: Final = " ⏎ "
_SHOWN: Final = 64
_LINE_END: Final = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# What a person does not see and a model may obey: controls other than tab, what hides between
# letters or turns their direction, tags, halves of characters. The store lets none of it in; the
# hosted platform may.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_LABEL: Final = re.compile(r"\[?(m[0-9]{1,18}|[0-9a-fA-F-]{36})(?: [A-Za-z0-9._@+-]{1,64})?\]?")
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9._@+-]+")


def visible(text: str) -> str:
    """`text` without characters that only a machine sees."""
    return _UNSEEN.sub("", text)


def one_line(text: str) -> str:
    """`text` without anything that a reader could take for the end of a line."""
    return BREAK.join(_LINE_END.split(visible(text)))


def quoted(text: str) -> str:
    """What a caller sent, as an error repeats it: one line, and a short one."""
    line = one_line(text[: _SHOWN + 1])
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def bare_id(text: str) -> str:
    """The id alone, where a model repeats all that stands in a line's brackets."""
    label = _LABEL.fullmatch(text.strip())
    return label[1] if label else text


def name(text: str) -> str:
    """An app's name: letters, digits and the marks that names have, so that it closes no bracket."""
    return _NOT_IN_NAMES.sub("-", text).strip("-")[:_SHOWN]
