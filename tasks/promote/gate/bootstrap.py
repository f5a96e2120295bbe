"""Paired differences over users: interval by bootstrap, p value by permutation, power."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable
from statistics import NormalDist
from typing import TypeVar

import numpy as np

BLOCK_CELLS = 4_000_000  # weights of resampled users in memory at a time: 32 MB
POWER = 0.8  # with which a detectable difference is shown
Name = TypeVar("Name", bound=Hashable)  # of a metric, or of a comparison


@dataclasses.dataclass(frozen=True)
class Difference:
    """A mean difference, challenger − other, over the users for whom both are defined.

    Attributes:
        mean: the observed mean.
        low, high: its percentile interval.
        standard_error: standard deviation of the differences / √users.
        base: the other's mean.
        users: number of users.
        detectable: smallest true difference that these users show in four cases of five:
            (Φ⁻¹(1 − α/2) + Φ⁻¹(.8)) standard errors.
        p: two-sided p value of the paired permutation test; None for a metric that is not tested.
        p_holm: p corrected over all tested metrics (Holm 1979).
    """

    mean: float
    low: float
    high: float
    standard_error: float
    base: float
    users: int
    detectable: float
    p: float | None = None
    p_holm: float | None = None

    def document(self) -> dict:
        """The fields, and `relative`: the mean as a share of the other's, None when that is 0."""
        return {
            **dataclasses.asdict(self),
            "relative": self.mean / self.base if self.base else None,
        }


def paired_differences(
    challenger: dict[Name, np.ndarray],
    other: dict[Name, np.ndarray],
    confidence: float,
    resamples: int,
    seed: int,
    tested: tuple[Name, ...] = (),
) -> dict[Name, Difference]:
    """Metric → difference with its interval, for every metric that both have a value of.

    All metrics share the resamples of users, drawn with replacement (Efron 1979; percentile
    interval; pairing by user as in Sakai 2006), so the cost hardly grows with their number.

    Args:
        challenger, other: metric → float64 (users), users in the same order; NaN where a user has
            no value.
        confidence: of the two-sided interval, 0 to 1.
        resamples: number of resamples, of the users and of the signs.
        seed: of the random generator; the same figures and seed give the same interval.
        tested: the metrics that get a p value.
    """
    names = _shared_metrics(challenger, other)
    if not names:
        return {}
    table = np.column_stack([challenger[name] - other[name] for name in names])
    defined = np.isfinite(table)
    table = np.where(defined, table, 0.0)
    low, high = _interval(table, defined, confidence, resamples, seed)
    columns = [i for i, name in enumerate(names) if name in tested]
    p = permutation_test(table[:, columns], resamples, seed)
    p_values = dict(zip([names[i] for i in columns], p, strict=True))
    corrected = holm_correction(p_values)
    made = {}
    for i, name in enumerate(names):
        own, others = table[defined[:, i], i], other[name][defined[:, i]]
        interval, p_value = (float(low[i]), float(high[i])), p_values.get(name)
        made[name] = _difference(own, others, interval, confidence, p_value, corrected.get(name))
    return made


def _shared_metrics(
    challenger: dict[Name, np.ndarray], other: dict[Name, np.ndarray]
) -> list[Name]:
    """The metrics in which both models have a value for at least one user."""
    return [
        name
        for name in challenger
        if name in other and np.isfinite(challenger[name] - other[name]).any()
    ]


def _difference(
    differences: np.ndarray,
    others: np.ndarray,
    interval: tuple[float, float],
    confidence: float,
    p: float | None,
    p_holm: float | None,
) -> Difference:
    """The difference in one metric, from the users for whom it is defined."""
    users, quantile = len(differences), NormalDist().inv_cdf
    error = float(differences.std(ddof=1) / np.sqrt(users)) if users > 1 else float("inf")
    return Difference(
        float(differences.mean()),
        *interval,
        standard_error=error,
        base=float(others.mean()),
        users=users,
        detectable=(quantile((1 + confidence) / 2) + quantile(POWER)) * error,
        p=p,
        p_holm=p_holm,
    )


def _interval(
    table: np.ndarray, defined: np.ndarray, confidence: float, resamples: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bound of each column's mean over resampled users."""
    whole = defined.all(axis=0)
    # Metrics that lack the same users share a count.
    counts, of = np.unique(defined[:, ~whole], axis=1, return_inverse=True)

    def resample(random: np.random.Generator, count: int, users: int) -> np.ndarray:
        weights = np.empty((count, users))
        samples = random.integers(0, users, (count, users), dtype=np.int32)
        for row, sample in enumerate(samples):  # one by one: their counts stay in the cache
            weights[row] = np.bincount(sample, minlength=users)
        sums = weights @ table
        sums[:, whole] /= users
        sums[:, ~whole] /= np.maximum(weights @ counts.astype(np.float64), 1)[:, of.ravel()]
        return sums

    tail = (1 - confidence) / 2
    return np.quantile(_in_blocks(resample, table, resamples, seed), [tail, 1 - tail], axis=0)


def permutation_test(table: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """p values of Fisher's randomisation test, two-sided: float64 (metrics).

    The signs of the users' differences are drawn anew; p = (1 + number of draws whose mean is as
    far from 0) / (1 + resamples). Smucker, Allan & Carterette 2007 recommend it for retrieval.

    Args:
        table: float64 (users, metrics), differences; 0 where there is none.
    """
    if not table.shape[1]:
        return np.zeros(0)

    def flip(random: np.random.Generator, count: int, users: int) -> np.ndarray:
        bits = np.unpackbits(
            np.frombuffer(random.bytes(count * (-(-users // 8))), np.uint8).reshape(count, -1),
            axis=1,
        )[:, :users]
        return 2 * (bits.astype(np.float64) @ table) - table.sum(axis=0)

    sums = np.abs(_in_blocks(flip, table, resamples, seed))
    return (1 + (sums >= np.abs(table.sum(axis=0)) * (1 - 1e-12)).sum(axis=0)) / (1 + resamples)


def _in_blocks(draw: Callable, table: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """All draws, made in blocks: `draw` takes a generator, a number of draws, a number of users."""
    random, users = np.random.default_rng(seed), len(table)
    block = max(1, BLOCK_CELLS // users)
    return np.concatenate(
        [draw(random, min(block, resamples - start), users) for start in range(0, resamples, block)]
    )


def holm_correction(p_values: dict[Name, float]) -> dict[Name, float]:
    """p values corrected for multiple tests (Holm 1979).

    The i-th smallest of m is multiplied by m − i + 1, and is at least as large as the one before.
    """
    corrected: dict[Name, float] = {}
    highest = 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        highest = max(highest, min(1.0, p_values[name] * (len(p_values) - rank)))
        corrected[name] = highest
    return corrected
