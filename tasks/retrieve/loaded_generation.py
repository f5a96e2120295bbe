"""A generation opened by a reader: its files mapped, its digests checked once."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from tasks.core.cli.errors import Corrupt
from tasks.core.data.histories import Histories
from tasks.core.data.user_attributes import UserAttributes
from tasks.core.serving.generation import SERVED, Generation
from tasks.core.serving.id_packing import FORMS, unpack
from tasks.core.serving.redis_keys import (
    BUCKET_KINDS,
    DTYPES,
    FamilyKeys,
    bucket_of,
    unpack_seen,
    unpack_vector,
)
from tasks.core.store.manifest import Artefact
from tasks.retrieve.answers import Item

Ranked = tuple[np.ndarray, np.ndarray]  # rows, scores, best first
NO_ROWS = np.zeros(0, np.int32)
MAX_TOP_BYTES = 2**20  # of a precomputed list
MAX_SEEN_BYTES = 2**22  # of a user's rows: a million events


class LoadedGeneration:
    """One family's generation, ready to answer.

    Args:
        artefact: its folder.
        manifest: the manifest of its load in Redis.

    Raises:
        Corrupt: a file differs from its digest, or folder and Redis are not the same generation.
    """

    def __init__(self, artefact: Artefact, manifest: dict[str, str]) -> None:
        _check_same(artefact, manifest)
        if missing := [name for name in ("load", "version") if name not in manifest]:
            raise _wrong(missing[0], None, "a text")
        self.folder = Generation(artefact, verified=SERVED)
        self.id, self.family = self.folder.id, self.folder.family
        self.load, self.version = manifest["load"], manifest["version"]
        self.names = FamilyKeys(self.family)
        self.buckets = {kind: _buckets(manifest, kind) for kind in BUCKET_KINDS}
        self.dtype = _one_of(manifest, "dtype", DTYPES)
        self.top_form = _one_of(manifest, "top_form", FORMS)
        self.searcher, self.neighbours = self.folder.searcher, self.folder.neighbours
        self.encoder = self.folder.encoder
        self.recommend_seen = artefact.facts.get("recommend_seen", False)
        self.rows, self.trained = self.folder.rows, self.folder.facts["trained"]
        self.width = self.encoder.encode(Histories.of_lists([NO_ROWS])).shape[1]
        self.popular_rows = self.folder.array("popular")
        self.popularity = self.folder.array("popularity")
        self._check()

    def _check(self) -> None:
        """Raise Corrupt for impossible figures of the folder, which else an answer would show."""
        items, depth, table = len(self.folder), self.folder.facts["depth"], self.neighbours
        if not (
            isinstance(self.trained, int)
            and 0 <= self.trained <= items
            and isinstance(self.recommend_seen, bool)
            and len(self.popularity) == items
            and isinstance(depth, int)
            and 1 <= depth <= 1000
            and len(table.likes) == items
            and table.rows.ndim == 2
            and table.rows.shape == table.scores.shape == table.both.shape
            and len(table.rows) == items
            and -1 <= table.rows.min(initial=-1) <= table.rows.max(initial=-1) < items
            and self.popular_rows.ndim == self.popularity.ndim == 1
            and self.popular_rows.min(initial=0) >= 0
            and self.popular_rows.max(initial=-1) < items
        ):
            raise Corrupt(
                f"{self.folder.path} is not what the pipeline writes",
                got=f"{items:,} items, depth {depth}, {self.trained} trained",
                allowed="rows below the number of items, and figures of its manifest that are such",
                remedy="publish this generation again",
            )

    def bucket(self, kind: str, id: bytes) -> str:
        """The key that holds an id's field."""
        return self.names.bucket(self.load, kind, bucket_of(id, self.buckets[kind]))

    def items(self, rows: np.ndarray) -> list[Item]:
        """The items of some rows."""
        folder = self.folder
        texts = zip(
            folder.item_ids.take(rows),
            folder.titles.take(rows),
            folder.genres.take(rows),
            strict=True,
        )
        return [
            Item(id, title, tuple(genres.split("|")) if genres else ())
            for id, title, genres in texts
        ]

    def item(self, row: int) -> Item:
        return self.items(np.array([row]))[0]

    def vector(self, value: bytes) -> np.ndarray:
        """A user's query from its stored value: float32 (d), or (interests d).

        Raises:
            Corrupt: the value is no such vector.
        """
        if (
            len(value) != self.width * np.dtype(DTYPES[self.dtype]).itemsize
            or not np.isfinite(vector := unpack_vector(value, self.dtype)).all()
        ):
            raise self._corrupt(
                "a user's vector", value, f"{self.width} finite numbers of {self.dtype}"
            )
        return vector

    def top(self, value: bytes) -> np.ndarray:
        """The rows of a precomputed list from its stored value: int32.

        Raises:
            Corrupt: the value is no such list.
        """
        if len(value) > MAX_TOP_BYTES:
            raise self._corrupt("a precomputed list", value, f"at most {MAX_TOP_BYTES:,} bytes")
        try:
            ids = unpack(value, self.top_form, self.folder.item_ids)
        except (ValueError, IndexError, OverflowError):
            ids = [""]
        if len(rows := self.rows.known(ids)) != len(ids) or len(np.unique(rows)) != len(rows):
            raise self._corrupt(
                "a precomputed list",
                value,
                f"ids of this generation in the form {self.top_form}, each once",
            )
        return rows

    def seen(self, value: bytes | None) -> tuple[np.ndarray, np.ndarray]:
        """Liked rows, oldest first, and all seen rows, from a stored value; both int32.

        A row that was seen again is listed again.

        Raises:
            Corrupt: the value holds no rows of this generation.
        """
        if not value:
            return NO_ROWS, NO_ROWS
        if len(value) % 4 or len(value) > MAX_SEEN_BYTES:
            raise self._corrupt(
                "what a user has seen",
                value,
                f"whole numbers of 4 bytes, {MAX_SEEN_BYTES:,} bytes at most",
            )
        liked, rows = unpack_seen(value)
        if not 0 <= int.from_bytes(value[:4], "little", signed=True) <= len(rows) or (
            len(rows) and not 0 <= rows.min() <= rows.max() < len(self.folder.item_ids)
        ):
            raise self._corrupt(
                "what a user has seen",
                value,
                f"rows of {len(self.folder.item_ids):,} items, and how many of them are liked",
            )
        return liked, rows

    def _corrupt(self, what: str, value: bytes, allowed: str) -> Corrupt:
        return Corrupt(
            f"{what} in Redis is not what the publisher wrote",
            got=f"{len(value):,} bytes under the load {self.load}",
            allowed=allowed,
            remedy="publish this generation again",
        )

    def encode(
        self, rows: np.ndarray, attributes: UserAttributes | None = None
    ) -> np.ndarray | None:
        """The query of a history of rows, oldest first, and of attributes.

        Returns:
            float32 (d), or (interests d); None where the model learned nothing of either.
        """
        history = Histories.of_lists([rows[rows < self.trained]])
        return (
            self.encoder.encode(history, attributes)[0]
            if self.encoder.knows(history, attributes)[0]
            else None
        )

    def nearest(self, query: np.ndarray, k: int, without: np.ndarray) -> Ranked:
        """The k items of the largest inner products with a query."""
        return self.searcher.search(query, k, np.unique(without))

    def shares(self, query: np.ndarray, row: int) -> dict[str, float]:
        """Each member's share of a score, by its block of dimensions.

        Empty where the model has no members, or the score is not above 0. Of several interests the
        one with the highest score counts.
        """
        blocks, vector = getattr(self.encoder, "blocks", {}), np.asarray(self.searcher.vectors[row])
        if not blocks:
            return {}
        interests = query.reshape(-1, len(vector))
        best = max(interests, key=lambda interest: float(interest @ vector))
        parts = {name: float(best[block] @ vector[block]) for name, block in blocks.items()}
        whole = sum(parts.values())
        return {name: part / whole for name, part in parts.items()} if whole > 0 else {}

    def similar(self, row: int, k: int, without: np.ndarray = NO_ROWS) -> Ranked:
        """The k items most like an item, or as many as its neighbours are; see
        `tasks.core.retrieval.neighbours`.
        """
        rows, scores = np.asarray(self.neighbours.rows[row]), self.neighbours.scores[row]
        shown = np.flatnonzero((rows >= 0) & (rows != row) & ~np.isin(rows, without))[:k]
        return rows[shown], np.asarray(scores[shown])

    def liked_both(self, row: int, other: int) -> int | None:
        """How many users liked an item and its neighbour; 0: alike by genres; None: it is none."""
        places = np.flatnonzero(self.neighbours.rows[row] == other)
        return int(self.neighbours.both[row, places[0]]) if len(places) else None

    def popular(self, k: int, without: np.ndarray) -> Ranked:
        """The k items that most users liked."""
        first = self.popular_rows[: k + len(without)]
        rows = first[~np.isin(first, without)][:k]
        return rows, self.popularity[rows].astype(np.float32)


