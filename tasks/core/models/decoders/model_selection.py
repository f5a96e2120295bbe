"""The decoder, its ridge, the query and the popularity term that do best on validation: few and
coarse options, all in closed form.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

import numpy as np

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log, say
from tasks.core.data.histories import Histories
from tasks.core.models.decoders.causal import Causal
from tasks.core.models.decoders.leave_one_out import LeaveOneOut
from tasks.core.models.decoders.search_model import SearchChoice, SearchModel
from tasks.core.models.item_vectors import ItemVectors
from tasks.core.models.validation import Validation
from tasks.core.retrieval.unit_rows import unit_rows

QUERY_GRID = (
    (None, None),
    (30.0, None),
    (10.0, None),
    (5.0, None),
    (2.0, None),
    (None, 3),
)  # decay and newest items of a mean; plainest first
LEAVE_ONE_OUT_RIDGES = (100.0, 300.0, 30.0)
CAUSAL_DECAYS = (3.0, 30.0)  # items: two scales
CAUSAL_HORIZONS = (None, 6.0)
CAUSAL_RIDGES = (0.1, 0.01, 1.0)  # of the mean square of a query's dimensions
POPULARITIES = (0.1, 0.3)
BLEND_DECAYS = (5.0, 2.0)
BLEND_OWN = (0.3, 0.5, 0.7)
FINALISTS = 3  # of a decoder's models are asked of all users
SCREENING_FACTOR = 3  # times as many users as a screening asks: below it, screening saves nothing
# of validation recall: about two standard errors of the difference between decoders at 1,000 users
# with one label each
CLEAR_GAIN = 0.02


class Settings(Protocol):
    """The settings of a family that the selection reads.

    Attributes:
        decoder: `auto`, or one of `DECODERS` and `blended`.
        popularity: weight of the popularity dimension; None: chosen.
        query_decay: of the query; 0 weighs all alike; None: chosen.
    """

    @property
    def decoder(self) -> str: ...

    @property
    def popularity(self) -> float | None: ...

    @property
    def query_decay(self) -> float | None: ...


@dataclasses.dataclass(frozen=True)
class SelectedModel:
    """The best model, its validation recall, and the best recall of each decoder that was tried."""

    model: SearchModel
    recall: float
    by_decoder: dict[str, float]

    def figures(self) -> dict[str, float]:
        """The figures to record."""
        tried = {
            f"validation_recall_50_{name.replace('-', '_')}": recall
            for name, recall in self.by_decoder.items()
        }
        return {"validation_recall_50": self.recall, **tried, **self.model.choice.figures()}


def select_model(
    settings: Settings,
    vectors: ItemVectors,
    train: Histories,
    validation: Validation,
    before: SearchChoice | None = None,
) -> SelectedModel:
    """Try the decoders, queries and popularity weights that the settings leave open.

    Args:
        train: liked rows of the training part, as rows of the item table.
        before: the champion's choice. Another decoder would give candidate vectors another meaning
            and dimension overnight, and another ridge of the same recall shows other items (on
            MovieLens 100K a tenth of the catalogue), so another has to be clearly better; None: the
            best is taken.

    Raises:
        RefusedData: no item has a candidate vector.
    """
    own = train.remap_items(vectors.positions(validation.items))
    popular = train.popularity(validation.items)
    tried: dict[str, tuple[SearchModel, float]] = {}
    for decoder in DECODERS_BY_SETTING.get(settings.decoder, (settings.decoder,)):
        if decoder == "blended" and "causal" not in tried:
            continue
        say(f"choosing how the vectors are searched: decoder {decoder}")
        models = (
            _blend(vectors, tried["causal"][0], validation)
            if decoder == "blended"
            else DECODERS[decoder](settings, vectors, own)
        )
        best = _best(models, validation, partial(_as_before, before=before) if before else None)
        if best is not None:
            tried[decoder] = _with_popularity(settings, *best, popular, validation, before)
        _log_decoder(decoder, tried.get(decoder))
    if not tried or (settings.decoder != "auto" and settings.decoder not in tried):
        raise _no_candidate(settings, vectors, own)
    recalls = {decoder: recall for decoder, (_, recall) in tried.items()}
    return SelectedModel(*tried[_choose_decoder(settings, recalls, before)], recalls)


def _no_candidate(settings: Settings, vectors: ItemVectors, own: Histories) -> RefusedData:
    return RefusedData(
        "no item has a candidate vector: no two of the vocabulary follow each other",
        got=f"decoder {settings.decoder}, {len(vectors.rows)} trained items, "
        f"{int((own.lengths > 1).sum())} users with two of them or more",
        remedy="set decoder to auto, lower minimum_count, or ingest more data",
    )


def _log_decoder(decoder: str, best: tuple[SearchModel, float] | None) -> None:
    if best is None:
        log(
            "decoding.decoder",
            decoder=decoder,
            because="it makes no candidate vector of these lists: too few items stand "
            "beside another",
        )
        return
    model, recall = best
    log("decoding.decoder", decoder=decoder, validation_recall_50=recall, **model.choice.figures())


def _choose_decoder(
    settings: Settings, recalls: dict[str, float], before: SearchChoice | None
) -> str:
    """The decoder that is set; else the best, or the champion's unless the best is clearly
    better.
    """
    if settings.decoder != "auto":
        return settings.decoder
    best = max(recalls, key=lambda decoder: recalls[decoder])
    if before and recalls.get(before.decoder, 0.0) > recalls[best] - CLEAR_GAIN:
        return before.decoder
    return best


def query_candidates(settings: Settings) -> tuple[tuple[float | None, int | None], ...]:
    """Decay and newest items of the means that are tried."""
    return QUERY_GRID if settings.query_decay is None else ((settings.query_decay or None, None),)


def own_output_models(
    vectors: ItemVectors, choices: tuple[tuple[float | None, int | None], ...]
) -> Iterator[SearchModel]:
    """The trainer's own output vectors under each of these queries."""
    for decay, last in choices:
        yield SearchModel.of(
            vectors.rows, vectors.inputs, vectors.outputs, SearchChoice("none", (decay,), last)
        )


