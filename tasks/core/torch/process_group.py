"""The processes that train one network together; one alone is a group of its own.

    torchrun --nproc-per-node 2 -m tasks.gru4rec fit '<request as JSON>'

Every process makes the same batches and trains its part of each one's windows; gradients are
summed, so that all hold the same weights and these are, up to rounding and dropout, those that one
process ends with. Only the leader validates, writes and records.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor


@dataclasses.dataclass(frozen=True)
class ProcessGroup:
    """This process's number among `size`; number 0 leads."""

    number: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        return self.number == 0

    @classmethod
    @contextlib.contextmanager
    def joined(cls, device: torch.device) -> Iterator[ProcessGroup]:
        """The group that torchrun's environment tells of, its processes connected while the context
        lasts: by gloo, or by NCCL on GPUs.
        """
        group = cls(int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1)))
        if group.size == 1:
            yield group
            return
        from torch import distributed

        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
        try:
            yield group
        finally:
            distributed.destroy_process_group()

    def sum(self, parameters: Iterable[Tensor], value: float) -> float:
        """Replace every gradient by its sum over all processes; returns the sum of `value`."""
        if self.size == 1:
            return value
        from torch import distributed

        trained = [p for p in parameters if p.requires_grad]
        parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in trained]
        together = torch.cat([part.flatten() for part in parts] + [parts[0].new_tensor([value])])
        distributed.all_reduce(together)
        for parameter, part in zip(
            trained, together[:-1].split([part.numel() for part in parts]), strict=True
        ):
            parameter.grad = part.view_as(parameter)
        return together[-1].item()

    def broadcast(self, value: float, device: torch.device) -> float:
        """The leader's value, in every process."""
        if self.size == 1:
            return value
        from torch import distributed

        box = torch.tensor([value], dtype=torch.float64, device=device)
        distributed.broadcast(box, 0)
        return box.item()

    def wait(self) -> None:
        """Until every process is here."""
        if self.size > 1:
            from torch import distributed

            distributed.barrier()
