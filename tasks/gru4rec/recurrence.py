"""The recurrence of a GRU layer over packed steps on a CPU, with its gradient: several times faster there than `torch.nn.GRU`.

torch records some ten operations a step for its automatic gradient and accumulates the weights' gradient step by step. Here the
input's share of the gates comes ready from one product over all positions, a step keeps only what its gradient needs, and the
gradient of the weights is one product at the end. Tested against `torch.nn.GRU`, whose gate order (r, z, n) it keeps.
"""

from __future__ import annotations

import torch
from torch import Tensor


class Recurrence(torch.autograd.Function):
    """Hidden states of all positions: `Recurrence.apply(gates, widths, state_weights, state_bias)`.

    Args:
        gates: float32 (n, 3 hidden), W x + b of each position; step by step, the sequences of a step longest first.
        widths: how many sequences still read at each step; never rising; sums to n.
        state_weights, state_bias: float32 (3 hidden, hidden), (3 hidden).

    Returns:
        float32 (n, hidden), in the order of `gates`.
    """

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
    def forward(ctx, gates: Tensor, widths: list[int], state_weights: Tensor, state_bias: Tensor) -> Tensor:
        h = state_weights.shape[1]
        states, memory = gates.new_empty(len(gates), h), gates.new_empty(len(gates), h)  # memory: U_n h + c_n
        acts, transposed = torch.empty_like(gates), state_weights.t().contiguous()  # acts: r, z, n
        state, begin = gates.new_zeros(widths[0], h), 0
        for width in widths:
            rows = slice(begin, begin + width)
            old, act, given = state[:width], acts[rows], gates[rows]
            linear = torch.addmm(state_bias, old, transposed)
            torch.add(given[:, :2 * h], linear[:, :2 * h], out=act[:, :2 * h]).sigmoid_()
            memory[rows] = linear[:, 2 * h:]
            new = torch.addcmul(given[:, 2 * h:], act[:, :h], memory[rows]).tanh_()
            act[:, 2 * h:] = new
            state = torch.lerp(new, old, act[:, h:2 * h], out=states[rows])
            begin += width
        ctx.widths = widths
        ctx.save_for_backward(states, acts, memory, state_weights)
        return states

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx, gradient: Tensor):
        states, acts, memory, state_weights = ctx.saved_tensors
        h, widths = state_weights.shape[1], ctx.widths
        before = _previous(states, widths)
        d_gates, d_linear = torch.empty_like(acts), torch.empty_like(acts)
        carried, end = states.new_zeros(widths[0], h), len(states)
        for width in reversed(widths):
            rows = slice(end - width, end)
            r, z, n = acts[rows].split(h, dim=1)
            d_state = carried[:width].add_(gradient[rows])
            d_z = (before[rows] - n).mul_(d_state).mul_(z).mul_(1 - z)
            d_n = (d_state * (1 - z)).mul_(1 - n * n)
            d_r = (d_n * memory[rows]).mul_(r).mul_(1 - r)
            torch.cat((d_r, d_z, d_n), dim=1, out=d_gates[rows])
            torch.cat((d_r, d_z, d_n.mul_(r)), dim=1, out=d_linear[rows])
            d_state.mul_(z).addmm_(d_linear[rows], state_weights)
            end -= width
        return d_gates, None, d_linear.t() @ before, d_linear.sum(0)


def _previous(states: Tensor, widths: list[int]) -> Tensor:
    """(n, hidden): the state each position started from; zeros at the first step."""
    before, begin = torch.zeros_like(states), widths[0]
    for earlier, width in zip(widths, widths[1:]):
        before[begin:begin + width] = states[begin - earlier:begin - earlier + width]
        begin += width
    return before
