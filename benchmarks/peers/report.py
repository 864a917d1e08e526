"""The numbers as Markdown for people, and plain for programs."""

from collections.abc import Sequence
from typing import Any

from benchmarks.peers.measuring import Series, Verb
from benchmarks.peers.runs import Result, Way


def markdown(result: Result) -> str:
    """Three tables, and the peers that are missing."""
    parts = [
        f"### {result.size:,} memories of one user\n",
        _calls(result, "search"),
        _calls(result, "add"),
        _servers(result),
        *(f"- not measured: {name}: {why}" for name, why in result.missing.items()),
        f"\nLoad average before and after: {result.load[0]:.2f}, {result.load[1]:.2f}.",
    ]
    return "\n".join(parts)


def plain(result: Result) -> dict[str, Any]:
    """The same for JSON."""
    return {
        "size": result.size,
        "clients": result.clients,
        "load": result.load,
        "missing": result.missing,
        "servers": [
            {
                "title": each.title,
                "version": each.version,
                "filled_by": each.filled_by,
                "first_answer_s": each.first_answer,
                "memory_mb": each.memory_mb,
            }
            for each in result.started
        ],
        "calls": [
            {"way": way.title, "verb": verb, "clients": clients, **_plain(series)}
            for way in result.ways
            for clients, made in ((1, way.one), (result.clients, way.many))
            for verb, series in made.items()
        ],
    }


def _plain(series: Series) -> dict[str, Any]:
    return {
        "calls": series.calls,
        "p50_ms": series.percentile_ms(0.5),
        "p95_ms": series.percentile_ms(0.95),
        "cpu_ms": series.cpu_ms,
        "per_second": series.per_second,
        "errors": len(series.errors),
        "first_error": series.errors[0] if series.errors else None,
    }


def _calls(result: Result, verb: Verb) -> str:
    many = f"{result.clients} clients"
    head = [
        f"{verb}, ms",
        "p50",
        "p95",
        "CPU",
        "calls",
        f"{many}: p50",
        "p95",
        "CPU",
        "calls",
        "per s",
        "errors",
    ]
    rows = [
        [
            way.title,
            *_cells(way, way.one[verb]),
            *_cells(way, way.many[verb]),
            f"{way.many[verb].per_second:,.1f}",
            str(len(way.one[verb].errors) + len(way.many[verb].errors)),
        ]
        for way in result.ways
        if verb in way.one
    ]
    return _table(head, rows)


def _cells(way: Way, series: Series) -> list[str]:
    times = [series.percentile_ms(0.5), series.percentile_ms(0.95), series.cpu_ms]
    cells = [*(f"{each:,.1f}" for each in times), str(series.calls)]
    # The floor that has no server of its own uses nobody's time.
    return cells if way.server.pids else [*cells[:2], "–", cells[3]]


def _servers(result: Result) -> str:
    head = ["server", "version", "filled by", "start to first answer, s", "memory, MB"]
    rows = [
        [
            each.title,
            each.version,
            each.filled_by,
            f"{each.first_answer:.2f}",
            f"{each.memory_mb:.0f}" if each.memory_mb else "–",
        ]
        for each in result.started
    ]
    return _table(head, rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
