"""A training killed at any moment goes on from its last epoch and ends with the weights of one that
was never killed.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tasks.core.store.store import Store
from tasks.core.torch import checkpoint
from tasks.gru4rec import trainer
from tasks.gru4rec.fit import fit
from tests import worlds
from tests.gru4rec.conftest import SMALL, request

LONG = dataclasses.replace(SMALL, epochs=30, patience=30)
ROOT = Path(__file__).resolve().parents[2]


def test_killed_training_ends_like_an_unbroken_one(tmp_path):
    world = worlds.chained(users=200, items=80, length=20)
    unbroken, broken = (
        request(Store((tmp_path / name).as_uri()), world, "chained", LONG)
        for name in ("unbroken", "broken")
    )
    expected = fit(unbroken)
    saved = tmp_path / "broken" / "checkpoints" / "gru4rec" / expected["id"] / checkpoint.NAME
    process = start(broken)
    until = time.monotonic() + 120
    while not saved.is_file() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL, "it ended before it could be killed"
    assert 1 <= checkpoint.load(saved.parent).epoch < LONG.epochs
    again = fit(broken)
    assert (again["id"], again["epochs"], again["metrics"]) == (
        expected["id"],
        expected["epochs"],
        expected["metrics"],
    )
    for name in ("candidates.npy", "encoder.state_weights.npy", "encoder.projection.npy"):
        assert files(tmp_path / "broken", again, name) == files(
            tmp_path / "unbroken", expected, name
        )
    assert not saved.exists()


def test_a_large_catalogue_goes_on_from_its_last_epoch_too(tmp_path, monkeypatch):
    """Moved row by row: nothing that its optimiser keeps beside weights and moments is lost."""
    monkeypatch.setattr(trainer, "ROWS_FROM", 50)
    world, settings = (
        worlds.chained(users=100, items=80, length=20),
        dataclasses.replace(SMALL, epochs=5, full_softmax_items=0, negatives=20),
    )
    unbroken, broken = (
        request(Store((tmp_path / name).as_uri()), world, "chained", settings)
        for name in ("unbroken", "broken")
    )
    expected, original = fit(unbroken), trainer.Trainer.epoch
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(
            trainer.Trainer,
            "epoch",
            lambda self, number, progress: (
                original(self, number, progress) if number < 4 else interrupt()
            ),
        )
        fit(broken)
    again = fit(broken)
    assert again["metrics"] == expected["metrics"]
    for name in ("candidates.npy", "encoder.state_weights.npy"):
        assert files(tmp_path / "broken", again, name) == files(
            tmp_path / "unbroken", expected, name
        )


def interrupt() -> None:
    raise KeyboardInterrupt


def start(fit_request) -> subprocess.Popen:
    """The stage as Airflow starts it, in a process of its own."""
    payload = json.dumps(dataclasses.asdict(fit_request))
    return subprocess.Popen(
        [sys.executable, "-m", "tasks.gru4rec", "fit", payload],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def files(root: Path, result: dict, name: str) -> bytes:
    return (root / "candidates" / "gru4rec" / result["id"] / name).read_bytes()


def standing() -> checkpoint.TrainingState:
    return checkpoint.TrainingState(
        2,
        14,
        [{"train_loss": 1.5}, {"train_loss": 0.1 + 0.2}],
        1,
        1 / 3,
        {"a.b": torch.arange(3.0)},
        {"a.b": torch.ones(3)},
        {"a.b/first": torch.zeros(3)},
    )


def test_checkpoint_reads_back_exactly(tmp_path):
    checkpoint.save(tmp_path, standing())
    back = checkpoint.load(tmp_path)
    for name in checkpoint.TrainingState.NUMBERS:
        assert getattr(back, name) == getattr(standing(), name)
    for group in checkpoint.TrainingState.GROUPS:
        read, written = (
            {name: tensor.tolist() for name, tensor in getattr(one, group).items()}
            for one in (back, standing())
        )
        assert read == written
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.NAME]


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:40], lambda data: b"", lambda data: b"long enough, but no tensors at all"],
)
def test_damaged_checkpoint_is_as_good_as_none(tmp_path, damage):
    checkpoint.save(tmp_path, standing())
    (tmp_path / checkpoint.NAME).write_bytes(damage((tmp_path / checkpoint.NAME).read_bytes()))
    assert checkpoint.load(tmp_path) is None and checkpoint.load(tmp_path / "nowhere") is None
