"""Distances between a day and the days before it: arithmetic over a few numbers, whatever the size
of the data.
"""

from __future__ import annotations

import numpy as np

MIN_WEEKDAY_DAYS = 21  # days: three of each weekday say what a weekday is like
MIN_SPREAD = 0.1  # a tenth is nothing, however steady the source
TENTHS = 10


def surprise(day: int, before: np.ndarray) -> float:
    """The robust z of log(1 + rows): the day's deviation in units of the source's usual one.

    A source with a weekly rhythm is held to the same weekday, where that explains its days better.
    What is usual is the middle deviation, or that of the tenth of poorest or of richest days if it
    is larger, so that a source which now and then has a poor day may have another; never less than
    a tenth, or than chance alone makes of so few rows.

    Args:
        before: rows of each day before, newest first, days without rows as 0.
    """
    levels = np.log1p(before)
    expected, off = _expected_level(levels)
    chance = 1 / np.sqrt(1 + np.median(before))
    return float((np.log1p(day) - expected) / max(_spread(off), MIN_SPREAD, chance))


def _expected_level(levels: np.ndarray) -> tuple[float, np.ndarray]:
    """The expected level of the day, and the deviations of the days before it from theirs."""
    usual = np.median(levels)
    weekday = np.arange(1, len(levels) + 1) % 7
    if len(levels) < MIN_WEEKDAY_DAYS:
        return usual, levels - usual
    of_weekday = np.array([np.median(levels[weekday == one]) for one in range(7)])
    # The median of four days lies nearer to those four than to the next one: by 1.3, for normal
    # deviations.
    off = 1.3 * (levels - of_weekday[weekday])
    return (
        (of_weekday[0], off)
        if _spread(off) < 0.8 * _spread(levels - usual)
        else (usual, levels - usual)
    )


def _spread(off: np.ndarray) -> float:
    """The standard deviation of normal deviations with this median and these outer tenths."""
    return max(1.4826 * np.median(np.abs(off)), *(np.quantile([off, -off], 0.9, axis=1) / 1.2816))


def cramers_v(table: np.ndarray) -> float:
    """Bias-corrected Cramér's V of a contingency table, 0 (alike) to 1 (nothing in common).

    Bergsma 2013, "A bias-correction for Cramér's V and Tschuprow's T",
    https://doi.org/10.1016/j.jkss.2012.10.002

    Args:
        table: counts; they need not be whole. Empty columns do not count; a single column is no
            difference.
    """
    table = table[:, table.sum(axis=0) > 0]
    total, (rows, columns) = table.sum(), table.shape
    if columns < 2 or total <= 1:
        return 0.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / total
    phi = ((table - expected) ** 2 / expected).sum() / total
    phi = max(0.0, phi - (rows - 1) * (columns - 1) / (total - 1))
    smaller = min(size - (size - 1) ** 2 / (total - 1) for size in (rows, columns)) - 1
    return float(min(np.sqrt(phi / smaller), 1.0)) if smaller > 0 else 0.0


def effective_rows(rows: float, squares: float) -> float:
    """Kish's effective number: independent rows that the rows of users amount to.

    Users who made several rows are taken to have one taste each.

    Kish 1965, "Survey Sampling", section 8.2.

    Args:
        squares: the sum over users of the square of their rows.
    """
    return rows * rows / squares if squares else 0.0


def drift(
    day: np.ndarray, before: np.ndarray, independent_of_day: float, independent_before: float
) -> float:
    """Cramér's V between a day and the time before it, over counts by class.

    Each side is worth its effective rows.

    A day's rows come from few users, and a user's rows resemble each other. Counted one by one, an
    afternoon of two heavy users would be drift; counted so, the difference must be more than a few
    users' tastes can make.
    """
    return cramers_v(
        np.vstack(
            [day * independent_of_day / day.sum(), before * independent_before / before.sum()]
        )
    )


def popularity_tenths(
    popularity: np.ndarray, day: np.ndarray, items: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The day's and the trailing rows by popularity of items.

    There are ten buckets of equal trailing rows, most popular first, then `new`.

    Items of one popularity cannot be told apart, so where a bucket ends among them, the day's rows
    are divided in proportion.

    Args:
        popularity: trailing rows of an item, each number once; 0 are the items that the trailing
            days lack.
        day: the day's rows over all items of that popularity.
        items: how many items have it.
    """
    order = np.argsort(-popularity)
    order = order[popularity[order] > 0]
    trailing = np.concatenate([[0.0], np.cumsum(popularity[order] * items[order])])
    ends = np.linspace(0, trailing[-1], TENTHS + 1)
    of_day = np.diff(np.interp(ends, trailing, np.concatenate([[0.0], np.cumsum(day[order])])))
    return np.append(of_day, day[popularity == 0].sum()), np.append(np.diff(ends), 0.0)
