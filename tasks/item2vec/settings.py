"""The request of the item2vec stage, as the trigger form and the command line know it."""

from __future__ import annotations

import dataclasses
from typing import Literal

from tasks.core.cli.request import REQUIRED, setting


@dataclasses.dataclass(frozen=True)
class Settings:
    """How item vectors are learned. Defaults are what was best on the validation rows of MovieLens
    100K.
    """

    trainer: Literal["auto", "netmf", "gensim"] = setting(
        "auto",
        "netmf: the closed form of skip-gram, of two-step walks and of sequences, up to 20,000 "
        "items; "
        "gensim: word2vec on the corpus; auto: netmf where it can",
    )
    decoder: Literal["auto", "none", "leave-one-out", "causal", "blended"] = setting(
        "auto",
        "output vectors: the trainer's own, or ridge regressions from its input vectors: of "
        "each item on the rest of a list, "
        "or on what came before it; blended: the own beside the latter; auto chooses on validation",
    )
    popularity: float | None = setting(
        None,
        "weight of a dimension that holds popularity, in spreads of the scores; 0 for none; "
        "none chooses on validation; the causal decoder has its own",
        minimum=0,
        maximum=10,
    )
    corpus: Literal["walks", "sequences", "mixed"] = setting(
        "walks",
        "what is learned from: walks over the graph, users' own lists in order of time, or both",
    )
    walk_length: int = setting(4, "items in a walk", minimum=2, maximum=100)
    walk_words: float = setting(
        0.5,
        "words of walks an epoch for each training interaction; every epoch has new walks",
        minimum=0.01,
        maximum=1000,
    )
    algorithm: Literal["skip-gram", "cbow"] = setting(
        "cbow", "predict the neighbours from the item, or the item from its neighbours"
    )
    dimension: int = setting(128, "dimensions of an item's input vector", minimum=2, maximum=1024)
    window: int = setting(
        4, "neighbours within this many places are predicted", minimum=1, maximum=200
    )
    negatives: int = setting(5, "noise items drawn for each observed pair", minimum=1, maximum=200)
    negative_exponent: float = setting(
        0.5, "noise items are drawn by popularity to this power", minimum=-3, maximum=3
    )
    learning_rate: float = setting(
        0.05, "at the first epoch; falls linearly to a hundredth of it", minimum=1e-5, maximum=1
    )
    epochs: int = setting(60, "passes over the corpus at most", minimum=1, maximum=2000)
    budget_minutes: float = setting(
        40.0,
        "minutes that gensim's epochs may take, as measured, at least one; of the closed form, "
        "as predicted",
        minimum=0.01,
        maximum=10_000,
    )
    patience: int = setting(
        40,
        "epochs without a better validation recall@50 before training stops",
        minimum=1,
        maximum=2000,
    )
    minimum_count: int = setting(
        1,
        "items liked by fewer users in the training part are not trained: they are cold items",
        minimum=1,
        maximum=1_000_000,
    )
    cold_items: Literal["leave-out", "metadata"] = setting(
        "metadata",
        "items of the catalogue without a trained vector: left out, or placed by their genres "
        "where hardly liked items stand",
    )
    warm_start: bool = setting(
        True, "gensim goes on from the champion's vectors; netmf, a closed form, always begins anew"
    )
    warm_share: float = setting(
        0.35,
        "share of the epochs and of the learning rate of a training that goes on",
        minimum=0.01,
        maximum=1,
    )
    align: bool = setting(
        True,
        "turn all vectors onto the champion's, so that yesterday's stay comparable; no score "
        "changes",
    )
    query_decay: float | None = setting(
        None,
        "items after which a liked item's weight in the query has fallen to 1/e; 0 weighs all "
        "alike; "
        "none chooses on validation; the causal decoder has its own two",
        minimum=0,
        maximum=10_000,
    )
    validation_users: int | None = setting(
        None,
        "users drawn for validation at most; none: 5,000, fewer where the catalogue exceeds "
        "20,000 items",
        minimum=1,
        maximum=1_000_000,
    )
    threads: int = setting(
        1,
        "training threads; with more than 1 two trainings differ slightly, walks do not",
        minimum=1,
        maximum=64,
    )


@dataclasses.dataclass(frozen=True)
class FitRequest:
    """Train item vectors on one graph and the snapshot it was built from."""

    store: str = setting(REQUIRED, "URI of the store")
    graph: str = setting(REQUIRED, "URI of the graph")
    snapshot: str | None = setting(
        None, "URI of the snapshot with sequences and validation rows; none takes the graph's own"
    )
    settings: Settings = setting(Settings(), "how vectors are learned")
    vectors: str | None = setting(
        None,
        "URI of input vectors that `graph word2vec` learned with Spark; then no trainer runs "
        "here, only decoder and "
        "query are chosen",
    )
    champion: str | None = setting(
        None,
        "URI of the candidate to go on from and to align with; none takes the champion in the "
        "registry, when "
        "tracked",
    )
    seed: int = setting(
        0, "of walks, shuffling, first vectors and noise", minimum=0, maximum=2**31 - 1
    )
    track: bool = setting(
        True, "record the training in MLflow and register the model as challenger"
    )
    experiment: str = setting("recall", "MLflow experiment")
    origin: dict = setting({}, "who asked: dag_id, run_id, task_id, url")
