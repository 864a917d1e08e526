"""`kill -9` between an acknowledged write and the next search, again and again.

Nothing acknowledged is lost, nothing deleted comes back, and every text is what was sent.
"""

import random
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import pytest

from tests.acceptance.processes import OPENMEMORY, Home, Server, end, started, until, until_serving
from tests.acceptance.store import Store

USER: Final = "crash"
SEED: Final = 20260728
_LONGEST_PAUSE: Final = 0.05
_LETTERS: Final = "aäbcdéfgh iklmnöpqrs tuvwxyz é🜁 日本\n"


@dataclass
class Ledger:
    """What the server has acknowledged, and what it was asked to do when it died."""

    kept: dict[str, str] = field(default_factory=dict[str, str])
    gone: dict[str, str] = field(default_factory=dict[str, str])
    unsure: set[str] = field(default_factory=set[str])
    """Texts that were sent and not acknowledged: each may be stored or not."""
    unsure_gone: set[str] = field(default_factory=set[str])
    """Ids whose deletion was not acknowledged."""

    def settle(self, found: dict[str, str]) -> None:
        """Compare with everything the server lists, and take over what was unsure."""
        resurrected = self.gone.keys() & found.keys()
        assert not resurrected
        lost = self.kept.keys() - found.keys() - self.unsure_gone
        assert not lost
        for memory_id, text in found.items():
            expected = self.kept.get(memory_id)
            assert text == expected or text in self.unsure, (memory_id, text, expected)
        self.gone |= {each: self.kept[each] for each in self.kept.keys() - found.keys()}
        self.kept = dict(found)
        self.unsure.clear()
        self.unsure_gone.clear()


class Writer:
    """Writes until the server dies under it."""

    def __init__(self, url: str, ledger: Ledger, chance: random.Random) -> None:
        self._http = httpx.Client(base_url=url, timeout=10)
        self._ledger = ledger
        self._chance = chance
        self.acknowledged = 0
        self.last: tuple[str, str] | None = None

    def run(self) -> None:
        with self._http, suppress(httpx.TransportError):
            while True:
                self._write()
                self.acknowledged += 1

    def _write(self) -> None:
        action = self._chance.choices((self._add, self._update, self._delete), (6, 2, 2))[0]
        if self._ledger.kept:
            action()
        else:
            self._add()

    def _add(self) -> None:
        text = _text(self._chance)
        self._ledger.unsure.add(text)
        said = [{"role": "user", "content": text}]
        [change] = self._send("POST", "/v3/memories/add/", messages=said, user_id=USER)["results"]
        self._ledger.kept[change["id"]] = text
        self._ledger.unsure.discard(text)
        self.last = (change["id"], text)

    def _update(self) -> None:
        memory_id, text = self._any(), _text(self._chance)
        self._ledger.unsure.add(text)
        self._send("PUT", f"/v1/memories/{memory_id}/", text=text)
        self._ledger.kept[memory_id] = text
        self._ledger.unsure.discard(text)
        self.last = (memory_id, text)

    def _delete(self) -> None:
        memory_id = self._any()
        self._ledger.unsure_gone.add(memory_id)
        self._send("DELETE", f"/v1/memories/{memory_id}/")
        self._ledger.gone[memory_id] = self._ledger.kept.pop(memory_id)
        self._ledger.unsure_gone.discard(memory_id)
        if self.last and self.last[0] == memory_id:
            self.last = None

    def _any(self) -> str:
        return self._chance.choice(sorted(self._ledger.kept))

    def _send(self, method: str, path: str, **body: Any) -> Any:
        answer = self._http.request(method, path, json=body or None)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("rounds", [pytest.param(8, marks=pytest.mark.ci), 100])
def test_nothing_acknowledged_is_lost(home: Home, rounds: int) -> None:
    chance = random.Random(SEED)
    ledger = Ledger()
    acknowledged = 0
    for _ in range(rounds):
        with _served(home) as running:
            _verify(running, ledger)
            acknowledged += _write_until_killed(running, ledger, chance)
    with _served(home) as running:
        _verify(running, ledger)
        running.kill()

    assert acknowledged >= rounds
    store = Store(home.data_dir / "openmemory.db")
    assert {memory.id: memory.text for memory in store.active()} == ledger.kept
    sys.stdout.write(
        f"\n{rounds} kills, {acknowledged} writes acknowledged, {len(ledger.kept)} memories kept,"
        f" {len(ledger.gone)} deleted: none lost, none back\n"
    )


@contextmanager
def _served(home: Home) -> Generator[Server]:
    """A server that the round kills."""
    with started(home, (OPENMEMORY, "serve", "--data-dir", str(home.data_dir))) as process:
        try:
            yield until_serving(home, process)
        finally:
            end(process)


def _write_until_killed(running: Server, ledger: Ledger, chance: random.Random) -> int:
    writer = Writer(running.url, ledger, chance)
    writing = threading.Thread(target=writer.run)
    wanted, pause = chance.randint(1, 6), chance.uniform(0, _LONGEST_PAUSE)
    writing.start()
    until(lambda: writer.acknowledged >= wanted, "writes to be acknowledged", every=0.0005)
    time.sleep(pause)
    running.kill()
    writing.join()
    return writer.acknowledged


def _verify(running: Server, ledger: Ledger) -> None:
    with httpx.Client(base_url=running.url, timeout=30) as http:
        # The search comes first: nothing but the start has prepared the index for it.
        found = [(text, _ids(http, text)) for text in list(ledger.kept.values())[-3:]]
        gone = [(each, _ids(http, text)) for each, text in list(ledger.gone.items())[-3:]]
        ledger.settle(dict(_listed(http)))
    by_text = {text: memory_id for memory_id, text in ledger.kept.items()}
    for text, ids in found:
        assert text not in by_text or by_text[text] in ids
    for memory_id, ids in gone:
        assert memory_id not in ids


def _ids(http: httpx.Client, text: str) -> list[str]:
    body = {"query": text, "filters": {"user_id": USER}, "top_k": 5, "threshold": 0}
    answer = http.post("/v3/memories/search/", json=body)
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["results"]]


def _listed(http: httpx.Client) -> Iterator[tuple[str, str]]:
    cursor = None
    while True:
        body = {"filters": {"user_id": USER}, "cursor": cursor}
        answer = http.post("/v3/memories/?page_size=200", json=body)
        assert answer.status_code == 200, answer.text
        yield from ((row["id"], row["memory"]) for row in answer.json()["results"])
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return


def _text(chance: random.Random) -> str:
    length = chance.choice((20, 200, 3_000))
    filler = "".join(chance.choices(_LETTERS, k=length))
    return f"{chance.getrandbits(64):016x} {filler}".strip()
