"""The learning rate over a training."""

from __future__ import annotations

import math


def learning_rate(share: float, top: float, warm_up: float, cosine: bool = True) -> float:
    """The learning rate after a share of all steps: a linear rise to `top`, then a cosine to zero
    (Loshchilov & Hutter 2017) or none.

    Args:
        share: 0 to 1.
        warm_up: share of the steps in which it rises.
    """
    if share < warm_up:
        return top * share / warm_up
    if not cosine:
        return top
    return top * (1 + math.cos(math.pi * (share - warm_up) / (1 - warm_up))) / 2
