"""Cross-entropy of queries against vectors, with its gradient, of which no table of scores ever
stands: some rows of it at a time, in the processor's cache. As the gradient is made while the
scores are there, both are gone through once (Hsu et al. 2024, "Liger Kernel", do so on GPUs)."""

from __future__ import annotations

import torch
from torch import Tensor

CACHED_ROWS = 128  # positions: with some thousand vectors their scores fit a core's cache
ON_GPU = 2**26  # scores: few kernels, each of a quarter of a gigabyte


class CrossEntropy(torch.autograd.Function):
    """The mean over positions of log(e^{s₊} + Σ_j e^{s_j}) − s₊, with s_j = query · vector_j +
    bias_j, of several interests the best one's.

    `CrossEntropy.apply(queries, vectors, bias, right, left_out)`; what is differentiated once
    cannot be again.

    Args:
        queries: float32 (n, d), or (n, q, d) with several interests.
        vectors, bias: float32 (k, d), (k), of what competes.
        right: float32 (n), s₊.
        left_out: int64, places t k + j of (n, k), row by row, at which j does not compete for
            position t.

    Returns:
        float32, a scalar.
    """

    @staticmethod
    def forward(
        ctx, queries: Tensor, vectors: Tensor, bias: Tensor, right: Tensor, left_out: Tensor
    ) -> Tensor:
        n, k, q = len(queries), len(vectors), 1 if queries.ndim == 2 else queries.shape[1]
        d_queries, d_vectors, d_bias, d_right = (
            torch.empty_like(queries),
            torch.zeros_like(vectors),
            torch.zeros_like(bias),
            torch.empty_like(right),
        )
        loss, transposed = queries.new_zeros(()), vectors.t().contiguous()
        rows = CACHED_ROWS if queries.device.type == "cpu" else max(ON_GPU // (k * q), 1)
        begins = range(0, n, rows)
        ends = torch.searchsorted(
            left_out, k * torch.tensor([*begins, n], device=left_out.device)
        ).tolist()
        scored = queries.new_empty(min(rows, n) * q, k)
        for begin, first, last in zip(begins, ends[:-1], ends[1:], strict=True):
            part, own = slice(begin, begin + rows), right[begin : begin + rows]
            block = queries[part].flatten(0, -2)  # (r q, d)
            scores = torch.addmm(bias, block, transposed, out=scored[: len(block)])
            best = None
            if q > 1:
                scores, best = scores.view(-1, q, k).max(1)  # (r, k)
            top = torch.maximum(scores.amax(1), own)
            shares = scores.sub_(top[:, None]).exp_()
            shares.view(-1).index_fill_(0, left_out[first:last] - begin * k, 0.0)
            own = (own - top).exp_()
            total = shares.sum(1).add_(own)
            loss += total.log().add_(top).sub_(right[part]).sum()
            d_right[part] = own / total - 1
            each = total.reciprocal_()  # of a share, to be one of the whole
            d_bias.addmv_(shares.t(), each)
            if best is not None:
                shares = (
                    torch.zeros(len(best), q, k, device=best.device)
                    .scatter_(1, best[:, None], shares[:, None])
                    .flatten(0, 1)
                )
                each = each.repeat_interleave(q)
            d_queries[part] = torch.mm(shares, vectors).mul_(each[:, None]).view_as(queries[part])
            d_vectors.addmm_(shares.t(), block * each[:, None])
        ctx.save_for_backward(d_queries, d_vectors, d_bias, d_right)
        return loss / n

    @staticmethod
    def backward(ctx, gradient: Tensor):
        share = gradient / len(ctx.saved_tensors[0])
        return *(part * share for part in ctx.saved_tensors), None
