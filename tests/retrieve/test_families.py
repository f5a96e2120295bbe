"""Several families, cold items, half precision: what one reader makes of them together."""

import dataclasses

import numpy as np
import pytest

from tasks.core.store.store import Store
from tasks.retrieve import Reader
from tests import generations
from tests.retrieve.planted import WORLD, group, made, own


def test_families_are_merged_and_each_says_its_generation(root, anywhere):
    live = generations.publish(root, made(root))
    other = generations.publish(
        root, made(root, 2, "gru4rec", items=58)
    )  # it does not know items 59 and 60
    reader = Reader(anywhere.reader_url, root)
    answer = reader.recommend(
        "2", 7
    )  # of the 8 unseen items of the group, the 7 that both know come first
    assert answer.generations == {"gru4rec": other["id"], "item2vec": live["id"]}
    assert {group(hit) for hit in answer.hits} == {WORLD.user_group[1]}
    assert any(set(hit.channels) == {"gru4rec", "item2vec"} for hit in answer.hits)
    alone = reader.similar("59", 3)
    assert alone.generations == {"item2vec": live["id"]}
    assert reader.recommend("2", 8, channels=["gru4rec"]).generations == {"gru4rec": other["id"]}


def test_what_one_family_saw_is_left_out_of_the_others(root, anywhere):
    """The second family is a day older and has not seen the newest items of the user."""
    early = np.concatenate([np.flatnonzero(WORLD.users == user)[:6] for user in range(120)])
    columns = {
        name: getattr(WORLD, name)[early] for name in ("users", "items", "ratings", "timestamps")
    }
    old = dataclasses.replace(WORLD, **columns)
    generations.publish(root, made(root, 2))
    generations.publish(root, made(root, 1, "gru4rec", world=old))
    for user in range(10):
        hits = Reader(anywhere.reader_url, root).recommend(WORLD.user_id(user), 60).hits
        assert not {int(hit.item.id) - 1 for hit in hits} & set(own(user).tolist())


def test_a_user_who_only_disliked_gets_popular_items_but_none_of_those(root, anywhere):
    world = dataclasses.replace(
        WORLD, ratings=np.where(WORLD.users == 7, 1.0, 5.0).astype(np.float32)
    )
    generations.publish(root, made(root, world=world))
    answer = Reader(anywhere.reader_url, root).recommend("8", 60)
    assert answer.source == "popular" and len(answer.hits) == 48
    assert not {int(hit.item.id) - 1 for hit in answer.hits} & set(own(7).tolist())


def test_a_cold_item_is_recommended_by_its_genre_and_never_read_by_the_encoder(root, anywhere):
    generations.publish(root, made(root, items=55, build={"cold_items": "metadata"}))
    reader = Reader(anywhere.reader_url, root)
    assert (
        reader.recommend(history=["56"], k=3).source == "popular"
    )  # nothing that the model learned is in it
    assert {
        group(hit) for hit in reader.recommend(history=["56"], k=3, channels=["similar"]).hits
    } == {WORLD.item_group[55]}
    with_cold, without = (
        reader.recommend(history=["1", "56"], k=8),
        reader.recommend(history=["1"], k=8),
    )
    assert [hit.item.id for hit in with_cold.hits][:5] == [
        hit.item.id for hit in without.hits if hit.item.id != "56"
    ][:5]


def test_half_precision_in_redis_serves_nearly_the_same_scores(root, anywhere):
    one = made(root)
    generations.load(root, one, dtype="float16")
    generations.switch(root, one)
    half, vectors = (
        Reader(anywhere.reader_url, root).recommend("4", 8),
        np.load(Store(root).open(one["uri"], "generation").path / "vectors.npy"),
    )
    for hit in half.hits:
        assert hit.score == pytest.approx(
            float(vectors[own(3)].mean(axis=0) @ vectors[int(hit.item.id) - 1]), rel=2e-3
        )
