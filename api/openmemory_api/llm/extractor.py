"""Facts from any server that speaks OpenAI's chat completions."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from openmemory_api.domain.extraction import Extraction, ExtractionFailed, Passage, Usage
from openmemory_api.llm.answers import Nonsense, read
from openmemory_api.llm.prompt import SCHEMA, conversation
from openmemory_api.openai_api import ApiError, OpenAIServer

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletion

MAX_OUTPUT: Final = 4_000
"""Tokens of an answer; a model that thinks aloud spends them too."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Which optional parameters a server takes; what it refuses once is not sent again."""

    form: Literal["json_schema", "json_object", "none"] = "json_schema"
    limit: Literal["max_tokens", "max_completion_tokens", "none"] = "max_tokens"
    temperature: bool = True

    def parameters(self) -> dict[str, Any]:
        """What goes into a call beside model and messages."""
        parameters: dict[str, Any] = {}
        if self.form == "json_schema":
            schema = {"name": "facts", "strict": True, "schema": SCHEMA}
            parameters["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif self.form == "json_object":
            parameters["response_format"] = {"type": "json_object"}
        if self.limit != "none":
            parameters[self.limit] = MAX_OUTPUT
        if self.temperature:
            parameters["temperature"] = 0
        return parameters

    def without(self, refusal: str) -> "Dialect | None":
        """What to try after a refusal in these words; None where nothing is left to leave out."""
        if self.temperature and "temperature" in refusal:
            return replace(self, temperature=False)
        if self.limit != "none" and self.limit in refusal:
            other = "max_completion_tokens" if self.limit == "max_tokens" else "none"
            return replace(self, limit=other)
        # Servers have many words for a form they do not know, so this one needs none.
        if self.form == "json_schema":
            return replace(self, form="json_object")
        if self.form == "json_object":
            return replace(self, form="none")
        return None


class LlmExtractor:
    """`Extractor` over an OpenAI-compatible server."""

    def __init__(self, server: OpenAIServer) -> None:
        self._server = server
        self._dialect = Dialect()

    @property
    def name(self) -> str:
        """The model, as events name it."""
        return self._server.model

    async def extract(self, passage: Passage) -> Extraction:
        """The facts of a passage.

        Raises:
            ExtractionFailed: there is no usable answer.
        """
        try:
            completion = await self._completed(conversation(passage))
        except ApiError as error:
            raise ExtractionFailed(
                str(error), again=error.again, retry_after=error.retry_after
            ) from error
        usage = _usage(completion)
        text = self._text(completion, usage)
        try:
            return replace(read(text, messages=len(passage.messages)), usage=usage)
        except Nonsense as error:
            raise self._unusable(str(error), usage) from error

    async def _completed(self, messages: list[dict[str, str]]) -> "ChatCompletion":
        dialect: Dialect | None = self._dialect
        while True:
            try:
                completion = await self._ask(messages, dialect)
            except ApiError as error:
                dialect = dialect.without(error.hints) if error.refuses_the_request else None
                if dialect is None:
                    raise
            else:
                self._dialect = dialect
                return completion

    async def _ask(self, messages: Any, dialect: Dialect) -> "ChatCompletion":
        async with self._server.call() as client:
            completions = cast("Any", client.chat.completions)
            answer: ChatCompletion = await completions.create(
                model=self._server.model, messages=messages, **dialect.parameters()
            )
            return answer

    def _text(self, completion: "ChatCompletion", usage: Usage) -> str:
        # The client builds its objects from whatever came: nothing in them is sure to be there.
        try:
            choice = completion.choices[0]
            refusal, content = choice.message.refusal, choice.message.content
            ended = choice.finish_reason
        except (AttributeError, TypeError, IndexError) as error:
            raise self._unusable("it is empty", usage) from error
        if refusal or ended == "content_filter":
            message = f"the language model {self.name} refused to read this"
            raise ExtractionFailed(message, again=False, usage=usage)
        if ended == "length":
            raise self._unusable("it was cut off", usage)
        if not isinstance(content, str):
            raise self._unusable("it holds no text", usage)
        return content

    def _unusable(self, why: str, usage: Usage) -> ExtractionFailed:
        message = f"the answer of the language model {self.name} cannot be used: {why}"
        return ExtractionFailed(message, again=True, usage=usage)


def _usage(completion: "ChatCompletion") -> Usage:
    usage = getattr(completion, "usage", None)
    return Usage(
        _count(getattr(usage, "prompt_tokens", None)),
        _count(getattr(usage, "completion_tokens", None)),
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None
