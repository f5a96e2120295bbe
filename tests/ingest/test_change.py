"""The arithmetic of drift, against numbers worked out by hand and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats.contingency import association

from tasks.ingest.assess import shift
from tasks.ingest.assess.classes import by_rating


def bergsma(table: np.ndarray) -> float:
    """The correction laid over scipy's uncorrected V."""
    (r, k), n = table.shape, table.sum()
    squared = association(table, method="cramer", correction=False) ** 2 * (min(r, k) - 1)
    shrunk = [size - (size - 1) ** 2 / (n - 1) for size in (r, k)]
    return (max(0, squared - (r - 1) * (k - 1) / (n - 1)) / (min(shrunk) - 1)) ** 0.5


def test_cramers_v_agrees_with_scipy():
    random = np.random.default_rng(0)
    for shape in [(2, 5), (2, 11), (3, 4)] * 20:
        table = random.integers(1, 40, shape)
        assert shift.cramers_v(table) == pytest.approx(bergsma(table), abs=1e-12)


def test_cramers_v_is_one_for_nothing_in_common_and_nothing_for_what_is_alike():
    assert shift.cramers_v(np.array([[500, 0, 500], [0, 900, 0]])) == pytest.approx(1, abs=0.01)
    assert shift.cramers_v(np.array([[10, 20, 30], [100, 200, 300]])) == 0
    assert shift.cramers_v(np.array([[7, 0], [9, 0]])) == 0, "one class that anything is in"


def test_rows_of_one_user_are_worth_one_row_and_rows_of_many_are_all_worth_something():
    assert shift.effective_rows(400, 400 * 400) == 1
    assert shift.effective_rows(400, 400) == 400
    assert shift.effective_rows(6, 3 * 2**2) == 3
    assert shift.effective_rows(0, 0) == 0


def test_surprise_of_a_steady_source_is_counted_in_tenths():
    before = np.full(28, 20_000)
    assert shift.surprise(10_000, before) == pytest.approx(np.log(10_001 / 20_001) / 0.1)
    assert shift.surprise(20_000, before) == 0


def test_surprise_of_a_bursty_source_is_counted_in_its_own_bursts():
    before = np.tile([1, 1000, 30, 30, 50], 6)[:28]
    assert -1.5 < shift.surprise(2, before) < 0 < shift.surprise(900, before) < 1.5


def test_of_few_rows_chance_explains_much():
    assert shift.surprise(1, np.full(28, 3)) == pytest.approx(np.log(2 / 4) / 0.5)


@pytest.mark.parametrize("weekend", [0.4, 2.5])
def test_a_day_is_held_to_its_weekday(weekend):
    weekday = np.arange(1, 29) % 7  # 0 is the day's own
    rows = np.where(np.isin(weekday, (0, 1)), weekend, 1.0) * 20_000
    assert shift.surprise(int(20_000 * weekend), rows) == pytest.approx(0, abs=0.01)
    assert shift.surprise(int(10_000 * weekend), rows) == pytest.approx(-6.93, abs=0.01)
    assert shift.surprise(20_000, rows) * (1 - weekend) > 5, (
        "a workday's rows on a weekend are a surprise, up or down"
    )


def test_one_lost_day_does_not_make_the_source_bursty():
    before = np.full(28, 20_000)
    before[4] = 0
    assert shift.surprise(10_000, before) < -6.5


def test_tenths_are_equal_before_the_day_and_items_of_one_popularity_share_in_proportion():
    popularity, items, day = (
        np.array([0.0, 10.0, 60.0]),
        np.array([3.0, 4.0, 1.0]),
        np.array([7.0, 8.0, 12.0]),
    )
    of_day, before = shift.popularity_tenths(
        popularity, day, items
    )  # one item has 60 rows, four have 10 each
    assert before == pytest.approx([10.0] * 10 + [0])
    assert of_day == pytest.approx([2.0] * 6 + [2.0] * 4 + [7])
    assert shift.popularity_tenths(np.array([0.0]), np.array([5.0]), np.array([2.0]))[
        0
    ].tolist() == [0.0] * 10 + [5.0]


def test_many_ratings_fall_into_spans_of_about_as_many_rows():
    change = by_rating(
        [(float(rating), False, 10) for rating in range(1, 31)]
        + [(30.0, True, 5), (99.0, True, 1), (None, True, 2)]
    )
    assert change.names == (
        "1 to 3",
        *(f"{low} to {low + 2}" for low in range(4, 31, 3)),
        "99",
        "none",
    )
    assert change.before.tolist() == [30] * 10 + [0, 0] and change.day.tolist() == [0] * 9 + [
        5,
        1,
        2,
    ]
    assert by_rating([(0.5, False, 1), (4.0, True, 2)]).shares() == [
        ("0.5", 0.0, 1.0),
        ("4", 1.0, 0.0),
    ]
