"""The rest of the catalogue: items without a trained vector, below the minimum count or new since, placed by their genres."""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.cold import Genres
from tasks.core.decoding.model import Model
from tasks.core.encoders import ScalesEncoder
from tasks.core.log import log
from tasks.core.snapshot import Snapshot


@dataclasses.dataclass(frozen=True)
class Served:
    """What a candidate holds.

    Attributes:
        model: of all items that can be recommended.
        similar: float32 (n, s), item-to-item vectors of the same items.
        cold: int (c), the places of those that were placed by their genres.
    """

    model: Model
    similar: np.ndarray
    cold: np.ndarray


def complete(model: Model, similar: np.ndarray, snapshot: Snapshot, cold_items: str) -> Served:
    """Add candidate, input and item-to-item vectors for the cold items that have a genre of a trained one; the others are left out.

    So a history with a cold item counts it, and it can be recommended; `tasks.core.cold` says where it stands.
    """
    items = len(snapshot.item_ids)
    trained = model.places(items) >= 0
    wanted = np.zeros(0, np.int64)
    if cold_items == "metadata":
        genres = Genres.of(snapshot.items["genres"].to_pylist(), snapshot.histories("train").users_of(items), trained)
        wanted = np.flatnonzero(~trained & genres.told())
    log("decoding.cold", cold_items=cold_items, trained=int(trained.sum()), items_cold=len(wanted), items_left_out=int((~trained).sum()) - len(wanted))
    if not len(wanted):
        return Served(model, similar, wanted)
    order = np.argsort(np.concatenate([model.rows, wanted]))
    candidates, inputs, alike = (np.vstack([known, genres.predict(known, model.rows, wanted, standing)])[order]
                                 for known, standing in ((model.candidates, True), (model.encoder.inputs, True), (similar, False)))
    encoder = ScalesEncoder(inputs, model.encoder.decays, model.encoder.last, model.encoder.constant)
    rows = np.concatenate([model.rows, wanted]).astype(np.int32)[order]
    return Served(Model(rows, candidates, encoder, model.choice), alike / np.maximum(np.linalg.norm(alike, axis=1, keepdims=True), 1),
                  np.flatnonzero(np.isin(rows, wanted)))
