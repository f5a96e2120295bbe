"""A generation that a reader holds open: its files mapped, its digests checked once."""

from __future__ import annotations

from functools import cached_property

import faiss
import numpy as np

from tasks.core.attributes import Attributes
from tasks.core.errors import Corrupt
from tasks.core.generation import SERVED, Generation
from tasks.core.histories import Histories
from tasks.core.keys import KINDS, SCHEMA, Names, bucket_of
from tasks.core.manifest import Artefact
from tasks.retrieve.answers import Item

Ranked = tuple[np.ndarray, np.ndarray]  # rows, scores, best first


class Held:
    """One family's generation, ready to answer.

    Args:
        artefact: its folder.
        manifest: what Redis says it holds under this generation.

    Raises:
        Corrupt: a file differs from its digest, or folder and Redis are not the same generation.
    """

    def __init__(self, artefact: Artefact, manifest: dict[str, str]) -> None:
        _same(artefact, manifest)
        self.folder = Generation(artefact, verified=SERVED)
        self.id, self.family, self.names = self.folder.id, self.folder.family, Names(self.folder.family)
        self.buckets = {kind: int(manifest[f"buckets.{kind}"]) for kind in KINDS}
        self.searcher, self.similar_index, self.encoder = self.folder.searcher, self.folder.similar, self.folder.encoder
        self.popular_rows, self.popularity = self.folder.array("popular"), self.folder.array("popularity")

    @cached_property
    def rows(self) -> dict[str, int]:
        """id → row."""
        return {id: row for row, id in enumerate(self.folder.item_ids)}

    def bucket(self, kind: str, id: bytes) -> str:
        """The key that holds an id's field."""
        return self.names.bucket(self.id, kind, bucket_of(id, self.buckets[kind]))

    def item(self, row: int) -> Item:
        genres = self.folder.genres[row]
        return Item(self.folder.item_ids[row], self.folder.titles[row], tuple(genres.split("|")) if genres else ())

    def known(self, ids: list[str]) -> np.ndarray:
        """int32: the rows of those ids that are known, in this order."""
        return np.array([self.rows[id] for id in ids if id in self.rows], np.int32)

    def encode(self, rows: np.ndarray, attributes: Attributes | None = None) -> np.ndarray | None:
        """float32 (d), or several vectors side by side: the query of a history of rows, oldest first, and of what else is known; None where nothing is known."""
        history = Histories.of_lists([rows])
        return self.encoder.encode(history, attributes)[0] if self.encoder.knows(history, attributes)[0] else None

    def nearest(self, query: np.ndarray, k: int, without: np.ndarray) -> Ranked:
        """The candidate vectors of the k largest inner products."""
        return self.searcher.search(query, k, np.unique(without))

    def similar(self, row: int, k: int) -> Ranked:
        """The k items of the largest cosine with an item, itself left out."""
        query = self.similar_index.reconstruct(int(row))
        scores, rows = self.similar_index.search(query[None], min(k + 1, self.similar_index.ntotal))
        others = rows[0] != row
        return rows[0][others][:k], scores[0][others][:k]

    def popular(self, k: int, without: np.ndarray) -> Ranked:
        """The k items that most users liked."""
        first = self.popular_rows[:k + len(without)]
        rows = first[~np.isin(first, without)][:k]
        return rows, self.popularity[rows].astype(np.float32)


def _same(artefact: Artefact, manifest: dict[str, str]) -> None:
    if int(manifest.get("schema", 0)) > SCHEMA:
        raise Corrupt("Redis was loaded by a newer version", got=f"schema {manifest['schema']}",
                      allowed=f"schema {SCHEMA} or older",
                      remedy="upgrade this reader")
    told = {"generation": artefact.id, "family": artefact.facts.get("family"), "dimension": str(artefact.facts.get("dimension")),
            "fields.items": str(artefact.counts.get("items"))}
    wrong = [f"{name} {manifest.get(name)!r} in Redis, {value!r} in the folder"
             for name, value in told.items() if manifest.get(name) != value]
    if wrong:
        raise Corrupt(f"{artefact.path} and Redis are not the same generation", got="; ".join(wrong),
                      remedy="publish this generation again")


faiss.omp_set_num_threads(1)  # a service answers several callers at once; threads inside one answer would only fight
