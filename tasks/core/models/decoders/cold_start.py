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

MAX_COLD_PER_TRAINED = 100


@dataclasses.dataclass(frozen=True)
class CompletedModel:
    """A model with its cold items added, and which rows they are.

    Attributes:
        model: of all items that can be recommended.
        cold: int (c), the places of those that were placed by their genres or their likes.
    """

    model: SearchModel
    cold: np.ndarray


def add_cold_items(
    model: SearchModel,
    snapshot: Snapshot,
    cold_items: str,
    minimum_count: int = 1,
) -> CompletedModel:
    """Add candidate and input vectors for the cold items that have a genre of a trained one, and
    for those that `minimum_count` users liked or more and of which training learned nothing, as it
    does of one that stands beside no other; the others are left out.

    A history with a cold item of a known genre counts that item, and it can be recommended; see
    `tasks.core.retrieval.cold_start`. Of the second kind only the likes are known: such items are
    recommended by them, their input vectors are zero.
    """
    items = len(snapshot.item_ids)
    trained, genres = model.positions(items) >= 0, None
    by_genre = by_likes = np.zeros(0, np.int64)
    if cold_items == "metadata":
        likes = snapshot.histories("train").users_of(items)
        genres = GenrePredictor.of(snapshot.items["genres"].to_pylist(), likes, trained)
        by_genre, liked = _by_genre(genres, trained), likes >= max(minimum_count, 1)
        by_likes = np.flatnonzero(~trained & ~genres.has_known_genre() & liked)
    cold = np.concatenate([by_genre, by_likes])
    log(
        "decoding.cold",
        cold_items=cold_items,
        trained=int(trained.sum()),
        items_cold=len(cold),
        items_by_likes=len(by_likes),
        items_left_out=int((~trained).sum()) - len(cold),
    )
    if genres is None or not len(cold):
        return CompletedModel(model, cold)
    return _complete(model, genres, by_genre, by_likes)


def _by_genre(genres: GenrePredictor, trained: np.ndarray) -> np.ndarray:
    """Rows of cold items with a known genre; none where they would crowd out the trained ones."""
    rows = np.flatnonzero(~trained & genres.has_known_genre())
    if len(rows) <= MAX_COLD_PER_TRAINED * trained.sum():
        return rows
    log(
        "decoding.crowded",
        cold=len(rows),
        trained=int(trained.sum()),
        because=f"more than {MAX_COLD_PER_TRAINED} cold items for each trained one would "
        "stand before them: they are left out",
    )
    return rows[:0]


def _complete(
    model: SearchModel,
    genres: GenrePredictor,
    by_genre: np.ndarray,
    by_likes: np.ndarray,
) -> CompletedModel:
    cold = np.concatenate([by_genre, by_likes])
    order = np.argsort(np.concatenate([model.rows, cold]))

    def extended(known: np.ndarray, predict_by_likes: bool) -> np.ndarray:
        predicted = genres.predict(known, model.rows, by_genre)
        rest = (
            genres.predict_by_likes(known, model.rows, by_likes)
            if predict_by_likes
            else np.zeros((len(by_likes), known.shape[1]), np.float32)
        )
        return np.vstack([known, predicted, rest])[order]

    encoder = ScalesEncoder(
        extended(model.encoder.inputs, False),
        model.encoder.decays,
        model.encoder.last,
        model.encoder.constant,
    )
    rows = np.concatenate([model.rows, cold]).astype(np.int32)[order]
    return CompletedModel(
        SearchModel(rows, extended(model.candidates, True), encoder, model.choice),
        np.flatnonzero(np.isin(rows, cold)),
    )
