"""How many worlds are made, and from which seeds.

`TEST_WORLDS=500` makes as many random ones, each named by its seed; `TEST_SEED=123` repeats one.
"""

import os
from pathlib import Path
from random import SystemRandom
from typing import Any

import pytest
from pydantic import SecretStr

from openmemory_api.settings import Settings

pytest.register_assert_rewrite(
    *(
        f"tests.access.{name}"
        for name in ("asking", "looking", "managing", "reading", "tools", "writing")
    )
)

from tests.access.world import DEFAULT_USER  # noqa: E402

SEEDS = range(4)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", seeds())


def seeds() -> list[int]:
    if "TEST_SEED" in os.environ:
        return [int(os.environ["TEST_SEED"])]
    if "TEST_WORLDS" in os.environ:
        return [SystemRandom().getrandbits(32) for _ in range(int(os.environ["TEST_WORLDS"]))]
    return list(SEEDS)


@pytest.fixture
def settings(
    tmp_path: Path, database_url: SecretStr | None, request: pytest.FixtureRequest
) -> Settings:
    """Each engine of the index serves some of the worlds."""
    made: Any = getattr(request.node, "callspec", None)
    seed: int = made.params.get("seed", 0) if made else 0
    return Settings(
        data_dir=tmp_path / "data",
        database_url=database_url,
        secret=SecretStr("a long and random text, the same on every server of these tests"),
        user=DEFAULT_USER,
        index="auto" if seed % 4 == 0 else "exact",
    )
