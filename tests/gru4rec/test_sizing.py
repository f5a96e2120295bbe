"""What nobody set follows from the rows; what is set stays; a refresh is a refresh though the rows decide otherwise."""

from __future__ import annotations

import dataclasses

import pytest

from tasks.core.recording import digest_of
from tasks.gru4rec.fit import fit
from tasks.gru4rec.settings import Settings
from tasks.gru4rec.sizing import sized
from tests import worlds
from tests.gru4rec.conftest import SMALL, request


@pytest.mark.parametrize("positions, items, wanted", [
    (55_000, 1_682, (128, 512, 0.4, 15)), (660_000, 60_000, (128, 2048, 0.2, 8)), (1_000_000, 3_700, (256, 512, 0.3, 5)),
    (10_000_000, 10_700, (128, 512, 0.3, 4))])
def test_sizes_follow_from_the_rows(positions, items, wanted):
    made = sized(Settings(), positions, items)
    assert (made.hidden, made.negatives, made.input_dropout, made.epochs) == wanted and made.output_dropout == made.input_dropout


def test_the_whole_catalogue_is_scored_while_an_epoch_stays_short():
    assert [sized(Settings(), positions, 9_742).full_softmax_items >= 9_742 for positions in (42_000, 10_000_000)] == [True, False]


def test_what_is_set_stays():
    given = Settings(hidden=32, negatives=64, input_dropout=0.0, output_dropout=0.1, full_softmax_items=7, epochs=2)
    assert sized(given, 10_000_000, 40_000) == given


def test_a_fit_tells_what_the_rows_decided_and_counts_as_the_same_settings(store, capfd):
    asked = dataclasses.replace(SMALL, epochs=None, patience=1)
    result = fit(request(store, worlds.grouped(users=40, items=20, groups=2, likes=8), "sized", asked))
    made = store.open(result["uri"], "candidate")
    assert made.lineage["settings"]["epochs"] == 15 and "gru4rec.decided" in capfd.readouterr().err
    assert made.facts["settings_digest"] == digest_of(asked)
