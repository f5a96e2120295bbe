"""The optimiser that moves only the rows a step reads ends where the one that moves whole tables
ends.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tasks.core.torch.adamw import AdamW
from tasks.core.torch.row_adamw import RowAdamW

ITEMS = 40


def first() -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    shapes = {"vectors": (ITEMS, 3), "bias": (ITEMS,), "matrix": (4, 3)}
    return {name: torch.randn(*shape, generator=random) for name, shape in shapes.items()}


def loss(
    vectors: torch.Tensor, bias: torch.Tensor, matrix: torch.Tensor, step: int
) -> torch.Tensor:
    return ((vectors.sum(1) * bias - step % 7) ** 2).sum() + ((matrix - step) ** 2).mean()


def rows_of(step: int) -> torch.Tensor:
    """A few rows, popular ones often, some for the first time late, some never again."""
    random = np.random.default_rng(step)
    return torch.from_numpy(np.unique((ITEMS * random.random(4) ** 3).astype(int)))


def dense(steps: int) -> tuple[dict, AdamW]:
    parameters = {name: tensor.requires_grad_() for name, tensor in first().items()}
    optimiser = AdamW(parameters.items(), {"matrix"}, 0.3)
    for step in range(steps):
        rows = rows_of(step)
        loss(
            parameters["vectors"][rows], parameters["bias"][rows], parameters["matrix"], step
        ).backward()
        optimiser.step(rate(step))
    return parameters, optimiser


def by_rows(
    begin: int, end: int, parameters: dict, optimiser: RowAdamW, settled: tuple[int, ...] = ()
) -> None:
    for step in range(begin, end):
        rows = rows_of(step)
        parts = optimiser.read({"vectors": rows, "bias": rows})
        loss(parts["vectors"], parts["bias"], parameters["matrix"], step).backward()
        optimiser.step(rate(step))
        if step + 1 in settled:
            optimiser.settle()


def fresh() -> tuple[dict, RowAdamW]:
    parameters = {name: tensor.requires_grad_() for name, tensor in first().items()}
    return parameters, RowAdamW(parameters.items(), {"matrix"}, 0.3, ["vectors", "bias"])


def rate(step: int) -> float:
    return 0.01 * (1 + np.cos(step / 200))


@pytest.mark.parametrize(
    "settled", [(), (1, 2, 300, 1199)], ids=["settled at the end", "settled in between"]
)
def test_ends_where_the_dense_rule_ends(settled):
    """Over more steps than momentum lasts, and than there is room for at first."""
    expected, reference = dense(1200)
    parameters, optimiser = fresh()
    by_rows(0, 1200, parameters, optimiser, settled)
    optimiser.settle()
    moved = (expected["vectors"] - first()["vectors"]).detach().abs().max()
    for name in expected:
        torch.testing.assert_close(
            parameters[name], expected[name], rtol=1e-4, atol=1e-5 * float(moved)
        )
    for name, moment in reference.moments.items():
        torch.testing.assert_close(optimiser.moments[name], moment, rtol=1e-3, atol=1e-12)


def test_a_row_is_up_to_date_when_it_is_read():
    expected, _ = dense(50)
    parameters, optimiser = fresh()
    by_rows(0, 50, parameters, optimiser)
    rows = torch.arange(ITEMS)
    torch.testing.assert_close(
        optimiser.read({"vectors": rows})["vectors"], expected["vectors"], rtol=1e-4, atol=1e-5
    )


def test_a_row_that_was_never_read_stays_as_it_is():
    parameters, optimiser = fresh()
    by_rows(0, 20, parameters, optimiser)
    optimiser.settle()
    never = sorted(
        set(range(ITEMS)) - {row for step in range(20) for row in rows_of(step).tolist()}
    )
    assert never and torch.equal(parameters["vectors"][never], first()["vectors"][never])


def test_goes_on_from_a_checkpoint_as_if_nothing_had_happened():
    """Weights and moments of a settled optimiser are all that it needs."""
    parameters, optimiser = fresh()
    by_rows(0, 30, parameters, optimiser, settled=(30,))
    kept = {name: tensor.detach().clone() for name, tensor in parameters.items()}
    moments = {name: moment.clone() for name, moment in optimiser.moments.items()}
    again = {name: tensor.requires_grad_() for name, tensor in kept.items()}
    other = RowAdamW(again.items(), {"matrix"}, 0.3, ["vectors", "bias"])
    other.restore(optimiser.steps, moments)
    for one, its in ((parameters, optimiser), (again, other)):
        by_rows(30, 60, one, its, settled=(60,))
    assert all(torch.equal(parameters[name], again[name]) for name in parameters)


def test_tables_of_different_lengths_end_where_the_dense_rule_ends():
    """One of them is not read in every step; one norm shortens the gradients of all that were
    read.
    """
    first = {"items": torch.randn(ITEMS, 3), "users": torch.randn(ITEMS // 2, 3)}
    whole, tables = (
        {name: tensor.clone().requires_grad_() for name, tensor in first.items()} for _ in range(2)
    )
    reference, optimiser = (
        AdamW(whole.items(), set(), 0.0),
        RowAdamW(tables.items(), set(), 0.0, ["items", "users"]),
    )
    for step in range(300):
        rows = {"items": rows_of(step)} | (
            {"users": torch.unique(rows_of(step + 1000) // 2)} if step % 3 else {}
        )
        for table in whole.values():
            table.grad = torch.zeros_like(table)
        norms = []
        for parts, its in (
            ({name: whole[name][rows[name]] for name in rows}, reference),
            (optimiser.read(rows), optimiser),
        ):
            sum(((part.sum(1) - step % 7) ** 2).sum() for part in parts.values()).backward()
            norms.append(torch.nn.utils.clip_grad_norm_(its.moved, 5.0).item())
            its.step(rate(step))
        assert norms[1] == pytest.approx(norms[0], rel=1e-3)
    optimiser.settle()
    for name in first:
        torch.testing.assert_close(tables[name], whole[name], rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(
            optimiser.moments[f"{name}/second"],
            reference.moments[f"{name}/second"],
            rtol=1e-3,
            atol=1e-8,
        )
