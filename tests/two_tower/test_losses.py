"""The losses by their definitions, written out for a small batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tasks.two_tower.losses import in_batch, ratings


def batch(runs: int = 4, run: int = 3, items: int = 7, d: int = 5):
    """Queries, items, targets and runs of eleven examples: the first place of the first run has
    none.
    """
    torch.manual_seed(0)
    chosen, targets = torch.unique(torch.randint(0, items, (runs * run - 1,)), return_inverse=True)
    return (
        torch.randn(len(targets), d),
        torch.randn(len(chosen), d + 1),
        targets,
        torch.arange(1, runs * run) // run,
    )


def test_in_batch_softmax_is_its_definition_one_negative_after_the_other():
    queries, items, targets, runs = batch()
    shares = torch.rand(len(items)) / 10
    expected = []
    for i, target in enumerate(targets):
        score = lambda item: float(queries[i] @ items[item, :-1] + items[item, -1])  # noqa: B023, E731
        own = set(targets[runs == runs[i]].tolist())
        others = sum(
            np.exp(score(other)) / (len(targets) * float(shares[other]))
            for other in targets
            if int(other) not in own
        )
        expected.append(np.log(np.exp(score(target)) + others) - score(target))
    assert in_batch(queries, items, targets, runs, shares).item() == pytest.approx(
        np.mean(expected), rel=1e-5
    )


def test_correction_makes_the_batch_stand_for_the_whole_catalogue():
    """Many examples drawn by popularity: the sum over them is the sum over all items, however often
    each is drawn.
    """
    shares = torch.tensor([0.5, 0.3, 0.15, 0.05])
    items = torch.randn(4, 3, generator=torch.Generator().manual_seed(1))
    drawn = torch.from_numpy(
        np.random.default_rng(0).choice(
            4, 4000, p=shares.double().numpy() / shares.double().sum().item()
        )
    )
    queries = torch.full((4000, 2), 0.7)
    scores = queries[0] @ items[:, :-1].t() + items[:, -1]
    expected = (torch.logsumexp(scores, 0) - scores[drawn]).mean()
    assert in_batch(queries, items, drawn, torch.arange(4000), shares).item() == pytest.approx(
        expected.item(), rel=0.03
    )


def test_a_batch_of_one_run_has_no_negatives_and_a_finite_gradient():
    queries = torch.randn(3, 5, requires_grad=True)
    loss = in_batch(
        queries,
        torch.randn(3, 6),
        torch.tensor([0, 1, 2]),
        torch.zeros(3, dtype=torch.long),
        torch.full((3,), 1 / 3),
    )
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-6) and torch.isfinite(queries.grad).all()


def test_squared_error_is_of_every_example():
    queries, items, targets, _ = batch()
    wanted = torch.rand(len(targets))
    expected = np.mean(
        [
            (float(query @ items[item, :-1] + items[item, -1]) - float(rating)) ** 2
            for query, item, rating in zip(queries, targets, wanted)
        ]
    )
    assert ratings(queries, items, targets, wanted).item() == pytest.approx(expected, rel=1e-5)
