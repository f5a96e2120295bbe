"""One network in training: an epoch at a time, the same for a seed, able to go on from any epoch."""

from __future__ import annotations

import math
import time

import numpy as np
import torch

from tasks.core.errors import BadRequest
from tasks.core.histories import Histories
from tasks.core.log import Progress
from tasks.gru4rec.batches import Batch, batches, positions
from tasks.gru4rec.checkpoint import Standing
from tasks.gru4rec.losses import FullSoftmax, SampledSoftmax
from tasks.gru4rec.model import GRU4Rec, Shape
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
        self.model = GRU4Rec(Shape(len(counts), settings.dimension, settings.hidden, settings.input_dropout, settings.output_dropout)).to(device)
        full = len(counts) <= settings.full_softmax_items
        self.loss = FullSoftmax() if full else SampledSoftmax(counts, settings.negatives, settings.negative_exponent, device)
        self.optimiser = torch.optim.AdamW(self._groups(), lr=settings.learning_rate, betas=(0.9, 0.98))
        self.total = positions(histories)

    def _groups(self) -> list[dict]:
        """Weight decay for the matrices only: it would pull rare items' vectors, which get few gradients, to nothing."""
        plain = [p for name, p in self.model.named_parameters() if p.ndim < 2 or name == "embedding.weight"]
        matrices = [p for name, p in self.model.named_parameters() if p.ndim == 2 and name != "embedding.weight"]
        return [{"params": matrices, "weight_decay": self.settings.weight_decay}, {"params": plain, "weight_decay": 0.0}]

    def epoch(self, number: int) -> dict[str, float]:
        """Train one pass (1, 2, …) over all positions.

        Returns:
            train_loss (nats a position), positions_per_s, epoch_seconds, learning_rate.

        Raises:
            BadRequest: the loss is no longer a number.
        """
        torch.manual_seed(_stream(self.seed, number))
        random = np.random.default_rng([self.seed, number])
        self.model.train()
        started, done, summed, rate = time.monotonic(), 0, 0.0, 0.0
        with Progress(f"gru4rec.epoch_{number}", self.total, "positions") as progress:
            for batch in batches(self.histories, self.settings.window, self.settings.batch_positions, random):
                done += len(batch.inputs)
                rate = self._rate((number - 1 + done / self.total) / self.settings.epochs)
                loss = self._step(batch, rate, random, number)
                summed += loss * len(batch.inputs)
                progress.add(len(batch.inputs), loss=loss)
        seconds = time.monotonic() - started
        return {"train_loss": summed / self.total, "positions_per_s": self.total / seconds, "epoch_seconds": seconds, "learning_rate": rate}

    def _step(self, batch: Batch, rate: float, random: np.random.Generator, epoch: int) -> float:
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        inputs, targets = (torch.from_numpy(part).to(self.device) for part in (batch.inputs, batch.targets))
        queries = self.model(inputs, batch.widths)
        loss = self.loss(self.model, queries, targets, random)
        value = loss.item()
        if not math.isfinite(value):
            raise BadRequest("the loss is no longer a number", got=f"{value} in epoch {epoch}; {self._state_of(batch, queries)}",
                             allowed="a finite loss", remedy="lower settings.learning_rate or settings.clip_norm; "
                             "the last good epoch stays as checkpoint")
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip_norm)
        self.optimiser.step()
        return value

    def _state_of(self, batch: Batch, queries: torch.Tensor) -> str:
        """What a person needs to see why."""
        broken = [name for name, p in self.model.named_parameters() if not torch.isfinite(p).all()]
        return (f"{len(batch.inputs)} positions, {batch.widths[0]} windows of up to {len(batch.widths)}, "
                f"largest query {queries.abs().max().item():.3g}, weights not finite: {', '.join(broken) or 'none'}")

    def _rate(self, share: float) -> float:
        """The learning rate after this share of all steps: a linear rise, then a cosine to zero (Loshchilov & Hutter 2017) or constant."""
        warm_up, top = self.settings.warm_up, self.settings.learning_rate
        if share < warm_up:
            return top * share / warm_up
        if self.settings.schedule == "constant":
            return top
        return top * (1 + math.cos(math.pi * (share - warm_up) / (1 - warm_up))) / 2

    def weights(self) -> dict[str, torch.Tensor]:
        """A copy of the model's tensors now."""
        return {name: tensor.detach().clone() for name, tensor in self.model.state_dict().items()}

    def moments(self) -> dict[str, torch.Tensor]:
        """The optimiser's tensors by `<parameter>/<name>`."""
        return {f"{name}/{key}": value for name, parameter in self.model.named_parameters()
                for key, value in self.optimiser.state[parameter].items()}

    def restore(self, standing: Standing) -> None:
        """Go on from a checkpoint as if nothing had happened."""
        self.model.load_state_dict(standing.weights)
        for name, parameter in self.model.named_parameters():
            own = {key.split("/", 1)[1]: value for key, value in standing.optimiser.items() if key.split("/", 1)[0] == name}
            self.optimiser.state[parameter] = {key: value if key == "step" else value.to(self.device) for key, value in own.items()}


def _stream(seed: int, epoch: int) -> int:
    """A seed for torch that differs for every epoch of every seed."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0])
