"""Validation takes its share of a training at any size: short epochs are looked at seldom, and the
first and the last always.
"""

from __future__ import annotations

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

from tasks.core.models.item_vectors import ItemVectors
from tasks.core.store.store import Store
from tasks.item2vec import training
from tasks.item2vec.fit import fit
from tasks.item2vec.training import epochs_between_validations
from tests import worlds
from tests.item2vec.test_fit import SMALL, candidate, request


@pytest.mark.parametrize(
    "users, items, words, wanted",
    [
        (943, 1_600, 27_000, 2),  # MovieLens 100K
        (2_300, 43_000, 450_000, 8),  # a shop's sessions
        (1_000, 1_000_000, 50_000_000, 1),  # long epochs are looked at every time
        (5_000, 20_000, 1_000, 3_334),
    ],
)
def test_how_often_validation_is_due(users, items, words, wanted):
    assert epochs_between_validations(users, items, words) == wanted


def test_validation_takes_a_tenth_of_what_training_takes():
    for users, items, words in (
        (943, 1_600, 27_000),
        (2_300, 43_000, 450_000),
        (5_000, 20_000, 1_000),
    ):
        assert users * items / epochs_between_validations(users, items, words) <= 0.1 * 300 * words


def test_the_first_and_the_last_epoch_are_validated_and_every_one_is_recorded(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(training, "epochs_between_validations", lambda *_: 4)
    store = Store(tmp_path.as_uri())
    made = candidate(
        store,
        fit(
            request(
                store,
                worlds.grouped(users=40, items=20, groups=2, likes=8),
                "looks",
                dataclasses.replace(SMALL, epochs=10),
            )
        ),
    )
    curve = json.loads(made.artefact.file("training.json").read_text())
    assert [one["step"] for one in curve["epochs"]] == list(range(1, 11))
    assert [one["step"] for one in curve["epochs"] if "validation_recall_50" in one["metrics"]] == [
        1,
        4,
        8,
        10,
    ]
    assert 0 < curve["validation_share"] < 1


def test_a_budget_that_is_spent_ends_the_training_with_a_look(tmp_path):
    store = Store(tmp_path.as_uri())
    settings = dataclasses.replace(SMALL, epochs=500, budget_minutes=0.02)
    made = candidate(
        store,
        fit(
            request(
                store, worlds.grouped(users=40, items=20, groups=2, likes=8), "budget", settings
            )
        ),
    )
    epochs = json.loads(made.artefact.file("training.json").read_text())["epochs"]
    assert len(epochs) < 500 and "validation_recall_50" in epochs[-1]["metrics"]


def test_every_look_takes_the_query_that_suits_its_epoch():
    """At the first epoch one of all alike, later one that forgets."""
    suits, recorded = [None], []
    few = SimpleNamespace(
        seconds=0.0, recall=lambda model: float(model.choice.decays[0] == suits[0])
    )
    validation = SimpleNamespace(seconds=0.0, recall=lambda model: 0.5, few=lambda: few)
    recorder = SimpleNamespace(
        epoch=lambda number, figures: recorded.append(figures["query_decay"])
    )
    watch = training.EpochSelection(SMALL, validation, recorder)
    ones = np.ones((3, 2), np.float32)
    for number, wanted in enumerate((None, 5.0), 1):
        suits[0] = wanted
        watch.look(number, ItemVectors(np.arange(3, dtype=np.int32), ones, ones), {})
    assert recorded == [0.0, 5.0]
