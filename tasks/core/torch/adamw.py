"""AdamW (Loshchilov & Hutter 2019, algorithm 2), its state as plain tensors.

`torch.optim` imports torch's compiler when the first optimiser is made: 5 CPU seconds, as much as
some epochs. Tested against it.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


class AdamW:
    """m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  w ← (1 − η λ) w − η m̂ / (√v̂ + ε).

    m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) after t steps, of which g is the gradient.

    Args:
        parameters: name and tensor of each.
        decayed: the names to which the weight decay λ applies.
        decay: λ.
        betas: β₁ and β₂. With .98 instead of .999 the scale of a gradient is forgotten within 50
            steps: trainings are short.
    """

    EPSILON = 1e-8

    def __init__(
        self,
        parameters: Iterable[tuple[str, Tensor]],
        decayed: set[str],
        decay: float,
        betas: tuple[float, float] = (0.9, 0.98),
    ) -> None:
        self.parameters, self.betas = dict(parameters), betas
        self.decay = {name: decay if name in decayed else 0.0 for name in self.parameters}
        self.steps = 0
        self.moments = {
            f"{name}/{moment}": torch.zeros_like(parameter)
            for name, parameter in self.parameters.items()
            for moment in ("first", "second")
        }

    @property
    def moved(self) -> list[Tensor]:
        """The tensors that take the gradient of the next step."""
        return list(self.parameters.values())

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move every parameter that has a gradient at learning rate η = `rate`, and forget the
        gradients.
        """
        self.steps += 1
        first_share, second_share = self.betas
        size = rate / (1 - first_share**self.steps)
        for name, parameter in self.parameters.items():
            if parameter.grad is None:
                continue
            first, second = self.moments[f"{name}/first"], self.moments[f"{name}/second"]
            first.lerp_(parameter.grad, 1 - first_share)
            second.mul_(second_share).addcmul_(
                parameter.grad, parameter.grad, value=1 - second_share
            )
            deviation = second.div(1 - second_share**self.steps).sqrt_().add_(self.EPSILON)
            parameter.mul_(1 - rate * self.decay[name]).addcdiv_(first, deviation, value=-size)
            parameter.grad = None

    def restore(self, steps: int, moments: dict[str, Tensor]) -> None:
        """Go on from the state of another one with the same parameters."""
        self.steps = steps
        for name, moment in self.moments.items():
            moment.copy_(moments[name])
