"""One epoch at a time: positions all counted, dropout in training only, large catalogues by row."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tasks.core.cli.log import Progress
from tasks.core.torch.process_group import ProcessGroup
from tasks.core.torch.row_adamw import RowAdamW
from tasks.gru4rec import trainer as training
from tasks.gru4rec.trainer import Trainer
from tests.gru4rec.conftest import SMALL, random_histories


def trainer(**settings) -> Trainer:
    histories = random_histories([30] * 40, 60)
    counts = np.bincount(histories.items, minlength=60)
    return Trainer(
        dataclasses.replace(SMALL, **settings),
        histories,
        counts,
        0,
        torch.device("cpu"),
        ProcessGroup(),
    )


def test_an_epoch_tells_every_position_and_lowers_the_loss():
    one, progress = trainer(), Progress("test", 1, "positions", every=1e9)
    losses = [one.epoch(number, progress)["train_loss"] for number in (1, 2, 3)]
    assert progress.done == 3 * 40 * 29 and losses[2] < losses[0]


def test_dropout_acts_in_training_and_not_in_serving():
    model, items = trainer(input_dropout=0.5, output_dropout=0.5).model, torch.arange(6)
    assert not torch.equal(model.train()(items, [6]), model(items, [6]))
    assert torch.equal(model.eval()(items, [6]), model(items, [6]))


@pytest.mark.parametrize(
    "settings",
    [
        {"encoder": "gru"},
        {"encoder": "sasrec"},
        {"loss": "bpr-max"},
        {"interests": 2},
        {"unit_items": True},
    ],
    ids=lambda one: "-".join(map(str, one.values())),
)
def test_a_large_catalogue_moved_row_by_row_ends_with_the_weights_of_one_moved_whole(
    settings, monkeypatch
):
    settings = {
        "full_softmax_items": 0,
        "negatives": 10,
        "batch_positions": 64,
        "input_dropout": 0.0,
        "output_dropout": 0.0,
        **settings,
    }
    whole = trainer(**settings)
    monkeypatch.setattr(training, "ROWS_FROM", 60)
    by_rows = trainer(**settings)
    assert isinstance(by_rows.optimiser, RowAdamW) and not isinstance(whole.optimiser, RowAdamW)
    losses = [
        [
            one.epoch(number, Progress("test", 1, "positions", every=1e9))["train_loss"]
            for number in (1, 2)
        ]
        for one in (whole, by_rows)
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3) and losses[0][1] < losses[0][0]
    for name, tensor in whole.model.state_dict().items():
        one, other = by_rows.model.state_dict()[name], tensor
        if name.endswith(
            "attend.bias"
            # the keys' part adds the same to all scores of a query: its gradient is rounding, of
            # which Adam makes whole steps
        ):
            one, other = (
                torch.cat((part[: len(part) // 3], part[2 * len(part) // 3 :]))
                for part in (one, other)
            )
        torch.testing.assert_close(one, other, rtol=0, atol=5e-3)


def test_a_catalogue_whose_every_item_is_scored_is_moved_whole(monkeypatch):
    monkeypatch.setattr(training, "ROWS_FROM", 60)
    assert not isinstance(trainer().optimiser, RowAdamW)
