"""What is done about secrets in what is to be stored: nothing, a word of warning, or away with them.

It happens before anything else sees the text, so that neither a waiting add nor a history keeps it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, cast

from openmemory_api.domain.extraction import Guidance
from openmemory_api.domain.memory import Json
from openmemory_api.domain.requests import NO_SECRETS, Secrets
from openmemory_api.domain.secrets import redacted, redacted_json
from openmemory_api.services.validation import Draft, checked_metadata, checked_text

Mode = Literal["off", "warn", "redact"]


@dataclass(frozen=True, slots=True)
class Redaction:
    """The setting, as services apply it. Each method answers what to store, and what was found."""

    mode: Mode = "off"

    def text(self, text: str) -> tuple[str, Secrets]:
        """One text that is within its bounds.

        Raises:
            Invalid: what stands for the secrets makes it too long.
        """
        if self.mode == "off":
            return text, NO_SECRETS
        without, kinds = redacted(text)
        if not kinds or self.mode == "warn":
            return text, Secrets(kinds)
        return checked_text(without, name="text")[0], Secrets(kinds, redacted=True)

    def drafts(self, drafts: Sequence[Draft]) -> tuple[tuple[Draft, ...], Secrets]:
        """Texts that are about to be stored; errors as for `text`."""
        found = NO_SECRETS
        kept: list[Draft] = []
        for draft in drafts:
            text, secrets = self.text(draft.text)
            found += secrets
            kept.append(replace(draft, text=text))
        return tuple(kept), found

    def metadata(
        self, metadata: Mapping[str, Json] | None
    ) -> tuple[dict[str, Json] | None, Secrets]:
        """Checked metadata.

        Raises:
            Invalid: what stands for the secrets makes it too large.
        """
        given = None if metadata is None else dict(metadata)
        if self.mode == "off" or given is None:
            return given, NO_SECRETS
        without, kinds = redacted_json(given)
        if not kinds or self.mode == "warn":
            return given, Secrets(kinds)
        return checked_metadata(cast("dict[str, Json]", without)), Secrets(kinds, redacted=True)

    def guidance(self, guidance: Guidance) -> tuple[Guidance, Secrets]:
        """Instructions for a model, which wait with the texts."""
        fields = {name: getattr(guidance, name) for name in _WISHES}
        swept = {name: self.text(wish) for name, wish in fields.items() if wish}
        found = sum((secrets for _, secrets in swept.values()), NO_SECRETS)
        return replace(guidance, **{name: wish for name, (wish, _) in swept.items()}), found


NO_REDACTION: Final = Redaction()
_WISHES: Final = ("instructions", "includes", "excludes")
