"""One network in training: an epoch at a time, the same for a seed, able to go on from any
epoch.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator

import numpy as np
import torch

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.log import Progress
from tasks.core.data.histories import Histories
from tasks.core.torch.adamw import AdamW
from tasks.core.torch.learning_rate import learning_rate
from tasks.core.torch.loop import epoch_seed
from tasks.core.torch.process_group import ProcessGroup
from tasks.core.torch.row_adamw import RowAdamW
from tasks.gru4rec.batches import Batch, batches, positions
from tasks.gru4rec.compact_rows import keep_used_rows
from tasks.gru4rec.default_sizes import SizedSettings
from tasks.gru4rec.losses import BprMax, FullSoftmax, Negatives, Sample, SampledSoftmax
from tasks.gru4rec.model import BY_ITEM, Network, Shape, of_rows

ROWS_FROM = 20_000  # items of a catalogue of which a step with negatives moves only what it reads


class Trainer:
    """A model, its loss and its optimiser.

    Args:
        settings: how to train.
        histories: what users liked, as rows of the catalogue.
        counts: int64 (items), how often each was liked.
        seed: of everything random.
        device: where to compute.
        group: the processes that train together.

    Attributes:
        epochs, top_rate: passes at most and the highest learning rate; less of both after `go_on`.
        total: positions of an epoch.
    """

    unit = "positions"

    def __init__(
        self,
        settings: SizedSettings,
        histories: Histories,
        counts: np.ndarray,
        seed: int,
        device: torch.device,
        group: ProcessGroup,
    ) -> None:
        self.settings, self.histories, self.seed, self.device, self.group = (
            settings,
            histories,
            seed,
            device,
            group,
        )
        self.epochs, self.top_rate = settings.epochs, settings.learning_rate
        torch.manual_seed(epoch_seed(seed, 0))
        self.model = Network(network_shape(settings, len(counts))).to(device)
        self.model.bias.requires_grad_(not settings.unit_items)
        self.loss = _loss(settings, counts, device)
        parameters = dict(self.model.named_parameters())
        # not the embedding: decay would erase the vectors of rare items, which get few gradients
        matrices = {
            name for name, p in parameters.items() if p.ndim == 2 and name != "embedding.weight"
        }
        self.optimiser = AdamW(parameters.items(), matrices, settings.weight_decay)
        if len(counts) >= ROWS_FROM and not isinstance(self.loss, FullSoftmax):
            tables = [name for name in BY_ITEM if parameters[name].requires_grad]
            self.optimiser = RowAdamW(parameters.items(), matrices, settings.weight_decay, tables)
        self.halved = settings.precision == "bfloat16" or (
            settings.precision == "auto" and device.type == "cuda"
        )
        self.total = positions(histories, settings.positions == "one")

    def go_on(self) -> None:
        """The weights come from the champion: a shorter and gentler training is enough."""
        self.epochs = max(1, round(self.settings.warm_share * self.epochs))
        self.top_rate *= self.settings.warm_share

    def epoch(self, number: int, progress: Progress) -> dict[str, float]:
        """Train one pass (1, 2, …) over all positions, adding each to `progress`.

        Returns:
            train_loss (nats a position), positions_per_s, epoch_seconds, learning_rate.

        Raises:
            BadRequest: the loss is no longer a number.
        """
        torch.manual_seed(epoch_seed(self.seed, number, self.group.number))
        random = np.random.default_rng([self.seed, number])
        self.model.train()
        started, done, summed, now = time.monotonic(), 0, 0.0, 0.0
        for batch in self._batches(random):
            done += batch.whole
            now = learning_rate(
                (number - 1 + done / self.total) / self.epochs,
                self.top_rate,
                self.settings.warm_up,
                self.settings.schedule == "cosine",
            )
            loss = self._step(batch, now, random, number)
            summed += loss * batch.whole
            progress.add(batch.whole, epoch=number, loss=loss)
        self.settle()
        seconds = time.monotonic() - started
        return {
            "train_loss": summed / self.total,
            "positions_per_s": self.total / seconds,
            "epoch_seconds": seconds,
            "learning_rate": now,
        }

    def _batches(self, random: np.random.Generator) -> Iterator[Batch]:
        """The batches of an epoch that fall to this process."""
        return batches(
            self.histories,
            self.settings.window,
            self.settings.batch_positions,
            random,
            self.settings.positions == "one",
            (self.group.number, self.group.size),
            self.settings.horizon,
        )

    def settle(self) -> None:
        """Bring the whole tables up to date, where a step moves only what it reads."""
        if isinstance(self.optimiser, RowAdamW):
            self.optimiser.settle()

    def _step(self, batch: Batch, now: float, random: np.random.Generator, epoch: int) -> float:
        """Train one batch; returns the mean loss over the positions of all processes."""
        sample = self.loss.draw(random)
        with self._reading(batch, sample) as (batch, sample):
            value = self._learn(batch, sample, epoch) if len(batch.targets) else 0.0
            value = self.group.sum(self.model.parameters(), value)
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip_norm)
        self.optimiser.step(now)
        return value

    @contextlib.contextmanager
    def _reading(
        self, batch: Batch, sample: Sample | None
    ) -> Iterator[tuple[Batch, Sample | None]]:
        """The batch and sample of a step, on whole tables or on the rows that it reads."""
        if not isinstance(self.optimiser, RowAdamW) or sample is None:
            yield batch, sample
            return
        rows, batch, sample = keep_used_rows(batch, sample)
        with of_rows(self.model, self.optimiser.read(dict.fromkeys(self.optimiser.tables, rows))):
            yield batch, sample

    def _learn(self, batch: Batch, sample: Sample | None, epoch: int) -> float:
        """Leave the gradients of this process's share of the loss, and return that share."""
        inputs, targets = (
            torch.from_numpy(part).to(self.device) for part in (batch.inputs, batch.targets)
        )
        query_rows = (
            None if batch.query_rows is None else torch.from_numpy(batch.query_rows).to(self.device)
        )
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.halved):
            queries = self.model(inputs, batch.widths, query_rows)
        queries = queries.float()
        # Each loss is given the sample that its own `draw` made.
        mean = self.loss(self.model, queries, targets, sample)  # type: ignore[arg-type]
        loss = mean * (len(batch.targets) / batch.whole)
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
        return value

    def _state_of(self, batch: Batch, queries: torch.Tensor) -> str:
        """The state of a step whose loss is no number, for the error message."""
        broken = [name for name, p in self.model.named_parameters() if not torch.isfinite(p).all()]
        return (
            f"{len(batch.inputs)} positions, {batch.widths[0]} windows of up to "
            f"{len(batch.widths)}, "
            f"largest query {queries.abs().max().item():.3g}, weights not finite: "
            f"{', '.join(broken) or 'none'}"
        )


def network_shape(settings: SizedSettings, items: int) -> Shape:
    """The network that these settings make for a catalogue."""
    return Shape(
        items,
        settings.dimension,
        settings.hidden,
        settings.input_dropout,
        settings.output_dropout,
        settings.encoder,
        settings.window,
        settings.blocks,
        settings.heads,
        settings.interests,
    )


def _loss(
    settings: SizedSettings, counts: np.ndarray, device: torch.device
) -> FullSoftmax | SampledSoftmax | BprMax:
    if settings.loss == "cross-entropy" and len(counts) <= settings.full_softmax_items:
        return FullSoftmax()
    negatives = Negatives(counts, settings.negatives, settings.negative_exponent, device)
    return (
        SampledSoftmax(negatives)
        if settings.loss == "cross-entropy"
        else BprMax(negatives, settings.bpr_penalty)
    )
