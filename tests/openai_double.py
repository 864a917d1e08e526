"""A server that speaks enough of OpenAI's API, on a real socket, and fails in every way asked for."""

import json
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import anyio
from anyio.abc import SocketAttribute, SocketStream

from tests.fakes import HashEmbedder

_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_KEY: Final = re.compile(r"authorization: *(.+?)\r\n", re.IGNORECASE)


@dataclass(frozen=True)
class Reply:
    """An HTTP answer. `cut` sends so many bytes of it and hangs up; `slow` pauses between bytes."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    cut: int | None = None
    slow: float = 0.0

    def wire(self) -> bytes:
        """The whole answer in bytes; a body of bytes goes out as it is."""
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        lines = [
            f"HTTP/1.1 {self.status} Said",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "Connection: close",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Hang:
    """No answer until the double closes."""


@dataclass(frozen=True)
class Call:
    """One request as it arrived."""

    path: str
    key: str | None
    body: dict[str, Any]
    raw: str


Answer: TypeAlias = Reply | Hang
Script: TypeAlias = Callable[[Call], Answer]


def error(status: int, message: str = "no", **headers: str) -> Reply:
    """A refusal in the API's form."""
    body = {"error": {"message": message, "type": "error", "param": None, "code": None}}
    return Reply(body, status, headers)


def completion(content: str | None, **more: Any) -> Reply:
    """A chat completion. `finish_reason` and `refusal` go into the choice, `usage` beside it."""
    message = {"role": "assistant", "content": content, "refusal": more.get("refusal")}
    choice = {"index": 0, "message": message, "finish_reason": more.get("finish_reason", "stop")}
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    body = {
        "id": "c",
        "object": "chat.completion",
        "created": 0,
        "model": "double",
        "choices": [choice],
        "usage": more.get("usage", usage),
    }
    return Reply(body)


def facts(*items: Any) -> Reply:
    """A completion with these facts: texts of the first message, or whole items."""
    whole: list[Any] = [
        item if isinstance(item, dict) else {"fact": item, "message": 1, "date": None}
        for item in items
    ]
    return completion(json.dumps({"facts": whole}))


def asked(call: Call) -> list[dict[str, Any]]:
    """The messages of the passage that a model was asked about."""
    lines = call.body["messages"][-1]["content"].split("\n")
    return [json.loads(line) for line in lines[1:]]


def one_fact_each(call: Call) -> Reply:
    """What the double answers if it is not told otherwise: a fact per message, derived from it."""
    items = [
        {"fact": f"fact: {said['content'][:80]}", "message": said["message"], "date": None}
        for said in asked(call)
    ]
    return facts(*items)


class OpenAIDouble:
    """What was asked of the server, and what it is to answer."""

    def __init__(self, dimensions: int = 64) -> None:
        self.calls: list[Call] = []
        self.chat: Script = one_fact_each
        self.embeddings: Script = self.vectors
        self.embedder = HashEmbedder()
        self.dimensions = dimensions
        self.under_way = 0
        self.most_at_once = 0
        self.asked = anyio.Event()
        """Set by the first request."""
        self.url = ""

    def script(self, *answers: Answer | Script) -> None:
        """Answer chats so, one after the other, and then as usual."""
        left = list(answers)

        def next_of(call: Call) -> Answer:
            answer = left.pop(0) if left else one_fact_each
            return answer(call) if callable(answer) else answer

        self.chat = next_of

    def vectors(self, call: Call) -> Reply:
        """One vector per text, alike for texts that share words."""
        # As long as asked for, and of any length: an embedder must not rely on it.
        size = call.body.get("dimensions", self.dimensions)
        rows = [self._vector(text, size) for text in call.body["input"]]
        data = [
            {"object": "embedding", "index": index, "embedding": row}
            for index, row in enumerate(rows)
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return Reply({"object": "list", "model": "double", "data": data[::-1], "usage": usage})

    def _vector(self, text: str, size: int) -> list[float]:
        row = [0.0] * size
        for i, number in enumerate(self.embedder.vector(text).tolist()):
            row[i % size] += 3.0 * number
        return row

    @property
    def chats(self) -> list[Call]:
        """The requests for chat completions."""
        return [call for call in self.calls if call.path.endswith("/chat/completions")]

    @property
    def embedded(self) -> list[str]:
        """Every text that was sent to be embedded, the probe left out."""
        sent = [call for call in self.calls if call.path.endswith("/embeddings")]
        return [text for call in sent for text in call.body["input"] if "vector?" not in text]

    async def serve(self, stream: SocketStream) -> None:
        """One connection, one request."""
        async with stream:
            try:
                call = await _read(stream)
                self.calls.append(call)
                self.asked.set()
                self.under_way += 1
                self.most_at_once = max(self.most_at_once, self.under_way)
                try:
                    chat = call.path.endswith("/chat/completions")
                    await _send(stream, (self.chat if chat else self.embeddings)(call))
                finally:
                    self.under_way -= 1
            except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError):
                pass  # the client has hung up, as clients do


@asynccontextmanager
async def openai_double(dimensions: int = 64) -> AsyncGenerator[OpenAIDouble]:
    """A double that listens on this machine, with its base URL in `url`."""
    double = OpenAIDouble(dimensions)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        port = listener.extra(SocketAttribute.local_port)
        double.url = f"http://127.0.0.1:{port}/v1"
        tasks.start_soon(listener.serve, double.serve)
        yield double
        tasks.cancel_scope.cancel()


async def _read(stream: SocketStream) -> Call:
    data = b""
    while b"\r\n\r\n" not in data:
        data += await stream.receive()
    head, _, body = data.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    while length and len(body) < int(length[1]):
        body += await stream.receive()
    text = head.decode("latin-1")
    key = _KEY.search(f"{text}\r\n")
    said: dict[str, Any] = json.loads(body or b"{}")
    return Call(text.split(" ")[1], key[1] if key else None, said, f"{text}\n{body.decode()}")


async def _send(stream: SocketStream, answer: Answer) -> None:
    if isinstance(answer, Hang):
        await anyio.sleep_forever()
        return
    wire = answer.wire()[: answer.cut]
    if not answer.slow:
        await stream.send(wire)
        return
    for byte in wire:
        await stream.send(bytes([byte]))
        await anyio.sleep(answer.slow)
