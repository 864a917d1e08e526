"""One Edge shard in its folder: opened, written, asked, flushed. Runs in the child process only.

folder/
  shard/          the engine's files
  shard.broken/   the one that could not be loaded, until another is on the disk
  applied.json    the change number that the flushed files reflect; replay starts after it
  opening         there while the files are being loaded: whoever finds it died of them
"""

import json
import logging
import os
import shutil
from array import array
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import qdrant_edge as edge

from openmemory_api.vectors.qdrant.edge_filters import edge_filter

log = logging.getLogger(__name__)

DENSE: Final = "dense"
SPARSE: Final = "terms"
WORN: Final = 5
"""Times that every point was written on average: then most of the files is of no use any more."""
FEWEST: Final = 1_000
"""Points that wear is reckoned by, should there be fewer."""
EXACT: Final = edge.SearchParams(exact=True)


class Shard:
    """An open shard, and how much of the store it reflects."""

    def __init__(self, folder: Path, dimensions: int, indexed: Mapping[str, str]) -> None:
        self._folder = folder
        self._dimensions = dimensions
        folder.mkdir(parents=True, exist_ok=True)
        self._shard = self._loaded() or self._created(indexed)
        told = self._read_told()
        self.applied = self._flushed = told.get("applied", 0)
        self._written = told.get("written", 0)
        self.unflushed = 0
        """Points written since the last flush."""

    @property
    def dirty(self) -> bool:
        """Whether there is something to flush."""
        return self.unflushed > 0 or self.applied > self._flushed

    def write(self, points: Sequence[Any], deletes: Sequence[str], numbers: bytes) -> None:
        """Delete, then put. A point is its id, its payload and how many pieces it has.

        `numbers` are, point after point, its pieces and the weights of the payload's terms.
        """
        if deletes:
            self._shard.update(edge.UpdateOperation.delete_points(list(deletes)))
        if points:
            floats = array("f", numbers).tolist()
            self._shard.update(edge.UpdateOperation.upsert_points(self._read(points, floats)))
        self.unflushed += len(points) + len(deletes)
        self._written += len(points)

    def advance(self, change: int) -> None:
        """What was written reflects the store up to `change`."""
        self.applied = max(self.applied, change)

    def run(self, batch: Mapping[str, Any], numbers: bytes) -> dict[str, Any]:
        """Answer a batch; `numbers` are the vectors of its dense searches."""
        floats = array("f", numbers).tolist()
        vectors = [floats[at : at + self._dimensions] for at in self._steps(len(floats))]
        return {
            "counts": [self._count(condition) for condition in batch["counts"]],
            "dense": [
                self._best(edge.Query.Nearest([vector], using=DENSE), limit, condition)
                for vector, (limit, condition) in zip(vectors, batch["dense"], strict=True)
            ],
            "sparse": [
                self._best(_sparse_query(terms, weights), limit, condition)
                for terms, weights, limit, condition in batch["sparse"]
            ],
            "terms": self._terms(batch["terms_of"], batch["among"]),
            "changes": self._changes(batch["changes_of"]),
        }

    def flush(self) -> None:
        """Put everything on the disk, and then say how far it goes."""
        self._shard.flush()
        told = {"applied": self.applied, "written": self._written}
        _write_durably(self._folder / "applied.json", json.dumps(told))
        self._flushed, self.unflushed = self.applied, 0
        if self._dimensions and self.applied:
            self._remove_others()

    def close(self) -> None:
        """Flush and let go of the files."""
        if self.dirty:
            self.flush()
        self._shard.close()

    def _loaded(self) -> edge.EdgeShard | None:
        path, opening = self._folder / "shard", self._folder / "opening"
        if not path.exists():
            return None
        if not opening.exists():
            opening.touch()
            try:
                shard = edge.EdgeShard.load(str(path))
            except BaseException:
                # A panic of the engine is not an `Exception`; whatever it was, SQL has it all.
                log.warning("The index cannot be read and is built anew", exc_info=True)
            else:
                opening.unlink()
                if not self._is_worn(shard):
                    return shard
                # Filling it again takes less than the engine's own way of tidying up, and less disk.
                shard.close()
                shutil.rmtree(path)
                return None
        self._move_aside(path)
        opening.unlink()
        return None

    def _move_aside(self, path: Path) -> None:
        aside = path.with_name("shard.broken")
        shutil.rmtree(aside, ignore_errors=True)
        (self._folder / "applied.json").unlink(missing_ok=True)
        path.rename(aside)

    def _created(self, indexed: Mapping[str, str]) -> edge.EdgeShard:
        (self._folder / "applied.json").unlink(missing_ok=True)
        path = self._folder / "shard"
        path.mkdir()
        shard = edge.EdgeShard.create(str(path), self._config())
        for field, kind in indexed.items():
            shard.update(edge.UpdateOperation.create_field_index(field, _index_params(field, kind)))
        return shard

    def _config(self) -> edge.EdgeConfig:
        pieces = edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim)
        dense = edge.EdgeVectorParams(
            size=self._dimensions, distance=edge.Distance.Dot, multivector_config=pieces
        )
        return edge.EdgeConfig(
            vectors={DENSE: dense} if self._dimensions else None,
            sparse_vectors={SPARSE: edge.EdgeSparseVectorParams()},
            wal_enabled=True,
        )

    def _read(self, points: Sequence[Any], floats: Sequence[float]) -> list[edge.Point]:
        read: list[edge.Point] = []
        at = 0
        for point_id, payload, pieces in points:
            vectors: dict[str, Any] = {}
            terms: list[int] = payload[SPARSE]
            if pieces:
                rows = [floats[at + n : at + n + self._dimensions] for n in self._rows(pieces)]
                vectors[DENSE] = rows
                at += pieces * self._dimensions
            if terms:
                vectors[SPARSE] = edge.SparseVector(terms, list(floats[at : at + len(terms)]))
                at += len(terms)
            read.append(edge.Point(point_id, vectors, payload))
        return read

    def _rows(self, pieces: int) -> range:
        return range(0, pieces * self._dimensions, self._dimensions)

    def _steps(self, length: int) -> range:
        return range(0, length, self._dimensions or 1)

    def _count(self, condition: Any) -> int:
        return self._shard.count(edge.CountRequest(filter=edge_filter(condition), exact=True))

    def _best(self, query: edge.Query, limit: int, condition: Any) -> list[tuple[str, float]]:
        found = self._shard.query(
            edge.QueryRequest(limit=limit, query=query, filter=edge_filter(condition), params=EXACT)
        )
        return [(str(point.id), point.score) for point in found]

    def _terms(self, ids: list[Any], among: Iterable[int]) -> dict[str, dict[int, float]]:
        if not ids:
            return {}
        wanted = set(among)
        held: dict[str, dict[int, float]] = {}
        for record in self._shard.retrieve(ids, with_payload=False, with_vector=[SPARSE]):
            vectors: Any = record.vector
            if vectors and SPARSE in vectors:
                pairs = zip(vectors[SPARSE].indices, vectors[SPARSE].values, strict=True)
                held[str(record.id)] = {term: weight for term, weight in pairs if term in wanted}
        return held

    def _changes(self, ids: list[Any]) -> dict[str, int]:
        if not ids:
            return {}
        selector = edge.PayloadSelector.Include(["change"])
        records = self._shard.retrieve(ids, with_payload=selector, with_vector=False)
        return {str(record.id): (record.payload or {})["change"] for record in records}

    def _is_worn(self, shard: edge.EdgeShard) -> bool:
        points = max(FEWEST, shard.info().points_count)
        return self._read_told().get("written", 0) > WORN * points

    def _read_told(self) -> dict[str, int]:
        try:
            return json.loads((self._folder / "applied.json").read_text())
        except FileNotFoundError:
            return {}

    def _remove_others(self) -> None:
        """What this shard takes the place of, with texts that may have been erased since.

        Shards of other embedders and schemas, and one that could not be loaded.
        """
        shutil.rmtree(self._folder / "shard.broken", ignore_errors=True)
        for other in self._folder.parent.glob("edge-*"):
            if other != self._folder:
                shutil.rmtree(other, ignore_errors=True)


def _index_params(field: str, kind: str) -> Any:
    match kind:
        case "integer":
            # Terms are looked up, days are compared.
            return edge.IntegerIndexParams(lookup=field == SPARSE, range=field != SPARSE)
        case "datetime":
            return edge.DatetimeIndexParams()
        case _:
            return edge.KeywordIndexParams()


def _sparse_query(terms: list[int], weights: list[float]) -> edge.Query:
    return edge.Query.Nearest(edge.SparseVector(terms, weights), using=SPARSE)


def _write_durably(path: Path, text: str) -> None:
    """Replace a file so that it holds either its old or its new text, whatever happens."""
    fresh = path.with_suffix(".new")
    with fresh.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    if os.name == "posix":
        # The new name is in the folder, which has to reach the disk as well.
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
