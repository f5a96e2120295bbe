"""Self-attention over packed sequences: nobody sees what comes later, nor anybody else's items."""

from __future__ import annotations

import torch

from tasks.gru4rec.attention import padded_positions
from tests.gru4rec.conftest import random_model

WIDTHS = [3, 3, 2, 1, 1]  # sequences of 5, 3 and 2 items


def test_where_positions_lie():
    rows, filled = padded_positions(WIDTHS, torch.device("cpu"))
    assert [rows[number][filled[number]].tolist() for number in range(3)] == [
        [0, 3, 6, 8, 9],
        [1, 4, 7],
        [2, 5],
    ]


def test_a_query_hangs_on_ones_own_items_up_to_there_alone():
    model = random_model(encoder="sasrec", heads=2).eval()
    items = torch.arange(10)
    before, alone = model(items, WIDTHS), model(items[[1, 4, 7]], [1, 1, 1])
    torch.testing.assert_close(before[[1, 4, 7]], alone)
    items[7] = 33  # the last item of the second sequence
    changed = (model(items, WIDTHS) != before).any(dim=1)
    assert changed.nonzero().flatten().tolist() == [7]


def test_the_order_of_items_matters():
    model = random_model(encoder="sasrec").eval()
    one, other = (model(torch.tensor(items), [1, 1, 1])[-1] for items in ([1, 2, 3], [2, 1, 3]))
    assert not torch.allclose(one, other)
