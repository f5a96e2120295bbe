"""A trained network as what is served: candidate vectors and an encoder that needs no torch."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from tasks.core.encoders import GRUEncoder

TENSORS = {"embedding": "embedding.weight", "scale": "norm.weight", "shift": "norm.bias",
           "input_weights": "gru.weight_ih_l0", "input_bias": "gru.bias_ih_l0",
           "state_weights": "gru.weight_hh_l0", "state_bias": "gru.bias_hh_l0",
           "projection": "projection.weight", "projection_bias": "projection.bias"}


def encoder(weights: dict[str, Tensor], window: int) -> GRUEncoder:
    """The encoder of a state dictionary of `GRU4Rec`; it reads the newest `window` items, as in training."""
    return GRUEncoder(**{name: array(weights[tensor]) for name, tensor in TENSORS.items()}, last=window)


def candidates(weights: dict[str, Tensor]) -> np.ndarray:
    """float32 (items, d + 1): an item's vector, then its bias."""
    return np.hstack([array(weights["embedding.weight"]), array(weights["bias"])[:, None]])


def array(tensor: Tensor) -> np.ndarray:
    """A copy in numpy, whatever device the tensor is on."""
    return tensor.detach().cpu().numpy().copy()
