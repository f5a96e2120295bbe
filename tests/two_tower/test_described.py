"""A snapshot's columns as features: all or those asked for, of every type that can be one."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.two_tower.entity_features import encode_columns

TABLE = pa.table(
    {
        "item": pa.array([0, 1, 2], pa.int32()),
        "id": ["a", "b", "c"],
        "title": ["A", "B", "C"],
        "genres": [["x", "y"], [], ["y"]],
        "price": [1, 2, 2],
        "sold": [True, None, False],
        "nothing": pa.nulls(3),
    }
)


def test_all_columns_but_the_title_are_features():
    made = encode_columns(TABLE, "item", None, 1, 10)
    assert made.with_id and [one.name for one in made.features] == ["genres", "price", "sold"]
    assert made.size == 2 + 2 + 2


def test_only_the_columns_asked_for_are_read():
    made = encode_columns(TABLE, "item", ("genres",), 1, 10)
    assert not made.with_id and [one.values for one in made.features] == [("y", "x")]
    offsets, rows, weights, feature = made.take([2, 0, 1])
    assert (
        offsets.tolist() == [0, 1, 3]
        and rows.tolist() == [0, 1, 0]
        and weights.tolist() == [1, 0.5, 0.5]
        and set(feature.tolist()) == {0}
    )


def test_no_columns_at_all_is_allowed():
    made = encode_columns(TABLE, "item", (), 1, 10)
    assert not made.with_id and made.size == 0 and made.offsets.tolist() == [0, 0, 0, 0]


def test_a_column_that_is_not_there_is_refused():
    with pytest.raises(BadRequest, match=r"got \['brand'\]; expected of id, genres, price"):
        encode_columns(TABLE, "item", ("brand",), 1, 10)


@pytest.mark.parametrize(
    "column", [pa.array([{"a": 1}] * 3), pa.array([b"x"] * 3), pa.array([[["x"]]] * 3)]
)
def test_a_column_of_another_type_is_refused(column):
    with pytest.raises(RefusedData, match=r"cannot be a feature.*settings.user_features"):
        encode_columns(TABLE.append_column("odd", column), "user", None, 1, 10)
