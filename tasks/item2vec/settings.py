"""The request of the item2vec stage, as the trigger form and the command line know it."""

from __future__ import annotations

import dataclasses
from typing import Literal

from tasks.core.cli.request import REQUIRED, setting
from tasks.core.models.fit_request import TrackedRequest


@dataclasses.dataclass(frozen=True)
class Settings:
    """How item vectors are learned. Defaults are what was best on the validation rows of MovieLens
    100K.
    """

    trainer: Literal["auto", "netmf", "gensim"] = setting(
        "auto",
        "netmf: the closed form of skip-gram, of two-step walks and of sequences, up to "
        "20,000 items; gensim: word2vec on the corpus; auto: netmf where it can.",
        title="Trainer",
        section="Model",
    )
    decoder: Literal["auto", "none", "leave-one-out", "causal", "blended"] = setting(
        "auto",
        "Output vectors: the trainer's own, or ridge regressions of each item on the rest "
        "of a list, or on what came before it; blended: the own beside the latter; auto "
        "chooses on validation.",
        title="Decoder",
        section="Model",
        details="The regressions start from the trainer's input vectors.",
    )
    popularity: float | None = setting(
        None,
        "Weight of a dimension that holds popularity, in spreads of the scores; 0 for none.",
        title="Popularity",
        section="Model",
        empty="chosen on validation",
        details="The causal decoder has its own.",
        minimum=0,
        maximum=10,
    )
    corpus: Literal["walks", "sequences", "mixed"] = setting(
        "walks",
        "What is learned from: walks over the graph, users' own lists in order of time, or both.",
        title="Corpus",
        section="Walks",
    )
    walk_length: int = setting(
        4, "Items in a walk.", title="Walk length", section="Walks", minimum=2, maximum=100
    )
    walk_words: float = setting(
        0.5,
        "Words of walks an epoch for each training interaction.",
        title="Words of walks",
        section="Walks",
        details="Every epoch has new walks.",
        minimum=0.01,
        maximum=1000,
    )
    algorithm: Literal["skip-gram", "cbow"] = setting(
        "cbow",
        "Predict the neighbours from the item, or the item from its neighbours.",
        title="Algorithm",
        section="Model",
    )
    dimension: int = setting(
        128,
        "Dimensions of an item's input vector.",
        title="Dimension",
        section="Model",
        minimum=2,
        maximum=1024,
    )
    window: int = setting(
        4,
        "Neighbours within this many places are predicted.",
        title="Window",
        section="Model",
        minimum=1,
        maximum=200,
    )
    negatives: int = setting(
        5,
        "Noise items drawn for each observed pair.",
        title="Negatives",
        section="Model",
        minimum=1,
        maximum=200,
    )
    negative_exponent: float = setting(
        0.5,
        "Noise items are drawn by popularity to this power.",
        title="Negative exponent",
        section="Model",
        minimum=-3,
        maximum=3,
    )
    learning_rate: float = setting(
        0.05,
        "At the first epoch; falls linearly to a hundredth of it.",
        title="Learning rate",
        section="Training",
        minimum=1e-5,
        maximum=1,
    )
    epochs: int = setting(
        60,
        "Passes over the corpus at most.",
        title="Epochs",
        section="Training",
        minimum=1,
        maximum=2000,
    )
    budget_minutes: float = setting(
        40.0,
        "Minutes that a training may take: as many epochs as fit, at least one; of a closed "
        "form, the exact one where it fits.",
        title="Budget (minutes)",
        section="Training",
        details="The epochs of gensim are measured, the closed form is predicted.",
        minimum=0.01,
        maximum=10_000,
    )
    patience: int = setting(
        40,
        "Epochs without a better validation recall@50 before training stops.",
        title="Patience",
        section="Training",
        minimum=1,
        maximum=2000,
    )
    minimum_count: int = setting(
        1,
        "Items liked by fewer users are not trained: they are cold items.",
        title="Minimum count",
        section="Model",
        details="Users of the training part are counted.",
        minimum=1,
        maximum=1_000_000,
    )
    cold_items: Literal["leave-out", "metadata"] = setting(
        "metadata",
        "Items of the catalogue that are not trained: left out, or given a vector predicted "
        "from their genres, at the popularity of the least-liked items.",
        title="Cold items",
        section="Model",
    )
    warm_start: bool = setting(
        True,
        "gensim goes on from the champion's vectors; netmf, a closed form, always begins anew.",
        title="Warm start",
        section="Day over day",
    )
    warm_share: float = setting(
        0.35,
        "Share of the epochs and of the learning rate of a training that goes on.",
        title="Share of a training",
        section="Day over day",
        minimum=0.01,
        maximum=1,
    )
    align: bool = setting(
        True,
        "Turn all vectors onto the champion's, so that yesterday's stay comparable; no "
        "score changes.",
        title="Align",
        section="Day over day",
    )
    query_decay: float | None = setting(
        None,
        "Items after which a liked item's weight in the query has fallen to 1/e; 0 weighs "
        "all alike.",
        title="Query decay",
        section="Model",
        empty="chosen on validation",
        details="The causal decoder has its own two.",
        minimum=0,
        maximum=10_000,
    )
    validation_users: int | None = setting(
        None,
        "Users drawn for validation at most; none: 5,000, fewer where the catalogue exceeds "
        "20,000 items.",
        minimum=1,
        maximum=1_000_000,
    )
    threads: int = setting(
        1,
        "Training threads; with more than 1 two trainings differ slightly.",
        title="Threads",
        section="Training",
        details="The walks do not differ.",
        minimum=1,
        maximum=64,
    )


@dataclasses.dataclass(frozen=True)
class FitRequest(TrackedRequest):
    """Train item vectors on one graph and the snapshot it was built from."""

    store: str = setting(REQUIRED, "URI of the store.")
    graph: str = setting(REQUIRED, "URI of the graph.")
    snapshot: str | None = setting(
        None, "URI of the snapshot with sequences and validation rows; none takes the graph's own."
    )
    settings: Settings = setting(Settings(), "How vectors are learned.")
    vectors: str | None = setting(
        None,
        "URI of input vectors that `graph word2vec` learned with Spark; then no trainer "
        "runs here, only decoder and query are chosen.",
    )
    champion: str | None = setting(
        None,
        "URI of the candidate to go on from and to align with; none takes the champion in "
        "the registry, when tracked.",
    )
