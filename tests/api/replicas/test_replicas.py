"""Several server processes on one database and one index: no job is done twice, none is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.postgres.server import REPO, Server

USER = {"filters": {"user_id": "anna"}}


@dataclass(frozen=True)
class Replica:
    process: "subprocess.Popen[bytes]"
    http: httpx.Client

    @property
    def pid(self) -> int:
        return self.process.pid

    def health(self) -> dict[str, Any]:
        return self.http.get("/health").json()

    def leads(self) -> bool:
        return self.health()["index"]["leads"]

    def serves(self) -> bool:
        return self.health()["status"] == "ok"

    def has_embedded_all(self) -> bool:
        return self.health()["index"]["pending"] == 0

    def add(self, *texts: str) -> dict[str, Any]:
        messages = [{"role": "user", "content": text} for text in texts]
        answer = self.http.post("/v3/memories/add/", json={"messages": messages, "user_id": "anna"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def found(self, query: str) -> list[str]:
        """The texts that a search finds, best first."""
        body = {"query": query, "top_k": 5, "threshold": 0, **USER}
        answer = self.http.post("/v3/memories/search/", json=body)
        assert answer.status_code == 200, answer.text
        return [row["memory"] for row in answer.json()["results"]]

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait()


@dataclass(frozen=True)
class Group:
    """Servers that share a database and an index."""

    replicas: list[Replica]
    common: Path
    psql: Callable[[str], str]

    def diary(self, what: str) -> list[dict[str, Any]]:
        path = self.common / "diary.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [entry for entry in map(json.loads, lines) if entry["what"] == what]

    def embedded(self) -> Counter[str]:
        return Counter(entry["text"] for entry in self.diary("embed"))

    def leader(self) -> Replica:
        (found,) = [each for each in self.replicas if each.leads()]
        return found


def until(look: Callable[[], object], what: str, *, within: float = 30) -> float:
    """Seconds until `look` finds something."""
    started = time.monotonic()
    while not look():
        assert time.monotonic() - started < within, f"waited {within} s for {what}"
        time.sleep(0.01)
    return time.monotonic() - started


@pytest.fixture(params=[2, 3])
def size(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture
def group(size: int, tmp_path: Path, postgres: Server, empty_database: str) -> Generator[Group]:
    # Without our schema: all of them make it at once.
    environment = {**os.environ, "OPENMEMORY_DATABASE_URL": postgres.url(empty_database)}
    with ExitStack() as stack:
        replicas = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.api.replicas.replica",
                     str(tmp_path / f"data-{n}"), str(tmp_path)],
                    stdout=subprocess.PIPE, cwd=REPO, env=environment,
                )
            )
            for n in range(size)
        ]  # fmt: skip
        for process in replicas:
            stack.callback(process.kill)
        made: list[Replica] = []
        for process in replicas:
            assert process.stdout is not None
            address = f"http://127.0.0.1:{int(process.stdout.readline())}"
            http = stack.enter_context(httpx.Client(base_url=address, timeout=30))
            made.append(Replica(process, http))
        group = Group(made, tmp_path, lambda sql: postgres.psql(empty_database, sql))
        for each in made:
            until(each.serves, "a server to serve")
        yield group


def test_adds_on_all_of_them_are_numbered_embedded_and_indexed_once(group: Group, size: int):
    assert sum(each.leads() for each in group.replicas) == 1

    def work(n: int) -> list[bool]:
        replica = group.replicas[n % size]
        return [
            replica.add(f"tea {n} {i}", f"cake {n} {i}")["status"] == "SUCCEEDED" for i in range(6)
        ]

    with ThreadPoolExecutor(6) as threads:
        answers = [all(each) for each in threads.map(work, range(6))]

    texts = {f"{what} {n} {i}" for what in ("tea", "cake") for n in range(6) for i in range(6)}
    assert all(answers)
    numbers = group.psql("SELECT number FROM memories ORDER BY number").split()
    assert numbers == [str(n) for n in range(1, len(texts) + 1)]
    # A change number belongs to one write, and whoever was given a later one came later.
    assert group.psql("SELECT count(*) - count(DISTINCT number) FROM actions") == "0"
    order = "SELECT string_agg(number::text, ',' ORDER BY completed_at) FROM actions"
    assert group.psql(order) == group.psql(order.replace("completed_at", "number"))
    for each in group.replicas:
        until(each.has_embedded_all, "all to be embedded")
        assert "cake 3 5" in each.found("cake 3 5")
    assert group.embedded() == Counter(texts)
    changes = [entry["change"] for entry in group.diary("apply")]
    assert changes == sorted(set(changes))
    assert {entry["pid"] for entry in group.diary("apply")} == {group.leader().pid}


def test_nothing_is_lost_and_little_is_repeated_when_the_leader_is_killed(group: Group, size: int):
    leader = group.leader()
    others = [each for each in group.replicas if each is not leader]
    acknowledged: list[str] = []

    def work(replica: Replica) -> None:
        for i in range(15):
            text = f"note {replica.pid} {i}"
            replica.add(text)
            acknowledged.append(text)

    others[0].add(*(f"many {i}" for i in range(100)))
    until(lambda: len(group.diary("embed")) > 40, "the leader to be in the middle")
    with ThreadPoolExecutor(size) as threads:
        working = [threads.submit(work, each) for each in others]
        time.sleep(0.1)
        leader.kill()
        handed_over = until(lambda: any(each.leads() for each in others), "another leader")
        for each in working:
            each.result()

    assert handed_over < 5
    for each in others:
        until(each.has_embedded_all, "all to be embedded")
        for text in (acknowledged[0], acknowledged[-1], "many 99", "many 0"):
            assert text in each.found(text)
    kept = group.psql("SELECT text FROM memories ORDER BY number").splitlines()
    assert sorted(kept) == sorted([*acknowledged, *(f"many {i}" for i in range(100))])
    # What the dead leader had embedded and not yet stored is all that is done again.
    twice = [text for text, times in group.embedded().items() if times > 1]
    assert len(twice) <= 32
    assert set(group.embedded().values()) <= {1, 2}
    last = [entry["text"] for entry in group.diary("embed") if entry["pid"] == leader.pid][-32:]
    assert set(twice) <= set(last)
    changes = [entry["change"] for entry in group.diary("apply")]
    assert changes == sorted(changes)
    assert len(changes) - len(set(changes)) <= 1
