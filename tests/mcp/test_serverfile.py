"""The file by which a running server is found."""

import stat
import sys
from pathlib import Path

import filelock
import pytest

from openmemory_mcp import serverfile
from openmemory_mcp.serverfile import ServerFile

HERE = ServerFile("1.0", "http://127.0.0.1:8765", 42, "omk_secret", "2026-11-23T10:00:00+00:00")


def test_what_was_written_is_read(tmp_path: Path) -> None:
    serverfile.write(tmp_path, HERE)

    assert serverfile.read(tmp_path) == HERE


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_only_its_owner_can_read_the_secret(tmp_path: Path) -> None:
    serverfile.write(tmp_path, HERE)
    serverfile.write(tmp_path, HERE)

    (written,) = tmp_path.iterdir()
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{", "{}", '{"pid": "x"}', "[]"])
def test_a_file_that_cannot_be_understood_is_no_server(tmp_path: Path, content: str) -> None:
    serverfile.write(tmp_path, HERE)
    (written,) = tmp_path.iterdir()
    written.write_text(content)

    assert serverfile.read(tmp_path) is None


def test_no_file_is_no_server(tmp_path: Path) -> None:
    serverfile.remove(tmp_path)

    assert serverfile.read(tmp_path) is None
    assert serverfile.read(tmp_path / "missing") is None


def test_a_removed_file_is_gone(tmp_path: Path) -> None:
    serverfile.write(tmp_path, HERE)
    serverfile.remove(tmp_path)

    assert serverfile.read(tmp_path) is None


def test_one_process_at_a_time_owns_a_data_directory(tmp_path: Path) -> None:
    data_dir = tmp_path / "new" / "data"
    with (
        serverfile.lock(data_dir),
        pytest.raises(filelock.Timeout),
        serverfile.lock(data_dir),
    ):
        pass
    with serverfile.lock(data_dir):
        pass
