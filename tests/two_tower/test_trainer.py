"""Large worlds train row by row: where the whole tables end, and on from a checkpoint."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tasks.core.cli.log import Progress
from tasks.core.data.snapshot import Snapshot
from tasks.core.store.arrays import load
from tasks.core.store.store import Store
from tasks.core.torch.hardware import prepare_device
from tasks.two_tower import compact_rows, trainer
from tasks.two_tower.fit import fit
from tasks.two_tower.memory_estimate import estimate_bytes
from tasks.two_tower.model import Shape
from tasks.two_tower.trainer import Trainer
from tasks.two_tower.training_data import read_training_data
from tests import worlds
from tests.two_tower.conftest import SMALL, candidate, request, with_new_items

WORLD = with_new_items(worlds.grouped(users=90, items=60, likes=12))
SETTINGS = dataclasses.replace(
    SMALL, batch_examples=64, learning_rate=0.01, epochs=3, clip_norm=0.5
)
TABLES = {
    1: ["item_ids", "item_values", "user_ids", "user_values"],
    61: ["item_ids", "user_ids"],
    75: ["user_ids"],
}  # by ROWS_FROM


def planted_trainer(
    store: Store, settings=SETTINGS, world: worlds.World = WORLD, dataset: str = "rows"
) -> Trainer:
    fit_request = request(store, world, dataset, settings)
    return Trainer(
        settings,
        read_training_data(Snapshot(store.open(fit_request.snapshot, "snapshot")), settings),
        0,
        prepare_device("cpu", threads=1),
    )


@pytest.mark.parametrize("rows_from", TABLES)
def test_large_tables_moved_row_by_row_end_with_the_weights_of_those_moved_whole(
    store, rows_from, monkeypatch
):
    """Under a norm that shortens every gradient; a table below the threshold is moved whole beside
    them.
    """
    whole = planted_trainer(store)
    monkeypatch.setattr(compact_rows, "ROWS_FROM", rows_from)
    by_rows = planted_trainer(store)
    assert list(by_rows.optimiser.tables) == TABLES[rows_from] and not whole.optimiser.tables
    losses = [
        [
            one.epoch(number, Progress("test", 1, "examples", every=1e9))["train_loss"]
            for number in (1, 2, 3)
        ]
        for one in (whole, by_rows)
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3) and losses[0][2] < losses[0][0]
    for name, tensor in whole.model.state_dict().items():
        torch.testing.assert_close(by_rows.model.state_dict()[name], tensor, rtol=0, atol=5e-3)


def test_squared_error_moves_row_by_row_too(store, monkeypatch):
    world = dataclasses.replace(
        WORLD, ratings=1 + 4 * (np.arange(len(WORLD.ratings)) % 2).astype(np.float32)
    )
    settings = dataclasses.replace(SETTINGS, loss="ratings", history_decays=())
    whole = planted_trainer(store, settings, world, "rated_rows")
    monkeypatch.setattr(compact_rows, "ROWS_FROM", 1)
    by_rows = planted_trainer(store, settings, world, "rated_rows")
    for one in (whole, by_rows):
        one.epoch(1, Progress("test", 1, "examples", every=1e9))
    for name, tensor in whole.model.state_dict().items():
        torch.testing.assert_close(by_rows.model.state_dict()[name], tensor, rtol=0, atol=5e-3)


def test_the_model_has_its_whole_tables_again_after_a_step(store, monkeypatch):
    monkeypatch.setattr(compact_rows, "ROWS_FROM", 1)
    one = planted_trainer(store)
    tables = {name: getattr(one.model, name) for name in compact_rows.TABLES}
    one.epoch(1, Progress("test", 1, "examples", every=1e9))
    assert all(
        getattr(one.model, name) is table and table.grad is None for name, table in tables.items()
    )


def test_a_large_world_goes_on_from_its_last_epoch(tmp_path, monkeypatch):
    """Nothing that its optimiser keeps beside weights and moments is lost."""
    monkeypatch.setattr(compact_rows, "ROWS_FROM", 1)
    unbroken, broken = (Store((tmp_path / name).as_uri()) for name in ("unbroken", "broken"))
    expected, original = fit(request(unbroken, WORLD, "rows", SETTINGS)), trainer.Trainer.epoch
    fit_request = request(broken, WORLD, "rows", SETTINGS)

    def stopped(self, number, progress):
        if number == 3:
            raise KeyboardInterrupt
        return original(self, number, progress)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(trainer.Trainer, "epoch", stopped)
        fit(fit_request)
    again = fit(fit_request)
    assert again["metrics"] == expected["metrics"]
    for name in ("candidates.npy", "encoder.hidden.npy", "encoder.user_vectors.npy"):
        one, other = (
            load(candidate(where, which).artefact.path / name).tobytes()
            for where, which in ((unbroken, expected), (broken, again))
        )
        assert one == other


def test_a_table_moved_by_row_needs_no_gradient_of_its_size(monkeypatch):
    shape = Shape(50_000, 100, 3, 3, 16, 24, (3.0,), 0.2)
    by_rows = estimate_bytes(SETTINGS, shape, 1000)
    monkeypatch.setattr(compact_rows, "ROWS_FROM", 50_001)
    assert estimate_bytes(SETTINGS, shape, 1000) - by_rows == 4 * 50_000 * 17
