"""The memory that a training takes, estimated from settings and data before it starts."""

from __future__ import annotations

import torch

from tasks.core.torch.hardware import RUNTIME_BYTES
from tasks.two_tower.compact_rows import large
from tasks.two_tower.examples import TARGETS_PER_EXAMPLE
from tasks.two_tower.model import Shape, TwoTower
from tasks.two_tower.settings import Settings

REMEDY = "lower settings.batch_examples, settings.window or settings.dimension"


def estimate_bytes(settings: Settings, shape: Shape, interactions: int) -> int:
    """Bytes at the peak: the towers ten times over (gradient, moments, copies, checkpoint), one
    batch, what is validated, the data.

    Of a table that is moved by row no step has a whole gradient: nine times.
    """
    with torch.device("meta"):
        model = TwoTower(shape)
    weights = 10 * sum(p.numel() for p in model.parameters()) - sum(
        getattr(model, name).numel() for name in large(model)
    )
    n, d, run = (
        settings.batch_examples,
        shape.dimension,
        TARGETS_PER_EXAMPLE if settings.loss == "in-batch" else 1,
    )
    positions = n // run * (settings.window + run) if shape.decays else n
    met = min(shape.items, positions + n)
    scored = 5 * min(shape.items, n) if settings.loss == "in-batch" else 0
    inside = 6 * ((len(shape.decays) + 2) * d + shape.hidden)
    return int(
        RUNTIME_BYTES
        + 4
        * (
            weights
            + 3 * positions * d
            + 8 * met * d
            + n * (inside + scored)
            + 3 * 1024 * shape.items
        )
        + 100 * interactions
    )