def _buckets(manifest: dict[str, str], kind: str) -> int:
    text = manifest.get(f"buckets.{kind}", "")
    if not (text.isascii() and text.isdigit() and 0 < int(text[:12]) < 2**31):
        raise _wrong(f"buckets.{kind}", text, "a whole number above 0")
    return int(text)


def _one_of(manifest: dict[str, str], name: str, allowed: Collection[str]) -> str:
    value = manifest.get(name)
    if value is None or value not in allowed:
        raise _wrong(name, value, ", ".join(allowed))
    return value


def _wrong(name: str, got: str | None, allowed: str) -> Corrupt:
    return Corrupt(
        f"what Redis says of the load is not what the publisher wrote: {name}",
        got=got,
        allowed=allowed,
        remedy="publish this generation again",
    )


def _check_same(artefact: Artefact, manifest: dict[str, str]) -> None:
    """Check that a folder and a manifest in Redis are of the same generation."""
    expected = {
        "generation": artefact.id,
        "family": artefact.facts.get("family"),
        "dimension": str(artefact.facts.get("dimension")),
        "fields.items": str(artefact.counts.get("items")),
    }
    wrong = [
        f"{name} {manifest.get(name)!r} in Redis, {value!r} in the folder"
        for name, value in expected.items()
        if manifest.get(name) != value
    ]
    if wrong:
        raise Corrupt(
            f"{artefact.path} and Redis are not the same generation",
            got="; ".join(wrong),
            remedy="publish this generation again",
        )
