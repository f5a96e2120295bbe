"""Losses: the rest of the batch as negatives, or the squared error on ratings."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def in_batch(
    queries: Tensor,
    items: Tensor,
    targets: Tensor,
    runs: Tensor,
    shares: Tensor,
    weights: Tensor | None = None,
) -> Tensor:
    """Softmax over the items of the batch, corrected for how often each is met (Yi et al. 2019,
    equation 5); mean over the examples.

    An item with share q of all examples is expected n q times among the n of a batch, and stands
    n_j times in this one: its score gets log n_j − log(n q), so that the sum estimates the softmax
    over the whole catalogue. The right item is always there and needs no correction (Khrylchenko et
    al. 2025); what the same user met in the same run is no negative.

    Args:
        queries: float32 (n, d).
        items: float32 (u, d + 1), the vectors and biases of the batch's different targets.
        targets: int64 (n), which of `items`.
        runs: int64 (n), of which run each example is.
        shares: float32 (u), q of each.
        weights: float32 (n), what each example counts in the mean; None: all alike.
    """
    correction = (
        torch.bincount(targets, minlength=len(items)).log() - (shares * len(targets)).log()
    )  # (u)
    scores = torch.addmm(items[:, -1] + correction, queries, items[:, :-1].t())  # (n, u)
    right = scores.gather(1, targets[:, None]) - correction[targets, None]  # (n, 1)
    met = torch.zeros(int(runs.max()) + 1, len(items), dtype=torch.bool, device=queries.device)
    met[runs, targets] = True
    logits = scores.masked_fill(met.index_select(0, runs), -torch.inf).scatter(
        1, targets[:, None], right
    )
    losses = functional.cross_entropy(logits, targets, reduction="none")
    return losses.mean() if weights is None else (losses * weights).sum() / weights.sum()


def ratings(queries: Tensor, items: Tensor, targets: Tensor, wanted: Tensor) -> Tensor:
    """Mean squared error of query · item + bias against ratings between 0 and 1.

    Args:
        queries, items, targets: as above.
        wanted: float32 (n).
    """
    of = items[targets]  # (n, d + 1)
    return ((queries * of[:, :-1]).sum(1) + of[:, -1] - wanted).square().mean()
