"""Input vectors that were learned elsewhere: by `graph word2vec`, for corpora that outgrow one
machine.

Its trainer leaves no output vectors. Those of the leave-one-out decoder stand for them, and the
decoders and queries that are tried on validation are tried on these vectors as on any others.
"""

from __future__ import annotations

import numpy as np

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Snapshot
from tasks.core.models.decoders.leave_one_out import LeaveOneOut
from tasks.core.models.decoders.model_selection import LEAVE_ONE_OUT_RIDGES
from tasks.core.models.input_vectors import read_vectors
from tasks.core.models.item_vectors import ItemVectors, row_positions
from tasks.core.retrieval.unit_rows import unit_rows
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store


def find(store: Store, uri: str | None, snapshot: Snapshot) -> Artefact | None:
    """The vectors at `uri`, if one is given.

    Raises:
        BadRequest: there are none, or they are of another snapshot, whose item rows differ.
    """
    if uri is None:
        return None
    found = store.open(uri, "vectors")
    if found.facts["snapshot"] != snapshot.id:
        raise BadRequest(
            "the vectors were learned from another snapshot, whose item rows differ",
            got=f"{found.facts['snapshot']}, {uri}",
            allowed=snapshot.id,
            remedy="walk on this snapshot's graph and learn from those walks",
        )
    return found


def with_output_vectors(artefact: Artefact, train: Histories, known: np.ndarray) -> ItemVectors:
    """The vectors of known items, with output vectors.

    Args:
        train: liked rows of the training part.
        known: bool (items), those that may have a vector.

    Raises:
        RefusedData: no known item has an input vector.
    """
    rows, inputs = read_vectors(artefact)
    kept = known[rows] & inputs.any(axis=1)
    if not kept.any():
        raise RefusedData(
            "none of the vectors is of an item that is liked often enough",
            got=f"{len(rows)} vectors, {artefact.uri}",
            remedy="lower minimum_count, or draw more walks",
        )
    rows, inputs = rows[kept].astype(np.int32), unit_rows(inputs[kept]).astype(np.float32)
    outputs = LeaveOneOut(inputs, train.remap_items(row_positions(rows, len(known)))).outputs(
        LEAVE_ONE_OUT_RIDGES[0]
    )
    met = outputs.any(axis=1)
    return ItemVectors(rows[met], inputs[met], outputs[met])
