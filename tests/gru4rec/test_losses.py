"""The sampled loss stands for the full one: its gradient is the full one's, up to the noise of the sample."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tasks.gru4rec.losses import FullSoftmax, SampledSoftmax
from tests.gru4rec.conftest import random_model

COUNTS = np.array([200, 120, 90, 70, 50, 40, 30, 20, 12, 9, 7, 5, 4, 3, 2, 2, 1, 1, 1, 0] * 2)


def gradient(loss, draws: int, items: int = len(COUNTS)) -> torch.Tensor:
    """Mean gradient of a loss with respect to queries, vectors and biases, over `draws` samples."""
    model, random = random_model(items), np.random.default_rng(5)
    queries = torch.randn(30, 8, generator=torch.Generator().manual_seed(2)).requires_grad_()
    targets = torch.from_numpy(np.random.default_rng(1).integers(0, items, 30))
    parts = [queries, model.embedding.weight, model.bias]
    total = torch.autograd.grad(sum(loss(model, queries, targets, random) for _ in range(draws)) / draws, parts)
    return torch.cat([part.flatten() for part in total])


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_gradient_agrees_with_the_full_softmax(exponent):
    full = gradient(FullSoftmax(), 1)
    sampled = gradient(SampledSoftmax(COUNTS, 2000, exponent, torch.device("cpu")), 20)
    assert torch.linalg.norm(sampled - full) < 0.05 * torch.linalg.norm(full)


def test_a_negative_that_is_the_right_item_counts_once():
    loss = SampledSoftmax(COUNTS[:4], 4000, 0.5, torch.device("cpu"))  # so few items that every right one is drawn
    full = gradient(FullSoftmax(), 1, 4)
    assert torch.linalg.norm(gradient(loss, 5, 4) - full) < 0.03 * torch.linalg.norm(full)


def test_without_the_correction_it_would_not_agree():
    loss = SampledSoftmax(COUNTS, 2000, 1.0, torch.device("cpu"))
    loss.log_expected = torch.full_like(loss.log_expected, np.log(2000 / len(COUNTS)))
    full = gradient(FullSoftmax(), 1)
    assert torch.linalg.norm(gradient(loss, 20) - full) > 0.2 * torch.linalg.norm(full)


def test_negatives_follow_popularity_and_never_include_what_cannot_be_drawn():
    loss = SampledSoftmax(np.array([1, 4, 16]), 7, 0.5, torch.device("cpu"))
    np.testing.assert_allclose(np.exp(loss.log_expected.numpy()), [1, 2, 4], rtol=1e-5)
