"""The request of the gru4rec stage, as the trigger form and the command line know it."""

from __future__ import annotations

import dataclasses
from typing import Literal

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import REQUIRED, setting
from tasks.core.models.fit_request import TrackedRequest


@dataclasses.dataclass(frozen=True)
class Settings:
    """How the network is shaped and trained. Defaults are what was best on held-out validation rows
    of MovieLens 100K.
    """

    encoder: Literal["gru", "sasrec"] = setting(
        "gru",
        "What reads a history: a recurrent layer, or blocks of self-attention.",
        title="Encoder",
        section="Model",
    )
    dimension: int = setting(
        64,
        "Dimensions of an item's vector; the served vectors have one more, for the item's bias.",
        title="Dimension",
        section="Model",
        minimum=2,
        maximum=1024,
    )
    hidden: int | None = setting(
        None,
        "Hidden units of the recurrent layer, of sasrec's feed-forward.",
        title="Hidden units",
        section="Model",
        empty="128, or 256 between one and five million positions",
        minimum=2,
        maximum=4096,
    )
    blocks: int = setting(
        2, "Blocks of sasrec.", title="Blocks", section="Model", minimum=1, maximum=32
    )
    heads: int = setting(
        1,
        "Attention heads of a sasrec block; a divisor of the dimension.",
        title="Heads",
        section="Model",
        minimum=1,
        maximum=64,
    )
    interests: int = setting(
        1,
        "Query vectors of a user; an item's score is its best one's.",
        title="Interests",
        section="Model",
        minimum=1,
        maximum=16,
    )
    unit_items: bool = setting(
        False, "Serve item vectors of unit length and without bias, as the first versions did."
    )
    window: int = setting(
        200,
        "Items read before a prediction at most, in training and in serving.",
        title="Window",
        section="Model",
        minimum=1,
        maximum=10_000,
    )
    input_dropout: float | None = setting(
        None,
        "Share of an item's input vector dropped in training.",
        title="Input dropout",
        section="Model",
        empty="0.4 on few rows, else 0.3, 0.2 of many items",
        details="Few rows are fewer than 200,000 positions, many items more than 20,000.",
        minimum=0,
        maximum=0.95,
    )
    output_dropout: float | None = setting(
        None,
        "Share of the hidden state dropped in training.",
        title="Output dropout",
        section="Model",
        empty="0.4 on few rows, else 0.3, 0.2 of many items",
        details="It is dropped before the projection; few and many are as for input_dropout.",
        minimum=0,
        maximum=0.95,
    )
    positions: Literal["all", "one"] = setting(
        "all", "What an epoch trains: every position, or one random one of each user."
    )
    horizon: int = setting(
        1,
        "A position is to predict the item after it, or one drawn of so many that follow.",
        title="Horizon",
        section="Loss",
        minimum=1,
        maximum=1000,
    )
    loss: Literal["cross-entropy", "bpr-max"] = setting(
        "cross-entropy",
        "Of the next item; bpr-max always samples negatives.",
        title="Loss",
        section="Loss",
    )
    bpr_penalty: float = setting(
        1.0, "Weight of the squared scores of negatives in bpr-max.", minimum=0, maximum=1000
    )
    full_softmax_items: int | None = setting(
        None,
        "A catalogue up to this size is scored whole; a larger one against negatives.",
        title="Full softmax up to",
        section="Loss",
        empty="5,000, more where an epoch stays short",
        details="More: as many as make a thousand million scores an epoch.",
        minimum=0,
        maximum=1_000_000,
    )
    negatives: int | None = setting(
        None,
        "Negatives drawn for each batch and shared by its positions.",
        title="Negatives",
        section="Loss",
        empty="512, or 2,048 of more than 20,000 items",
        minimum=1,
        maximum=1_000_000,
    )
    negative_exponent: float = setting(
        0.5,
        "Negatives are drawn by popularity to this power.",
        title="Negative exponent",
        section="Loss",
        minimum=0,
        maximum=2,
    )
    batch_positions: int = setting(
        3200,
        "Positions in a batch, about.",
        title="Batch",
        section="Training",
        minimum=1,
        maximum=1_000_000,
    )
    learning_rate: float = setting(
        0.01,
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
        "Of AdamW, on matrices; item vectors, biases and normalisation are left alone.",
        minimum=0,
        maximum=10,
    )
    clip_norm: float = setting(
        5.0, "The gradient is shortened to this length.", minimum=1e-3, maximum=1e6
    )
    epochs: int | None = setting(
        None,
        "Passes over the sequences at most.",
        title="Epochs",
        section="Training",
        empty="15, fewer on more than 333,000 positions",
        details="At least 4.",
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
    minimum_count: int = setting(
        1,
        "Items liked by fewer users are never recommended and not read.",
        title="Minimum count",
        section="Model",
        details="Users of the training part are counted.",
        minimum=1,
        maximum=1_000_000,
    )
    validation_users: int | None = setting(
        None,
        "Users drawn for validation at most; none: 5,000, fewer where the catalogue exceeds "
        "20,000 items.",
        minimum=1,
        maximum=1_000_000,
    )
    warm_start: bool = setting(
        False,
        "Begin with the champion's weights; items it does not know begin anew.",
        title="Warm start",
        section="Day over day",
    )
    warm_share: float = setting(
        0.35,
        "Share of the epochs and of the learning rate of a training that begins so.",
        title="Share of a training",
        section="Day over day",
        minimum=0.01,
        maximum=1,
    )
    precision: Literal["auto", "float32", "bfloat16"] = setting(
        "auto",
        "Of the network's products; auto halves them on a GPU. What is served is float32.",
        title="Precision",
        section="Training",
        details="Weights and loss are float32.",
    )
    device: Literal["auto", "cpu", "cuda"] = setting(
        "auto",
        "Where to train; auto takes a GPU when there is one.",
        title="Device",
        section="Training",
    )
    threads: int = setting(
        1,
        "CPU threads; several slow each other down beside another training; another number "
        "gives slightly different weights.",
        title="Threads",
        section="Training",
        minimum=1,
        maximum=256,
    )

    def __post_init__(self) -> None:
        if self.encoder == "sasrec" and self.dimension % self.heads:
            raise BadRequest(
                "settings.heads do not divide settings.dimension",
                got=f"{self.heads} and {self.dimension}",
                allowed="a divisor",
                remedy="take 1, 2 or 4 heads",
            )


@dataclasses.dataclass(frozen=True)
class FitRequest(TrackedRequest):
    """Train on the sequences of one snapshot."""

    store: str = setting(REQUIRED, "URI of the store.")
    dataset: str = setting("ml-100k", "Name of the data set.")
    snapshot: str | None = setting(
        None, "URI of the snapshot; none takes the newest of the data set."
    )
    day: str | None = setting(
        None, "Train on the newest snapshot of this day, YYYY-MM-DD; none takes the newest of all."
    )
    settings: Settings = setting(Settings(), "How the network is shaped and trained.")
    champion: str | None = setting(
        None,
        "URI of the candidate to go on from; none takes the champion in the registry, when "
        "tracked.",
    )
