"""The losses by their definitions, written out for a small batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tasks.two_tower.losses import in_batch, ratings


def batch(runs: int = 4, run: int = 3, items: int = 7, d: int = 5):
    torch.manual_seed(0)
    targets = torch.randint(0, items, (runs, run))
    targets[0, 0] = -1
    chosen, targets = torch.unique(targets, return_inverse=True)
    return torch.randn(runs, run, d), torch.randn(len(chosen) - 1, d + 1), targets - 1


def test_in_batch_softmax_is_its_definition_one_negative_after_the_other():
    queries, items, targets = batch()
    shares = torch.rand(len(items)) / 10
    examples = [(i, j) for i in range(4) for j in range(3) if targets[i, j] >= 0]
    expected = []
    for i, j in examples:
        score = lambda item: float(queries[i, j] @ items[item, :-1] + items[item, -1])  # noqa: B023, E731
        own = set(targets[i].tolist())
        others = sum(np.exp(score(targets[a, b])) / (len(examples) * float(shares[targets[a, b]])) for a, b in examples
                     if int(targets[a, b]) not in own)
        right = score(targets[i, j])
        expected.append(np.log(np.exp(right) + others) - right)
    assert in_batch(queries, items, targets, shares).item() == pytest.approx(np.mean(expected), rel=1e-5)


def test_correction_makes_the_batch_stand_for_the_whole_catalogue():
    """Many examples drawn by popularity: the sum over them is the sum over all items, however often each is drawn."""
    shares = torch.tensor([.5, .3, .15, .05])
    items = torch.randn(4, 3, generator=torch.Generator().manual_seed(1))
    drawn = torch.from_numpy(np.random.default_rng(0).choice(4, 4000, p=shares.double().numpy() / shares.double().sum().item()))[:, None]
    queries = torch.full((4000, 1, 2), .7)
    scores = queries[0, 0] @ items[:, :-1].t() + items[:, -1]
    expected = (torch.logsumexp(scores, 0) - scores[drawn[:, 0]]).mean()
    assert in_batch(queries, items, drawn, shares).item() == pytest.approx(expected.item(), rel=.03)


def test_a_batch_of_one_run_has_no_negatives_and_a_finite_gradient():
    queries = torch.randn(1, 3, 5, requires_grad=True)
    loss = in_batch(queries, torch.randn(3, 6), torch.tensor([[0, 1, 2]]), torch.full((3,), 1 / 3))
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-6) and torch.isfinite(queries.grad).all()


def test_squared_error_is_of_the_examples_that_are_there():
    queries, items, targets = batch()
    wanted = torch.rand(4, 3)
    there = [(i, j) for i in range(4) for j in range(3) if targets[i, j] >= 0]
    expected = np.mean([(float(queries[i, j] @ items[targets[i, j], :-1] + items[targets[i, j], -1]) - float(wanted[i, j])) ** 2 for i, j in there])
    assert ratings(queries, items, targets, wanted).item() == pytest.approx(expected, rel=1e-5)
