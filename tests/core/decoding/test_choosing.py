"""What is chosen on validation, on planted worlds that call for one thing or another."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tasks.core.cli.errors import RefusedData
from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Queries
from tasks.core.models.decoders import model_selection
from tasks.core.models.decoders.model_selection import (
    CAUSAL_RIDGES,
    POPULARITIES,
    own_output_models,
    query_candidates,
    select_model,
)
from tasks.core.models.decoders.search_model import SearchChoice, SearchModel
from tasks.core.models.item_vectors import ItemVectors
from tasks.core.models.validation import Validation
from tasks.item2vec.netmf import factorise
from tasks.item2vec.settings import Settings

ITEMS = 202
RANDOM = np.random.default_rng(3)


@pytest.fixture(autouse=True)
def same_worlds():
    """What one test draws does not move the next one's world."""
    RANDOM.bit_generator.state = np.random.default_rng(3).bit_generator.state


def known_and_validation(lists: list[list[int]]) -> tuple[Histories, Validation]:
    """Training lists without the newest item, which is to be found."""
    known = Histories.of_lists([one[:-1] for one in lists])
    wanted = Histories.of_lists([one[-1:] for one in lists])
    return known, Validation(
        Queries(np.arange(len(lists)), known, wanted, known), ITEMS, 1000, seed=0
    )


def hubs(users: int) -> list[list[int]]:
    """Before one of 2 hubs everybody has one of 48 items, after it one of 48 others: both stand
    beside the hub equally often.
    """
    hub = RANDOM.integers(0, 2, users)
    before, after = RANDOM.integers(0, 48, users), RANDOM.integers(50, 98, users)
    return np.stack([2 + 100 * hub + before, hub, 2 + 100 * hub + after], axis=1).tolist()


def groups() -> list[list[int]]:
    """Users of 15 out of the 60 even or the 60 odd items, in no order."""
    return [(RANDOM.permutation(60)[:15] * 2 + user % 2).tolist() for user in range(200)]


def newest() -> list[list[int]]:
    """Item 2 k + 1 always follows item 2 k, and everything before is noise of 70 other pairs."""
    return [
        [*(2 * RANDOM.integers(0, 70, 400)).tolist(), 2 * last, 2 * last + 1]
        for last in RANDOM.integers(70, 101, 200)
    ]


def learned(train: Histories, dimension: int = 32) -> ItemVectors:
    return factorise(train, np.ones(ITEMS, bool), dimension, 0.5, seed=0)


def test_order_calls_for_the_causal_decoder():
    train = Histories.of_lists(hubs(2000))
    _known, validation = known_and_validation(hubs(200))
    chosen = select_model(Settings(), learned(train), train, validation)
    assert chosen.model.choice.decoder == "causal" and chosen.recall > 0.95
    assert chosen.by_decoder["none"] < 0.8 and chosen.by_decoder["leave-one-out"] < 0.8
    assert (
        chosen.by_decoder.keys() == {"none", "leave-one-out", "causal", "blended"}
        and max(chosen.by_decoder.values()) == chosen.recall
    )
    assert chosen.model.candidates.shape[1] == chosen.model.encoder.dimension == 2 * 32 + 1
    figures = chosen.figures()
    assert (
        figures["validation_recall_50"] == figures["validation_recall_50_causal"] == chosen.recall
    )
    assert (figures["query_decay"], figures["query_decay_2"]) == chosen.model.choice.decays


@pytest.mark.parametrize(
    "lists, seen, before, stays",
    [
        (groups, groups, "causal", True),
        (lambda: hubs(2000), lambda: hubs(200), "leave-one-out", False),
    ],
)
def test_the_champions_decoder_stays_unless_another_is_clearly_better(lists, seen, before, stays):
    train, (_, validation) = Histories.of_lists(lists()), known_and_validation(seen())
    vectors = learned(train)
    free, kept = (
        select_model(Settings(), vectors, train, validation, choice)
        for choice in (None, SearchChoice(before, ()))
    )
    assert free.model.choice.decoder != before and kept.by_decoder == free.by_decoder
    assert (free.by_decoder[before] > free.recall - 0.02) == stays
    assert kept.model.choice.decoder == (before if stays else free.model.choice.decoder)
    assert kept.recall == kept.by_decoder[kept.model.choice.decoder]
    assert (
        select_model(
            Settings(), vectors, train, validation, SearchChoice("of an older version", ())
        ).model.choice
        == free.model.choice
    )


