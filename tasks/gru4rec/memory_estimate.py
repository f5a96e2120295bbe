"""The memory that a training takes, estimated from settings and data before it starts."""

from __future__ import annotations

import torch

from tasks.core.torch.hardware import RUNTIME_BYTES
from tasks.gru4rec.cross_entropy import CACHED_ROWS
from tasks.gru4rec.default_sizes import SizedSettings
from tasks.gru4rec.model import Network, Shape

REMEDY = "lower settings.batch_positions, settings.dimension or settings.hidden"


def estimate_bytes(settings: SizedSettings, shape: Shape, interactions: int) -> int:
    """Bytes at the peak: the network ten times over (gradient, moments, copies, checkpoint), one
    batch, what is validated, the data.
    """
    with torch.device("meta"):
        weights = sum(p.numel() for p in Network(shape).parameters())
    n, d, h = settings.batch_positions + settings.window, shape.dimension, shape.hidden
    inside = 18 * h if shape.encoder == "gru" else shape.blocks * (24 * d + 4 * h)
    full = settings.loss == "cross-entropy" and shape.items <= settings.full_softmax_items
    competing = shape.items if full else settings.negatives
    scored = competing * (
        2 * shape.interests * CACHED_ROWS + 4 * d
        if settings.loss == "cross-entropy"
        else (3 + shape.interests) * n
    )
    validated = 3 * 1024 * shape.items + 200 * settings.window * h
    return int(
        RUNTIME_BYTES
        + 4 * (10 * weights + n * (inside + 8 * d) + scored + validated)
        + 100 * interactions
    )
