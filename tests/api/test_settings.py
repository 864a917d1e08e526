"""Settings: what is accepted, what is refused and what follows from them."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from openmemory_api.settings import Settings, is_loopback


def settings(**values: Any) -> Settings:
    return Settings.model_validate(values)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "memory.example", "[::]"])
def test_an_open_address_demands_a_key(host: str) -> None:
    assert settings(host=host).demands_key
    assert not settings(host=host).trusts_local


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.3.2.1"])
def test_a_loopback_address_trusts_local_callers(host: str) -> None:
    assert settings(host=host).trusts_local
    assert not settings(host=host).demands_key


def test_required_demands_a_key_everywhere_and_off_nowhere() -> None:
    assert settings(auth="required").demands_key
    off = settings(auth="off", host="0.0.0.0")
    assert not off.demands_key
    assert not off.trusts_local


def test_a_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "of-the-predecessor")
    assert "of-the-predecessor" not in repr(Settings())
    monkeypatch.setenv("OPENMEMORY_API_KEY", "ours")
    held = Settings().api_key
    assert held is not None
    assert held.get_secret_value() == "ours"


def test_lists_are_written_with_commas_and_a_prefix_with_or_without_slashes() -> None:
    read = settings(allowed_hosts="a.example, b.example,", root_path="mem0/")
    assert read.allowed_hosts == ("a.example", "b.example")
    assert read.root_path == "/mem0"


def test_the_database_is_a_file_in_the_data_directory_or_the_named_one(tmp_path: Path) -> None:
    assert settings(data_dir=tmp_path).database_path == tmp_path / "openmemory.db"
    named = settings(database_url=f"sqlite:///{tmp_path}/other.db")
    assert named.database_path == tmp_path / "other.db"


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "postgresql+psycopg2://x/y", "sqlite:other.db", "nonsense"]
)
def test_another_database_is_refused_with_what_is_supported(url: str) -> None:
    with pytest.raises(ValueError, match=r"supported: sqlite:///PATH"):
        _ = settings(database_url=url).database_path


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("qdrant", "http://qdrant:6333"),
        ("http://qdrant", "http://qdrant:6333"),
        ("qdrant:7000", "http://qdrant:7000"),
        ("https://q.example.org/behind/", "https://q.example.org:6333/behind"),
        ("https://q.example.org:443", "https://q.example.org:443"),
        ("http://[::1]:6334", "http://[::1]:6334"),
    ],
)
def test_a_qdrant_server_is_named_by_host_or_url(url: str, address: str) -> None:
    assert settings(qdrant_url=url).qdrant_address == address


@pytest.mark.parametrize(
    "url",
    ["ftp://qdrant", "https://", "http://user:secret@qdrant", "qdrant:port", "http://q:99999"],
)
def test_what_is_no_address_of_a_qdrant_server_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValueError, match="OPENMEMORY_QDRANT_URL is not an address") as refused:
        _ = settings(qdrant_url=url).qdrant_address
    assert url not in str(refused.value)
    assert settings().qdrant_address is None


def test_the_predecessor_s_names_for_qdrant_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QDRANT_HOST", "mem0_store")
    monkeypatch.setenv("QDRANT_PORT", "7333")
    monkeypatch.setenv("QDRANT_API_KEY", "a-key")
    read = Settings()
    assert read.qdrant_address == "http://mem0_store:7333"
    assert read.qdrant_api_key is not None
    assert "a-key" not in repr(read)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_postgresql_has_no_file_and_its_password_is_not_shown(scheme: str) -> None:
    url = f"{scheme}://anna:hunter2@127.0.0.1/x"
    read = settings(database_url=url)
    assert (read.database_path, read.postgres_url) == (None, url)
    assert "hunter2" not in repr(read)
    assert settings().postgres_url is None


@pytest.mark.parametrize("url", ["hunter2", "mysql:hunter2", "mysql://anna:hunter2@x/y"])
def test_a_url_that_is_refused_is_not_shown(url: str) -> None:
    with pytest.raises(ValueError, match="supported: sqlite:///PATH, postgresql://") as error:
        _ = settings(database_url=url).database_path
    assert "hunter2" not in str(error.value)
    with pytest.raises(ValidationError) as invalid:
        settings(database_url=url, port=-1)
    assert "hunter2" not in str(invalid.value)


def test_a_name_is_loopback_only_if_it_cannot_be_anything_else() -> None:
    assert not is_loopback("localhost.evil.example")
    assert not is_loopback("")
    assert is_loopback("[::1]")


@pytest.mark.parametrize("days", [-1, 1_000_000, float("inf"), float("nan")])
def test_the_trash_is_kept_for_a_time_that_a_calendar_has(days: float) -> None:
    with pytest.raises(ValidationError):
        settings(trash_days=days)
