"""What was met may come again where the data set says so: in precomputed lists, for users,
histories and every channel alike.
"""

from __future__ import annotations

import pytest

from tasks.core.store.store import Store
from tasks.retrieve import Reader
from tests import generations, worlds

WORLD = worlds.repeating()


def publish(root, family, recommend_seen, **more):
    facts = None if recommend_seen is None else worlds.event_facts(WORLD, recommend_seen)
    return generations.publish(
        root,
        generations.generation(
            root, WORLD, family, id=f"{family}-c1", facts=facts, bundle={"top": 20}, **more
        ),
    )


def shown(answer) -> set[int]:
    return {int(hit.item.id) - 1 for hit in answer.hits}


def items_met_by(user: int) -> set[int]:
    return set(WORLD.items[WORLD.users == user].tolist())


@pytest.mark.parametrize("recommend_seen", [True, False, None])
def test_everything_a_reader_answers_leaves_out_what_was_met_or_does_not(
    server, root, recommend_seen
):
    made = publish(root, "item2vec", recommend_seen)
    assert Store(root).open(made["uri"], "generation").facts["recommend_seen"] is bool(
        recommend_seen
    )
    reader = Reader(server.url, root)
    for user in (0, 1, 2, 60):
        id, history = (
            WORLD.user_id(user),
            [WORLD.item_id(row) for row in WORLD.items[WORLD.users == user]],
        )
        answers = [
            reader.recommend(id, 20),
            reader.recommend(id, 20, history=history[:3]),
            reader.recommend(history=history, k=20),
            reader.precomputed(id, 20),
            reader.recommend(id, 60, channels=["popular"]),
            reader.recommend(id, 60, channels=["similar"]),
            reader.recommend(id, 60, channels=["item2vec", "similar", "popular"]),
        ]
        for answer in answers:
            assert bool(shown(answer) & items_met_by(user)) is bool(recommend_seen), answer.source
        if recommend_seen:
            group = {row for row in range(60) if WORLD.item_group[row] == WORLD.user_group[user]}
            assert shown(answers[0]) == shown(answers[3]) == group, "the whole group, met or not"
        assert [int(item.id) - 1 for item in answers[0].history] == WORLD.items[
            WORLD.users == user
        ][::-1].tolist(), "as it happened"


def test_a_stored_history_holds_repeats_in_their_place_and_what_is_done_now_follows(server, root):
    publish(root, "item2vec", True)
    reader, own = Reader(server.url, root), WORLD.items[WORLD.users == 0]
    answer = reader.recommend("1", 5, history=[WORLD.item_id(own[0]), "59"])
    assert [int(item.id) - 1 for item in answer.history] == [58, own[0], *own[::-1].tolist()]


def test_each_family_keeps_to_what_its_own_generation_says(server, root):
    """For the hours in which one of two families was published before the setting changed."""
    publish(root, "item2vec", True)
    publish(root, "gru4rec", False, seed=1)
    reader = Reader(server.url, root)
    assert shown(reader.recommend("1", 20, channels=["item2vec"])) & items_met_by(0)
    assert not shown(reader.recommend("1", 20, channels=["gru4rec"])) & items_met_by(0)
