"""SASRec's sequence encoder (Kang & McAuley 2018, section III): blocks of causal self-attention and
a feed-forward at each position.

Per block, with LN layer normalisation and D dropout:  x ← x + D(A(LN x)),  x ← x + D(W₂ ReLU(W₁ LN
x + b₁) + b₂). A position's learned vector is added at the beginning, a last LN stands at the end.
Two things differ from the paper: attention has an output matrix, as in Vaswani et al. (2017), and
places are counted from the window's first item, so that short histories need no padding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class SelfAttention(nn.Module):
    """All blocks, over the packed sequences that the recurrent layer reads too. `shape`: a
    `model.Shape`.
    """

    def __init__(self, shape) -> None:
        super().__init__()
        self.width = shape.dimension
        self.places = nn.Embedding(shape.window, shape.dimension)  # (window, d)
        self.blocks = nn.ModuleList(
            Block(shape.dimension, shape.hidden, shape.heads, shape.output_dropout)
            for _ in range(shape.blocks)
        )
        self.norm = nn.LayerNorm(shape.dimension)
        nn.init.normal_(self.places.weight, std=shape.dimension**-0.5)

    def forward(self, x: Tensor, widths: list[int]) -> Tensor:
        """float32 (n, d): the state after each position, in the order of `x` (n, d)."""
        rows, filled = padded_positions(widths, x.device)
        x = (
            x[rows] + self.places.weight[: len(widths)]
        )  # (b, t, d); causal, so nobody reads the padding at the end
        for block in self.blocks:
            x = block(x)
        return self.norm(x).transpose(0, 1)[filled.t()]


class Block(nn.Module):
    """Attention over what came before, then a feed-forward; both added to their input."""

    def __init__(self, dimension: int, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, nn.Dropout(dropout)
        self.before, self.after = nn.LayerNorm(dimension), nn.LayerNorm(dimension)
        self.attend, self.out = nn.Linear(dimension, 3 * dimension), nn.Linear(dimension, dimension)
        self.wide, self.narrow = nn.Linear(dimension, hidden), nn.Linear(hidden, dimension)

    def forward(self, x: Tensor) -> Tensor:
        """float32 (b, t, d)."""
        b, t, d = x.shape
        q, k, v = (
            self.attend(self.before(x))
            .view(b, t, 3, self.heads, d // self.heads)
            .permute(2, 0, 3, 1, 4)
        )  # (b, heads, t, d / heads)
        read = (
            functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            .transpose(1, 2)
            .reshape(b, t, d)
        )
        x = x + self.dropout(self.out(read))
        return x + self.dropout(self.narrow(torch.relu(self.wide(self.after(x)))))


def padded_positions(widths: list[int], device: torch.device) -> tuple[Tensor, Tensor]:
    """The positions of each sequence in the packed order.

    Returns:
        int64 (b, t): row of sequence b's t-th position, 0 behind its end; bool (b, t): it has that
            position.
    """
    width = torch.tensor(widths, device=device)  # (t)
    number = torch.arange(widths[0], device=device)[:, None]  # (b, 1)
    filled = number < width
    return (torch.cumsum(width, 0) - width + number).masked_fill(~filled, 0), filled
