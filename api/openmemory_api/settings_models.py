"""The settings of models that are asked over HTTP, and the names other programs gave them."""

from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import AliasChoices, Field, PrivateAttr, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from openmemory_api.openai_api import Endpoint
from openmemory_api.rerankers.http import RerankEndpoint

OPENAI: Final = "https://api.openai.com/v1"
OLLAMA: Final = "http://localhost:11434"

_Kind = Literal["LLM", "EMBEDDER"]


class ForeignNames(BaseSettings):
    """What the predecessor and OpenAI's own client read. None of it turns anything on."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    llm_provider: str | None = None
    embedder_provider: str | None = None
    ollama_base_url: str | None = None
    openai_base_url: str | None = None
    openai_api_key: SecretStr | None = None


class ModelSettings(BaseSettings):
    """The group `_LLM_*` and `_EMBEDDER_*`; a model is used where its name is set."""

    llm_model: str | None = Field(
        default=None, validation_alias=AliasChoices("OPENMEMORY_LLM_MODEL", "LLM_MODEL")
    )
    llm_url: str | None = Field(
        default=None, validation_alias=AliasChoices("OPENMEMORY_LLM_URL", "LLM_BASE_URL")
    )
    llm_api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("OPENMEMORY_LLM_API_KEY", "LLM_API_KEY")
    )
    llm_timeout: float = Field(default=60, ge=1, le=600)
    llm_concurrency: int = Field(default=2, ge=1, le=64)
    embedder: Literal["english", "multilingual", "none"] = "english"
    embedder_model: str | None = Field(
        default=None, validation_alias=AliasChoices("OPENMEMORY_EMBEDDER_MODEL", "EMBEDDER_MODEL")
    )
    embedder_url: str | None = Field(
        default=None, validation_alias=AliasChoices("OPENMEMORY_EMBEDDER_URL", "EMBEDDER_BASE_URL")
    )
    embedder_api_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("OPENMEMORY_EMBEDDER_API_KEY", "EMBEDDER_API_KEY"),
    )
    embedder_dimensions: int | None = Field(default=None, ge=1, le=16_384)

    _foreign: ForeignNames = PrivateAttr(default_factory=ForeignNames)

    @field_validator("llm_url", "embedder_url")
    @classmethod
    def _whole(cls, value: str | None) -> str | None:
        return None if value is None else _with_path(value)

    @model_validator(mode="after")
    def _complete(self) -> Any:
        # Read once, so that a server never starts with half of what it was told.
        _ = self.llm, self.embedder_server
        if self.embedder_model is not None and self.embedder != "english":
            raise ValueError(
                "OPENMEMORY_EMBEDDER and OPENMEMORY_EMBEDDER_MODEL are two embedders; set one"
            )
        return self

    @property
    def llm(self) -> Endpoint | None:
        """The language model that extracts facts.

        Raises:
            ValueError: where it is to be reached cannot be told.
        """
        return self._endpoint("LLM", self.llm_model, self.llm_url, self.llm_api_key)

    @property
    def embedder_server(self) -> Endpoint | None:
        """The embedder that takes the place of the built-in one; errors as for `llm`."""
        return self._endpoint(
            "EMBEDDER", self.embedder_model, self.embedder_url, self.embedder_api_key
        )

    def _endpoint(
        self, kind: _Kind, model: str | None, url: str | None, key: SecretStr | None
    ) -> Endpoint | None:
        if model is None:
            return None
        if url is not None:
            return Endpoint(model, url, _plain(key))
        if self._is_ollama(kind):
            return Endpoint(model, _with_path(self._foreign.ollama_base_url or OLLAMA), _plain(key))
        # The one key that was made for this address, and is sent to no other.
        key = key or self._foreign.openai_api_key
        if key is None:
            raise ValueError(
                f"OPENMEMORY_{kind}_MODEL is set; say where it runs with OPENMEMORY_{kind}_URL,"
                f" or give OPENMEMORY_{kind}_API_KEY for OpenAI's own"
            )
        return Endpoint(model, _with_path(self._foreign.openai_base_url or OPENAI), _plain(key))

    def _is_ollama(self, kind: _Kind) -> bool:
        foreign = self._foreign
        # The predecessor's embedder is where its language model is, if nothing else is said.
        provider = foreign.llm_provider
        if kind == "EMBEDDER":
            provider = foreign.embedder_provider or provider
        if provider not in (None, "openai", "ollama"):
            raise ValueError(
                f"{kind}_PROVIDER={provider}: only OpenAI-compatible servers and ollama are"
                f" supported; set OPENMEMORY_{kind}_URL to the address of one"
            )
        return provider == "ollama" or (provider is None and foreign.ollama_base_url is not None)


class RerankerSettings(BaseSettings):
    """The group `_RERANKER_*`; one is used where its URL or its folder is set."""

    reranker_url: str | None = None
    reranker_model: str | None = None
    reranker_api_key: SecretStr | None = None
    reranker_path: Path | None = None
    reranker_timeout: float = Field(default=2, ge=0.05, le=60)

    @field_validator("reranker_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None and "@" in value:
            raise ValueError("must not hold a password; a key belongs into _RERANKER_API_KEY")
        return None if value is None else _with_path(value)

    @field_validator("reranker_path")
    @classmethod
    def _folder(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @model_validator(mode="after")
    def _one_reranker(self) -> Any:
        if self.reranker_url is not None and self.reranker_path is not None:
            raise ValueError(
                "OPENMEMORY_RERANKER_URL and OPENMEMORY_RERANKER_PATH are two rerankers; set one"
            )
        if self.reranker_model is not None and self.reranker_url is None:
            raise ValueError(
                "OPENMEMORY_RERANKER_MODEL is set; say where it runs with OPENMEMORY_RERANKER_URL"
            )
        return self

    @property
    def reranker(self) -> RerankEndpoint | None:
        """The reranker behind a server."""
        if self.reranker_url is None:
            return None
        return RerankEndpoint(self.reranker_url, self.reranker_model, _plain(self.reranker_api_key))


def _plain(key: SecretStr | None) -> str | None:
    return key.get_secret_value() if key else None


def _with_path(url: str) -> str:
    """The base URL of the API: a bare address gets the path that nearly all of them use."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address such as http://localhost:11434/v1")
    path = parts.path.rstrip("/") or "/v1"
    return urlunsplit(parts._replace(path=path, query="", fragment=""))
