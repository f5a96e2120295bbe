"""One epoch at a time: the learning rate's course, random streams that never repeat, positions all counted."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tasks.core.log import Progress
from tasks.gru4rec.group import Group
from tasks.gru4rec.trainer import Trainer, _stream
from tests.gru4rec.conftest import SMALL, random_histories


def trainer(**settings) -> Trainer:
    histories = random_histories([30] * 40, 60)
    counts = np.bincount(histories.items, minlength=60)
    return Trainer(dataclasses.replace(SMALL, **settings), histories, counts, 0, torch.device("cpu"), Group())


def test_learning_rate_rises_then_falls_to_zero_or_stays():
    cosine, constant = (trainer(schedule=name, warm_up=0.1, learning_rate=0.5) for name in ("cosine", "constant"))
    assert [cosine._rate(share) for share in (0.05, 0.1, 0.55, 1.0)] == pytest.approx([0.25, 0.5, 0.25, 0.0])
    assert [constant._rate(share) for share in (0.05, 0.1, 1.0)] == pytest.approx([0.25, 0.5, 0.5])


def test_no_epoch_of_no_seed_repeats_the_randomness_of_another():
    assert len({_stream(seed, epoch) for seed in range(30) for epoch in range(30)}) == 900


def test_an_epoch_tells_every_position_and_lowers_the_loss():
    one, told = trainer(), Progress("test", 1, "positions", every=1e9)
    losses = [one.epoch(number, told)["train_loss"] for number in (1, 2, 3)]
    assert told.done == 3 * 40 * 29 and losses[2] < losses[0]


def test_dropout_acts_in_training_and_not_in_serving():
    model, items = trainer(input_dropout=0.5, output_dropout=0.5).model, torch.arange(6)
    assert not torch.equal(model.train()(items, [6]), model(items, [6]))
    assert torch.equal(model.eval()(items, [6]), model(items, [6]))
