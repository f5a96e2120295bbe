"""A training step on the rows that it reads: few of a large catalogue."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from tasks.gru4rec.batches import Batch
from tasks.gru4rec.losses import Sample


def keep_used_rows(batch: Batch, sample: Sample) -> tuple[torch.Tensor, Batch, Sample]:
    """Reduce the item table of a step to the items that a batch and its negatives name, and number
    both by it.

    Returns:
        int64 (u), rising, the same in every process that trains a part of the batch; the batch; the
        negatives.
    """
    drawn = sample.items.cpu().numpy()
    named = [batch.inputs, batch.targets, drawn] if batch.others is None else [batch.others, drawn]
    rows = np.unique(np.concatenate(named))
    inputs, targets, positions = (
        np.searchsorted(rows, items) for items in (batch.inputs, batch.targets, drawn)
    )
    device = sample.items.device
    return (
        torch.from_numpy(rows).to(device),
        dataclasses.replace(batch, inputs=inputs, targets=targets, others=None),
        Sample(torch.from_numpy(positions).to(device), sample.log_expected),
    )
