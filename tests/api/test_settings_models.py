"""The settings of models: what turns one on, and which key goes where."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from openmemory_api.container import Container
from openmemory_api.domain.errors import Unavailable
from openmemory_api.embeddings.minilm import MiniLMEmbedder
from openmemory_api.openai_api import Endpoint
from openmemory_api.rerankers.http import RerankEndpoint
from openmemory_api.settings import Settings
from openmemory_api.settings_models import OPENAI


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Settings()


def test_only_the_name_of_a_model_turns_one_on(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(
        monkeypatch,
        OPENAI_API_KEY="k",
        OPENAI_BASE_URL="http://x/v1",
        OLLAMA_BASE_URL="http://x",
        LLM_PROVIDER="ollama",
        EMBEDDER_PROVIDER="vertexai",
        LLM_API_KEY="k",
        OPENMEMORY_LLM_URL="http://x",
        OPENMEMORY_EMBEDDER_API_KEY="k",
    )
    assert (settings.llm, settings.embedder_server) == (None, None)
    container = Container(settings)
    assert container.extractor is None
    assert isinstance(container.embedder, MiniLMEmbedder)


@pytest.mark.parametrize("kind", ["LLM", "EMBEDDER"])
class TestEndpoint:
    def _of(self, settings: Settings, kind: str) -> Endpoint | None:
        return settings.llm if kind == "LLM" else settings.embedder_server

    @pytest.mark.parametrize(
        ("variables", "expected"),
        [
            (
                {"OPENMEMORY_{}_URL": "http://localhost:8080/api/v3/"},
                Endpoint("m", "http://localhost:8080/api/v3", None),
            ),
            (
                {"OPENMEMORY_{}_URL": "http://localhost:8080"},
                Endpoint("m", "http://localhost:8080/v1", None),
            ),
            (
                {"OPENMEMORY_{}_URL": "localhost:8080"},
                Endpoint("m", "http://localhost:8080/v1", None),
            ),
            (
                {"{}_BASE_URL": "https://a/v1", "{}_API_KEY": "old"},
                Endpoint("m", "https://a/v1", "old"),
            ),
            (
                {"{}_BASE_URL": "https://a/v1", "OPENMEMORY_{}_URL": "https://b/v1"},
                Endpoint("m", "https://b/v1", None),
            ),
            (
                {"OPENMEMORY_{}_API_KEY": "new", "{}_API_KEY": "old"},
                Endpoint("m", OPENAI, "new"),
            ),
            ({"OPENAI_API_KEY": "k"}, Endpoint("m", OPENAI, "k")),
            (
                {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "https://proxy/v1"},
                Endpoint("m", "https://proxy/v1", "k"),
            ),
            ({"LLM_PROVIDER": "ollama"}, Endpoint("m", "http://localhost:11434/v1", None)),
            ({"OLLAMA_BASE_URL": "http://o:1"}, Endpoint("m", "http://o:1/v1", None)),
            # OpenAI's key is for OpenAI: another server is not given it.
            (
                {"OPENAI_API_KEY": "k", "OPENMEMORY_{}_URL": "http://other/v1"},
                Endpoint("m", "http://other/v1", None),
            ),
            (
                {"OPENAI_API_KEY": "k", "OLLAMA_BASE_URL": "http://o:1"},
                Endpoint("m", "http://o:1/v1", None),
            ),
            (
                {"LLM_PROVIDER": "openai", "OPENAI_API_KEY": "k", "OLLAMA_BASE_URL": "http://o:1"},
                Endpoint("m", OPENAI, "k"),
            ),
        ],
    )
    @pytest.mark.parametrize("name", ["OPENMEMORY_{}_MODEL", "{}_MODEL"])
    def test_it_is_where_the_settings_say(
        self,
        monkeypatch: pytest.MonkeyPatch,
        kind: str,
        name: str,
        variables: dict[str, str],
        expected: Endpoint,
    ) -> None:
        given = {name: "m", **variables}
        settings = read(monkeypatch, **{each.format(kind): said for each, said in given.items()})
        assert self._of(settings, kind) == expected

    def test_a_model_of_nowhere_is_refused_with_the_remedy(
        self, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        with pytest.raises(ValidationError, match=f"say where it runs with OPENMEMORY_{kind}_URL"):
            read(monkeypatch, **{f"OPENMEMORY_{kind}_MODEL": "m"})

    def test_a_provider_with_an_api_of_its_own_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        variables = {
            f"{kind}_MODEL": "claude",
            f"{kind}_PROVIDER": "anthropic",
            f"{kind}_API_KEY": "k",
        }
        with pytest.raises(ValidationError, match="only OpenAI-compatible servers and ollama"):
            read(monkeypatch, **variables)

    @pytest.mark.parametrize("url", ["ftp://x", "http://", "://"])
    def test_an_address_that_is_none_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, kind: str, url: str
    ) -> None:
        with pytest.raises(ValidationError, match="must be an address"):
            read(monkeypatch, **{f"OPENMEMORY_{kind}_MODEL": "m", f"OPENMEMORY_{kind}_URL": url})

    def test_no_key_is_shown(self, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
        variables = {f"OPENMEMORY_{kind}_MODEL": "m", f"OPENMEMORY_{kind}_API_KEY": "sk-secret"}
        settings = read(monkeypatch, **variables, OPENAI_API_KEY="sk-secret")
        for shown in (repr(settings), str(settings), repr(self._of(settings, kind))):
            assert "sk-secret" not in shown

    def test_a_missing_package_stops_the_start(
        self, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        variables = {f"OPENMEMORY_{kind}_MODEL": "m", f"OPENMEMORY_{kind}_URL": "http://x"}
        settings = read(monkeypatch, **variables)

        def find_nothing(name: str) -> None:
            """No package is there."""

        monkeypatch.setattr("openmemory_api.openai_api.find_spec", find_nothing)
        with pytest.raises(
            Unavailable, match=f"OPENMEMORY_{kind}_MODEL needs a package: pip install"
        ):
            Container(settings)


def test_two_embedders_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="are two embedders; set one"):
        read(
            monkeypatch,
            OPENMEMORY_EMBEDDER="none",
            OPENMEMORY_EMBEDDER_MODEL="m",
            OPENMEMORY_EMBEDDER_URL="http://x",
        )


def test_an_env_file_gives_the_foreign_names_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "LLM_MODEL=llama\nLLM_PROVIDER=ollama\nOLLAMA_BASE_URL=http://o:1\n"
    )
    assert Settings().llm == Endpoint("llama", "http://o:1/v1", None)


def test_a_key_of_a_setting_is_kept_secret() -> None:
    held = Settings(llm_api_key=SecretStr("sk-secret")).llm_api_key
    assert held is not None
    assert held.get_secret_value() == "sk-secret"


class TestReranker:
    def test_none_is_used_unless_it_is_said_where_it_is(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = read(monkeypatch, OPENMEMORY_RERANKER_API_KEY="k")
        assert settings.reranker is None
        assert Container(settings).reranking.health is None

    def test_a_server_is_named_by_its_model_and_a_folder_by_its_name(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        settings = read(
            monkeypatch,
            OPENMEMORY_RERANKER_URL="http://localhost:8080",
            OPENMEMORY_RERANKER_MODEL="m",
            OPENMEMORY_RERANKER_API_KEY="k",
        )
        assert settings.reranker == RerankEndpoint("http://localhost:8080/v1", "m", "k")
        assert Container(settings).reranking.health == {"name": "m", "problem": None}

        for name in ("URL", "MODEL"):
            monkeypatch.delenv(f"OPENMEMORY_RERANKER_{name}")
        settings = read(monkeypatch, OPENMEMORY_RERANKER_PATH=str(tmp_path / "tiny"))
        assert Container(settings).reranking.health == {"name": "tiny", "problem": None}

    @pytest.mark.parametrize(
        "variables",
        [
            {"OPENMEMORY_RERANKER_URL": "http://x", "OPENMEMORY_RERANKER_PATH": "/y"},
            {"OPENMEMORY_RERANKER_MODEL": "m"},
            {"OPENMEMORY_RERANKER_URL": "http://anna:sesame@x"},
            {"OPENMEMORY_RERANKER_URL": "ftp://x"},
            {"OPENMEMORY_RERANKER_TIMEOUT": "0"},
        ],
    )
    def test_half_or_two_of_them_are_refused_and_no_password_is_shown(
        self, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
    ) -> None:
        with pytest.raises(ValidationError) as refused:
            read(monkeypatch, **variables)
        assert "sesame" not in str(refused.value)
