"""The recurrence written out by hand is that of `torch.nn.GRU`, forwards and backwards."""

from __future__ import annotations

import torch
from torch.nn.utils.rnn import PackedSequence

from tasks.gru4rec.recurrence import Recurrence

WIDTHS = [5, 5, 3, 2, 2, 1]


def test_states_and_gradients_are_those_of_torch():
    torch.manual_seed(1)
    gru, x, target = (
        torch.nn.GRU(4, 7),
        torch.randn(sum(WIDTHS), 4, requires_grad=True),
        torch.randn(sum(WIDTHS), 7),
    )

    def torchs():
        return gru(PackedSequence(x, torch.tensor(WIDTHS)))[0].data

    def ours():
        gates = torch.addmm(gru.bias_ih_l0, x, gru.weight_ih_l0.t())
        return Recurrence.apply(gates, WIDTHS, gru.weight_hh_l0, gru.bias_hh_l0)

    results = []
    for states in (torchs(), ours()):
        gradients = torch.autograd.grad(((states - target) ** 2).sum(), [x, *gru.parameters()])
        results.append([states, *gradients])
    for expected, got in zip(*results):
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)
