"""What the towers learn from: the rest of the batch as negatives, or the squared error on ratings."""

from __future__ import annotations

import torch
from torch import Tensor


def in_batch(queries: Tensor, items: Tensor, targets: Tensor, shares: Tensor, weights: Tensor | None = None) -> Tensor:
    """Softmax over the items of the batch, corrected for how often each is met (Yi et al. 2019, equation 5); mean over the examples.

    An item with share q of all examples is expected n q times among the n of a batch, and stands n_j times in this one: its score
    gets log n_j − log(n q), so that the sum estimates the softmax over the whole catalogue. The right item is always there and
    needs no correction (Khrylchenko et al. 2025); what the same user met in the same run is no negative.

    Args:
        queries: float32 (b, c, d).
        items: float32 (u, d + 1), the vectors and biases of the batch's different targets.
        targets: int64 (b, c), which of `items`; −1 where there is no example.
        shares: float32 (u), q of each.
        weights: float32 (b, c), what each example counts in the mean; None: all alike.
    """
    there = targets >= 0
    counts = torch.bincount(targets[there], minlength=len(items)).to(queries.dtype)
    correction = counts.log() - (shares * counts.sum()).log()                                        # (u)
    scores = queries @ items[:, :-1].t() + items[:, -1]                                              # (b, c, u)
    right = scores.gather(2, targets.clamp(min=0)[..., None])[..., 0]                                # (b, c)
    met = torch.zeros(len(targets), len(items) + 1, dtype=torch.bool, device=queries.device)
    met.scatter_(1, torch.where(there, targets, len(items)), True)
    others = (scores + correction).masked_fill(met[:, None, :-1], -torch.inf)
    losses = torch.logsumexp(torch.cat((right[..., None], others), dim=2), dim=2) - right
    return losses[there].mean() if weights is None else (losses * weights)[there].sum() / weights[there].sum()


def ratings(queries: Tensor, items: Tensor, targets: Tensor, wanted: Tensor) -> Tensor:
    """Mean squared error of query · item + bias against ratings between 0 and 1.

    Args:
        queries, items, targets: as above.
        wanted: float32 (b, c).
    """
    of = items[targets.clamp(min=0)]                                                                 # (b, c, d + 1)
    scores = (queries * of[..., :-1]).sum(2) + of[..., -1]
    return (scores - wanted)[targets >= 0].square().mean()
