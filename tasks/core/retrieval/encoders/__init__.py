"""Encoders: from a history of item rows, and from what else is known of a user, to a query vector,
in numpy alone.

The evaluator, the publisher and the reader that services import all use these, so what is judged is
what is served. A trainer describes its encoder by `encoder.json` (`kind` and numbers) and
`encoder.<name>.npy` beside it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tasks.core.cli.errors import Corrupt
from tasks.core.retrieval.encoders.base import Encoder
from tasks.core.retrieval.encoders.fused import FusedEncoder
from tasks.core.retrieval.encoders.gru import GRUEncoder
from tasks.core.retrieval.encoders.kinds import SINGLE_MODEL_ENCODERS
from tasks.core.retrieval.encoders.mean import MeanEncoder
from tasks.core.retrieval.encoders.sasrec import SASRecEncoder
from tasks.core.retrieval.encoders.scales import ScalesEncoder
from tasks.core.retrieval.encoders.tower import TowerEncoder
from tasks.core.store.arrays import load, save

__all__ = [
    "KINDS",
    "Encoder",
    "FusedEncoder",
    "GRUEncoder",
    "MeanEncoder",
    "SASRecEncoder",
    "ScalesEncoder",
    "TowerEncoder",
    "load_encoder",
    "save_encoder",
]

KINDS: dict[str, Callable[..., Encoder]] = {
    **SINGLE_MODEL_ENCODERS,
    FusedEncoder.kind: FusedEncoder.read,
}


def save_encoder(folder: Path, encoder: Encoder) -> None:
    """Write an encoder beside the vectors it searches."""
    arrays = encoder.arrays()
    for name, array in arrays.items():
        save(folder / f"encoder.{name}.npy", array)
    (folder / "encoder.json").write_text(
        json.dumps({"kind": encoder.kind, "arrays": sorted(arrays), **encoder.numbers()}, indent=1)
    )


def load_encoder(folder: Path, mmap: bool = False) -> Encoder:
    """Read an encoder.

    Raises:
        Corrupt: a kind this version does not know.
    """
    numbers = json.loads((folder / "encoder.json").read_text())
    kind, names = numbers.pop("kind"), numbers.pop("arrays")
    if kind not in KINDS:
        raise Corrupt(
            f"{folder / 'encoder.json'} names an encoder this version does not know",
            got=kind,
            allowed=f"one of {', '.join(KINDS)}",
            remedy="upgrade this reader",
        )
    return KINDS[kind](
        **numbers, **{name: load(folder / f"encoder.{name}.npy", mmap) for name in names}
    )
