"""AdamW for tables of which a step reads few rows: it costs what the step reads, and ends where
AdamW over the whole table ends.

The dense rule moves every row in every step: over a million items that costs ten times what the
network does. A row that k steps did not read has had no gradient, so all that happened to it is
known: with its moments m and v of then and w_s = η_s √(1 − β₂ˢ) / (1 − β₁ˢ),

    m ← β₁ᵏ m,  v ← β₂ᵏ v,  row ← row − m / √v · Σ_{j ≤ k} w_{t+j} (β₁ / √β₂)ʲ

which is the dense rule but for its ε, and is made up for when the row is read again, or when an
epoch ends. Hence nothing more than the moments stands in a checkpoint. Weight decay is not for such
tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from tasks.core.torch.adamw import AdamW

NEGLIGIBLE_MOMENTUM = 1e-9  # a momentum that has shrunk to this share moves nothing more
BLOCK_ROWS = (
    65_536  # rows that are settled side by side: a whole table would need five times its size
)


class RowAdamW(AdamW):
    """As `AdamW`, of which some parameters are tables.

        parts = optimiser.read({name: rows, …})  # name → the rows as they stand now; they take the
                                                 gradient
        …forward and backward through `parts`…
        optimiser.step(rate)
        optimiser.settle()                       # before anybody reads whole tables

    Args:
        parameters, decayed, decay, betas: see `AdamW`.
        tables: names of the tables; none of them decays.
    """

    def __init__(
        self,
        parameters: Iterable[tuple[str, Tensor]],
        decayed: set[str],
        decay: float,
        tables: Iterable[str],
        betas: tuple[float, float] = (0.9, 0.98),
    ) -> None:
        super().__init__(parameters, decayed, decay, betas)
        self.tables = tuple(tables)
        self.passed = 0  # steps since all rows were settled
        self.last = {
            name: torch.zeros(
                len(self.parameters[name]), dtype=torch.int64, device=self.parameters[name].device
            )
            for name in self.tables
        }  # the step since then that a row's moments are of
        fading = betas[0] / betas[1] ** 0.5
        self._fading = fading ** np.arange(
            1, 1 + int(np.log(NEGLIGIBLE_MOMENTUM) / np.log(fading))
        )  # (β₁ / √β₂)ʲ
        self._ahead = np.zeros(1024)  # by `last`: the sum over the steps that followed it
        self._read: dict[str, tuple[Tensor, nn.Parameter]] = {}

    @property
    def moved(self) -> list[Tensor]:
        return [
            self._read[name][1] if name in self._read else parameter
            for name, parameter in self.parameters.items()
        ]

    @torch.no_grad()
    def read(self, rows: Mapping[str, Tensor]) -> dict[str, nn.Parameter]:
        """These rows (int64, each once) of these tables, brought up to date; a table is read once a
        step, or not.
        """
        for name, its in rows.items():
            self._catch_up(name, its)
            self._read[name] = its, nn.Parameter(self.parameters[name][its])
        return {name: self._read[name][1] for name in rows}

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move all other parameters, and of the tables the rows that were read."""
        super().step(rate)
        first_share, second_share = self.betas
        size, scale = rate / (1 - first_share**self.steps), 1 - second_share**self.steps
        self._note(size * scale**0.5)
        for name, (rows, part) in self._read.items():
            self.last[name][rows] = self.passed
            first, second = self.moments[f"{name}/first"], self.moments[f"{name}/second"]
            gradient = torch.zeros_like(part) if part.grad is None else part.grad
            m = first[rows].lerp_(gradient, 1 - first_share)
            v = second[rows].mul_(second_share).addcmul_(gradient, gradient, value=1 - second_share)
            first.index_copy_(0, rows, m)
            second.index_copy_(0, rows, v)
            self.parameters[name].index_copy_(
                0, rows, part.data.addcdiv_(m, v.div(scale).sqrt_().add_(self.EPSILON), value=-size)
            )
        self._read = {}

    @torch.no_grad()
    def settle(self) -> None:
        """Bring every row up to date."""
        for name, last in self.last.items():
            met = self.moments[f"{name}/second"].view(len(last), -1).any(1)
            for rows in torch.nonzero(met).flatten().split(BLOCK_ROWS):
                self._catch_up(name, rows)
        self._begin()

    def restore(self, steps: int, moments: dict[str, Tensor]) -> None:
        super().restore(steps, moments)
        self._begin()

    def _begin(self) -> None:
        self.passed = 0
        for last in self.last.values():
            last.zero_()
        self._ahead[:] = 0

    def _note(self, weight: float) -> None:
        """A step has passed: every row that waits will move by its `weight` too."""
        if self.passed + 1 == len(self._ahead):
            self._ahead = np.concatenate([self._ahead, np.zeros_like(self._ahead)])
        waiting = min(self.passed + 1, len(self._fading))
        self._ahead[self.passed + 1 - waiting : self.passed + 1] += (
            weight * self._fading[:waiting][::-1]
        )
        self.passed += 1

    def _catch_up(self, name: str, rows: Tensor) -> None:
        last = self.last[name][rows]
        rows, last = rows[last < self.passed], last[last < self.passed]
        missed = (self.passed - last).double()
        move = torch.from_numpy(self._ahead)[last.cpu()].to(last.device)
        first, second = self.moments[f"{name}/first"], self.moments[f"{name}/second"]
        m, v = first[rows], second[rows]
        over = (-1,) + (1,) * (m.ndim - 1)
        shares = [
            share.to(m.dtype).view(over)
            for share in (move, *(share**missed for share in self.betas))
        ]
        self.parameters[name].index_add_(
            0, rows, shares[0] * m / v.sqrt().add_(self.EPSILON), alpha=-1
        )
        first.index_copy_(0, rows, m.mul_(shares[1]))
        second.index_copy_(0, rows, v.mul_(shares[2]))
        self.last[name][rows] = self.passed