def _none(settings: Settings, vectors: ItemVectors, own: Histories) -> Iterator[SearchModel]:
    return own_output_models(vectors, query_candidates(settings))


def _leave_one_out(
    settings: Settings, vectors: ItemVectors, own: Histories
) -> Iterator[SearchModel]:
    inputs = unit_rows(vectors.inputs).astype(np.float32)
    decoder = LeaveOneOut(inputs, own)
    for ridge in LEAVE_ONE_OUT_RIDGES:
        outputs = decoder.outputs(ridge)
        for decay, last in query_candidates(settings):
            yield SearchModel.of(
                vectors.rows, inputs, outputs, SearchChoice("leave-one-out", (decay,), last, ridge)
            )


def _causal(settings: Settings, vectors: ItemVectors, own: Histories) -> Iterator[SearchModel]:
    inputs = unit_rows(vectors.inputs).astype(np.float32)
    for horizon in CAUSAL_HORIZONS:
        decoder = Causal(inputs, own, CAUSAL_DECAYS, horizon)
        for ridge in CAUSAL_RIDGES:
            yield SearchModel.of(
                vectors.rows,
                inputs,
                decoder.outputs(ridge),
                SearchChoice("causal", CAUSAL_DECAYS, None, ridge, horizon),
            )


def _blend(
    vectors: ItemVectors, causal: SearchModel, validation: Validation
) -> Iterator[SearchModel]:
    """The trainer's own outputs beside the causal ones, each scaled by the spread of its scores:
    one inner product, their weighted sum.
    """
    there = np.searchsorted(vectors.rows, causal.rows)
    inputs, outputs, spread = (
        causal.encoder.inputs,
        vectors.outputs[there],
        validation.spread(causal),
    )
    for decay in BLEND_DECAYS:
        own = SearchModel.of(causal.rows, inputs, outputs, SearchChoice("none", (decay,)))
        scale = spread / max(validation.spread(own), 1e-9)
        for weight in BLEND_OWN:
            candidates = np.hstack(
                [weight * scale * outputs, (1 - weight) * causal.candidates]
            ).astype(np.float32)
            choice = dataclasses.replace(
                causal.choice, decoder="blended", decays=(decay, *causal.choice.decays), own=weight
            )
            yield SearchModel.of(causal.rows, inputs, candidates, choice)


DECODERS = {"none": _none, "leave-one-out": _leave_one_out, "causal": _causal}
DECODERS_BY_SETTING = {
    "auto": (*DECODERS, "blended"),
    "blended": ("causal", "blended"),
}  # in this order; any other setting is tried alone


def _as_before(choice: SearchChoice, before: SearchChoice) -> bool:
    """Whether this is how the champion was made, its popularity dimension aside; of a blend, its
    causal half.
    """
    if (choice.decoder, before.decoder) == ("causal", "blended"):
        return (choice.ridge, choice.horizon) == (before.ridge, before.horizon)
    return dataclasses.replace(choice, popularity=before.popularity) == before


def _best(
    models: Iterator[SearchModel],
    validation: Validation,
    steady: Callable[[SearchChoice], bool] | None = None,
) -> tuple[SearchModel, float] | None:
    """The first among equals; or the one that is `steady`, unless the best is clearly better; None
    where no model has an item.
    """
    tried = [
        (validation.recall(model), model)
        for model in _worth_it((one for one in models if len(one.rows)), validation, steady)
    ]
    if not tried:
        return None
    best, model = max(tried, key=lambda one: one[0])
    for recall, other in tried:
        if steady and steady(other.choice) and recall > best - CLEAR_GAIN:
            return other, recall
    return model, best


def _worth_it(
    models: Iterator[SearchModel],
    validation: Validation,
    steady: Callable[[SearchChoice], bool] | None,
) -> list[SearchModel]:
    """Of many models those that do best for a few of many users, and the one that is `steady`, in
    their order; else all of them.
    """
    few = validation.few()
    if len(validation) < SCREENING_FACTOR * len(few):
        return list(models)
    kept: list[tuple[float, int, SearchModel]] = []
    for number, model in enumerate(models):
        kept.append((few.recall(model), number, model))
        if len(kept) > FINALISTS:
            worst = min(
                (one for one in kept if not (steady and steady(one[2].choice))),
                key=lambda one: (one[0], -one[1]),
                default=None,
            )
            kept = [one for one in kept if one is not worst]
    return [model for _, _, model in sorted(kept, key=lambda one: one[1])]


def _with_popularity(
    settings: Settings,
    model: SearchModel,
    recall: float,
    popular: np.ndarray,
    validation: Validation,
    before: SearchChoice | None,
) -> tuple[SearchModel, float]:
    """The model with a popularity dimension, when that does better or is asked for; the causal
    decoder has its intercept already.
    """
    weights = POPULARITIES if settings.popularity is None else (settings.popularity,)
    if model.choice.decoder in ("causal", "blended") or weights == (0,):
        return model, recall
    spread = validation.spread(model)
    models = [model.with_popularity(popular[model.rows], weight, spread) for weight in weights]
    if settings.popularity is None:
        models.insert(0, model)
    best = _best(iter(models), validation, before.__eq__ if before else None)
    return best or (model, recall)
