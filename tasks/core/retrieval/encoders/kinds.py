"""The encoders that stand for themselves, by the name that `encoder.json` gives them."""

from __future__ import annotations

from tasks.core.retrieval.encoders.gru import GRUEncoder
from tasks.core.retrieval.encoders.mean import MeanEncoder
from tasks.core.retrieval.encoders.sasrec import SASRecEncoder
from tasks.core.retrieval.encoders.scales import ScalesEncoder
from tasks.core.retrieval.encoders.tower import TowerEncoder

SINGLE_MODEL_ENCODERS = {
    "mean": MeanEncoder,
    "scales": ScalesEncoder,
    "gru": GRUEncoder,
    "sasrec": SASRecEncoder,
    "tower": TowerEncoder,
}
