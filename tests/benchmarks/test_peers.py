"""What the comparison with other servers computes by itself; the peers are not needed here."""

import base64
import os
import statistics
import subprocess
import sys

import numpy as np
import pytest
from starlette.testclient import TestClient

from benchmarks.peers import embedder, processes
from benchmarks.peers.corpus import memories, questions
from benchmarks.peers.measuring import Series, percentile


def test_a_percentile_is_a_value_that_so_many_do_not_exceed() -> None:
    hundred = [float(n) for n in range(100, 0, -1)]

    assert percentile(hundred, 0.5) == 50
    assert percentile(hundred, 0.95) == 95
    assert percentile([7.0], 0.95) == 7
    assert percentile([1.0, 9.0], 0.95) == 9
    with pytest.raises(statistics.StatisticsError):
        percentile([], 0.5)


def test_a_series_gives_its_costs_per_call() -> None:
    series = Series(seconds=[0.001, 0.002, 0.003, 0.010], cpu=0.008, wall=0.016)

    assert series.cpu_ms == pytest.approx(2)
    assert series.per_second == pytest.approx(250)
    assert series.percentile_ms(0.5) == pytest.approx(2)


def test_the_texts_are_distinct_and_the_same_in_every_run() -> None:
    made = memories(5_000)

    assert len(set(made)) == 5_000
    assert memories(5_000)[:10] == made[:10]
    assert memories(10, seed=8) != made[:10]
    assert len(set(questions(1_000))) == 1_000
    assert all(5 <= len(text.split()) <= 30 for text in made)


def test_texts_that_share_words_have_vectors_that_are_alike() -> None:
    tea = embedder.vector("Drinks green tea every morning")
    more_tea = embedder.vector("Drinks green tea every evening")
    bikes = embedder.vector("Repairs old bicycles at weekends")

    assert tea.shape == (embedder.DIMENSIONS,)
    assert np.linalg.norm(tea) == pytest.approx(1, abs=1e-5)
    assert tea @ more_tea > 0.7
    assert abs(tea @ bikes) < 0.2


def test_the_model_server_gives_the_same_vector_as_floats_and_packed() -> None:
    http = TestClient(embedder.app)

    plain = http.post("/v1/embeddings", json={"input": ["tea", "bikes"]}).json()["data"]
    packed = http.post("/v1/embeddings", json={"input": "tea", "encoding_format": "base64"}).json()

    assert [row["index"] for row in plain] == [0, 1]
    unpacked = np.frombuffer(base64.b64decode(packed["data"][0]["embedding"]), dtype=np.float32)
    assert np.allclose(unpacked, plain[0]["embedding"])


@pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")
def test_what_a_server_uses_includes_its_children() -> None:
    child = "import time; sum(i * i for i in range(2_000_000)); print(flush=True); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()

        family = processes.tree([process.pid])
        used = processes.cpu_seconds([process.pid])
        alone = processes.memory_mb([os.getpid()])

        for pid in family:
            os.kill(pid, 9)
    assert len(family) == 2
    assert used > 0.05
    assert alone > 5
