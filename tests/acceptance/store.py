"""The second channel: what the database file holds, read beside the server and not through it."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_COLUMNS: Final = (
    "id, number, user_id, agent_id, app_id, run_id, app, text, metadata, surface, inferred, role"
)


@dataclass(frozen=True)
class Stored:
    """A memory as the database has it."""

    id: str
    number: int | None
    user_id: str | None
    agent_id: str | None
    app_id: str | None
    run_id: str | None
    app: str | None
    text: str
    metadata: Any
    surface: str
    inferred: bool
    role: str | None


@dataclass(frozen=True)
class Store:
    """The SQLite file of a data directory."""

    path: Path

    def active(self, **equal: str | None) -> list[Stored]:
        """The memories in use whose columns have these values, oldest first."""
        where = " AND ".join(("state = 'active'", *(f"{name} IS ?" for name in equal)))
        sql = f"SELECT {_COLUMNS} FROM memories WHERE {where} ORDER BY created_at, sequence"
        return [_stored(row) for row in self.query(sql, *equal.values())]

    def texts(self, **equal: str | None) -> list[str]:
        """Their texts, sorted."""
        return sorted(memory.text for memory in self.active(**equal))

    def history(self, memory_id: str) -> list[str]:
        """The kinds of change a memory went through, oldest first."""
        sql = "SELECT kind FROM history WHERE memory_id = ? ORDER BY number"
        return [row["kind"] for row in self.query(sql, memory_id)]

    def fingerprint(self) -> tuple[Any, ...]:
        """Every memory with its state and version, every history row and every action."""
        return (
            self.query("SELECT id, text, state, version, metadata FROM memories ORDER BY id"),
            self.query("SELECT id FROM history ORDER BY id"),
            self.query("SELECT id FROM actions ORDER BY id"),
        )

    def query(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """The rows of a statement that only reads."""
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]


def _stored(row: dict[str, Any]) -> Stored:
    metadata = row.pop("metadata")
    return Stored(metadata=None if metadata is None else json.loads(metadata), **row)
