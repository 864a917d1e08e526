"""Which index a store gets: from the settings, from this package, from another one."""

import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from openmemory_api.container import Container
from openmemory_api.domain.protocols import VectorIndex
from openmemory_api.settings import Settings
from openmemory_api.vectors import loading
from openmemory_api.vectors.exact import ExactIndex
from openmemory_api.vectors.loading import GROUP, IndexOptions, load_index
from openmemory_api.vectors.qdrant.index import QdrantIndex

HERE = "tests.api.vectors.test_loading"
FOLDER = Path("unused")
SERVER = IndexOptions(FOLDER, "http://qdrant:6333")


class AnothersIndex(ExactIndex):
    """What another package could bring."""

    options: IndexOptions


def create(options: IndexOptions) -> VectorIndex:
    index = AnothersIndex()
    index.options = options
    return index


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """The entry points of other packages, as a list to fill."""
    found: list[EntryPoint] = []

    def entry_points(*, group: str) -> Sequence[EntryPoint]:
        return [each for each in found if each.group == group]

    monkeypatch.setattr(loading, "entry_points", entry_points)
    return found


def test_auto_is_the_server_that_is_named_or_else_the_embedded_default() -> None:
    assert isinstance(load_index("auto", SERVER), QdrantIndex)
    assert load_index("auto", SERVER).shared
    assert not load_index("auto", IndexOptions(FOLDER)).shared


@pytest.mark.parametrize(("name", "shared"), [("exact", False), ("edge", False), ("qdrant", True)])
def test_ours_are_chosen_by_name_and_open_nothing(name: str, shared: bool, tmp_path: Path) -> None:
    options = IndexOptions(tmp_path / "index", "http://qdrant:6333")
    assert load_index(name, options).shared == shared
    assert list(tmp_path.iterdir()) == []


def test_an_index_of_another_package_is_chosen_by_the_name_it_registers(
    installed: list[EntryPoint],
) -> None:
    installed.append(EntryPoint("lance", f"{HERE}:create", GROUP))
    index = load_index("lance", SERVER)
    assert type(index).__name__ == "AnothersIndex"
    assert getattr(index, "options", None) == SERVER


def test_no_other_package_can_stand_in_for_one_of_ours(installed: list[EntryPoint]) -> None:
    installed.append(EntryPoint("exact", f"{HERE}:create", GROUP))
    assert type(load_index("exact", SERVER)) is ExactIndex


def test_an_unknown_name_is_refused_with_those_there_are(installed: list[EntryPoint]) -> None:
    installed.append(EntryPoint("lance", f"{HERE}:create", GROUP))
    with pytest.raises(ValueError, match=r"=chroma .* there are auto, edge, exact, lance, qdrant$"):
        load_index("chroma", SERVER)


def test_a_server_without_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="needs the server's address: OPENMEMORY_QDRANT_URL"):
        load_index("qdrant", IndexOptions(FOLDER))


@pytest.mark.parametrize(
    ("name", "missing", "remedy"),
    [
        ("qdrant", "qdrant_client", r"pip install 'openmemory-server\[qdrant\]'"),
        ("edge", "qdrant_edge", "OPENMEMORY_INDEX=exact"),
    ],
)
def test_what_is_missing_is_named_with_how_to_get_it(
    name: str,
    missing: str,
    remedy: str,
    installed: list[EntryPoint],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load(_: EntryPoint) -> object:
        raise ModuleNotFoundError(f"No module named '{missing}'", name=f"{missing}.http")

    monkeypatch.setattr(EntryPoint, "load", load)
    with pytest.raises(ValueError, match=remedy):
        load_index(name, SERVER)


def test_edge_is_refused_at_the_start_where_there_is_no_package_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "qdrant_edge", None)
    with pytest.raises(ValueError, match="choose OPENMEMORY_INDEX=exact"):
        load_index("edge", SERVER)


def test_a_mistake_in_another_package_is_not_taken_for_a_missing_one(
    installed: list[EntryPoint],
) -> None:
    installed.append(EntryPoint("broken", "no_such_module:create", GROUP))
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        load_index("broken", SERVER)


def test_the_settings_choose_the_index_of_a_store(tmp_path: Path) -> None:
    given = {"data_dir": tmp_path, "qdrant_url": "qdrant", "qdrant_api_key": "k"}
    assert Container(Settings.model_validate(given)).index.shared
    assert not Container(Settings.model_validate({**given, "index": "exact"})).index.shared


def test_no_driver_is_imported_before_a_setting_asks_for_it() -> None:
    program = (
        "import sys, openmemory_api.app; "
        "print({'qdrant_client', 'qdrant_edge', 'openai', 'asyncpg', 'grpc'} & set(sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "set()"
