"""One network in training: an epoch at a time, the same for a seed, able to go on from any epoch."""

from __future__ import annotations

import math
import time

import numpy as np
import torch

from tasks.core.errors import BadRequest
from tasks.core.histories import Histories
from tasks.core.log import Progress
from tasks.core.training.adamw import AdamW
from tasks.core.training.checkpoint import Standing
from tasks.gru4rec.batches import Batch, batches, positions
from tasks.gru4rec.losses import BprMax, FullSoftmax, Negatives, SampledSoftmax
from tasks.gru4rec.model import Network, Shape
from tasks.gru4rec.settings import Settings


class Trainer:
    """A model, its loss and its optimiser.

    Args:
        settings: how to train.
        histories: what users liked, as rows of the catalogue.
        counts: int64 (items), how often each was liked.
        seed: of everything random.
        device: where to compute.
    """

    def __init__(self, settings: Settings, histories: Histories, counts: np.ndarray, seed: int, device: torch.device) -> None:
        self.settings, self.histories, self.seed, self.device = settings, histories, seed, device
        torch.manual_seed(_stream(seed, 0))
        self.model = Network(shape(settings, len(counts))).to(device)
        self.model.bias.requires_grad_(not settings.unit_items)
        self.loss = _loss(settings, counts, device)
        parameters = dict(self.model.named_parameters())
        # not the embedding: decay would erase the vectors of rare items, which get few gradients
        matrices = {name for name, p in parameters.items() if p.ndim == 2 and name != "embedding.weight"}
        self.optimiser = AdamW(parameters.items(), matrices, settings.weight_decay)
        self.total = positions(histories, settings.positions == "one")

    def epoch(self, number: int, progress: Progress) -> dict[str, float]:
        """Train one pass (1, 2, …) over all positions, each told to `progress`.

        Returns:
            train_loss (nats a position), positions_per_s, epoch_seconds, learning_rate.

        Raises:
            BadRequest: the loss is no longer a number.
        """
        torch.manual_seed(_stream(self.seed, number))
        random = np.random.default_rng([self.seed, number])
        self.model.train()
        started, done, summed, rate = time.monotonic(), 0, 0.0, 0.0
        one = self.settings.positions == "one"
        for batch in batches(self.histories, self.settings.window, self.settings.batch_positions, random, one):
            done += len(batch.targets)
            rate = self._rate((number - 1 + done / self.total) / self.settings.epochs)
            loss = self._step(batch, rate, random, number)
            summed += loss * len(batch.targets)
            progress.add(len(batch.targets), epoch=number, loss=loss)
        seconds = time.monotonic() - started
        return {"train_loss": summed / self.total, "positions_per_s": self.total / seconds, "epoch_seconds": seconds,
                "learning_rate": rate}

    def _step(self, batch: Batch, rate: float, random: np.random.Generator, epoch: int) -> float:
        inputs, targets = (torch.from_numpy(part).to(self.device) for part in (batch.inputs, batch.targets))
        asked = None if batch.asked is None else torch.from_numpy(batch.asked).to(self.device)
        queries = self.model(inputs, batch.widths, asked)
        loss = self.loss(self.model, queries, targets, random)
        value = loss.item()
        if not math.isfinite(value):
            raise BadRequest("the loss is no longer a number", got=f"{value} in epoch {epoch}; {self._state_of(batch, queries)}",
                             allowed="a finite loss", remedy="lower settings.learning_rate or settings.clip_norm; "
                             "the last good epoch stays as checkpoint")
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip_norm)
        self.optimiser.step(rate)
        return value

    def _state_of(self, batch: Batch, queries: torch.Tensor) -> str:
        """What a person needs to see why."""
        broken = [name for name, p in self.model.named_parameters() if not torch.isfinite(p).all()]
        return (f"{len(batch.inputs)} positions, {batch.widths[0]} windows of up to {len(batch.widths)}, "
                f"largest query {queries.abs().max().item():.3g}, weights not finite: {', '.join(broken) or 'none'}")

    def _rate(self, share: float) -> float:
        """The learning rate after this share of all steps: a linear rise, then a cosine (Loshchilov & Hutter 2017) or none."""
        warm_up, top = self.settings.warm_up, self.settings.learning_rate
        if share < warm_up:
            return top * share / warm_up
        if self.settings.schedule == "constant":
            return top
        return top * (1 + math.cos(math.pi * (share - warm_up) / (1 - warm_up))) / 2

    def weights(self) -> dict[str, torch.Tensor]:
        """A copy of the model's tensors now."""
        return {name: tensor.detach().clone() for name, tensor in self.model.state_dict().items()}

    def restore(self, standing: Standing) -> None:
        """Go on from a checkpoint as if nothing had happened."""
        self.model.load_state_dict(standing.weights)
        self.optimiser.restore(standing.steps, standing.moments)


def shape(settings: Settings, items: int) -> Shape:
    """The network that these settings make for a catalogue."""
    return Shape(items, settings.dimension, settings.hidden, settings.input_dropout, settings.output_dropout, settings.encoder,
                 settings.window, settings.blocks, settings.heads, settings.interests)


def _loss(settings: Settings, counts: np.ndarray, device: torch.device) -> FullSoftmax | SampledSoftmax | BprMax:
    if settings.loss == "cross-entropy" and len(counts) <= settings.full_softmax_items:
        return FullSoftmax()
    negatives = Negatives(counts, settings.negatives, settings.negative_exponent, device)
    return SampledSoftmax(negatives) if settings.loss == "cross-entropy" else BprMax(negatives, settings.bpr_penalty)


def _stream(seed: int, epoch: int) -> int:
    """A seed for torch that differs for every epoch of every seed."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0])
