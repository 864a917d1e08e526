"""What is looked at before a SQLite file is opened, and what is left as it is."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from openmemory_api.container import Container
from openmemory_api.db.schema import ForeignDatabase, refuse_foreign
from openmemory_api.domain.errors import Unavailable
from openmemory_api.settings import Settings
from tests.api.stores import ANNA, add, add_one
from tests.fakes import HashEmbedder


def foreign(path: Path, *, journal: str = "delete") -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode={journal}")
    connection.execute("CREATE TABLE memories (id TEXT, content TEXT)")
    connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    connection.execute("INSERT INTO memories VALUES ('1', 'theirs')")
    connection.commit()
    return connection


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def holding(folder: Path, text: bytes) -> list[str]:
    files = [each for each in folder.rglob("*") if each.is_file()]
    return [each.name for each in files if text in each.read_bytes()]


async def test_a_foreign_database_is_refused_with_its_bytes_untouched(tmp_path: Path):
    path = tmp_path / "openmemory.db"
    foreign(path).close()
    before = path.read_bytes(), path.stat().st_mtime_ns

    container = Container(Settings(data_dir=tmp_path), embedder=HashEmbedder())
    async with container.open():
        with pytest.raises(Unavailable, match="another program"):
            await container.ready()
        assert (await container.health())["status"] == "failed"

    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert names_in(tmp_path) == ["openmemory.db"]


def test_a_foreign_database_whose_tables_are_still_in_its_log_is_refused_untouched(
    tmp_path: Path,
):
    path = tmp_path / "openmemory.db"
    with closing(foreign(path, journal="wal")):
        files = {each: each.read_bytes() for each in tmp_path.iterdir()}
        assert b"theirs" not in files[path]

        with pytest.raises(ForeignDatabase):
            refuse_foreign(path)

        assert {each: each.read_bytes() for each in tmp_path.iterdir()} == files


async def test_our_own_database_is_recognised_after_a_crash(store: Container):
    await add(store, ANNA, "tea")

    assert "openmemory.db-wal" in names_in(store.settings.data_dir)
    refuse_foreign(store.settings.data_dir / "openmemory.db")


@pytest.mark.parametrize("content", [b"not a database, but longer than a header" * 9, b"short"])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "openmemory.db"
    path.write_bytes(content)

    with pytest.raises(ForeignDatabase):
        refuse_foreign(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("trash_days", [0, 30])
async def test_what_is_erased_is_in_no_file_any_more(tmp_path: Path, trash_days: int):
    settings = Settings(data_dir=tmp_path, trash_days=trash_days)
    container = Container(settings, embedder=HashEmbedder())
    async with container.open():
        await container.ready()
        memory = await add_one(container, ANNA, "the safe opens with zanzibar-4711")
        assert holding(tmp_path, b"zanzibar-4711") != []
        await container.memories.delete(ANNA, [memory.id])
        if trash_days:
            await container.trash.purge(ANNA, [memory.id])
        assert holding(tmp_path, b"zanzibar-4711") == []
