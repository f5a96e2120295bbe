"""The recurrence of a GRU layer over packed steps on a CPU, with its gradient: many times faster
there than `torch.nn.GRU`.

torch records some ten operations a step for its automatic gradient and accumulates the weights'
gradient step by step. Steps are short (a few dozen sequences), so that calling an operation costs
as much as its arithmetic. Here a step does only what needs the step before it, five operations
forward and four backward; all else is done for all positions at once. Tested against
`torch.nn.GRU`, whose gate order (r, z, n) it keeps.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor


class Recurrence(torch.autograd.Function):
    """Hidden states of all positions: `Recurrence.apply(gates, widths, state_weights, state_bias)`.

        r, z = σ(g_r + U_r h + c_r), σ(g_z + U_z h + c_z),  n = tanh(g_n + r (U_n h + c_n)),  h ← n
        + z (h − n)

    Args:
        gates: float32 (n, 3 hidden), g = W x + b of each position; step by step, the sequences of a
            step longest first.
        widths: how many sequences still read at each step; never rising; sums to n.
        state_weights, state_bias: float32 (3 hidden, hidden), (3 hidden): U and c.

    Returns:
        float32 (n, hidden), in the order of `gates`.
    """

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
    def forward(
        ctx, gates: Tensor, widths: list[int], state_weights: Tensor, state_bias: Tensor
    ) -> Tensor:
        h = state_weights.shape[1]
        given = gates + state_bias
        given[:, 2 * h :] = state_bias[2 * h :]  # its own share stays outside of r
        linear, acts, states = (
            torch.empty_like(gates),
            torch.empty_like(gates),
            gates.new_empty(len(gates), h),
        )
        columns = (
            given,
            gates[:, 2 * h :],
            linear,
            linear[:, : 2 * h],
            linear[:, 2 * h :],
            acts[:, : 2 * h],
            acts[:, :h],
            acts[:, h : 2 * h],
            acts[:, 2 * h :],
            states,
        )
        state, transposed = gates.new_zeros(widths[0], h), state_weights.t().contiguous()
        for g, g_n, all_, both, memory, r_z, r, z, n, out in zip(
            *(column.split(widths) for column in columns), strict=True
        ):
            old = state[: len(out)]
            torch.addmm(g, old, transposed, out=all_)
            torch.sigmoid(both, out=r_z)
            torch.addcmul(g_n, r, memory, out=n).tanh_()
            state = torch.lerp(n, old, z, out=out)
        ctx.widths = widths
        ctx.save_for_backward(states, acts, linear, state_weights)
        return states

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx, gradient: Tensor):
        states, acts, linear, state_weights = ctx.saved_tensors
        h, widths = state_weights.shape[1], ctx.widths
        before = _previous(states, widths)
        r, z, n = acts.split(h, dim=1)
        by_n = (1 - z) * (1 - n * n)  # ∂h / ∂ (what tanh is of)
        by_r, by_z = by_n * linear[:, 2 * h :] * r * (1 - r), (before - n) * z * (1 - z)
        shares = torch.stack((by_r, by_z, by_n * r), dim=1)  # (n, 3, h): ∂h / ∂ (U h + c)
        d_states, d_linear = gradient.clone(), torch.empty_like(shares)
        carried, pieces = None, (d_states, shares, d_linear, z)
        for d_state, share, d_line, kept in zip(
            *(reversed(piece.split(widths)) for piece in pieces), strict=True
        ):
            if carried is not None:
                d_state[: len(carried)] += carried
            torch.mul(share, d_state[:, None], out=d_line)
            carried = torch.addmm(d_state * kept, d_line.flatten(1), state_weights)
        d_gates = d_linear.flatten(1).clone()
        torch.mul(d_states, by_n, out=d_gates[:, 2 * h :])
        return d_gates, None, d_linear.flatten(1).t() @ before, d_linear.flatten(1).sum(0)


def _previous(states: Tensor, widths: list[int]) -> Tensor:
    """(n, hidden): the state each position started from; zeros at the first step."""
    before, begin = torch.zeros_like(states), widths[0]
    for earlier, width in itertools.pairwise(widths):
        before[begin : begin + width] = states[begin - earlier : begin - earlier + width]
        begin += width
    return before
