"""Losses of the next item: cross-entropy over all items or over a shared sample of them, and
BPR-max.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tasks.gru4rec.cross_entropy import CrossEntropy
from tasks.gru4rec.model import Network


@dataclasses.dataclass(frozen=True)
class Sample:
    """The negatives of one batch.

    Attributes:
        items: int64 (k).
        log_expected: float32 (k), log(k q) of each, with q the probability of its draw.
    """

    items: Tensor
    log_expected: Tensor


class FullSoftmax:
    """−log softmax over the whole catalogue: exact, n × items scores a batch."""

    def draw(self, random: np.random.Generator) -> None:
        """No negatives: every item is scored."""

    def __call__(
        self, model: Network, queries: Tensor, targets: Tensor, sample: Sample | None
    ) -> Tensor:
        """Mean loss over the positions.

        Args:
            queries: float32 (n, d), or (n, q, d) with several interests.
            targets: int64 (n), the item that came next.
            sample: the negatives, where there are any.
        """
        vectors, bias = model.catalogue()
        own = torch.arange(len(targets), device=targets.device) * len(vectors) + targets
        return CrossEntropy.apply(queries, vectors, bias, model.score_of(queries, targets), own)


class Negatives:
    """k items drawn with probability q ∝ count^exponent, one sample for all positions of a batch.

    Args:
        counts: int64 (items), how often each was liked.
        number: k.
        exponent: 0 draws every item alike, 1 by popularity (Hidasi & Karatzoglou 2018 call it
            alpha).
        device: where the model is.
    """

    def __init__(
        self, counts: np.ndarray, number: int, exponent: float, device: torch.device
    ) -> None:
        weights = np.maximum(counts, 1).astype(np.float64) ** exponent
        self.number, self.cumulative, self.device = (
            number,
            np.cumsum(weights / weights.sum()),
            device,
        )
        self.log_expected = torch.tensor(
            np.log(number * weights / weights.sum()), dtype=torch.float32, device=device
        )  # log(k q)

    def draw(self, random: np.random.Generator) -> Sample:
        """One sample."""
        drawn = np.searchsorted(
            self.cumulative, random.random(self.number) * self.cumulative[-1], side="right"
        )
        items = torch.from_numpy(drawn).to(self.device)
        return Sample(items, self.log_expected[items])


class SampledSoftmax:
    """−s₊ + log(e^{s₊} + Σ_j e^{s_j} / (k q_j)) over k negatives j drawn by q: the sum estimates
    the softmax's without bias.

    The logQ correction of Bengio & Senécal (2008). The right item is always in the sum, so its own
    score is not corrected (Khrylchenko et al. 2025, "Correcting the LogQ correction"), and a
    negative that equals it is left out. One sample serves every position of the batch: k scores a
    position instead of the whole catalogue, and one gather of k vectors.
    """

    def __init__(self, negatives: Negatives) -> None:
        self.draw = negatives.draw

    def __call__(self, model: Network, queries: Tensor, targets: Tensor, sample: Sample) -> Tensor:
        vectors, bias = model.catalogue(sample.items, -sample.log_expected)
        return CrossEntropy.apply(
            queries, vectors, bias, model.score_of(queries, targets), equal(targets, sample.items)
        )


def equal(targets: Tensor, items: Tensor) -> Tensor:
    """int64: places t k + j of a (n, k) table, row by row, at which targets[t] = items[j]."""
    ordered, where = torch.sort(items)
    low, high = (
        torch.searchsorted(ordered, targets),
        torch.searchsorted(ordered, targets, right=True),
    )
    counts = high - low
    row = torch.repeat_interleave(counts)
    nth = torch.arange(len(row), device=row.device) - (counts.cumsum(0) - counts)[row]
    return row * len(items) + where[low[row] + nth]


class BprMax:
    """−log Σ_j p_j σ(s₊ − s_j) + λ Σ_j p_j s_j², with p the softmax of the negatives' scores
    (Hidasi & Karatzoglou 2018, eq. 13).

    The right item should win against the strongest negatives; the second term keeps their scores
    near zero. λ is `penalty`. A position whose every negative equals the right item has nothing to
    win against, and no loss.
    """

    def __init__(self, negatives: Negatives, penalty: float) -> None:
        self.draw, self.penalty = negatives.draw, penalty

    def __call__(self, model: Network, queries: Tensor, targets: Tensor, sample: Sample) -> Tensor:
        others = model.scores(queries, sample.items)  # (n, k)
        same = targets[:, None] == sample.items[None, :]
        shares = functional.log_softmax(
            others.masked_fill(same, -1e9), dim=1
        )  # log p; next to nothing for the right item
        right = model.score_of(queries, targets)[:, None]  # (n, 1)
        won = torch.logsumexp(shares + functional.logsigmoid(right - others), dim=1)
        loss = self.penalty * (shares.exp() * others.square()).sum(1) - won  # (n)
        return loss.masked_fill(same.all(1), 0.0).mean()
