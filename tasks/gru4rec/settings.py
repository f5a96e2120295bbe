"""The request of the gru4rec stage, as the trigger form and the command line know it."""

from __future__ import annotations

import dataclasses
from typing import Literal

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import REQUIRED, setting


@dataclasses.dataclass(frozen=True)
class Settings:
    """How the network is shaped and trained. Defaults are what was best on held-out validation rows
    of MovieLens 100K.
    """

    encoder: Literal["gru", "sasrec"] = setting(
        "gru", "what reads a history: a recurrent layer, or blocks of self-attention"
    )
    dimension: int = setting(
        64,
        "dimensions of an item's vector; what is served has one more, for the item's bias",
        minimum=2,
        maximum=1024,
    )
    hidden: int | None = setting(
        None,
        "hidden units of the recurrent layer, of sasrec's feed-forward; none: 128, or 256 "
        "between one and five million "
        "positions",
        minimum=2,
        maximum=4096,
    )
    blocks: int = setting(2, "blocks of sasrec", minimum=1, maximum=32)
    heads: int = setting(
        1, "attention heads of a sasrec block; a divisor of the dimension", minimum=1, maximum=64
    )
    interests: int = setting(
        1, "query vectors of a user; an item's score is its best one's", minimum=1, maximum=16
    )
    unit_items: bool = setting(
        False, "serve item vectors of unit length and without bias, as the first versions did"
    )
    window: int = setting(
        200,
        "items read before a prediction at most, in training and in serving",
        minimum=1,
        maximum=10_000,
    )
    input_dropout: float | None = setting(
        None,
        "share of an item's input vector dropped in training; none: .4 below 200,000 "
        "positions, .2 of more than 20,000 items, else .3",
        minimum=0,
        maximum=0.95,
    )
    output_dropout: float | None = setting(
        None,
        "share of the hidden state dropped in training before it is projected; none: as "
        "input_dropout's",
        minimum=0,
        maximum=0.95,
    )
    positions: Literal["all", "one"] = setting(
        "all", "what an epoch trains: every position, or one random one of each user"
    )
    horizon: int = setting(
        1,
        "a position is to predict the item after it, or one drawn of so many that follow",
        minimum=1,
        maximum=1000,
    )
    loss: Literal["cross-entropy", "bpr-max"] = setting(
        "cross-entropy", "of the next item; bpr-max always samples negatives"
    )
    bpr_penalty: float = setting(
        1.0, "weight of the squared scores of negatives in bpr-max", minimum=0, maximum=1000
    )
    full_softmax_items: int | None = setting(
        None,
        "up to this size the whole catalogue is scored at each position, else a sample; none: "
        "5,000, or as many as "
        "make a thousand million scores an epoch",
        minimum=0,
        maximum=1_000_000,
    )
    negatives: int | None = setting(
        None,
        "negatives drawn for each batch and shared by its positions; none: 512, or 2,048 of "
        "more than 20,000 items",
        minimum=1,
        maximum=1_000_000,
    )
    negative_exponent: float = setting(
        0.5, "negatives are drawn by popularity to this power", minimum=0, maximum=2
    )
    batch_positions: int = setting(
        3200, "positions in a batch, about", minimum=1, maximum=1_000_000
    )
    learning_rate: float = setting(0.01, "of AdamW after the warm-up", minimum=1e-6, maximum=1)
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
        "of AdamW, on matrices; item vectors, biases and normalisation are left alone",
        minimum=0,
        maximum=10,
    )
    clip_norm: float = setting(
        5.0, "the gradient is shortened to this length", minimum=1e-3, maximum=1e6
    )
    epochs: int | None = setting(
        None,
        "passes over the sequences at most; none: 15, fewer where an epoch has more than "
        "333,000 positions, at least 4",
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
    minimum_count: int = setting(
        1,
        "items liked by fewer users in the training part are neither recommended nor read",
        minimum=1,
        maximum=1_000_000,
    )
    validation_users: int | None = setting(
        None,
        "users drawn for validation at most; none: 5,000, fewer where the catalogue exceeds "
        "20,000 items",
        minimum=1,
        maximum=1_000_000,
    )
    warm_start: bool = setting(
        False, "begin with the champion's weights; items it does not know begin anew"
    )
    warm_share: float = setting(
        0.35,
        "share of the epochs and of the learning rate of a training that begins so",
        minimum=0.01,
        maximum=1,
    )
    precision: Literal["auto", "float32", "bfloat16"] = setting(
        "auto",
        "of the network's products; auto halves them on a GPU. "
        "Weights, loss and what is served are float32",
    )
    device: Literal["auto", "cpu", "cuda"] = setting(
        "auto", "where to train; auto takes a GPU when there is one"
    )
    threads: int = setting(
        1, "CPU threads; with another number the weights differ slightly", minimum=1, maximum=256
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
class FitRequest:
    """Train on the sequences of one snapshot."""

    store: str = setting(REQUIRED, "URI of the store")
    dataset: str = setting("ml-100k", "name of the data set")
    snapshot: str | None = setting(
        None, "URI of the snapshot; none takes the newest of the data set"
    )
    day: str | None = setting(
        None, "train on the newest snapshot of this day, YYYY-MM-DD; none takes the newest of all"
    )
    settings: Settings = setting(Settings(), "how the network is shaped and trained")
    champion: str | None = setting(
        None,
        "URI of the candidate to go on from; none takes the champion in the registry, when tracked",
    )
    seed: int = setting(
        0, "of first weights, windows, batches, dropout and negatives", minimum=0, maximum=2**31 - 1
    )
    track: bool = setting(
        True, "record the training in MLflow and register the model as challenger"
    )
    experiment: str = setting("recall", "MLflow experiment")
    origin: dict = setting({}, "who asked: dag_id, run_id, task_id, url")
