"""The rest of the catalogue: items without a trained vector, placed by their genres, or by their
likes where those are all that is known.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.cli.log import log
from tasks.core.data.snapshot import Snapshot
from tasks.core.models.decoders.search_model import SearchModel
from tasks.core.retrieval.cold_start import GenrePredictor
from tasks.core.retrieval.encoders import ScalesEncoder

MAX_LONE_ITEMS = 100


@dataclasses.dataclass(frozen=True)
class CompletedModel:
    """What a candidate holds.

    Attributes:
        model: of all items that can be recommended.
        similar: float32 (n, s), item-to-item vectors of the same items.
        cold: int (c), the places of those that were placed by their genres or their likes.
    """

    model: SearchModel
    similar: np.ndarray
    cold: np.ndarray


def add_cold_items(
    model: SearchModel,
    similar: np.ndarray,
    snapshot: Snapshot,
    cold_items: str,
    minimum_count: int = 1,
) -> CompletedModel:
    """Add candidate, input and item-to-item vectors for the cold items that have a genre of a
    trained one, and for those that `minimum_count` users liked or more and of which training
    learned nothing, as it does of one that stands beside no other; the others are left out.

    Genres of a few trained items say nothing of a whole catalogue: more than `CROWD` cold items for
    each trained one are left out as well.

    So a history with a cold item of a known genre counts it, and it can be recommended;
    `tasks.core.retrieval.cold_start` says where it stands. Of the latter nothing but their likes is
    known: they are recommended by them, their input and item-to-item vectors are zero.
    """
    items = len(snapshot.item_ids)
    trained = model.places(items) >= 0
    placed = lone = np.zeros(0, np.int64)
    if cold_items == "metadata":
        likes = snapshot.histories("train").users_of(items)
        genres = GenrePredictor.of(snapshot.items["genres"].to_pylist(), likes, trained)
        placed = np.flatnonzero(~trained & genres.has_known_genre())
        if len(placed) > MAX_LONE_ITEMS * trained.sum():
            log(
                "decoding.crowded",
                cold=len(placed),
                trained=int(trained.sum()),
                because=f"more than {MAX_LONE_ITEMS} cold items for each trained one would "
                "stand before them: they are left out",
            )
            placed = placed[:0]
        lone = np.flatnonzero(
            ~trained & ~genres.has_known_genre() & (likes >= max(minimum_count, 1))
        )
    wanted = np.concatenate([placed, lone])
    log(
        "decoding.cold",
        cold_items=cold_items,
        trained=int(trained.sum()),
        items_cold=len(wanted),
        items_by_likes=len(lone),
        items_left_out=int((~trained).sum()) - len(wanted),
    )
    if not len(wanted):
        return CompletedModel(model, similar, wanted)
    order = np.argsort(np.concatenate([model.rows, wanted]))

    def filled(known: np.ndarray, standing: bool, by_likes: bool) -> np.ndarray:
        more = genres.predict(known, model.rows, placed, standing)
        rest = (
            genres.predict_by_likes(known, model.rows, lone)
            if by_likes
            else np.zeros((len(lone), known.shape[1]), np.float32)
        )
        return np.vstack([known, more, rest])[order]

    candidates, inputs = (
        filled(model.candidates, True, True),
        filled(model.encoder.inputs, True, False),
    )
    alike = filled(similar, False, False)
    encoder = ScalesEncoder(
        inputs, model.encoder.decays, model.encoder.last, model.encoder.constant
    )
    rows = np.concatenate([model.rows, wanted]).astype(np.int32)[order]
    return CompletedModel(
        SearchModel(rows, candidates, encoder, model.choice),
        alike / np.maximum(np.linalg.norm(alike, axis=1, keepdims=True), 1),
        np.flatnonzero(np.isin(rows, wanted)),
    )
