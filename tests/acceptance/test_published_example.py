"""The example of the platform's documentation, verbatim but for `host`, with Python's client."""

from typing import Any

import pytest
from mem0 import MemoryClient  # pyright: ignore[reportMissingTypeStubs]

from tests.acceptance.processes import Server
from tests.acceptance.store import Store

pytestmark = pytest.mark.ci


def test_the_published_example(
    server: Server, store: Store, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(server.home.path))
    monkeypatch.setattr("mem0.memory.telemetry.MEM0_TELEMETRY", False)
    client: Any = MemoryClient(api_key="your-api-key", host=server.url)
    messages = [
        {"role": "user", "content": "I'm a vegetarian and allergic to nuts."},
        {"role": "assistant", "content": "Got it! I'll remember your dietary preferences."},
    ]

    response = client.add(messages=messages, user_id=user)
    found = client.search("What are my dietary restrictions?", filters={"user_id": user})

    assert [memory.text for memory in store.active(user_id=user)] == [
        message["content"] for message in messages
    ]
    assert response["id"] == store.active(user_id=user)[0].id
    assert response["id"] in [row["id"] for row in found["results"]]
    client.client.close()
