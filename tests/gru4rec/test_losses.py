"""The sampled loss stands for the full one: its gradient is the full one's, up to the noise of the
sample.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tasks.gru4rec import cross_entropy
from tasks.gru4rec.cross_entropy import CrossEntropy
from tasks.gru4rec.losses import BprMax, FullSoftmax, Negatives, SampledSoftmax, equal
from tests.gru4rec.conftest import random_model

COUNTS = np.array([200, 120, 90, 70, 50, 40, 30, 20, 12, 9, 7, 5, 4, 3, 2, 2, 1, 1, 1, 0] * 2)


def negatives(counts: np.ndarray, number: int, exponent: float) -> Negatives:
    return Negatives(counts, number, exponent, torch.device("cpu"))


def gradient(loss, draws: int, items: int = len(COUNTS)) -> torch.Tensor:
    """Mean gradient of a loss with respect to queries, vectors and biases, over `draws` samples."""
    model, random = random_model(items), np.random.default_rng(5)
    queries = torch.randn(30, 8, generator=torch.Generator().manual_seed(2)).requires_grad_()
    targets = torch.from_numpy(np.random.default_rng(1).integers(0, items, 30))
    parts = [queries, model.embedding.weight, model.bias]
    total = torch.autograd.grad(
        sum(loss(model, queries, targets, loss.draw(random)) for _ in range(draws)) / draws, parts
    )
    return torch.cat([part.flatten() for part in total])


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_gradient_agrees_with_the_full_softmax(exponent):
    full = gradient(FullSoftmax(), 1)
    sampled = gradient(SampledSoftmax(negatives(COUNTS, 2000, exponent)), 20)
    assert torch.linalg.norm(sampled - full) < 0.05 * torch.linalg.norm(full)


def test_a_negative_that_is_the_right_item_counts_once():
    loss = SampledSoftmax(
        negatives(COUNTS[:4], 4000, 0.5)
    )  # so few items that every right one is drawn
    full = gradient(FullSoftmax(), 1, 4)
    assert torch.linalg.norm(gradient(loss, 5, 4) - full) < 0.03 * torch.linalg.norm(full)


def test_without_the_correction_it_would_not_agree():
    uncorrected = negatives(COUNTS, 2000, 1.0)
    uncorrected.log_expected = torch.full_like(uncorrected.log_expected, np.log(2000 / len(COUNTS)))
    loss = SampledSoftmax(uncorrected)
    full = gradient(FullSoftmax(), 1)
    assert torch.linalg.norm(gradient(loss, 20) - full) > 0.2 * torch.linalg.norm(full)


def test_negatives_follow_popularity_and_never_include_what_cannot_be_drawn():
    drawn = negatives(np.array([1, 4, 16]), 7, 0.5)
    np.testing.assert_allclose(np.exp(drawn.log_expected.numpy()), [1, 2, 4], rtol=1e-5)


def test_bpr_max_is_the_papers_formula_and_leaves_the_right_item_out():
    loss, model = BprMax(negatives(np.ones(5), 3, 0.0), 0.7), random_model(5)
    queries, targets = (
        torch.randn(4, 8, generator=torch.Generator().manual_seed(1)),
        torch.tensor([0, 1, 2, 4]),
    )
    sample = loss.draw(np.random.default_rng(3))
    drawn = sample.items.numpy()
    scores = (queries @ model.embedding.weight.T + model.bias).detach().numpy()
    expected = []
    for row, target in enumerate(targets.tolist()):
        others = [scores[row, item] for item in drawn if item != target]
        shares = np.exp(others) / np.exp(others).sum()
        won = shares / (1 + np.exp(np.array(others) - scores[row, target]))
        expected.append(-np.log(won.sum()) + 0.7 * (shares * np.square(others)).sum())
    got = loss(model, queries, targets, sample).item()
    assert set(drawn) & set(targets.tolist()) and abs(got - np.mean(expected)) < 1e-5


def test_bpr_max_with_nothing_to_win_against_is_no_loss():
    loss, model = BprMax(negatives(np.array([1e30, 1.0]), 3, 1.0), 1.0), random_model(2)
    value = loss(
        model,
        torch.ones(2, 8, requires_grad=True),
        torch.tensor([0, 0]),
        loss.draw(np.random.default_rng(0)),
    )
    value.backward()
    assert value.item() == 0 and torch.isfinite(model.embedding.weight.grad).all()


@pytest.mark.parametrize(
    "make",
    [
        FullSoftmax,
        lambda: SampledSoftmax(negatives(COUNTS, 30, 0.5)),
        lambda: BprMax(negatives(COUNTS, 30, 0.5), 1.0),
    ],
)
def test_with_several_interests_the_best_one_counts(make):
    """A second interest that scores every item worse changes nothing; one that is better is used
    instead.
    """
    model, random = random_model(len(COUNTS)), torch.Generator().manual_seed(4)
    model.embedding.weight.data.abs_()
    queries, targets = torch.randn(6, 8, generator=random), torch.arange(6)
    loss = make()
    losses = [
        loss(model, case, targets, loss.draw(np.random.default_rng(1))).item()
        for case in (
            queries,
            torch.stack((queries - 5, queries), dim=1),
            torch.stack((queries, queries + 1), dim=1),
            queries + 1,
        )
    ]
    assert (
        losses[0] == pytest.approx(losses[1], rel=1e-5)
        and losses[2] == pytest.approx(losses[3], rel=1e-5)
        and losses[0] != losses[2]
    )


@pytest.mark.parametrize("interests", [1, 2])
@pytest.mark.parametrize("rows", [1, 3, 128])
def test_cross_entropy_and_its_gradient_are_the_formula_however_many_rows_at_a_time(
    monkeypatch, interests, rows
):
    monkeypatch.setattr(cross_entropy, "CACHED_ROWS", rows)
    random = torch.Generator().manual_seed(0)
    made = [
        torch.randn(*shape, generator=random, requires_grad=True)
        for shape in ((7, interests, 4), (9, 4), (9,), (7,))
    ]
    queries, vectors, bias, right = made
    targets, items = torch.tensor([0, 1, 2, 3, 4, 5, 9]), torch.tensor([4, 1, 1, 7, 0, 8, 1, 6, 9])
    out = equal(targets, items)
    assert sorted(out.tolist()) == sorted(
        (targets[:, None] == items[None]).flatten().nonzero().flatten().tolist()
    )
    losses = (
        ((queries @ vectors.t()).amax(1) + bias).flatten().index_fill(0, out, -torch.inf).view(7, 9)
    )
    expected = (torch.logsumexp(torch.cat((right[:, None], losses), 1), 1) - right).mean()
    found = CrossEntropy.apply(
        queries if interests > 1 else queries[:, 0], vectors, bias, right, out
    )
    torch.testing.assert_close(found, expected)
    for mine, theirs in zip(
        *(torch.autograd.grad(3 * loss, made, retain_graph=True) for loss in (found, expected))
    ):
        torch.testing.assert_close(mine, theirs)


def test_scores_of_hundreds_are_no_infinity():
    queries = torch.full((2, 1), 500.0, requires_grad=True)
    loss = CrossEntropy.apply(
        queries,
        torch.ones(3, 1),
        torch.zeros(3),
        torch.tensor([500.0, 0.0]),
        torch.tensor([], dtype=torch.int64),
    )
    loss.backward()
    assert (
        loss.item() == pytest.approx((np.log(4) + 500 + np.log(3)) / 2, rel=1e-5)
        and torch.isfinite(queries.grad).all()
    )
