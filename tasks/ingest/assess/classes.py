"""Classes in which a day is compared with earlier days: ratings, and popularity of items."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from tasks.ingest.assess import shift

MAX_SINGLE_RATINGS = 12  # ratings that are shown and compared one by one
NO_RATING = "none"
Ratings = Counter[float | None]  # rows by rating; None: rows without one
POPULARITY = (
    "most popular tenth",
    *(f"tenth {nth}" for nth in range(2, shift.TENTHS)),
    "least popular tenth",
    "new",
)


@dataclass(frozen=True)
class Classes:
    """Rows of the day and of the days before it, by class."""

    names: tuple[str, ...]
    day: np.ndarray
    before: np.ndarray

    def shares(self) -> list[tuple[str, float, float]]:
        """Class, share of the day, share of the days before."""
        day, before = (side / max(side.sum(), 1) for side in (self.day, self.before))
        return list(zip(self.names, day.tolist(), before.tolist(), strict=True))


def by_rating(counted: list[tuple[float | None, bool, int]]) -> Classes:
    """Rows by rating: one class for each, or, of many, ten spans.

    A span holds about a tenth of the rows before the day.

    Args:
        counted: rating, whether of the day, rows.
    """
    sides: tuple[Ratings, Ratings] = (Counter(), Counter())
    for rating, of_day, rows in counted:
        sides[of_day][None if rating is None else float(f"{rating:.2g}")] += rows
    before, day = sides
    ratings = sorted(rating for rating in before.keys() | day.keys() if rating is not None)
    classes: list[list[float | None]] = (
        _spans(ratings, before)
        if len(ratings) > MAX_SINGLE_RATINGS
        else [[rating] for rating in ratings]
    )
    classes += [[None]] if None in before or None in day else []
    return Classes(
        tuple(map(_name, classes)),
        *(
            np.array([sum(side[one] for one in those) for those in classes], float)
            for side in (day, before)
        ),
    )


def _spans(ratings: list[float], before: Ratings) -> list[list[float | None]]:
    rows = np.array([before[rating] for rating in ratings], float)
    span = np.floor(shift.TENTHS * (np.cumsum(rows) - rows / 2) / max(rows.sum(), 1))
    return [
        [rating for rating, its in zip(ratings, span, strict=True) if its == one]
        for one in np.unique(span)
    ]


def _name(ratings: list[float | None]) -> str:
    if ratings[0] is None:
        return NO_RATING
    return f"{ratings[0]:g}" if len(ratings) == 1 else f"{ratings[0]:g} to {ratings[-1]:g}"


def by_popularity(counted: list) -> Classes:
    """By the popularity that items had before the day (rows with popularity, day, ids)."""
    columns = [
        np.array([row[name] for row in counted], float) for name in ("popularity", "day", "ids")
    ]
    return Classes(POPULARITY, *shift.popularity_tenths(*columns))
