"""A real language model, small enough to come as a package, extracts on this machine.

What is shown is that everything fits together: the request, the form of the answer, tokens, events,
rows. A model of this size invents; whether its facts are true is nobody's claim here.
"""

import subprocess
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance import installs
from tests.acceptance.processes import Home, Server, end, new_home, serving, until
from tests.acceptance.store import Store

MODEL = "smollm2-135m"
SAID = (
    "I am allergic to peanuts and I live in Lisbon.",
    "My dog is called Pip, and we moved here last week.",
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The base URL of the model's server."""
    python = installs.python_of("small-model")
    script = Path(__file__).parent / "clients" / "small_model.py"
    log = tmp_path_factory.mktemp("model") / "log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [python, str(script), "2"], stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:"), log.read_text()
            yield url
        finally:
            end(process)


@pytest.fixture(scope="module")
def served(model: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    home: Home = new_home(tmp_path_factory.mktemp("extracting") / "home")
    settings = {"OPENMEMORY_LLM_MODEL": MODEL, "OPENMEMORY_LLM_URL": model}
    with serving(home, **settings) as running:
        yield running


def add(http: httpx.Client, path: str, *texts: str, **options: Any) -> Any:
    body = {"messages": [{"role": "user", "content": text} for text in texts], **options}
    answer = http.post(path, json={"user_id": "anna", **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def finished(http: httpx.Client, event_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        event = http.get(f"/v1/event/{event_id}/").json()
        return event if event["status"] in ("SUCCEEDED", "FAILED") else None

    return until(look, "the extraction to end", within=120, every=0.1)


def test_facts_come_from_a_real_model(served: Server) -> None:
    stored = Store(served.home.data_dir / "openmemory.db")
    with httpx.Client(base_url=served.url, timeout=200) as http:
        begun = time.monotonic()
        added = add(http, "/v3/memories/add/", *SAID)
        assert added["status"] == "PENDING"
        # Nobody waits for the model who does not want to.
        assert time.monotonic() - begun < 2
        event = finished(http, added["event_id"])
        assert event["status"] == "SUCCEEDED"
        spent = event["metadata"]["extraction"]
        assert spent["model"] == MODEL
        assert "fallback" not in spent, spent
        assert spent["tokens_in"] > 400
        assert spent["tokens_out"] > 0

        rows = stored.active(user_id="anna")
        assert rows, "the model found nothing at all"
        assert {row.id for row in rows} == {result["id"] for result in event["results"]}
        assert all(row.inferred and 0 < len(row.text) <= 1_000 for row in rows)
        assert stored.query("SELECT id FROM jobs") == []

        waited = add(http, "/v1/memories/", "I work as a nurse in Porto.", async_mode=False)
        assert all(row["event"] in ("ADD", "NONE") for row in waited)
        assert all(row["memory"] for row in waited)

        verbatim = add(http, "/v3/memories/add/", "word for word", infer=False)
        assert [row["memory"] for row in verbatim["results"]] == ["word for word"]

        health = http.get("/health").json()
        assert health["extractor"] == {"name": MODEL, "problem": None, "waiting": 0}


def test_adds_at_once_are_all_read(served: Server) -> None:
    with httpx.Client(base_url=served.url, timeout=200) as http:
        events = [
            add(http, "/v3/memories/add/", f"My locker number is {n}00.", user_id=f"user-{n}")[
                "event_id"
            ]
            for n in range(2)
        ]
        for event_id in events:
            event = finished(http, event_id)
            assert event["status"] == "SUCCEEDED"
            assert event["metadata"]["extraction"]["calls"] >= 1
