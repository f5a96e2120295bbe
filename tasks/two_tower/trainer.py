"""The towers in training: an epoch at a time, the same for a seed, able to go on from any epoch."""

from __future__ import annotations

import math
import time

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.log import Progress
from tasks.core.torch.learning_rate import learning_rate
from tasks.core.torch.loop import epoch_seed
from tasks.core.torch.row_adamw import RowAdamW
from tasks.two_tower import losses
from tasks.two_tower.compact_rows import keep_used_rows, large
from tasks.two_tower.default_sizes import SizedSettings
from tasks.two_tower.entity_features import EntityFeatures
from tasks.two_tower.examples import Batch
from tasks.two_tower.model import Shape, TwoTower, Values
from tasks.two_tower.training_data import TrainingData


class Trainer:
    """A model and its optimiser.

    Args:
        settings: how to train, with its epochs.
        world: what to learn from.
        seed: of everything random.
        device: where to compute.
    """

    unit = "examples"

    def __init__(
        self, settings: SizedSettings, world: TrainingData, seed: int, device: torch.device
    ) -> None:
        self.settings, self.world, self.seed, self.device = settings, world, seed, device
        torch.manual_seed(epoch_seed(seed, 0))
        self.model = TwoTower(tower_shape(settings, world)).to(device)
        parameters = dict(self.model.named_parameters())
        self.optimiser = RowAdamW(
            parameters.items(),
            {"hidden.weight", "output.weight", "direct.weight"},
            settings.weight_decay,
            large(self.model),
        )
        self.total, self.epochs = world.examples.total, settings.epochs
        self.known = (
            world.counts > 0 if world.item_features.with_id else np.zeros(len(world.counts), bool)
        )
        self.shares = torch.tensor(
            world.counts / world.counts.sum(), dtype=torch.float32, device=device
        )

    def epoch(self, number: int, progress: Progress) -> dict[str, float]:
        """Train one pass (1, 2, …) over all examples, adding each to `progress`.

        Returns:
            train_loss (nats, or squared error, an example), positions_per_s (an example is a
            position of a history), epoch_seconds, learning_rate.

        Raises:
            BadRequest: the loss is no longer a number.
        """
        torch.manual_seed(epoch_seed(self.seed, number))
        random = np.random.default_rng([self.seed, number])
        self.model.train()
        settings, started, done, summed, now = self.settings, time.monotonic(), 0, 0.0, 0.0
        for batch in self.world.examples.batches(settings.batch_examples, random):
            done += batch.size
            now = learning_rate(
                (number - 1 + done / self.total) / self.epochs,
                settings.learning_rate,
                settings.warm_up,
                settings.schedule == "cosine",
            )
            loss = self._step(batch, now, random, number)
            summed += loss * batch.size
            progress.add(batch.size, epoch=number, loss=loss)
        self.optimiser.settle()
        seconds = time.monotonic() - started
        return {
            "train_loss": summed / self.total,
            "positions_per_s": self.total / seconds,
            "epoch_seconds": seconds,
            "learning_rate": now,
        }

    def _step(self, batch: Batch, now: float, random: np.random.Generator, epoch: int) -> float:
        loss, queries = self.loss(batch, random)
        value = loss.item()
        if not math.isfinite(value):
            raise BadRequest(
                "the loss is no longer a number",
                got=f"{value} in epoch {epoch}; {self._state_of(batch, queries)}",
                allowed="a finite loss",
                remedy="lower settings.learning_rate or settings.clip_norm; "
                "the last good epoch stays as checkpoint",
            )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.optimiser.moved, self.settings.clip_norm)
        self.optimiser.step(now)
        return value

    def loss(self, batch: Batch, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        """The loss of a batch, a scalar, and its queries, float32 (n, d)."""
        items, inverse = np.unique(
            np.concatenate([batch.window.ravel(), batch.targets.ravel()]), return_inverse=True
        )
        missing = int(
            items[0] == -1
        )  # it sorts first; its place becomes that of a row of zeros behind the others
        items, inverse = (
            items[missing:],
            np.where(inverse < missing, len(items) - missing, inverse - missing),
        )
        at, targets = (
            inverse[: batch.window.size].reshape(batch.window.shape),
            inverse[batch.window.size :],
        )
        vectors = self.items(items, random.random(len(items)) >= self.settings.id_dropout)
        there = np.flatnonzero(
            batch.targets >= 0
        )  # half of them, where lists are shorter than a run
        runs = self._tensor(there // batch.targets.shape[1])
        history = functional.embedding(
            self._tensor(there), self._history(vectors, at, batch, random).flatten(0, 1)
        )
        queries = self._queries(history, runs, batch.users, random)
        chosen, inside = map(self._tensor, np.unique(targets[there], return_inverse=True))
        right = functional.embedding(chosen, vectors)
        if batch.ratings is None:
            counts = None if batch.weights is None else self._tensor(batch.weights.ravel()[there])
            return losses.in_batch(
                queries, right, inside, runs, self.shares[self._tensor(items)[chosen]], counts
            ), queries
        return losses.ratings(
            queries, right, inside, self._tensor(batch.ratings.ravel()[there])
        ), queries

    def items(self, rows: np.ndarray, kept: np.ndarray) -> Tensor:
        """float32 (u, d + 1): the item tower of these rows, the ids of those that are `kept` and
        known.
        """
        offsets, values, weights, _ = self.world.item_features.take(rows)
        with keep_used_rows(self.model, self.optimiser, item_ids=rows, item_values=values) as (
            at,
            values,
        ):
            return self.model.items(
                self._tensor(at),
                Values(*map(self._tensor, (offsets, values, weights))),
                self._tensor(kept & self.known[rows]),
            )

    def _history(
        self, vectors: Tensor, at: np.ndarray, batch: Batch, random: np.random.Generator
    ) -> Tensor:
        """float32 (b, c, K d): the decayed means of what came before each target; zeros where it is
        hidden or there is none.
        """
        b, c = batch.targets.shape
        if not self.settings.history_decays:
            return vectors.new_zeros(b, c, 0)
        kept = np.asarray(random.random(b) >= self.settings.feature_dropout)
        shown = (batch.window >= 0) & kept[:, None]
        laws = torch.from_numpy(
            decay_weights(self.settings.history_decays, at.shape[1] - c + 1, c)
        ).to(self.device)  # (K, c, k)
        law = laws[None] * self._tensor(shown.astype(np.float32))[:, None, None]  # (b, K, c, k)
        law = law / law.sum(3, keepdim=True).clamp(min=1e-30)
        rows = torch.cat((self.model.read(vectors), vectors.new_zeros(1, self.settings.dimension)))
        read = functional.embedding(
            self._tensor(at), rows
        )  # (b, k, d); its gradient is twice as fast as that of `rows[at]`
        means = torch.bmm(law.flatten(1, 2), read).view(
            b, -1, c, self.settings.dimension
        )  # (b, K, c, d)
        return means.transpose(1, 2).flatten(2)

    def _queries(
        self, history: Tensor, runs: Tensor, users: np.ndarray, random: np.random.Generator
    ) -> Tensor:
        """float32 (n, d): the user tower after these histories, of runs of these users."""
        described: EntityFeatures = self.world.user_features
        offsets, values, weight, feature = described.take(users)
        lengths = np.diff(np.append(offsets, len(values)))
        hidden = (
            random.random((len(users), max(len(described.features), 1)))
            < self.settings.feature_dropout
        )
        weight = np.where(
            hidden[np.repeat(np.arange(len(users)), lengths), feature], np.float32(0), weight
        )
        rows = self.world.user_rows[users]
        with_id = (random.random(len(users)) >= self.settings.id_dropout) & (rows >= 0)
        with keep_used_rows(
            self.model, self.optimiser, user_ids=np.maximum(rows, 0), user_values=values
        ) as (at, values):
            return self.model.users(
                history,
                runs,
                self._tensor(at),
                Values(*map(self._tensor, (offsets, values, weight))),
                self._tensor(with_id),
            )

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def _state_of(self, batch: Batch, queries: Tensor) -> str:
        """The state of a step whose loss is no number, for the error message."""
        broken = [name for name, p in self.model.named_parameters() if not torch.isfinite(p).all()]
        return (
            f"{batch.size} examples, {len(set(batch.targets[batch.targets >= 0].tolist()))} "
            f"different items, "
            f"largest query {queries.abs().max().item():.3g}, weights not finite: "
            f"{', '.join(broken) or 'none'}"
        )


def tower_shape(settings: SizedSettings, world: TrainingData) -> Shape:
    """The towers that these settings make for a world."""
    return Shape(
        len(world.counts),
        int(world.user_rows.max(initial=-1)) + 1,
        world.item_features.size,
        world.user_features.size,
        settings.dimension,
        settings.hidden,
        settings.history_decays,
        settings.dropout,
    )


def decay_weights(decays: tuple[float, ...], last: int, run: int) -> np.ndarray:
    """float32 (K, run, last + run − 1): exp(−age / decay) of each place of a window for each
    example of its run, 0 outside of `last`.

    The example at place c of a run sees the window's places c to c + last − 1; the newest of them
    is of age 0.
    """
    age = np.arange(run)[:, None] + last - 1 - np.arange(last + run - 1)[None]
    inside = (age >= 0) & (age < last)
    return np.stack(
        [np.where(inside, np.exp(-np.maximum(age, 0) / decay), 0) for decay in decays]
    ).astype(np.float32)
