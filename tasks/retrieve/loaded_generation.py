"""A generation that a reader holds open: its files mapped, its digests checked once."""

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
LONGEST_TOP, LONGEST_SEEN = 2**20, 2**22  # bytes of a list, and of a user's rows: a million events


class LoadedGeneration:
    """One family's generation, ready to answer.

    Args:
        artefact: its folder.
        manifest: what Redis says it holds under this load.

    Raises:
        Corrupt: a file differs from its digest, or folder and Redis are not the same generation.
    """

    def __init__(self, artefact: Artefact, manifest: dict[str, str]) -> None:
        _same(artefact, manifest)
        if missing := [name for name in ("load", "version") if name not in manifest]:
            raise _wrong(missing[0], None, "a text")
        self.folder = Generation(artefact, verified=SERVED)
        self.id, self.load, self.family, self.names = (
            self.folder.id,
            manifest["load"],
            self.folder.family,
            FamilyKeys(self.folder.family),
        )
        self.version = manifest["version"]
        self.buckets = {kind: _buckets(manifest, kind) for kind in BUCKET_KINDS}
        self.dtype, self.top_form = (
            _one_of(manifest, "dtype", DTYPES),
            _one_of(manifest, "top_form", FORMS),
        )
        self.searcher, self.alike, self.encoder = (
            self.folder.searcher,
            self.folder.similar,
            self.folder.encoder,
        )
        self.recommend_seen = artefact.facts.get("recommend_seen", False)
        self.rows, self.trained = self.folder.rows, self.folder.facts["trained"]
        self.width = self.encoder.encode(Histories.of_lists([NO_ROWS])).shape[1]
        self.popular_rows, self.popularity = (
            self.folder.array("popular"),
            self.folder.array("popularity"),
        )
        self._check()

    def _check(self) -> None:
        """Raises Corrupt where a figure of the folder cannot be, which else only an answer would
        show.
        """
        items, depths = (
            len(self.folder),
            (self.folder.facts["depth"], self.folder.facts["similar"]["depth"]),
        )
        if not (
            isinstance(self.trained, int)
            and 0 <= self.trained <= items
            and isinstance(self.recommend_seen, bool)
            and len(self.popularity) == items
            and all(isinstance(depth, int) and 1 <= depth <= 1000 for depth in depths)
            and self.popular_rows.ndim == self.popularity.ndim == 1
            and self.popular_rows.min(initial=0) >= 0
            and self.popular_rows.max(initial=-1) < items
        ):
            raise Corrupt(
                f"{self.folder.path} is not what the pipeline writes",
                got=f"{items:,} items, depths {depths}, {self.trained} trained",
                allowed="rows below the number of items, and figures of its manifest that are such",
                remedy="publish this generation again",
            )

    def bucket(self, kind: str, id: bytes) -> str:
        """The key that holds an id's field."""
        return self.names.bucket(self.load, kind, bucket_of(id, self.buckets[kind]))

    def items(self, rows: np.ndarray) -> list[Item]:
        """What is known of the items of these rows."""
        folder = self.folder
        told = zip(
            folder.item_ids.take(rows),
            folder.titles.take(rows),
            folder.genres.take(rows),
            strict=True,
        )
        return [
            Item(id, title, tuple(genres.split("|")) if genres else ())
            for id, title, genres in told
        ]

    def item(self, row: int) -> Item:
        return self.items(np.array([row]))[0]

    def vector(self, value: bytes) -> np.ndarray:
        """float32 (d), or (interests d).

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
        """int32: the rows of a precomputed list.

        Raises:
            Corrupt: the value is no such list.
        """
        if len(value) > LONGEST_TOP:
            raise self._corrupt("a precomputed list", value, f"at most {LONGEST_TOP:,} bytes")
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
        """Liked rows, oldest first, and all rows; both int32. A row that was met again is there
        again.

        Raises:
            Corrupt: the value holds no rows of this generation.
        """
        if not value:
            return NO_ROWS, NO_ROWS
        if len(value) % 4 or len(value) > LONGEST_SEEN:
            raise self._corrupt(
                "what a user has seen",
                value,
                f"whole numbers of 4 bytes, {LONGEST_SEEN:,} bytes at most",
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
        """The query of a history of rows, oldest first, and of what else is known; None where the
        model learned none of it.

        Returns:
            float32 (d), or (interests d).
        """
        history = Histories.of_lists([rows[rows < self.trained]])
        return (
            self.encoder.encode(history, attributes)[0]
            if self.encoder.knows(history, attributes)[0]
            else None
        )

    def nearest(self, query: np.ndarray, k: int, without: np.ndarray) -> Ranked:
        """The candidate vectors of the k largest inner products."""
        return self.searcher.search(query, k, np.unique(without))

    def shares(self, query: np.ndarray, row: int) -> dict[str, float]:
        """Each member's share of a score, by its block of dimensions; empty where the model has no
        members, or the score is not above 0.

        Of several interests the one that counts is told.
        """
        blocks, vector = getattr(self.encoder, "blocks", {}), np.asarray(self.searcher.vectors[row])
        if not blocks:
            return {}
        asked = max(query.reshape(-1, len(vector)), key=lambda one: float(one @ vector))
        parts = {name: float(asked[block] @ vector[block]) for name, block in blocks.items()}
        whole = sum(parts.values())
        return {name: part / whole for name, part in parts.items()} if whole > 0 else {}

    def similar(self, row: int, k: int, without: np.ndarray = NO_ROWS) -> Ranked:
        """The k items of the largest cosine with an item, itself left out; none for one of which
        nothing is known, nor such a one.
        """
        query, nothing = self.alike.vectors[row], (NO_ROWS, np.zeros(0, np.float32))
        rows, scores = (
            self.alike.search(query, k, np.unique(np.append(without, row)))
            if np.any(query)
            else nothing
        )
        known = np.any(
            self.alike.vectors[rows], axis=1
        )  # a zero vector would stand above all that is unlike
        return rows[known], scores[known]

    def popular(self, k: int, without: np.ndarray) -> Ranked:
        """The k items that most users liked."""
        first = self.popular_rows[: k + len(without)]
        rows = first[~np.isin(first, without)][:k]
        return rows, self.popularity[rows].astype(np.float32)


def _buckets(manifest: dict[str, str], kind: str) -> int:
    told = manifest.get(f"buckets.{kind}", "")
    if not (told.isascii() and told.isdigit() and 0 < int(told[:12]) < 2**31):
        raise _wrong(f"buckets.{kind}", told, "a whole number above 0")
    return int(told)


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


def _same(artefact: Artefact, manifest: dict[str, str]) -> None:
    told = {
        "generation": artefact.id,
        "family": artefact.facts.get("family"),
        "dimension": str(artefact.facts.get("dimension")),
        "fields.items": str(artefact.counts.get("items")),
    }
    wrong = [
        f"{name} {manifest.get(name)!r} in Redis, {value!r} in the folder"
        for name, value in told.items()
        if manifest.get(name) != value
    ]
    if wrong:
        raise Corrupt(
            f"{artefact.path} and Redis are not the same generation",
            got="; ".join(wrong),
            remedy="publish this generation again",
        )
