"""The request of the linear stage, as the trigger form and the command line know it."""

from __future__ import annotations

import dataclasses
from typing import Literal

from tasks.core.cli.request import REQUIRED, setting


@dataclasses.dataclass(frozen=True)
class Settings:
    """How item vectors are solved for. Defaults are what was best on the validation rows of
    MovieLens 100K.
    """

    solver: Literal["auto", "dense", "low-rank"] = setting(
        "auto",
        "dense: the exact inverse of the item-item matrix; low-rank: from its leading "
        "directions alone, for catalogues of which the "
        "matrix does not fit; auto: dense where memory_gb and budget_minutes allow it",
    )
    memory_gb: float = setting(
        8.0,
        "what the exact inverse may use: 24 bytes for each pair of items, 25 GB for 32,000",
        minimum=0.01,
        maximum=4096,
    )
    budget_minutes: float = setting(
        40.0,
        "minutes that the exact inverses are predicted to take at most",
        minimum=0.01,
        maximum=10_000,
    )
    penalty: float | None = setting(
        None, "λ of EASE; none chooses on validation", minimum=1e-3, maximum=1e9
    )
    user_exponent: float = setting(
        0.5,
        "a user with n likes counts n to the power of minus this: 0 lets the longest histories "
        "decide",
        minimum=0,
        maximum=1,
    )
    dimension: int = setting(128, "dimensions of an item's input vector", minimum=2, maximum=1024)
    decoder: Literal["auto", "none", "leave-one-out", "causal", "blended"] = setting(
        "auto",
        "output vectors: EASE's own, or ridge regressions from its input vectors: of each item "
        "on the rest of a list, or on what came "
        "before it; blended: the own beside the latter; auto chooses on validation",
    )
    popularity: float | None = setting(
        None,
        "weight of a dimension that holds popularity, in spreads of the scores; 0 for none; "
        "none chooses on "
        "validation; the causal decoder has its own",
        minimum=0,
        maximum=10,
    )
    query_decay: float | None = setting(
        None,
        "items after which a liked item's weight in the query has fallen to 1/e; 0 weighs all "
        "alike; none "
        "chooses on validation; the causal decoder has its own two",
        minimum=0,
        maximum=10_000,
    )
    minimum_count: int = setting(
        1,
        "items liked by fewer users in the training part are not solved for: they are cold items",
        minimum=1,
        maximum=1_000_000,
    )
    cold_items: Literal["leave-out", "metadata"] = setting(
        "metadata",
        "items of the catalogue without a vector: left out, or placed by their genres where "
        "hardly liked items stand",
    )
    align: bool = setting(
        True,
        "turn all vectors onto the champion's, so that yesterday's stay comparable; no score "
        "changes",
    )
    validation_users: int | None = setting(
        None,
        "users drawn for validation at most; none: 5,000, fewer where the catalogue exceeds "
        "20,000 items",
        minimum=1,
        maximum=1_000_000,
    )
    threads: int = setting(1, "threads of the matrix products", minimum=1, maximum=64)


@dataclasses.dataclass(frozen=True)
class FitRequest:
    """Solve for the item vectors of one snapshot."""

    store: str = setting(REQUIRED, "URI of the store")
    dataset: str = setting("ml-100k", "name of the data set")
    snapshot: str | None = setting(
        None, "URI of the snapshot; none takes the newest of the data set"
    )
    day: str | None = setting(
        None, "train on the newest snapshot of this day, YYYY-MM-DD; none takes the newest of all"
    )
    settings: Settings = setting(Settings(), "how vectors are solved for")
    champion: str | None = setting(
        None,
        "URI of the candidate to align with; none takes the champion in the registry, when tracked",
    )
    seed: int = setting(0, "of the first random directions", minimum=0, maximum=2**31 - 1)
    track: bool = setting(
        True, "record the training in MLflow and register the model as challenger"
    )
    experiment: str = setting("recall", "MLflow experiment")
    origin: dict = setting({}, "who asked: dag_id, run_id, task_id, url")
