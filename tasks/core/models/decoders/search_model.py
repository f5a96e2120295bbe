"""A way to search: candidate vectors, and the encoder whose queries meet them."""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.models.item_vectors import row_positions
from tasks.core.retrieval.encoders import ScalesEncoder


@dataclasses.dataclass(frozen=True)
class SearchChoice:
    """The way queries and candidates are made from a trainer's vectors.

    Attributes:
        decoder: `none` (the trainer's own output vectors), `leave-one-out`, `causal`, or `blended`:
            own outputs and causal side by side.
        decays: of each scale of the query (`ScalesEncoder`).
        last: items a query is made of at most; None: all.
        ridge: λ of the decoder; 0 for none.
        horizon: of the causal decoder.
        popularity: weight of the popularity dimension; 0: there is none.
        own: weight of the trainer's own outputs in the blend, 1 − own that of the causal ones, both
            in spreads of their scores.
    """

    decoder: str
    decays: tuple[float | None, ...]
    last: int | None = None
    ridge: float = 0.0
    horizon: float | None = None
    popularity: float = 0.0
    own: float = 0.0

    def figures(self) -> dict[str, float]:
        """The numbers, for a curve or a table; 0 stands for "all alike" and "all"."""
        decays = {
            "query_decay" if scale == 0 else f"query_decay_{scale + 1}": decay or 0.0
            for scale, decay in enumerate(self.decays)
        }
        return {
            **decays,
            "query_last": float(self.last or 0),
            "ridge": self.ridge,
            "horizon": self.horizon or 0.0,
            "popularity": self.popularity,
            "own_outputs": self.own,
        }


@dataclasses.dataclass(frozen=True)
class SearchModel:
    """Candidates of n recommendable items and the encoder of their queries.

    Attributes:
        rows: int32 (n), their rows in the item table, ascending.
        candidates: float32 (n, D); no row is all zero.
        encoder: from places in `rows` to queries of D dimensions.
        choice: how it was made.
    """

    rows: np.ndarray
    candidates: np.ndarray
    encoder: ScalesEncoder
    choice: SearchChoice

    @classmethod
    def of(
        cls, rows: np.ndarray, inputs: np.ndarray, candidates: np.ndarray, choice: SearchChoice
    ) -> SearchModel:
        """From vectors of all trained items; one whose candidate is all zero is left out: it would
        outrank negative scores; so is one that a decoder could not solve for."""
        kept = candidates.any(axis=1) & np.isfinite(candidates).all(axis=1)
        constant = candidates.shape[1] > inputs.shape[1] * len(choice.decays)
        encoder = ScalesEncoder(
            np.ascontiguousarray(inputs[kept]), list(choice.decays), choice.last, constant
        )
        return cls(rows[kept], np.ascontiguousarray(candidates[kept]), encoder, choice)

    def positions(self, items: int) -> np.ndarray:
        """int32 (items): the place in `rows` of each row of the item table, −1 for one that is not
        here.
        """
        return row_positions(self.rows, items)

    def with_popularity(self, popular: np.ndarray, weight: float, spread: float) -> SearchModel:
        """The model with one dimension more: each item's standardised log popularity, weighed by
        `weight` spreads of a query's scores.

        Args:
            popular: (n), users who liked each item, or the sum of its pairs.
        """
        logs = np.log1p(popular)
        last = weight * spread * (logs - logs.mean()) / max(logs.std(), 1e-9)
        encoder = ScalesEncoder(
            self.encoder.inputs, self.encoder.decays, self.encoder.last, constant=True
        )
        return SearchModel(
            self.rows,
            np.column_stack([self.candidates, last.astype(np.float32)]),
            encoder,
            dataclasses.replace(self.choice, popularity=weight),
        )
