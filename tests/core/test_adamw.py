"""The optimiser written out by hand moves as torch's does."""

from __future__ import annotations

import torch

from tasks.core.torch.adamw import AdamW


def test_moves_as_torchs_with_decay_and_without():
    torch.manual_seed(0)
    first = {name: torch.randn(4, 3) for name in ("matrix", "vector")}
    ours, torchs = (
        {name: tensor.clone().requires_grad_() for name, tensor in first.items()} for _ in range(2)
    )
    optimiser = AdamW(ours.items(), {"matrix"}, 0.3)
    groups = [
        {"params": [torchs["matrix"]], "weight_decay": 0.3},
        {"params": [torchs["vector"]], "weight_decay": 0.0},
    ]
    reference = torch.optim.AdamW(groups, betas=(0.9, 0.98))
    for step in range(20):
        rate = 0.01 * (step + 1)
        for group in reference.param_groups:
            group["lr"] = rate
        for parameters in (ours, torchs):
            sum(
                (parameter - step) ** 2 * torch.arange(12).reshape(4, 3)
                for parameter in parameters.values()
            ).sum().backward()
        optimiser.step(rate)
        reference.step()
        reference.zero_grad()
    for name in first:
        torch.testing.assert_close(ours[name], torchs[name])
