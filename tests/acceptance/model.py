"""A model that follows a script, on loopback: it speaks as much of Anthropic's API as agents use.

An agent that offers the wanted tool is told to call it, once; then the model says what it read.
"""

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Final

Json = dict[str, Any]

_USAGE: Final = {"input_tokens": 1, "output_tokens": 1}


@dataclass
class Script:
    """The tool to call, by the end of the name that the agent gives it, and what was seen."""

    tool: str
    arguments: Json
    offered: list[Json] = field(default_factory=list[Json])
    """The tools of the last request that had any."""
    results: list[Json] = field(default_factory=list[Json])
    """What the model was given to read, as often as it was given."""

    def answer(self, body: Json) -> Json:
        """The next block of what the model says: a call of the tool, or a text."""
        tools: list[Json] = body.get("tools") or []
        results = [
            block
            for message in body["messages"]
            if isinstance(message["content"], list)
            for block in message["content"]
            if block["type"] == "tool_result"
        ]
        self.offered = tools or self.offered
        self.results += results
        wanted = [tool["name"] for tool in tools if tool["name"].endswith(self.tool)]
        if wanted and not results:
            return {
                "type": "tool_use",
                "id": "toolu_scripted",
                "name": wanted[0],
                "input": self.arguments,
            }
        return {"type": "text", "text": f"I read: {json.dumps(results, ensure_ascii=False)}"}


class ScriptedModel:
    """The model's server; each session of an agent sets the script that it follows."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._script = Script("", {})
        self._lock = Lock()

    def follow(self, tool: str, **arguments: Any) -> Script:
        """From now on follow this script."""
        self._script = Script(tool, arguments)
        return self._script

    def answer(self, body: Json) -> Json:
        """A whole message."""
        with self._lock:
            block = self._script.answer(body)
        return {
            "id": "msg_scripted",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [block],
            "stop_reason": "tool_use" if block["type"] == "tool_use" else "end_turn",
            "stop_sequence": None,
            "usage": _USAGE,
        }


@contextmanager
def scripted_model() -> Generator[ScriptedModel]:
    """The model on a free port, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self.path.partition("?")[0] == "/v1/messages":
                message = model.answer(body)
                stream = body.get("stream", False)
                self._reply(_events(message) if stream else _json(message), stream=stream)
            else:
                self._reply(_json({"input_tokens": 1}), stream=False)

        def do_HEAD(self) -> None:
            self._reply(b"", stream=False)

        def _reply(self, content: bytes, *, stream: bool) -> None:
            kind = "text/event-stream" if stream else "application/json"
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the requests are what tests look at."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        model = ScriptedModel(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield model
        finally:
            server.shutdown()
            thread.join()


def _json(value: Json) -> bytes:
    return json.dumps(value).encode()


def _events(message: Json) -> bytes:
    """The same message in pieces, as a stream brings it."""
    [block] = message["content"]
    calls = block["type"] == "tool_use"
    empty: Json = {"input": {}} if calls else {"text": ""}
    delta = (
        {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        if calls
        else {"type": "text_delta", "text": block["text"]}
    )
    stop = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    events: list[Json] = [
        {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": {**block, **empty}},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]
    return b"".join(
        b"event: %b\ndata: %b\n\n" % (each["type"].encode(), _json(each)) for each in events
    )
