"""Cross-entropy of the next item: over all items, or over the right one and a shared sample of the others."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tasks.gru4rec.model import GRU4Rec


class FullSoftmax:
    """−log softmax over the whole catalogue: exact, n × items scores a batch."""

    def __call__(self, model: GRU4Rec, queries: Tensor, targets: Tensor, random: np.random.Generator) -> Tensor:
        """Mean loss over the positions.

        Args:
            queries: float32 (n, d).
            targets: int64 (n), the item that came next.
            random: draws the negatives, where there are any.
        """
        return functional.cross_entropy(torch.addmm(model.bias, queries, model.embedding.weight.t()), targets)


class SampledSoftmax:
    """−s₊ + log(e^{s₊} + Σ_j e^{s_j} / (k q_j)) over k negatives j drawn by q: the sum estimates the softmax's without bias.

    The logQ correction of Bengio & Senécal (2008). The right item is always in the sum, so its own score is not corrected
    (Khrylchenko et al. 2025, "Correcting the LogQ correction"), and a negative that equals it is left out. One sample serves
    every position of the batch: k scores a position instead of the whole catalogue, and one gather of k vectors.

    Args:
        counts: int64 (items), how often each was liked.
        negatives: k.
        exponent: q is proportional to count^exponent (Hidasi & Karatzoglou 2018 call it alpha).
        device: where the model is.
    """

    def __init__(self, counts: np.ndarray, negatives: int, exponent: float, device: torch.device) -> None:
        weights = np.maximum(counts, 1).astype(np.float64) ** exponent
        self.negatives, self.cumulative = negatives, np.cumsum(weights / weights.sum())
        self.log_expected = torch.tensor(np.log(negatives * weights / weights.sum()), dtype=torch.float32, device=device)

    def __call__(self, model: GRU4Rec, queries: Tensor, targets: Tensor, random: np.random.Generator) -> Tensor:
        drawn = np.searchsorted(self.cumulative, random.random(self.negatives) * self.cumulative[-1], side="right")
        drawn = torch.from_numpy(drawn).to(queries.device)                                                  # (k)
        others = torch.addmm(model.bias[drawn] - self.log_expected[drawn], queries, model.embedding(drawn).t())  # (n, k)
        others = others.masked_fill(targets[:, None] == drawn[None, :], -torch.inf)
        right = (queries * model.embedding(targets)).sum(1) + model.bias[targets]                           # (n)
        return (torch.logsumexp(torch.cat((right[:, None], others), dim=1), dim=1) - right).mean()
