"""Files to data sets, by the name of their format."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.retrieval.lines import read_lines
from benchmarks.retrieval.locomo import read_locomo
from benchmarks.retrieval.longmemeval import read_longmemeval
from benchmarks.retrieval.records import DataSet

OWN: Final = Path(__file__).with_name("data")
"""Our own sets, described there."""


def _json(reader: Callable[[Any], DataSet], path: Path) -> DataSet:
    return reader(json.loads(path.read_text("utf-8")))


def _lines(path: Path) -> DataSet:
    return read_lines(path.read_text("utf-8").splitlines())


FORMATS: Final[Mapping[str, Callable[[Path], DataSet]]] = {
    "locomo": partial(_json, read_locomo),
    "longmemeval": partial(_json, read_longmemeval),
    "longmemeval-turns": partial(_json, partial(read_longmemeval, level="turn")),
    "jsonl": _lines,
}


def read(path: Path, form: str) -> DataSet:
    """The data set of a file.

    Raises:
        KeyError: no such format.
        ValueError: the file is not in it.
        OSError: the file cannot be read.
    """
    return FORMATS[form](path)
