"""The table of threats names tests that exist, and every story is in it."""

import re
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TABLE = (HERE / "README.md").read_text(encoding="utf-8")


def test_every_test_of_the_table_exists_and_every_story_is_in_it() -> None:
    stories = {
        name
        for path in HERE.glob("test_*.py")
        if path != Path(__file__)
        for name in re.findall(r"^async def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    named = set(re.findall(r"`(test_\w+)`", TABLE))

    assert named == stories
    for path in re.findall(r"`(tests/[\w/]+\.py)`", TABLE):
        assert (ROOT / path).exists(), path
