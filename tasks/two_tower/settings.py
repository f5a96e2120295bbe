"""The request of the two_tower stage, as the trigger form and the command line know it."""

from __future__ import annotations

import dataclasses
from typing import Literal

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import REQUIRED, setting


@dataclasses.dataclass(frozen=True)
class Settings:
    """How the towers are shaped and trained. Defaults are what was best on held-out validation rows
    of MovieLens 100K.
    """

    dimension: int = setting(
        64,
        "dimensions of an item's vector; what is served has one more, for the item's bias",
        minimum=2,
        maximum=1024,
    )
    hidden: int = setting(128, "hidden units of the user tower", minimum=2, maximum=4096)
    user_features: tuple[str, ...] | None = setting(
        None,
        "columns of the table of users that the user tower reads; none: all, the id among them "
        "where the user in the middle has 12 rows or more",
    )
    item_features: tuple[str, ...] | None = setting(
        None, "columns of the table of items that the item tower reads; none: all but the title"
    )
    minimum_value_count: int = setting(
        5,
        "a value of a column that fewer users or items have is not learned",
        minimum=1,
        maximum=1_000_000,
    )
    number_buckets: int = setting(
        25,
        "a column with more different values than this, all numbers, is cut into so many parts",
        minimum=2,
        maximum=1000,
    )
    history_decays: tuple[float, ...] = setting(
        (3.0, 30.0),
        "the history is read as means with these decays, in items; none: it is not read",
    )
    window: int = setting(100, "newest items of a history that are read", minimum=1, maximum=10_000)
    loss: Literal["in-batch", "ratings"] = setting(
        "in-batch",
        "tell what is liked from the rest of the batch; or the squared error on ratings scaled "
        "to 0 to 1, as the original did",
    )
    id_dropout: float = setting(
        0.1,
        "share of ids, of users and of items, hidden in training: their features must do",
        minimum=0,
        maximum=1,
    )
    feature_dropout: float = setting(
        0.1,
        "share of histories, and of each attribute's values, hidden in training",
        minimum=0,
        maximum=0.95,
    )
    dropout: float = setting(
        0.2,
        "share of what the user tower reads, and of its hidden units, dropped in training",
        minimum=0,
        maximum=0.95,
    )
    batch_examples: int = setting(
        1024,
        "examples in a batch, about; each is the negative of the others",
        minimum=8,
        maximum=1_000_000,
    )
    learning_rate: float = setting(0.006, "of AdamW after the warm-up", minimum=1e-6, maximum=1)
    schedule: Literal["cosine", "constant"] = setting(
        "cosine", "the learning rate falls to zero along a cosine, or stays"
    )
    warm_up: float = setting(
        0.03,
        "share of all steps in which the learning rate rises from zero",
        minimum=0,
        maximum=0.5,
    )
    weight_decay: float = setting(
        0.01,
        "of AdamW, on the user tower's matrices; vectors and biases are left alone",
        minimum=0,
        maximum=10,
    )
    clip_norm: float = setting(
        5.0, "the gradient is shortened to this length", minimum=1e-3, maximum=1e6
    )
    epochs: int | None = setting(
        None,
        "passes over what was liked at most; none: 10, fewer where an epoch has more than "
        "300,000 examples, at least 3",
        minimum=1,
        maximum=2000,
    )
    budget_minutes: float = setting(
        40.0,
        "minutes that all epochs may take; what they are measured to take decides how many "
        "there are, at least one",
        minimum=0.01,
        maximum=10_000,
    )
    patience: int = setting(
        5,
        "epochs without a better validation recall@50 before training stops",
        minimum=1,
        maximum=2000,
    )
    validation_users: int | None = setting(
        None,
        "users drawn for validation at most; none: 5,000, fewer where the catalogue exceeds "
        "20,000 items",
        minimum=1,
        maximum=1_000_000,
    )
    device: Literal["auto", "cpu", "cuda"] = setting(
        "auto", "where to train; auto takes a GPU when there is one"
    )
    threads: int = setting(
        1, "CPU threads; with another number the weights differ slightly", minimum=1, maximum=256
    )

    def __post_init__(self) -> None:
        if wrong := [decay for decay in self.history_decays if not 0 < decay <= 1e6]:
            raise BadRequest(
                "settings.history_decays: not a decay",
                got=wrong,
                allowed="items, above 0 and up to 1,000,000",
            )


@dataclasses.dataclass(frozen=True)
class FitRequest:
    """Train on one snapshot."""

    store: str = setting(REQUIRED, "URI of the store")
    dataset: str = setting("ml-100k", "name of the data set")
    snapshot: str | None = setting(
        None, "URI of the snapshot; none takes the newest of the data set"
    )
    day: str | None = setting(
        None, "train on the newest snapshot of this day, YYYY-MM-DD; none takes the newest of all"
    )
    settings: Settings = setting(Settings(), "how the towers are shaped and trained")
    seed: int = setting(0, "of first weights, batches and dropout", minimum=0, maximum=2**31 - 1)
    track: bool = setting(
        True, "record the training in MLflow and register the model as challenger"
    )
    experiment: str = setting("recall", "MLflow experiment")
    origin: dict = setting({}, "who asked: dag_id, run_id, task_id, url")
