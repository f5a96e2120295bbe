"""Trained towers as what is served: a vector for every item, and a user tower that needs no
torch.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tasks.core.retrieval.encoders import TowerEncoder
from tasks.core.store.arrays import StringTable
from tasks.two_tower.model import Values
from tasks.two_tower.training_data import TrainingData


def candidates(weights: dict[str, Tensor], world: TrainingData) -> np.ndarray:
    """float32 (items, d + 1): an item's vector, then its bias; one that was never met stands by its
    features.
    """
    described = world.item_features
    offsets, rows, shares, _ = described.take(np.arange(len(world.counts)))
    values = Values(*(torch.from_numpy(part) for part in (offsets, rows, shares)))
    known = torch.from_numpy((world.counts > 0) & described.with_id)
    table = weights["item_values"].cpu()
    own = torch.where(known[:, None], weights["item_ids"].cpu(), weights["item_unknown"].cpu())
    if len(table) and len(rows):
        own = own + functional.embedding_bag(
            values.rows, table, values.offsets, mode="sum", per_sample_weights=values.weights
        )
    return own.numpy()


def encoder(
    weights: dict[str, Tensor],
    vectors: np.ndarray,
    world: TrainingData,
    user_ids: list[str],
    decays: tuple[float, ...],
    last: int,
) -> TowerEncoder:
    """The user tower of a state dictionary of `TwoTower`, over the vectors that `candidates`
    gives.
    """
    read = functional.layer_norm(
        torch.from_numpy(vectors[:, :-1]),
        (vectors.shape[1] - 1,),
        weights["norm.weight"].cpu(),
        weights["norm.bias"].cpu(),
    )
    ids = StringTable.of([user_ids[user] for user in np.flatnonzero(world.user_rows >= 0)])
    features = [dataclasses.asdict(one) for one in world.user_features.features]
    return TowerEncoder(
        read.numpy(),
        to_numpy(weights["user_values"]),
        to_numpy(weights["user_ids"]),
        ids.block,
        ids.offsets,
        to_numpy(weights["hidden.weight"]),
        to_numpy(weights["hidden.bias"]),
        to_numpy(weights["output.weight"]),
        to_numpy(weights["direct.weight"]),
        to_numpy(weights["output.bias"]),
        features=features,
        decays=list(decays),
        last=last,
    )


def to_numpy(tensor: Tensor) -> np.ndarray:
    """A copy in numpy, whatever device the tensor is on."""
    return tensor.detach().cpu().numpy().copy()
