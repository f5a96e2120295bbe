"""Input vectors trained apart from their output vectors, by a trainer that has only the former.

vectors/<dataset>/<id>/
    rows.npy        int32 (n)        rows of the item table, ascending
    inputs.npy      float32 (n, d)
    manifest.json   facts: dataset, day, snapshot, trainer, dimension; lineage: settings, code, the
                    walks they were trained on
"""

from __future__ import annotations

import numpy as np

from tasks.core.store.arrays import load
from tasks.core.store.manifest import Artefact


def read_vectors(artefact: Artefact) -> tuple[np.ndarray, np.ndarray]:
    """Rows and input vectors."""
    return load(artefact.file("rows.npy")), load(artefact.file("inputs.npy"))
