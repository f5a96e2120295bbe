"""One epoch at a time: positions all counted, dropout in training only."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from tasks.core.log import Progress
from tasks.core.training.group import Group
from tasks.gru4rec.trainer import Trainer
from tests.gru4rec.conftest import SMALL, random_histories


def trainer(**settings) -> Trainer:
    histories = random_histories([30] * 40, 60)
    counts = np.bincount(histories.items, minlength=60)
    return Trainer(dataclasses.replace(SMALL, **settings), histories, counts, 0, torch.device("cpu"), Group())


def test_an_epoch_tells_every_position_and_lowers_the_loss():
    one, told = trainer(), Progress("test", 1, "positions", every=1e9)
    losses = [one.epoch(number, told)["train_loss"] for number in (1, 2, 3)]
    assert told.done == 3 * 40 * 29 and losses[2] < losses[0]


def test_dropout_acts_in_training_and_not_in_serving():
    model, items = trainer(input_dropout=0.5, output_dropout=0.5).model, torch.arange(6)
    assert not torch.equal(model.train()(items, [6]), model(items, [6]))
    assert torch.equal(model.eval()(items, [6]), model(items, [6]))
