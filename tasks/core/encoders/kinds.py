"""The encoders that stand for themselves, by the name that `encoder.json` gives them."""

from __future__ import annotations

from tasks.core.encoders.gru import GRUEncoder
from tasks.core.encoders.mean import MeanEncoder
from tasks.core.encoders.sasrec import SASRecEncoder
from tasks.core.encoders.scales import ScalesEncoder
from tasks.core.encoders.tower import TowerEncoder

SINGLE = {
    "mean": MeanEncoder,
    "scales": ScalesEncoder,
    "gru": GRUEncoder,
    "sasrec": SASRecEncoder,
    "tower": TowerEncoder,
}
