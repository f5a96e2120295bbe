"""A day against its trailing days: small numbers by hand, planted logs whose fault is known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.ingest.assess import batch
from tasks.ingest.assess.drift import DAY_SECONDS, compare_with_trailing_days

STARTS = 10_000 * DAY_SECONDS  # the day under test; a Saturday would do as well
RHYTHM = (1.0, 1.0, 1.0, 1.05, 1.2, 0.6, 0.5)  # a weekend with half the rows


@pytest.fixture
def measure(spark, tmp_path):
    """The figures and the picture of rows given as columns user, item, rating, timestamp."""

    def measure_rows(columns: dict) -> tuple[dict, object]:
        types = {
            "user": pa.int32(),
            "item": pa.int32(),
            "rating": pa.float32(),
            "timestamp": pa.int64(),
        }
        table = pa.table(
            {name: pa.array(columns[name], types[name], from_pandas=True) for name in types}
        )
        pq.write_table(table, tmp_path / "rows.parquet")
        return compare_with_trailing_days(
            spark.read.parquet(str(tmp_path / "rows.parquet")), STARTS, STARTS + DAY_SECONDS
        )

    return measure_rows


def live(rows: int = 4000, days: int = 36, seed: int = 0) -> dict[str, np.ndarray]:
    """A steady log: a rhythm of the week, 3 % of chance from day to day, users with tastes and
    items with popularity.
    """
    random, log = np.random.default_rng(seed), []
    active, taste = random.lognormal(0, 1, 3000), random.normal(0, 0.6, 3000)
    popular = 1 / np.arange(1, 801) ** 0.8
    for age in reversed(range(days)):
        n = random.poisson(rows * RHYTHM[(3 - age) % 7] * np.exp(random.normal(0, 0.03)))
        user = random.choice(3000, n, p=active / active.sum())
        log.append(
            {
                "user": user,
                "item": random.choice(800, n, p=popular / popular.sum()),
                "rating": np.clip(np.round(3.6 + taste[user] + random.normal(0, 0.8, n)), 1, 5),
                "timestamp": STARTS - age * DAY_SECONDS + random.integers(0, DAY_SECONDS, n),
            }
        )
    return {name: np.concatenate([one[name] for one in log]) for name in log[0]}


@pytest.fixture(scope="module")
def steady():
    return live()


def verdicts(figures: dict) -> dict[str, set[str]]:
    """What the default suite says of these figures: the unmet ones by level."""
    suite = batch.load("default")
    suite = suite | {
        "expectations": [one for one in suite["expectations"] if one["kwargs"]["column"] in figures]
    }
    unmet = [check for check in batch.check(figures, suite) if not check.met]
    return {
        level: {check.figure for check in unmet if check.level == level} for level in batch.LEVELS
    }


def altered(log: dict, **columns) -> dict:
    """The log with columns of the day changed by functions of them."""
    of_day = log["timestamp"] >= STARTS
    return log | {
        name: np.where(of_day, change(log[name]), log[name]) for name, change in columns.items()
    }


def test_small_numbers_by_hand(measure):
    by_age = {
        28: 4,
        9: 2,
        6: 4,
        5: 6,
        4: 4,
        3: 4,
        2: 8,
        1: 4,
        0: 12,
    }  # the 8th and 7th day before have no rows
    rows = [
        (user, 100 + user, 3, STARTS - age * DAY_SECONDS + user)
        for age, n in by_age.items()
        for user in range(n)
    ]
    rows += [
        (50, 111, 3, STARTS - 300 * DAY_SECONDS),
        (50, 200, 3, STARTS + DAY_SECONDS),
    ]  # old: user 11's item was met; tomorrow: no part of it
    figures, picture = measure(
        dict(zip(("user", "item", "rating", "timestamp"), map(list, zip(*rows))))
    )
    assert figures["rows_of_day"] == 12 and figures["trailing_days"] == 8
    assert figures["trailing_median_rows"] == 4 and figures["volume_ratio"] == 3
    assert figures["days_missing"] == 1
    assert figures["new_user_share"] == 4 / 12, "users 8 to 11"
    assert figures["new_item_share"] == 3 / 12, "items 108 to 110; 111 was met a year before"
    assert figures["rating_drift"] == 0, "one rating only, before as on the day"
    assert (
        len(picture.days) == 29
        and picture.days[-1] == ("1997-05-19", 12)
        and picture.days[0] == ("1997-04-21", 4)
    )
    assert picture.ratings == [("3", 1.0, 1.0)]
    assert picture.popularity[-1] == ("new", 4 / 12, 0.0) and picture.popularity[0][
        2
    ] == pytest.approx(0.1)


def test_a_steady_day_meets_everything(measure, steady):
    figures, _ = measure(steady)
    assert verdicts(figures) == {"fail": set(), "warn": set()}
    assert abs(figures["volume_surprise"]) < 2 and figures["rating_drift"] < 0.03


def test_half_the_volume_of_a_steady_log_is_refused_and_so_is_a_day_without_rows(measure, steady):
    of_day = np.flatnonzero(steady["timestamp"] >= STARTS)
    for gone in (of_day[::2], of_day):
        figures, _ = measure({name: np.delete(column, gone) for name, column in steady.items()})
        assert verdicts(figures)["fail"] == {"volume_surprise"}
    assert figures["rating_drift"] is None and figures["new_user_share"] is None


@pytest.mark.parametrize(
    "fault", [lambda rating: 2 * rating, lambda rating: 6 - rating, lambda rating: 0 * rating + 4]
)
def test_ratings_doubled_flipped_or_all_alike_are_refused(measure, steady, fault):
    figures, _ = measure(altered(steady, rating=fault))
    assert verdicts(figures)["fail"] == {"rating_drift"}


def test_items_and_users_never_met_are_told(measure, steady):
    figures, picture = measure(
        altered(steady, item=lambda item: item + 1000, user=lambda user: user + 5000)
    )
    assert figures["new_item_share"] == figures["new_user_share"] == 1
    assert picture.popularity[-1][1] == 1
    assert verdicts(figures) == {
        "fail": set(),
        "warn": {"new_item_share", "new_user_share", "popularity_drift"},
    }


def test_two_heavy_users_are_no_drift(measure, steady):
    before = steady["timestamp"] < STARTS
    rows = {name: column[before] for name, column in steady.items()}
    day = {
        "user": np.repeat([1, 2], 400),
        "item": np.arange(800),
        "rating": np.repeat([1, 5], 400),
        "timestamp": np.full(800, STARTS),
    }
    figures, _ = measure({name: np.concatenate([rows[name], day[name]]) for name in rows})
    assert figures["rating_drift"] is None and figures["popularity_drift"] is None


def test_a_young_source_has_no_history_yet(measure, steady):
    young = steady["timestamp"] >= STARTS - 6 * DAY_SECONDS
    figures, picture = measure({name: column[young] for name, column in steady.items()})
    assert figures["trailing_days"] == 6 and figures["days_missing"] == 0, (
        "days before its first row are not missing"
    )
    assert {name for name, value in figures.items() if value is None} == {
        "volume_ratio",
        "volume_surprise",
        "new_user_share",
        "new_item_share",
        "rating_drift",
        "popularity_drift",
    }
    assert picture.ratings == [] and len(picture.days) == 29
    empty, _ = measure({name: column[:0] for name, column in steady.items()})
    assert (
        empty["rows_of_day"] == 0
        and empty["days_missing"] is None
        and empty["trailing_median_rows"] is None
    )


def test_rows_without_a_rating_are_a_class_and_many_ratings_become_few(measure, steady):
    figures, picture = measure(altered(steady, rating=lambda rating: rating * np.nan))
    assert verdicts(figures)["fail"] == {"rating_drift"} and picture.ratings[-1][:2] == (
        "none",
        1.0,
    )
    seconds = np.random.default_rng(0).exponential(300, len(steady["rating"]))
    figures, picture = measure(steady | {"rating": seconds})
    assert figures["rating_drift"] < 0.03 and 8 <= len(picture.ratings) <= 12
    figures, _ = measure(altered(steady | {"rating": seconds}, rating=lambda rating: rating / 60))
    assert verdicts(figures)["fail"] == {"rating_drift"}, "minutes for seconds"
