"""A column's values find their rows; what was not learned finds none."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.data.categorical import CategoricalFeature
from tasks.core.data.user_attributes import UserAttributes, texts


def rows(feature: CategoricalFeature, column: list) -> list[list[int]]:
    bags = feature.rows(column)
    return [bags.rows[begin:end].tolist() for begin, end in zip(bags.offsets, bags.offsets[1:])]


def test_texts_are_numbered_by_how_many_have_them_and_rare_ones_are_not_learned():
    feature = CategoricalFeature.of(
        "city", ["Graz", "Wien", "Wien", None, "Linz", "Graz", "Wien"], minimum_count=2, buckets=10
    )
    assert feature.values == ("Wien", "Graz") and len(feature) == 2
    assert rows(feature, ["Graz", "Linz", None, "", "wien", "Wien"]) == [[1], [], [], [], [], [0]]


def test_lists_hold_several_values_each_once():
    feature = CategoricalFeature.of(
        "genres", [["War", "Drama"], ["Drama"], [], None], minimum_count=1, buckets=10
    )
    assert rows(feature, [["Drama", "War", "Drama"], [], ["Western"], ["War", None]]) == [
        [0, 1],
        [],
        [],
        [1],
    ]


def test_numbers_are_cut_into_parts_of_about_equal_size():
    ages = [str(age) for age in range(20, 60)]
    feature = CategoricalFeature.of("age", ages, minimum_count=5, buckets=4)
    assert np.bincount([row for [row] in rows(feature, ages)]).tolist() == [10, 10, 10, 10]
    assert rows(feature, ["3", "99", 25, 25.5, "old", "nan", None]) == [
        [0],
        [3],
        [0],
        [0],
        [],
        [],
        [],
    ]


def test_few_numbers_are_values_like_any_other_text():
    assert CategoricalFeature.of(
        "age", ["1", "18", "18", "25"], minimum_count=1, buckets=10
    ).values == (
        "18",
        "1",
        "25",
    )


def test_means_are_of_each_ones_own_rows():
    feature = CategoricalFeature("genres", ("a", "b", "c"))
    table = np.array([[1, 0], [0, 1], [5, 5]], np.float32)
    bags = feature.rows([["a", "b"], [], "c", None])
    assert bags.means(table).tolist() == [[0.5, 0.5], [0, 0], [5, 5], [0, 0]]
    assert bags.take(np.array([2, 0])).means(table).tolist() == [[5, 5], [0.5, 0.5]]


@pytest.mark.parametrize(
    "value, expected",
    [
        ("x", ["x"]),
        (7, ["7"]),
        (7.0, ["7"]),
        (1234567, ["1234567"]),
        (0.5, ["0.5"]),
        (True, ["true"]),
        (None, []),
        ("", []),
        (float("nan"), []),
        (["a", 3, None], ["a", "3"]),
    ],
)
def test_a_value_is_the_texts_it_holds(value, expected):
    assert texts(value) == expected


def test_a_value_of_another_kind_is_an_error():
    with pytest.raises(TypeError, match="dict"):
        texts({"a": 1})


def test_columns_must_be_as_long_as_there_are_users():
    with pytest.raises(ValueError, match="age has 1 values for 2 users"):
        UserAttributes(2, {"age": ["1"]})
