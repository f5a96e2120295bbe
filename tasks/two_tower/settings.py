"""The request of the two_tower stage, as the trigger form and the command line know it."""

from __future__ import annotations

import dataclasses
from typing import Literal

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import REQUIRED, setting
from tasks.core.models.fit_request import TrackedRequest


@dataclasses.dataclass(frozen=True)
class Settings:
    """How the towers are shaped and trained. Defaults are what was best on held-out validation rows
    of MovieLens 100K.
    """

    dimension: int = setting(
        64,
        "Dimensions of an item's vector; the served vectors have one more, for the item's bias.",
        title="Dimension",
        section="Model",
        minimum=2,
        maximum=1024,
    )
    hidden: int = setting(
        128,
        "Hidden units of the user tower.",
        title="Hidden units",
        section="Model",
        minimum=2,
        maximum=4096,
    )
    user_features: tuple[str, ...] | None = setting(
        None,
        "Columns of the table of users, one a line.",
        title="Of users",
        section="Features",
        empty="all; the id where lists are long enough to learn one",
        details="Long enough: the median user has 12 rows or more.",
    )
    item_features: tuple[str, ...] | None = setting(
        None,
        "Columns of the table of items, one a line.",
        title="Of items",
        section="Features",
        empty="all but the title",
    )
    minimum_value_count: int = setting(
        5,
        "A value that fewer users or items have is not learned.",
        title="Minimum count of a value",
        section="Features",
        minimum=1,
        maximum=1_000_000,
    )
    number_buckets: int = setting(
        25,
        "A column of numbers with more different values is cut into so many parts.",
        title="Parts of a number",
        section="Features",
        minimum=2,
        maximum=1000,
    )
    history_decays: tuple[float, ...] = setting(
        (3.0, 30.0),
        "The history is read as means with these decays, in items; none: it is not read.",
    )
    window: int = setting(
        100,
        "Newest items of a history that are read.",
        title="Window",
        section="Model",
        minimum=1,
        maximum=10_000,
    )
    loss: Literal["in-batch", "ratings"] = setting(
        "in-batch",
        "Tell what is liked from the rest of the batch, or the squared error on scaled ratings.",
        title="Loss",
        section="Loss",
        details="Ratings are scaled to 0 to 1, as in the original.",
    )
    id_dropout: float = setting(
        0.1,
        "Share of ids hidden in training: features must do.",
        title="Id dropout",
        section="Training",
        details="Ids of users and of items.",
        minimum=0,
        maximum=1,
    )
    feature_dropout: float = setting(
        0.1,
        "Share of histories, and of each attribute's values, hidden in training.",
        title="Feature dropout",
        section="Training",
        minimum=0,
        maximum=0.95,
    )
    dropout: float = setting(
        0.2,
        "Share of the user tower's inputs and hidden units dropped in training.",
        title="Dropout",
        section="Training",
        minimum=0,
        maximum=0.95,
    )
    batch_examples: int = setting(
        1024,
        "Examples in a batch; each is the negative of the others.",
        title="Batch",
        section="Training",
        minimum=8,
        maximum=1_000_000,
    )
    learning_rate: float = setting(
        0.006,
        "Of AdamW after the warm-up.",
        title="Learning rate",
        section="Training",
        minimum=1e-6,
        maximum=1,
    )
    schedule: Literal["cosine", "constant"] = setting(
        "cosine",
        "The learning rate falls to zero along a cosine, or stays.",
        title="Schedule",
        section="Training",
    )
    warm_up: float = setting(
        0.03,
        "Share of all steps in which the learning rate rises from zero.",
        minimum=0,
        maximum=0.5,
    )
    weight_decay: float = setting(
        0.01,
        "Of AdamW, on the user tower's matrices; vectors and biases are left alone.",
        minimum=0,
        maximum=10,
    )
    clip_norm: float = setting(
        5.0, "The gradient is shortened to this length.", minimum=1e-3, maximum=1e6
    )
    epochs: int | None = setting(
        None,
        "Passes over what was liked at most.",
        title="Epochs",
        section="Training",
        empty="10, fewer on more than 300,000 examples",
        details="At least 3.",
        minimum=1,
        maximum=2000,
    )
    budget_minutes: float = setting(
        40.0,
        "Minutes that a training may take: as many epochs as fit, at least one; of a closed "
        "form, the exact one where it fits.",
        title="Budget (minutes)",
        section="Training",
        details="The measured time of an epoch decides how many there are.",
        minimum=0.01,
        maximum=10_000,
    )
    patience: int = setting(
        5,
        "Epochs without a better validation recall@50 before training stops.",
        title="Patience",
        section="Training",
        minimum=1,
        maximum=2000,
    )
    validation_users: int | None = setting(
        None,
        "Users drawn for validation at most; none: 5,000, fewer where the catalogue exceeds "
        "20,000 items.",
        minimum=1,
        maximum=1_000_000,
    )
    device: Literal["auto", "cpu", "cuda"] = setting(
        "auto",
        "Where to train; auto takes a GPU when there is one.",
        title="Device",
        section="Training",
    )
    threads: int = setting(
        1,
        "CPU threads; another number gives slightly different weights.",
        title="Threads",
        section="Training",
        minimum=1,
        maximum=256,
    )

    def __post_init__(self) -> None:
        if wrong := [decay for decay in self.history_decays if not 0 < decay <= 1e6]:
            raise BadRequest(
                "settings.history_decays: not a decay",
                got=wrong,
                allowed="items, above 0 and up to 1,000,000",
            )


@dataclasses.dataclass(frozen=True)
class FitRequest(TrackedRequest):
    """Train on one snapshot."""

    store: str = setting(REQUIRED, "URI of the store.")
    dataset: str = setting("ml-100k", "Name of the data set.")
    snapshot: str | None = setting(
        None, "URI of the snapshot; none takes the newest of the data set."
    )
    day: str | None = setting(
        None, "Train on the newest snapshot of this day, YYYY-MM-DD; none takes the newest of all."
    )
    settings: Settings = setting(Settings(), "How the towers are shaped and trained.")
