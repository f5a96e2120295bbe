"""A trained network as what is served: candidate vectors and an encoder that needs no torch."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from tasks.core.retrieval.encoders import GRUEncoder, SASRecEncoder
from tasks.core.retrieval.unit_rows import unit_rows
from tasks.gru4rec.settings import Settings

SHARED_ARRAYS = {
    "embedding": "embedding.weight",
    "scale": "norm.weight",
    "shift": "norm.bias",
    "projection": "projection.weight",
    "projection_bias": "projection.bias",
}
GRU_ARRAYS = {
    "input_weights": "weight_ih_l0",
    "input_bias": "bias_ih_l0",
    "state_weights": "weight_hh_l0",
    "state_bias": "bias_hh_l0",
}
BLOCK_ARRAYS = {
    "before_scale": "before.weight",
    "before_shift": "before.bias",
    "attend": "attend.weight",
    "attend_bias": "attend.bias",
    "out": "out.weight",
    "out_bias": "out.bias",
    "after_scale": "after.weight",
    "after_shift": "after.bias",
    "wide": "wide.weight",
    "wide_bias": "wide.bias",
    "narrow": "narrow.weight",
    "narrow_bias": "narrow.bias",
}


def encoder(weights: dict[str, Tensor], settings: Settings) -> GRUEncoder | SASRecEncoder:
    """The encoder of a `Network`'s state dictionary; it reads the newest `window` items, as in
    training.
    """
    ends = {name: to_numpy(weights[tensor]) for name, tensor in SHARED_ARRAYS.items()}
    if settings.encoder == "gru":
        layer = {
            name: to_numpy(weights[f"encoder.layer.{tensor}"])
            for name, tensor in GRU_ARRAYS.items()
        }
        return GRUEncoder(**ends, **layer, last=settings.window, interests=settings.interests)
    blocks = {
        name: np.stack(
            [
                to_numpy(weights[f"encoder.blocks.{number}.{tensor}"])
                for number in range(settings.blocks)
            ]
        )
        for name, tensor in BLOCK_ARRAYS.items()
    }
    return SASRecEncoder(
        **ends,
        **blocks,
        places=to_numpy(weights["encoder.places.weight"]),
        final_scale=to_numpy(weights["encoder.norm.weight"]),
        final_shift=to_numpy(weights["encoder.norm.bias"]),
        last=settings.window,
        heads=settings.heads,
        interests=settings.interests,
    )


def candidates(weights: dict[str, Tensor], unit_items: bool = False) -> np.ndarray:
    """float32 (items, d + 1): an item's vector, then its bias; `unit_items` serves vectors of
    length one.
    """
    vectors = to_numpy(weights["embedding.weight"])
    return np.hstack(
        [unit_rows(vectors) if unit_items else vectors, to_numpy(weights["bias"])[:, None]]
    ).astype(np.float32)


def to_numpy(tensor: Tensor) -> np.ndarray:
    """A copy in numpy, whatever device the tensor is on."""
    return tensor.detach().cpu().numpy().copy()
