"""The network in training, read top to bottom: GRU4Rec (Hidasi et al. 2016) as it does best today,
or SASRec behind the same ends.

    item → vector → normalised, dropout → sequence encoder → dropout → projected to an item's size →
    inner product with all items

Shapes: n positions of a packed batch, d dimensions of an item, h the encoder's width, q interests,
I items.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from tasks.gru4rec.attention import SelfAttention
from tasks.gru4rec.recurrence import Recurrence

BY_ITEM = (
    "embedding.weight",
    "bias",
)  # one row an item; all other tensors are the same for every catalogue


@dataclasses.dataclass(frozen=True)
class Shape:
    """The sizes of the network.

    Attributes:
        items: how many can be recommended.
        dimension: d. One table serves as input and output (tied weights, Inan et al. 2017): half
            the memory, and every gradient of an item as answer improves it as evidence too.
        hidden: units of the recurrent layer. Wider than d: the state must hold a whole history, an
            item only itself. On MovieLens 1M 4 d gives 11 % more NDCG than d; 100,000 ratings are
            learned as well at half that width. With sasrec the width of the feed-forward inside a
            block.
        input_dropout: on the item's vector (Tan et al. 2016): no prediction may hang on one
            coordinate of one item.
        output_dropout: on the state, for the same reason.
        encoder: gru or sasrec.
        window, blocks, heads: of sasrec.
        interests: q query vectors after each position; an item's score is its best one's.
    """

    items: int
    dimension: int
    hidden: int
    input_dropout: float
    output_dropout: float
    encoder: str = "gru"
    window: int = 200
    blocks: int = 2
    heads: int = 1
    interests: int = 1


class Network(nn.Module):
    """Scores of all items after each position of a history are `queries @ embedding.T + bias`.

    The inner product is plain: vectors of unit length, as in the first versions, cost 7 % of the
    recall. The bias (an item's popularity) is served as one more dimension of the candidates, which
    meets a one in the query.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.items, shape.dimension)  # (I, d)
        self.bias = nn.Parameter(torch.zeros(shape.items))  # (I)
        self.norm = nn.LayerNorm(shape.dimension)  # Ba et al. 2016: long vectors do not shout
        self.encoder = GRU(shape) if shape.encoder == "gru" else SelfAttention(shape)
        self.projection = nn.Linear(
            self.encoder.width, shape.interests * shape.dimension
        )  # (q d, h)
        self.drop_input, self.drop_output = (
            nn.Dropout(shape.input_dropout),
            nn.Dropout(shape.output_dropout),
        )
        nn.init.normal_(
            self.embedding.weight, std=shape.dimension**-0.5
        )  # first scores of order one

    def forward(self, items: Tensor, widths: list[int], query_rows: Tensor | None = None) -> Tensor:
        """Queries after each position, or after those asked for.

        Args:
            items: int64 (n), packed: all first items, then all second ones, …; within a step the
                longest sequences first.
            widths: how many sequences have a first, second, … item; sums to n.
            query_rows: int64 (m), rows of `items`; None means all.

        Returns:
            float32 (n, d) or (m, d); with several interests (n, q, d) or (m, q, d).
        """
        x = self.drop_input(self.norm(self.embedding(items)))  # (n, d)
        states = self.encoder(x, widths)  # (n, h)
        if query_rows is not None:
            states = states[query_rows]  # (m, h)
        queries = self.projection(self.drop_output(states))  # (n, q d)
        return (
            queries
            if self.shape.interests == 1
            else queries.unflatten(1, (self.shape.interests, self.shape.dimension))
        )

    def catalogue(
        self, items: Tensor | None = None, more: Tensor | float = 0.0
    ) -> tuple[Tensor, Tensor]:
        """Vectors (I, d) and biases (I) of all items, or (k, d) and (k) of k items; `more` is added
        to their biases.
        """
        return (
            (self.embedding.weight, self.bias)
            if items is None
            else (self.embedding(items), self.bias[items] + more)
        )

    def scores(self, queries: Tensor, items: Tensor | None = None) -> Tensor:
        """float32 (n, I), or (n, k) for k items: the best over a position's interests."""
        vectors, bias = self.catalogue(items)
        if queries.ndim == 2:
            return torch.addmm(bias, queries, vectors.t())
        return (queries @ vectors.t()).amax(1) + bias

    def score_of(self, queries: Tensor, items: Tensor) -> Tensor:
        """float32 (n): of one item a position, int64 (n)."""
        products = (
            self.embedding(items) * queries
            if queries.ndim == 2
            else self.embedding(items)[:, None] * queries
        )
        found = products.sum(-1)
        return (found if queries.ndim == 2 else found.amax(1)) + self.bias[items]


@contextlib.contextmanager
def of_rows(model: Network, parts: Mapping[str, nn.Parameter]) -> Iterator[None]:
    """While the context lasts, the catalogue is these rows of the tables; items are places among
    them.
    """
    vectors, bias = model.embedding.weight, model.bias
    model.embedding.weight, model.bias = parts["embedding.weight"], parts.get("bias", bias)
    try:
        yield
    finally:
        model.embedding.weight, model.bias = vectors, bias


class GRU(nn.Module):
    """One recurrent layer (Cho et al. 2014) over packed sequences."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.width = shape.hidden
        self.layer = nn.GRU(shape.dimension, shape.hidden)  # holds the weights

    def forward(self, x: Tensor, widths: list[int]) -> Tensor:
        """float32 (n, h): the state after each position."""
        if x.is_cuda:  # cuDNN has the whole recurrence as one kernel
            return self.layer(PackedSequence(x, torch.tensor(widths)))[0].data
        gates = torch.addmm(self.layer.bias_ih_l0, x, self.layer.weight_ih_l0.t())  # (n, 3 h)
        return Recurrence.apply(gates, widths, self.layer.weight_hh_l0, self.layer.bias_hh_l0)