@pytest.mark.parametrize("decoder", ["causal", "blended"])
def test_the_champions_ridge_stays_unless_another_is_clearly_better(decoder, monkeypatch):
    settings, stayed = Settings(decoder=decoder), set()
    for lists, seen in ((groups(), groups()), (hubs(2000), hubs(200))):
        train, (_, validation) = Histories.of_lists(lists), known_and_validation(seen)
        vectors = learned(train)
        free = select_model(settings, vectors, train, validation)
        for ridge in CAUSAL_RIDGES:
            with monkeypatch.context() as alone:
                alone.setattr(model_selection, "CAUSAL_RIDGES", (ridge,))
                before = select_model(settings, vectors, train, validation)
            kept = select_model(settings, vectors, train, validation, before.model.choice)
            good = before.by_decoder["causal"] > free.by_decoder["causal"] - 0.02
            assert kept.model.choice.ridge == (
                ridge if good else free.model.choice.ridge
            ) and kept.recall == validation.recall(kept.model)
            assert not good or kept.model.choice == before.model.choice
            stayed.add(good)
    assert stayed == {True, False}


def test_a_query_that_is_clearly_worse_does_not_stay_for_being_the_champions():
    train, validation = known_and_validation(newest())
    vectors = ItemVectors(
        np.arange(ITEMS, dtype=np.int32),
        *np.repeat(np.eye(101, dtype=np.float32), 2, axis=0)[None].repeat(2, axis=0),
    )
    settings = Settings(decoder="none", popularity=0)
    free, worse, as_good = (
        select_model(settings, vectors, train, validation, before)
        for before in (None, SearchChoice("none", (None,)), SearchChoice("none", (None,), 3))
    )
    assert free.recall == as_good.recall == 1 and worse.model.choice == free.model.choice
    assert as_good.model.choice.last == 3 != free.model.choice.last


def test_the_champions_popularity_stays_unless_another_is_clearly_better():
    train, validation = known_and_validation(groups())
    vectors, settings, stayed = learned(train), Settings(decoder="none"), set()
    free = select_model(settings, vectors, train, validation)
    for weight in (0, *POPULARITIES):
        before = select_model(
            dataclasses.replace(settings, popularity=weight), vectors, train, validation
        )
        good = before.recall > free.recall - 0.02
        assert (
            select_model(settings, vectors, train, validation, before.model.choice).model.choice
            == (before if good else free).model.choice
        )
        stayed.add(good)
    assert stayed == {True, False}


@pytest.mark.parametrize("decoder", ["none", "leave-one-out", "causal"])
def test_a_decoder_that_is_asked_for_is_the_only_one_tried(decoder):
    train, validation = known_and_validation(groups())
    chosen = select_model(
        Settings(decoder=decoder, popularity=0), learned(train), train, validation
    )
    assert chosen.by_decoder == {decoder: chosen.recall} and chosen.model.choice.decoder == decoder
    assert chosen.recall > 0.9, "50 of 60 items of the own group, most of the rest is seen"
    assert chosen.recall == validation.recall(chosen.model)


