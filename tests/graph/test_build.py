"""The verb: one graph a snapshot, found again, refused when there is nothing to walk."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.data.graph import LAWS, Graph
from tasks.core.models.walks import walk
from tasks.core.store.store import Store, local_path
from tasks.graph.build import build
from tasks.graph.settings import BuildRequest
from tests import worlds

every_law = pytest.mark.parametrize("law", list(LAWS))


@pytest.fixture
def store(tmp_path):
    return Store((tmp_path / "store").as_uri())


@dataclasses.dataclass(frozen=True)
class TextIds(worlds.World):
    """The same world with ids that are texts."""

    def item_id(self, row: int) -> str:
        return f"sku/α-{row:03d}"


def first(world: worlds.World, likes: int) -> worlds.World:
    """What every user had done after so many rows."""
    place = np.arange(len(world.users)) - np.searchsorted(world.users, world.users)
    kept = {
        name: getattr(world, name)[place < likes]
        for name in ("users", "items", "ratings", "timestamps")
    }
    return dataclasses.replace(world, **kept)


def request(store, **fields) -> BuildRequest:
    return BuildRequest(store.root.as_uri(), dataset="planted", **fields)


def test_builds_from_training_rows_only(store):
    uri = worlds.snapshot(store, worlds.grouped())
    result = build(request(store))
    assert (result["users"], result["items"], result["edges"], result["snapshot"]) == (
        120,
        60,
        120 * (12 - 4),
        uri,
    )
    tables = Graph(store.open(result["uri"], "graph")).tables
    assert isinstance(tables.slots, np.memmap) and tables.edges == 960


def test_finds_its_work_done(store):
    worlds.snapshot(store, worlds.grouped())
    first = build(request(store))
    made = store.open(first["uri"], "graph").created
    assert build(request(store)) == first and store.open(first["uri"], "graph").created == made
    assert build(request(store, entrance="uniform"))["id"] != first["id"]


@every_law
def test_refuses_a_graph_without_edges(store, law):
    world = worlds.grouped(likes=5)  # one training row a user
    worlds.snapshot(store, world)
    with pytest.raises(
        RefusedData, match=r"no user of .* liked two items.*120 liked rows of 120 users"
    ):
        build(request(store, law=law))
    unliked = dataclasses.replace(
        worlds.grouped(), ratings=np.full_like(worlds.grouped().ratings, 2)
    )
    worlds.snapshot(store, unliked, day="1998-04-16")
    with pytest.raises(RefusedData, match="0 liked rows"):
        build(request(store, law=law, day="1998-04-16"))
    assert (
        store.names("graphs", "planted", worlds.DAY)
        == store.names("graphs", "planted", "1998-04-16")
        == []
    )


def test_names_the_days_there_are(store):
    worlds.snapshot(store, worlds.grouped())
    with pytest.raises(BadRequest, match="1998-04-15"):
        build(request(store, day="1998-04-20"))


@every_law
def test_walks_stay_in_the_users_groups_whatever_kind_the_ids_are(store, law):
    world = worlds.grouped()
    for made in (world, TextIds(**vars(world))):
        worlds.snapshot(store, made, dataset="planted")
        walks = walk(
            Graph(store.open(build(request(store, law=law))["uri"], "graph")).tables,
            0,
            500,
            6,
            seed=0,
        )
        assert (world.item_group[walks] == world.item_group[walks[:, :1]]).all()


@every_law
@pytest.mark.parametrize("half_life_days", [None, 3.0])
def test_the_next_day_after_yesterdays_graph_is_what_it_is_without_it(
    store, tmp_path, law, half_life_days
):
    world = TextIds(**vars(worlds.grouped()))
    settings = {"law": law, "half_life_days": half_life_days}
    worlds.snapshot(store, first(world, 9), day="1998-04-14")
    before = build(request(store, **settings))
    worlds.snapshot(store, world)
    there = Store((tmp_path / "there").as_uri())
    worlds.snapshot(there, world)
    updated, new = build(request(store, **settings)), build(request(there, **settings))
    assert updated["id"] == new["id"] != before["id"] and updated["edges"] == new["edges"]
    one, other = store.open(updated["uri"], "graph"), there.open(new["uri"], "graph")
    assert one.files == other.files and len(one.files) >= 5
    assert (
        one.lineage.get("updated") == (before["uri"] if law == "window" else None)
        and "updated" not in other.lineage
    )


def test_a_graph_of_other_settings_or_whose_snapshot_is_gone_is_not_updated(store):
    earlier = worlds.snapshot(store, first(worlds.grouped(), 9), day="1998-04-14")
    build(request(store, law="window"))
    worlds.snapshot(store, worlds.grouped())
    assert (
        "updated"
        not in store.open(
            build(request(store, law="window", window_places=3))["uri"], "graph"
        ).lineage
    )
    assert (
        "updated"
        not in store.open(
            build(request(store, law="window", window_places=4, update=False))["uri"], "graph"
        ).lineage
    )
    shutil.rmtree(local_path(earlier))
    assert "updated" not in store.open(build(request(store, law="window"))["uri"], "graph").lineage


def test_settings_of_another_law_make_no_other_graph(store):
    worlds.snapshot(store, worlds.grouped())
    assert build(request(store, window_places=9))["id"] == build(request(store))["id"]
    assert (
        build(request(store, law="window", window_places=9))["id"]
        != build(request(store, law="window"))["id"]
    )


def test_spark_builds_the_law_window_only():
    with pytest.raises(
        BadRequest, match=r"Spark does not build the law cooccurrence.*leave `engine` out"
    ):
        BuildRequest("file:///store", engine="spark")


def test_command_prints_its_result_last(store):
    worlds.snapshot(store, worlds.grouped())
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tasks.graph",
            "build",
            json.dumps({"store": store.root.as_uri(), "dataset": "planted"}),
        ],
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["edges"] == 960
