"""Slices hold the users they name, and their means are those of these users alone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.core.data.snapshot import find_snapshot
from tasks.core.store.store import Store
from tasks.evaluate.judge import judge
from tasks.evaluate.settings import JudgeRequest
from tasks.evaluate.slices import slices
from tests import worlds
from tests.evaluate import planted

WORLD = worlds.uneven(users=300, items=360, groups=3)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return Store(str(tmp_path_factory.mktemp("store")))


def test_users_fall_where_their_history_puts_them(store):
    read = find_snapshot(store, worlds.snapshot(store, WORLD), "planted")
    queries = read.queries("test")
    found = slices(read, queries)
    lengths = queries.histories.lengths
    assert (found["new users"] == (lengths <= 5)).all() and 50 < found["new users"].sum() < 250
    assert lengths[found["short histories"]].max() < lengths[found["long histories"]].min()
    for group in range(3):
        assert (found[f"group {group}"] == (WORLD.user_group[queries.users] == group)).all()


def with_attribute(store: Store, name: str, values: list[str]):
    """The world's snapshot with an attribute of the users added."""
    read = find_snapshot(
        store,
        worlds.snapshot(
            store, WORLD, day=f"1998-05-{len(store.names('snapshots', 'planted')):02d}"
        ),
        "planted",
    )
    path = read.artefact.path / "users" / "part-0.parquet"
    pq.write_table(pq.read_table(path).append_column(name, pa.array(values)), path)
    return type(read)(read.artefact), read


def test_an_attribute_of_many_numbers_is_told_in_thirds_and_one_of_many_texts_is_not(
    store, capfd, monkeypatch
):
    monkeypatch.setattr(
        "tasks.core.store.manifest.Artefact.file", lambda self, name, verify=True: self.path / name
    )
    ages = [str(18 + row % 60) for row in range(300)]
    read, _ = with_attribute(store, "age", ages)
    found = slices(read, read.queries("test"))
    thirds = [name for name in found if name.startswith("age ")]
    assert len(thirds) == 3 and sum(found[name].sum() for name in thirds) == 300
    read, _ = with_attribute(store, "postcode", [f"code {row}" for row in range(300)])
    assert not [name for name in slices(read, read.queries("test")) if name.startswith("postcode")]
    assert "attribute=postcode" in capfd.readouterr().err


def test_a_model_that_fails_one_group_of_users_shows_it_in_that_slice_alone(store):
    snapshot = worlds.snapshot(store, WORLD)
    facts = store.open(
        judge(
            JudgeRequest(
                str(store.root),
                planted.blind(store, snapshot, WORLD, group=1),
                champion_from_registry=False,
                track=False,
            )
        )["uri"],
        "evaluation",
    ).facts
    recall = {
        name: facts["slices"][name]["metrics"]["challenger"]["recall_50"]
        for name in ("group 0", "group 1", "group 2")
    }
    assert recall["group 1"] < 0.2 < 0.35 < min(recall["group 0"], recall["group 2"])
    assert facts["slices"]["group 1"]["users"] == np.sum(WORLD.user_group == 1)
    assert facts["slices"]["group 1"]["metrics"]["ease"]["recall_50"] > 0.3
