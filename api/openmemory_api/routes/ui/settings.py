"""What the server was set to, as it runs. Nothing can be changed here, and no secret is shown."""

from collections.abc import Iterator
from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr

from openmemory_api import __version__
from openmemory_api.container import Container
from openmemory_api.domain.access import KeyScope
from openmemory_api.routes.deps import ContainerDep
from openmemory_api.routes.ui.deps import ViewerDep
from openmemory_api.services.access import require_scopes

router = APIRouter()


class SettingRow(BaseModel):
    """One thing that is set."""

    name: str
    setting: str | None = Field(description="The variable that sets it; null: nothing does.")
    value: str
    note: str | None


class SettingSection(BaseModel):
    """Settings that belong together."""

    title: str
    rows: list[SettingRow]


class DashboardSettings(BaseModel):
    """All that a person may want to look up."""

    sections: list[SettingSection]


@router.get("/settings")
async def list_settings(viewer: ViewerDep, container: ContainerDep) -> DashboardSettings:
    """What the server was set to, and by which variable each is."""
    require_scopes(viewer, KeyScope.READ)
    parts = {"General": _general(container), "Models": _models(container), "Log": _log(container)}
    if KeyScope.ADMIN in viewer.scopes:
        # How it is reached and kept is for those who run it.
        parts |= {
            "Security": _security(container),
            "Storage": _storage(container),
            "Limits": _limits(container),
        }
    sections = [SettingSection(title=title, rows=list(rows)) for title, rows in parts.items()]
    return DashboardSettings(sections=sections)


def _general(container: Container) -> Iterator[SettingRow]:
    settings = container.settings
    yield _row("Version", None, __version__)
    yield _row("User", "USER", settings.user, "Whose memories they are where no other is named.")
    yield _row("Trash", "TRASH_DAYS", f"{settings.trash_days:g} days", "Then it is erased.")
    yield _row("Log level", "LOG_LEVEL", settings.log_level)


def _models(container: Container) -> Iterator[SettingRow]:
    settings, indexer = container.settings, container.indexer
    embedder = container.embedder
    if embedder.reading is None:
        yield _row("Embedder", "EMBEDDER", "none", "Memories are found by their words alone.")
    else:
        what = f"{embedder.name}, {embedder.dimensions} dimensions"
        name = "EMBEDDER_MODEL" if settings.embedder_server else "EMBEDDER"
        yield _row("Embedder", name, what, indexer.degraded or "Works.")
    yield _row(
        "Embedder's key",
        "EMBEDDER_API_KEY",
        _set(settings.embedder_server and settings.embedder_server.key),
    )
    extractor = container.extractor
    yield _row(
        "Language model",
        "LLM_MODEL",
        extractor.name if extractor else "none",
        (container.extraction.problem or "Works.")
        if extractor
        else "Texts are stored as they are said.",
    )
    yield _row("Language model's key", "LLM_API_KEY", _set(settings.llm and settings.llm.key))
    yield _row("Wait for it in a call", "ADD_WAIT", f"{settings.add_wait:g} s")


def _security(container: Container) -> Iterator[SettingRow]:
    settings = container.settings
    yield _row("Who may call", "AUTH", settings.auth, _meaning(container))
    yield _row("Configured key", "API_KEY", _secret(settings.api_key))
    yield _row("Secret of keys", "SECRET", _secret(settings.secret), "Else a file's.")
    yield _row("Address", "HOST", f"{settings.host}, port {settings.port}")
    yield _row("Path prefix", "ROOT_PATH", settings.root_path or "none")
    yield _row("Further hosts", "ALLOWED_HOSTS", _words(settings.allowed_hosts))
    yield _row("Pages that may call", "ALLOWED_ORIGINS", _words(settings.allowed_origins))
    yield _row("Trusted proxies", "TRUSTED_PROXIES", _words(settings.trusted_proxies))
    yield _row("TLS", "TLS_CERT", "on" if settings.tls_cert else "off")
    yield _row("Secrets in what is said", "REDACT", settings.redact, _REDACTION[settings.redact])


def _storage(container: Container) -> Iterator[SettingRow]:
    settings = container.settings
    kind = "SQLite" if settings.database_path is not None else "PostgreSQL"
    yield _row("Database", "DATABASE_URL", kind)
    yield _row("Index", "INDEX", settings.index, container.indexer.unreached or "Works.")
    yield _row("Qdrant", "QDRANT_URL", _set(settings.qdrant_url))
    yield _row("Qdrant's key", "QDRANT_API_KEY", _secret(settings.qdrant_api_key))


def _log(container: Container) -> Iterator[SettingRow]:
    settings = container.settings
    days = f"{settings.activity_days:g} days" if settings.activity_days else "not kept"
    yield _row("Kept", "ACTIVITY_DAYS", days, container.recorder.problem)
    yield _row(
        "Queries",
        "ACTIVITY_QUERIES",
        settings.activity_queries,
        _QUERIES[settings.activity_queries],
    )


def _limits(container: Container) -> Iterator[SettingRow]:
    settings = container.settings
    yield _row("Calls of a key in a minute", "RATE_LIMIT", _number(settings.rate_limit))
    yield _row("Calls of a key in a day", "DAILY_CALLS", _number(settings.daily_calls))
    yield _row("Memories of a user", "MAX_MEMORIES", _number(settings.max_memories))
    yield _row("Time of a request", "REQUEST_TIMEOUT", f"{settings.request_timeout:g} s")


_REDACTION: Final = {
    "off": "Keys and passwords are stored as they are said.",
    "warn": "What looks like a secret is stored, and pointed out.",
    "redact": "What looks like a secret is not stored.",
}
_QUERIES: Final = {
    "text": "What agents ask is kept as it was asked.",
    "hash": "Equal queries can be told from others, and none can be read.",
    "none": "What agents ask is not kept.",
}


def _meaning(container: Container) -> str:
    settings = container.settings
    if settings.demands_key:
        return "Every call needs a valid key."
    if settings.trusts_local:
        return "Programs of this machine need no key; nothing else can reach the server."
    return "Anybody who reaches the port can read and change everything."


def _row(name: str, setting: str | None, value: str, note: str | None = None) -> SettingRow:
    variable = f"OPENMEMORY_{setting}" if setting else None
    return SettingRow(name=name, setting=variable, value=value, note=note)


def _secret(value: SecretStr | None) -> str:
    return _set(value.get_secret_value() if value else None)


def _set(value: str | None) -> str:
    return "set" if value else "not set"


def _words(values: tuple[str, ...]) -> str:
    return ", ".join(values) or "none"


def _number(value: int) -> str:
    return f"{value:,}" if value else "no limit"
