"""Secrets in texts: what has the unmistakable form of a key, a token or a password.

Each pattern reads any character a bounded number of times, so that no text is slow to look through:
it begins with what cannot begin again inside its own run of characters, or its runs are bounded.
Nothing is guessed by how random a word looks: memories are full of hashes and ids.
"""

import re
from collections.abc import Callable
from typing import Final

from openmemory_api.domain.memory import Json

_START: Final = r"(?<![A-Za-z0-9_-])"
"""Not inside a word: a run of these characters is looked at once, from its beginning."""

_PRIVATE_KEY: Final = (
    r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    # Up to its end; where that is missing, what looks like its lines.
    r"(?:[^-]*+(?:-(?!----)[^-]*+)*+-----END [A-Z0-9 ]{1,60}-----"
    r"|(?:\s|\\[nr]){0,8}[A-Za-z0-9+/=]{40,}+(?:(?:\s|\\[nr]){1,4}[A-Za-z0-9+/=]{16,}+)*+)"
)
# `YOUR_KEY` is none, nor is any other word.
_HAS_DIGIT: Final = r"(?=[A-Za-z._~+/-]{0,200}[0-9])"
# Placeholders of documentation, and variables of scripts.
_NO_PLACEHOLDER: Final = r"(?![$<{%])(?!(?i:pass|password|passwd|pw|pwd|secret|x+|\*+|\.+)@)"
# What follows `:` there is a version, and what follows `@` a digest or another version.
_NO_IMAGE: Final = r"(?!(?i:docker|oci|npm)://)"
# With more behind it than a path: further hosts, or parameters that have an `@`.
_NO_PORT: Final = r"(?![0-9]{1,5}[,;?#&])"

# A group `secret` is the part that is one; without it all of the match is.
_PATTERNS: Final = (
    ("private key", _PRIVATE_KEY),
    ("OpenMemory key", _START + r"omk_[A-Za-z0-9_-]{20,}+"),
    ("Mem0 key", _START + r"m0-[A-Za-z0-9]{32,}+"),
    ("Anthropic key", _START + r"sk-ant-[A-Za-z0-9_-]{20,}+"),
    (
        "OpenAI key",
        _START + r"sk-(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20,}+|(?:or-v1-)?[A-Za-z0-9]{32,}+)",
    ),
    ("AWS key", _START + r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    (
        "AWS key",
        r"(?i:aws_?secret_?key|secret[_ ]?access[_ ]?key)"
        r"(?:\\?[\"']?\s{0,5}[:=]\s{0,5}\\?[\"']?|>)(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])",
    ),
    ("Google key", _START + r"AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    ("Google token", _START + r"(?:ya29\.[A-Za-z0-9_-]{20,}+|GOCSPX-[A-Za-z0-9_-]{20,}+)"),
    ("GitHub token", _START + r"(?:gh[pousr]_[A-Za-z0-9]{36,}+|github_pat_[A-Za-z0-9_]{22,}+)"),
    ("GitLab token", _START + r"gl(?:pat|ptt|dt|rt|soat|ft|agent|cbt|imt|oas)-[A-Za-z0-9_-]{20,}+"),
    # A digit, or it may be kisses and hugs.
    ("Slack token", _START + r"(?:xox[abeoprs]|xapp)-[0-9][A-Za-z0-9-]{9,}+"),
    ("Slack webhook", r"https://hooks\.slack\.com/services/(?P<secret>[A-Za-z0-9/]{20,}+)"),
    ("Stripe key", _START + r"(?:[sr]k_(?:live|test)_[A-Za-z0-9]{16,}+|whsec_[A-Za-z0-9+/]{24,}+)"),
    ("npm token", _START + r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
    ("PyPI token", _START + r"pypi-AgE[A-Za-z0-9_-]{50,}+"),
    ("Hugging Face token", _START + r"hf_[A-Za-z0-9]{30,}+"),
    ("Groq key", _START + r"gsk_[A-Za-z0-9]{40,}+"),
    ("xAI key", _START + r"xai-[A-Za-z0-9]{40,}+"),
    ("Perplexity key", _START + r"pplx-[A-Za-z0-9]{40,}+"),
    (
        "SendGrid key",
        _START + r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])",
    ),
    ("DigitalOcean token", _START + r"do[opr]_v1_[a-f0-9]{64}(?![A-Za-z0-9])"),
    ("Linear key", _START + r"lin_api_[A-Za-z0-9]{40,}+"),
    ("Notion token", _START + r"ntn_[A-Za-z0-9]{40,}+"),
    ("Azure key", r"(?i:AccountKey)=(?P<secret>[A-Za-z0-9+/]{86}==)"),
    (
        "Discord webhook",
        r"discord(?:app)?\.com/api/webhooks/[0-9]{17,20}/(?P<secret>[A-Za-z0-9_-]{60,}+)",
    ),
    (
        "Telegram token",
        _START + r"(?:bot)?(?P<secret>[0-9]{8,10}:AA[A-Za-z0-9_-]{33})(?![A-Za-z0-9_-])",
    ),
    (
        "JSON web token",
        r"(?<![A-Za-z0-9_.-])eyJ[A-Za-z0-9_-]{8,}+\.eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]*+",
    ),
    (
        "authorization header",
        r"(?i:authorization)[\"']?\s{0,5}[:=]\s{0,5}[\"']?(?i:bearer|token|basic)\s{1,5}"
        + _HAS_DIGIT
        + r"(?P<secret>[A-Za-z0-9._~+/-]{8,}+=*+)",
    ),
    (
        "bearer token",
        r"(?<![A-Za-z0-9])(?i:bearer)\s{1,5}"
        + _HAS_DIGIT
        + r"(?P<secret>[A-Za-z0-9._~+/-]{20,}+=*+)",
    ),
    (
        "password",
        r"(?<![A-Za-z0-9+.-])"
        + _NO_IMAGE
        + r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:@/?#\"'<>]{0,64}:"
        + _NO_PLACEHOLDER
        + _NO_PORT
        + r"(?P<secret>[^\s@/\"'<>]{1,200})@(?!sha(?:256|512):)",
    ),
)
_COMPILED: Final = tuple((kind, re.compile(pattern)) for kind, pattern in _PATTERNS)


def redacted(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with `[redacted: kind]` for each secret, and their kinds, one for each."""
    found: list[str] = []
    for kind, pattern in _COMPILED:
        text = pattern.sub(_replacing(kind, found), text)
    return text, tuple(found)


def redacted_json(value: Json) -> tuple[Json, tuple[str, ...]]:
    """The same for every string in a JSON value; keys of objects stay as they are."""
    match value:
        case str():
            return redacted(value)
        case list():
            items = [redacted_json(item) for item in value]
            return [item for item, _ in items], tuple(kind for _, kinds in items for kind in kinds)
        case dict():
            members = {key: redacted_json(item) for key, item in value.items()}
            kinds = tuple(kind for _, kinds in members.values() for kind in kinds)
            return {key: item for key, (item, _) in members.items()}, kinds
        case _:
            return value, ()


def _replacing(kind: str, found: list[str]) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        found.append(kind)
        part = "secret" if "secret" in match.re.groupindex else 0
        start, end = match.start(part) - match.start(), match.end(part) - match.start()
        whole = match[0]
        return f"{whole[:start]}[redacted: {kind}]{whole[end:]}"

    return replace
