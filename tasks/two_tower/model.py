"""The two towers (Huang et al. 2013; Covington et al. 2016; Yi et al. 2019): read top to bottom.

    item:  id + mean of the genres' vectors + …                       → vector and bias
    user:  means of the history's vectors, attributes, id → one layer → query

Shapes: n examples in b runs, u different items of a batch, d dimensions, K decays.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclasses.dataclass(frozen=True)
class Shape:
    """The sizes of the towers.

    Attributes:
        items, users: that are known by their ids.
        item_values, user_values: rows of the tables of feature values.
        dimension: d.
        hidden: units of the user tower's layer.
        decays: of the history's means, in items. Time scales side by side tell new taste from old,
            where one mean of all cannot.
        dropout: on what the user tower reads, and on its hidden units.
    """

    items: int
    users: int
    item_values: int
    user_values: int
    dimension: int
    hidden: int
    decays: tuple[float, ...]
    dropout: float


@dataclasses.dataclass(frozen=True)
class Values:
    """Feature values of some users or items, as `embedding_bag` takes them; a weight of zero hides
    a value.
    """

    offsets: Tensor
    rows: Tensor
    weights: Tensor


class TwoTower(nn.Module):
    """The score of an item for a user is query · vector + bias: plain inner product, the bias
    served as one more dimension.

    The item tower is a sum, so that a new item stands where its features put it, and adds up with
    nothing that was not trained. One table of items serves as what is recommended and as what a
    history is read by.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape, d, wide = shape, shape.dimension, (len(shape.decays) + 2) * shape.dimension
        self.item_ids = nn.Parameter(torch.randn(shape.items, d + 1) * d**-0.5)  # vector, bias
        self.item_unknown = nn.Parameter(
            torch.randn(d + 1) * d**-0.5
        )  # instead of an id that is new or hidden
        self.item_values = nn.Parameter(torch.zeros(shape.item_values, d + 1))
        self.user_ids = nn.Parameter(torch.zeros(shape.users, d))
        self.user_values = nn.Parameter(torch.zeros(shape.user_values, d))
        self.norm = nn.LayerNorm(d)
        self.hidden = nn.Linear(wide, shape.hidden)
        self.output = nn.Linear(shape.hidden, d)
        self.direct = nn.Linear(wide, d, bias=False)
        with torch.no_grad():
            self.item_ids[:, d] = 0
            self.item_unknown[d] = 0

    def items(self, rows: Tensor, values: Values, with_id: Tensor) -> Tensor:
        """float32 (u, d + 1).

        Args:
            rows: int64 (u).
            values: of these items.
            with_id: bool (u), false for an item that is to stand by its features alone.
        """
        own = torch.where(
            with_id[:, None], functional.embedding(rows, self.item_ids), self.item_unknown
        )
        return own + self._sum(values, self.item_values, len(rows))

    def users(
        self, history: Tensor, runs: Tensor, rows: Tensor, values: Values, with_id: Tensor
    ) -> Tensor:
        """Queries, float32 (n, d).

        Args:
            history: float32 (n, K d), the means of the normalised item vectors.
            runs: int64 (n), of which run, and so of which user, each example is.
            rows: int64 (b), of the table of ids.
            values: of these users.
            with_id: bool (b), false for a user whose id is new or hidden.
        """
        about = self._sum(values, self.user_values, len(rows))  # (b, d)
        own = (
            functional.embedding(rows, self.user_ids) * with_id[:, None]
            if len(self.user_ids)
            else torch.zeros_like(about)
        )
        whole = functional.embedding(runs, torch.cat((about, own), dim=1))  # (n, 2 d)
        x = self._drop(torch.cat((history, whole), dim=1), runs, len(rows))  # (n, (K + 2) d)
        return self.output(self._drop(torch.relu(self.hidden(x)), runs, len(rows))) + self.direct(x)

    def read(self, vectors: Tensor) -> Tensor:
        """Item vectors as a history is read by: normalised (Ba et al. 2016), so that no long vector
        shouts; (u, d).
        """
        return self.norm(vectors[:, : self.shape.dimension])

    def _drop(self, x: Tensor, runs: Tensor, count: int) -> Tensor:
        """Dropout by one mask for a whole run (Gal & Ghahramani 2016): random numbers for each
        example cost a fifth of the time.
        """
        if not self.training or not self.shape.dropout:
            return x
        kept = torch.rand(count, x.shape[1], device=x.device) >= self.shape.dropout
        return x * (kept / (1 - self.shape.dropout)).index_select(0, runs)

    @staticmethod
    def _sum(values: Values, table: Tensor, count: int) -> Tensor:
        if not len(table) or not len(values.rows):
            return table.new_zeros(count, table.shape[1])
        return functional.embedding_bag(
            values.rows, table, values.offsets, mode="sum", per_sample_weights=values.weights
        )
