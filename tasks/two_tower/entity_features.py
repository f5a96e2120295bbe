"""Features of users and items beside ids and histories: the snapshot's columns as rows of embedding
tables.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.data.categorical import CategoricalFeature
from tasks.core.data.user_attributes import Value

ID = "id"
NOT_FEATURES = ("user", "item", "title")  # rows, and a text of its own for each item


@dataclasses.dataclass(frozen=True)
class EntityFeatures:
    """Users or items by their features.

    Attributes:
        features: in the order of their rows in one table.
        with_id: whether the id is read as well.
        offsets: int64 (n + 1); the values of entity i are at offsets[i] to offsets[i + 1].
        rows: int64, each value's row in the table of all features.
        weights: float32, one over the number of values that the entity has of that feature: the
            tower adds up means.
        feature: int64, which feature each value is of.
    """

    features: tuple[CategoricalFeature, ...]
    with_id: bool
    offsets: np.ndarray
    rows: np.ndarray
    weights: np.ndarray
    feature: np.ndarray

    @property
    def size(self) -> int:
        """Rows of the table of all features."""
        return sum(map(len, self.features))

    def take(self, which: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """offsets (n), rows, weights, feature of these entities, offsets without the last as
        `embedding_bag` takes them.
        """
        lengths = self.offsets[1:][which] - self.offsets[:-1][which]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        at = (
            np.arange(offsets[-1])
            - np.repeat(offsets[:-1], lengths)
            + np.repeat(self.offsets[which], lengths)
        )
        return offsets[:-1], self.rows[at], self.weights[at], self.feature[at]


def encode_columns(
    table: pa.Table, what: str, wanted: Sequence[str] | None, minimum_count: int, buckets: int
) -> EntityFeatures:
    """The features of a table of users or items.

    Args:
        what: `user` or `item`, for messages.
        wanted: names of columns; None: all that can be features.

    Raises:
        BadRequest: a wanted column is not there.
        RefusedData: a wanted column holds neither texts nor numbers.
    """
    there = [name for name in table.column_names if name not in NOT_FEATURES]
    if missing := sorted(set(wanted or ()) - set(there)):
        raise BadRequest(
            f"settings.{what}_features: the snapshot's table of {what}s has no such column",
            got=missing,
            allowed=f"of {', '.join(there)}",
            remedy="correct the list, leave it empty for all, or ingest a source that has it",
        )
    names = [name for name in there if wanted is None or name in wanted]
    columns = {name: _values(table[name], what) for name in names if name != ID}
    return _join_columns(columns, ID in names, table.num_rows, minimum_count, buckets)


def _values(column: pa.ChunkedArray, what: str) -> list[Value]:
    kind = (
        column.type.value_type
        if pa.types.is_list(column.type) or pa.types.is_large_list(column.type)
        else column.type
    )
    if not (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_null(kind)
    ):
        raise RefusedData(
            f"a column of the table of {what}s cannot be a feature",
            got=f"type {column.type}",
            allowed="texts, numbers or lists of these",
            remedy=f"leave it out by settings.{what}_features",
        )
    return column.to_pylist()


def _join_columns(
    columns: Mapping[str, list[Value]], with_id: bool, count: int, minimum_count: int, buckets: int
) -> EntityFeatures:
    made = [
        CategoricalFeature.of(name, values, minimum_count, buckets)
        for name, values in columns.items()
    ]
    features = tuple(one for one in made if len(one))
    bags = [one.rows(columns[one.name]) for one in features]
    owner = np.concatenate(
        [np.repeat(np.arange(count), bag.lengths) for bag in bags] or [np.zeros(0, np.int64)]
    )
    first = np.concatenate([[0], np.cumsum([len(one) for one in features])]).astype(np.int64)
    rows = np.concatenate(
        [bag.rows + start for bag, start in zip(bags, first[:-1], strict=True)]
        or [np.zeros(0, np.int64)]
    )
    weights = np.concatenate(
        [np.repeat(1 / np.maximum(bag.lengths, 1), bag.lengths) for bag in bags] or [np.zeros(0)]
    )
    which = np.concatenate(
        [np.full(len(bag.rows), number) for number, bag in enumerate(bags)]
        or [np.zeros(0, np.int64)]
    )
    order = np.argsort(owner, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=count))]).astype(np.int64)
    return EntityFeatures(
        features,
        with_id,
        offsets,
        rows[order].astype(np.int64),
        weights[order].astype(np.float32),
        which[order].astype(np.int64),
    )