def test_a_blend_scores_by_the_weighted_sum_of_its_two_searches():
    train, validation = known_and_validation(groups())
    vectors = learned(train)
    chosen = select_model(Settings(decoder="blended"), vectors, train, validation)
    blend, choice = chosen.model, chosen.model.choice
    assert choice.decoder == "blended" and chosen.by_decoder.keys() == {"causal", "blended"}
    causal = select_model(Settings(decoder="causal"), vectors, train, validation).model
    assert (causal.rows == blend.rows).all() and (causal.choice.ridge, causal.choice.horizon) == (
        choice.ridge,
        choice.horizon,
    )
    own = SearchModel.of(
        blend.rows,
        blend.encoder.inputs,
        vectors.outputs[np.searchsorted(vectors.rows, blend.rows)],
        SearchChoice("none", choice.decays[:1]),
    )
    parts = [
        (model.encoder.encode(train) @ model.candidates.T) / validation.spread(model)
        for model in (own, causal)
    ]
    scores = blend.encoder.encode(train) @ blend.candidates.T / validation.spread(causal)
    np.testing.assert_allclose(
        scores, choice.own * parts[0] + (1 - choice.own) * parts[1], atol=1e-3
    )


def test_a_query_that_is_asked_for_is_the_only_one_tried():
    assert query_candidates(Settings(query_decay=7.0)) == ((7.0, None),) and query_candidates(
        Settings(query_decay=0.0)
    ) == ((None, None),)
    assert len(query_candidates(Settings())) > 3


def test_the_newest_items_are_chosen_when_they_alone_matter():
    _train, validation = known_and_validation(newest())
    inputs = np.repeat(np.eye(101, dtype=np.float32), 2, axis=0)
    recalls = [
        validation.recall(model)
        for model in own_output_models(
            ItemVectors(np.arange(ITEMS, dtype=np.int32), inputs, inputs),
            query_candidates(Settings()),
        )
    ]
    assert recalls[0] < 0.5 and max(recalls) == recalls[-1] == 1, (
        "the mean of all, and the newest three"
    )


def test_popularity_is_a_dimension_when_it_helps_and_not_otherwise():
    """Vectors that know nothing: popularity is all there is to recommend by."""
    popular = [np.unique((RANDOM.power(0.3, 20) * 201).astype(int)).tolist() for _ in range(300)]
    popular = [[ITEMS - 1 - item for item in RANDOM.permutation(one)] for one in popular]
    train, validation = known_and_validation(popular)
    vectors = ItemVectors(
        np.arange(ITEMS, dtype=np.int32), *RANDOM.standard_normal((2, ITEMS, 8)).astype(np.float32)
    )
    settings = Settings(decoder="none")
    without = select_model(dataclasses.replace(settings, popularity=0), vectors, train, validation)
    chosen = select_model(settings, vectors, train, validation)
    assert chosen.model.choice.popularity > 0 and chosen.recall > without.recall
    assert chosen.model.candidates.shape[1] == without.model.candidates.shape[1] + 1
    counts = np.bincount(train.items, minlength=ITEMS)[chosen.model.rows]
    assert np.corrcoef(chosen.model.candidates[:, -1], counts)[0, 1] > 0.5
    assert (
        select_model(
            dataclasses.replace(settings, popularity=5), vectors, train, validation
        ).model.choice.popularity
        == 5
    )


def test_an_item_without_a_candidate_vector_is_left_out_of_queries_too():
    candidates = np.eye(4, dtype=np.float32)
    candidates[2] = 0
    model = SearchModel.of(
        np.array([5, 6, 7, 9], np.int32),
        np.eye(4, dtype=np.float32),
        candidates,
        SearchChoice("none", (None,)),
    )
    assert model.rows.tolist() == [5, 6, 9] and model.encoder.inputs.shape == (3, 4)
    assert model.positions(10).tolist() == [-1] * 5 + [0, 1, -1, -1, 2]


def test_nothing_to_choose_from_is_refused():
    train, validation = known_and_validation(groups())
    nothing = ItemVectors(
        np.arange(3, dtype=np.int32), np.eye(3, dtype=np.float32), np.zeros((3, 3), np.float32)
    )
    with pytest.raises(RefusedData, match="no item has a candidate vector"):
        select_model(Settings(decoder="none"), nothing, train, validation)
