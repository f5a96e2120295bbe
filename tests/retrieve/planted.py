"""Generations of one planted world, as readers meet them."""

from __future__ import annotations

from tasks.core.serving.redis_keys import FamilyKeys
from tests import generations, worlds

WORLD = worlds.grouped()
NAMES = FamilyKeys("item2vec")


def made(root, number=1, family="item2vec", world=WORLD, **other):
    return generations.generation(
        root,
        world,
        family,
        id=f"{family}-c{number}",
        version=str(number),
        seed=number,
        day=f"1998-04-{10 + number}",
        **other,
    )


def group(hit):
    return WORLD.item_group[int(hit.item.id) - 1]


def own(user):
    return WORLD.items[WORLD.users == user]
