"""`kill -9` while a language model reads: each add is stored once, as facts or as itself."""

import random
import sys
import threading
import time
from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace
from typing import Final

import httpx
import pytest
from anyio.from_thread import start_blocking_portal

from tests.acceptance.processes import (
    OPENMEMORY,
    Home,
    Server,
    end,
    serving,
    started,
    until,
    until_serving,
)
from tests.acceptance.store import Store
from tests.openai_double import Call, OpenAIDouble, Reply, one_fact_each, openai_double

SEED: Final = 9
USER: Final = "anna"


@pytest.fixture
def double() -> Generator[OpenAIDouble]:
    """A model that takes its time, so that a server dies while it waits."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(openai_double()) as running,
    ):
        running.chat = _slowly
        yield running


def _slowly(call: Call) -> Reply:
    return replace(one_fact_each(call), slow=0.0005)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("rounds", [pytest.param(4, marks=pytest.mark.ci), 40])
def test_every_acknowledged_add_is_stored_once(
    home: Home, double: OpenAIDouble, rounds: int
) -> None:
    chance = random.Random(SEED)
    settings = {"OPENMEMORY_LLM_MODEL": "double", "OPENMEMORY_LLM_URL": double.url}
    acknowledged: list[str] = []
    for _ in range(rounds):
        with started(
            home, (OPENMEMORY, "serve", "--data-dir", str(home.data_dir)), **settings
        ) as process:
            try:
                running = until_serving(home, process)
                acknowledged += _add_until_killed(running, chance)
            finally:
                end(process)
    stored = Store(home.data_dir / "openmemory.db")
    with serving(home, **settings):
        until(lambda: not stored.query("SELECT id FROM jobs"), "every add to be done", within=900)

    texts = [row.text.removeprefix("fact: ") for row in stored.active(user_id=USER)]
    assert len(texts) == len(set(texts)), "stored twice"
    assert set(acknowledged) <= set(texts), "lost"
    open_events = stored.query("SELECT id FROM actions WHERE status IN ('PENDING', 'RUNNING')")
    assert open_events == []
    facts = sum(row.inferred for row in stored.active(user_id=USER))
    sys.stdout.write(
        f"\n{rounds} kills, {len(acknowledged)} adds acknowledged, {len(texts)} stored"
        f" ({facts} as facts), {len(double.chats)} calls: none lost, none twice\n"
    )


def _add_until_killed(running: Server, chance: random.Random) -> list[str]:
    done: list[str] = []

    def add() -> None:
        with httpx.Client(base_url=running.url, timeout=10) as http, suppress(httpx.TransportError):
            while True:
                text = f"{chance.getrandbits(64):016x}"
                said = [{"role": "user", "content": text}]
                body = {"messages": said, "user_id": USER}
                answer = http.post("/v3/memories/add/", json=body)
                assert answer.json()["status"] == "PENDING", answer.text
                done.append(text)
                time.sleep(0.05)

    adding = threading.Thread(target=add)
    adding.start()
    until(lambda: len(done) >= 3, "adds to be acknowledged", every=0.001)
    time.sleep(chance.uniform(0, 1.5))
    running.kill()
    adding.join()
    return done
