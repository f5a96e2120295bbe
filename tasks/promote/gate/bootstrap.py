"""Paired differences over users: interval by bootstrap, p by permutation, and what these users
could have shown at all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable
from statistics import NormalDist
from typing import TypeVar

import numpy as np

BLOCK_CELLS = 4_000_000  # resampled users held at a time: 32 MB of weights
POWER = 0.8
Name = TypeVar("Name", bound=Hashable)  # of a metric, or of a comparison


@dataclasses.dataclass(frozen=True)
class Difference:
    """A mean difference, challenger − other, over the users for whom both are defined.

    Attributes:
        mean: observed.
        low, high: percentile interval.
        standard_error: sd of the differences / √users.
        base: the other's mean.
        users: how many.
        detectable: the smallest true difference these users would have shown in four cases of five:
            (Φ⁻¹(1 − α/2) + Φ⁻¹(.8)) standard errors.
        p: two-sided, of the paired permutation test; None where it was not asked for.
        p_holm: p corrected over all that were tested (Holm 1979).
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
        """As JSON, with the difference as a share of the other's mean (null when that is 0)."""
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
    """The difference in every metric that both have, with its interval; metrics nobody has a value
    in are left out.

    All metrics share the same resamples of users, drawn with replacement (Efron 1979; percentile
    interval; pairing by user as in Sakai 2006), so that the cost hardly grows with their number.

    Args:
        challenger, other: metric → float64 (users), users in the same order; NaN where a user has
            no value.
        confidence: of the two-sided interval, 0 to 1.
        resamples: how many, of the users and of the signs.
        seed: of the generator: the same figures give the same interval.
        tested: the metrics that get a p value.
    """
    names = [
        name
        for name in challenger
        if name in other and np.isfinite(challenger[name] - other[name]).any()
    ]
    if not names:
        return {}
    table = np.column_stack([challenger[name] - other[name] for name in names])
    defined = np.isfinite(table)
    table = np.where(defined, table, 0.0)
    low, high = _interval(table, defined, confidence, resamples, seed)
    p = permutation_test(
        table[:, [i for i, name in enumerate(names) if name in tested]], resamples, seed
    )
    chances = dict(zip([name for name in names if name in tested], p, strict=True))
    corrected, quantile = holm_correction(chances), NormalDist().inv_cdf
    made = {}
    for i, name in enumerate(names):
        own = table[defined[:, i], i]
        error = float(own.std(ddof=1) / np.sqrt(len(own))) if len(own) > 1 else float("inf")
        made[name] = Difference(
            float(own.mean()),
            float(low[i]),
            float(high[i]),
            error,
            float(other[name][defined[:, i]].mean()),
            len(own),
            (quantile((1 + confidence) / 2) + quantile(POWER)) * error,
            chances.get(name),
            corrected.get(name),
        )
    return made


def _interval(
    table: np.ndarray, defined: np.ndarray, confidence: float, resamples: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    whole = defined.all(axis=0)
    counts, of = np.unique(
        defined[:, ~whole], axis=1, return_inverse=True
    )  # metrics that lack the same users share a count

    def resample(random: np.random.Generator, count: int, users: int) -> np.ndarray:
        weights = np.empty((count, users))
        for row, drawn in enumerate(
            random.integers(0, users, (count, users), dtype=np.int32)
        ):  # one by one: their counts stay in the cache
            weights[row] = np.bincount(drawn, minlength=users)
        sums = weights @ table
        sums[:, whole] /= users
        sums[:, ~whole] /= np.maximum(weights @ counts.astype(np.float64), 1)[:, of.ravel()]
        return sums

    tail = (1 - confidence) / 2
    return np.quantile(_in_blocks(resample, table, resamples, seed), [tail, 1 - tail], axis=0)


def permutation_test(table: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """float64 (metrics): how often the mean is as far from 0 when each user's difference is as
    likely to have the other sign.

    Fisher's randomisation test, as Smucker, Allan & Carterette 2007 recommend it for retrieval; (1
    + as far) / (1 + resamples).

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
    random, users = np.random.default_rng(seed), len(table)
    at_once = max(1, BLOCK_CELLS // users)
    return np.concatenate(
        [
            draw(random, min(at_once, resamples - start), users)
            for start in range(0, resamples, at_once)
        ]
    )


def holm_correction(chances: dict[Name, float]) -> dict[Name, float]:
    """p values corrected for being several (Holm 1979): sorted, the i-th smallest of m times m − i
    + 1, never falling.
    """
    corrected: dict[Name, float] = {}
    highest = 0.0
    for place, name in enumerate(sorted(chances, key=lambda name: chances[name])):
        highest = max(highest, min(1.0, chances[name] * (len(chances) - place)))
        corrected[name] = highest
    return corrected
