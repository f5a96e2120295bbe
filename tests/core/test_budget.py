"""A training that must be over in time has as many epochs as fit, told from those that are done."""

from __future__ import annotations

import pytest

from tasks.core.models.training_budget import epochs_within

MINUTE = {"epoch_seconds": 50.0, "validation_seconds": 10.0}


@pytest.mark.parametrize(
    "minutes, done, epochs",
    [
        (10, [], 60),
        (10, [MINUTE], 10),
        (10, [MINUTE] * 9 + [{"epoch_seconds": 660.0}], 10),
        (1000, [MINUTE], 60),
        (0.5, [MINUTE], 1),
        (2, [MINUTE] * 3, 3),
    ],
)
def test_epochs_that_fit(minutes, done, epochs):
    assert epochs_within(minutes, 60, done, "planted") == epochs


def test_a_budget_that_holds_no_epoch_is_told(capfd):
    epochs_within(0.5, 60, [MINUTE], "planted")
    log = capfd.readouterr().err
    assert "planted.budget" in log and "holds none, and one is trained" in log


def test_a_slower_machine_shortens_what_is_left():
    assert epochs_within(10, 10, [MINUTE, MINUTE, {"epoch_seconds": 300.0}], "planted") == 4
