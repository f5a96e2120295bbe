"""Ids of users and items are any text: through index, Redis and reader they come back as they were,
and none is taken for another's key.
"""

from __future__ import annotations

import pytest

from tasks.core.cli.errors import BadRequest
from tasks.retrieve import Reader
from tasks.retrieve.answers import Answer, Hit, Item
from tasks.retrieve.text_table import as_table
from tests import generations, worlds
from tests.hostile import VALUES, named

# What an id can be: JSON and CSV hold no lone surrogate and no NUL, and an empty one is no id.
IDS = [
    value
    for value in VALUES
    if value and "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
]


class Hostile(worlds.World):
    """A world whose items, and whose first users, are called like that."""

    def item_id(self, row: int) -> str:
        return IDS[row]

    def user_id(self, row: int) -> str:
        return IDS[row]


@pytest.fixture(scope="module")
def reader(tmp_path_factory, shared_server):
    import dataclasses
    import os

    import redis

    world = worlds.grouped(users=len(IDS), items=len(IDS), groups=3, likes=8)
    hostile = Hostile(
        **{field.name: getattr(world, field.name) for field in dataclasses.fields(world)}
    )
    os.environ["RECALL_REDIS_URL"] = shared_server.url
    redis.Redis.from_url(shared_server.url).flushall()
    root = tmp_path_factory.mktemp("hostile").as_uri()
    generations.publish(root, generations.generation(root, hostile))
    return Reader(shared_server.url, root), world


@pytest.mark.parametrize("row", range(len(IDS)), ids=lambda row: named(IDS[row]))
def test_an_id_is_served_as_it_was_written(reader, row):
    """A user of that id gets what their group likes and nothing they have seen; an item of that id
    has its group's items beside it.
    """
    hostile_reader, world = reader
    answer = hostile_reader.recommend(user=IDS[row], k=5)
    seen = {IDS[item] for item in world.items[world.users == row]}
    found = [hit.item.id for hit in answer.hits]
    assert (
        answer.source == "user"
        and len(found) == 5
        and not seen & set(found)
        and set(found) <= set(IDS)
    )
    assert sum(world.item_group[IDS.index(id)] == world.user_group[row] for id in found) >= 4
    assert [hit.item.id for hit in hostile_reader.precomputed(user=IDS[row], k=5).hits] == found
    similar = [hit.item.id for hit in hostile_reader.similar(item=IDS[row], k=5).hits]
    assert IDS[row] not in similar and all(
        world.item_group[IDS.index(id)] == world.item_group[row] for id in similar
    )
    assert [hit.item.id for hit in hostile_reader.recommend(history=[IDS[row]], k=3).hits]


@pytest.mark.parametrize("value", [value for value in VALUES if value not in IDS], ids=named)
def test_what_can_be_no_id_is_refused_or_nobodys(reader, value):
    hostile_reader, _ = reader
    for ask in (
        lambda: hostile_reader.recommend(user=value, k=3),
        lambda: hostile_reader.recommend(history=[value], k=3),
        lambda: hostile_reader.precomputed(user=value, k=3),
        lambda: hostile_reader.similar(item=value, k=3),
        lambda: hostile_reader.recommend(attributes={"age": value}, k=3),
    ):
        try:
            answer = ask()
        except BadRequest as refused:
            assert len(str(refused)) < 1000
        else:
            assert answer.source in ("popular", "precomputed") and (
                answer.source == "popular" or not answer.hits
            )


STEERS = "\x1b]0;owned\x07\x1b[2J\r\x9b31m\u202egnp.exe\u2028"


def test_a_title_steers_no_terminal():
    item = Item("1", f"Alien {STEERS}", (f"Horror{STEERS}",))
    table = as_table(
        Answer((Hit(item, 0.5, ("item2vec",)),), {"item2vec": "g1"}, "similar", (item,)),
        [f"taken as {STEERS}"],
    )
    assert (
        not {character for character in table if not character.isprintable()} - {"\n"}
        and "Alien \\x1b]0;owned" in table
    )
    assert (
        as_table(Answer((Hit(Item("2", "پَرنده‌ها 👩‍🚀", ()), 0.5, ()),), {}, "popular"), []).count(
            "پَرنده‌ها 👩‍🚀"
        )
        == 1
    )
