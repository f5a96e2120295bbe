"""What nobody set follows from the rows; what is set stays; a refresh is a refresh though the rows
decide otherwise.
"""

from __future__ import annotations

import dataclasses
import json

import pytest

from tasks.core.registry.run_recorder import settings_digest
from tasks.gru4rec.default_sizes import decide_sizes
from tasks.gru4rec.fit import fit
from tasks.gru4rec.settings import Settings
from tests import worlds
from tests.gru4rec.conftest import SMALL, request


@pytest.mark.parametrize(
    "positions, items, wanted",
    [
        (55_000, 1_682, (128, 512, 0.4, 15)),
        (660_000, 60_000, (128, 2048, 0.2, 8)),
        (1_000_000, 3_700, (256, 512, 0.3, 5)),
        (10_000_000, 10_700, (128, 512, 0.3, 4)),
    ],
)
def test_sizes_follow_from_the_rows(positions, items, wanted):
    made = decide_sizes(Settings(), positions, items)
    assert (
        made.hidden,
        made.negatives,
        made.input_dropout,
        made.epochs,
    ) == wanted and made.output_dropout == made.input_dropout


def test_the_whole_catalogue_is_scored_while_an_epoch_stays_short():
    assert [
        decide_sizes(Settings(), positions, 9_742).full_softmax_items >= 9_742
        for positions in (42_000, 10_000_000)
    ] == [True, False]


def test_what_is_set_stays():
    given = Settings(
        hidden=32,
        negatives=64,
        input_dropout=0.0,
        output_dropout=0.1,
        full_softmax_items=7,
        epochs=2,
    )
    assert vars(decide_sizes(given, 10_000_000, 40_000)) == vars(given)


def test_a_fit_tells_what_the_rows_decided_and_counts_as_the_same_settings(store, capfd):
    settings = dataclasses.replace(SMALL, epochs=None, patience=1)
    result = fit(
        request(store, worlds.grouped(users=40, items=20, groups=2, likes=8), "sized", settings)
    )
    made = store.open(result["uri"], "candidate")
    assert made.lineage["settings"]["epochs"] == 15 and "gru4rec.decided" in capfd.readouterr().err
    assert made.facts["settings_digest"] == settings_digest(settings)


def test_a_budget_too_small_for_one_epoch_trains_one_and_says_so(store, capfd):
    settings = dataclasses.replace(SMALL, epochs=50, budget_minutes=0.01, batch_positions=4)
    result = fit(
        request(store, worlds.grouped(users=300, items=60, groups=3, likes=18), "hurried", settings)
    )
    log = capfd.readouterr().err
    assert (
        "gru4rec.budget" in log
        and "holds none, and one is trained" in log
        and result["epochs"] == 1
    )


def test_the_learning_rate_of_a_shortened_training_still_ends_low(store):
    settings = dataclasses.replace(SMALL, epochs=2000, budget_minutes=0.03, patience=2000)
    result = fit(
        request(store, worlds.grouped(users=60, items=30, groups=3, likes=8), "shortened", settings)
    )
    curve = json.loads(store.open(result["uri"], "candidate").file("training.json").read_text())[
        "epochs"
    ]
    assert 1 < len(curve) < 2000 and curve[-1]["metrics"]["learning_rate"] < 0.1 * max(
        one["metrics"]["learning_rate"] for one in curve
    )
