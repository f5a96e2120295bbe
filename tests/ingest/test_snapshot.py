"""A day of a source becomes a snapshot that the other stages can lean on."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.dataset
import pyarrow.parquet
import pytest

from tasks.core.cli.errors import BadRequest
from tasks.core.store.store import Store
from tasks.ingest.settings import Split
from tasks.ingest.snapshot import snapshot
from tests import worlds
from tests.ingest.conftest import NOW


def test_the_planted_world_comes_back_whole_with_the_newest_rows_held_out(planted, world):
    _, result, made = planted
    assert result["rows_in"] == result["kept"] == len(world.users)
    assert result["quarantined"] == result["later"] == 0
    assert (result["users"], result["items"]) == (120, 60)
    assert made.item_ids == [str(i + 1) for i in range(60)], (
        "integer ids are in the order of their numbers"
    )
    assert made.user_ids == [str(u + 1) for u in range(120)]
    whole = made.histories("train", "history", "validation", "test")
    for user in range(120):
        assert whole[user].tolist() == world.items[world.users == user].tolist(), "oldest first"
    queries = made.queries("test")
    assert queries.users.tolist() == list(range(120))
    for nth, user in enumerate(queries.users):
        assert queries.labels[nth].tolist() == whole[user][-3:].tolist()
        assert queries.histories[nth].tolist() == whole[user][:-3].tolist()


def test_titles_genres_and_attributes_are_kept(planted):
    _, _, made = planted
    assert made.items["title"][6].as_py() == "Film 7 (1995)"
    assert made.items["genres"][6].as_py() == ["Action"]
    users = made.table("users").to_pylist()
    assert users[1] == {
        "user": 1,
        "id": "2",
        "age": "21",
        "gender": "F",
        "occupation": "engineer",
        "zip_code": "10001",
    }


def test_rows_after_the_day_wait_for_their_day(take, world):
    day = "1997-09-26"  # the world's rows begin on 1997-09-23, one a day and user
    ends = 875_318_400  # 1997-09-27T00:00:00Z
    result, made = take(day=day, split={"test": 1, "validation": 0})
    before = int((world.timestamps < ends).sum())
    assert 0 < before < len(world.users)
    assert (result["kept"], result["later"]) == (before, len(world.users) - before)
    assert made.artefact.facts["last_timestamp"] < ends
    assert made.items.num_rows == 60, "the catalogue does not depend on the day"


def test_the_same_day_twice_has_the_same_id_and_needs_no_spark(planted, monkeypatch):
    request, first, _ = planted
    monkeypatch.setattr(
        "tasks.ingest.snapshot.session", lambda *_: pytest.fail("Spark was started")
    )
    assert snapshot(request, now=NOW + 1) == first
    for other in ({"liked": ">= 5"}, {"day": "1998-04-16"}, {"split": Split(test=2)}):
        with pytest.raises(pytest.fail.Exception, match="Spark was started"):
            snapshot(dataclasses.replace(request, **other))


def test_the_content_does_not_depend_on_partitions_or_blocks(planted, take, spark):
    _, _, first = planted
    spark.conf.set("spark.sql.shuffle.partitions", "7")
    spark.conf.set("spark.sql.files.maxPartitionBytes", "3000")
    try:
        _, second = take()
    finally:
        spark.conf.unset("spark.sql.files.maxPartitionBytes")
        spark.conf.set("spark.sql.shuffle.partitions", "2")
    assert second.id == first.id
    assert second.artefact.facts["content_digest"] == first.artefact.facts["content_digest"]
    for part in ("train", "validation", "test"):
        assert np.array_equal(second.histories(part).items, first.histories(part).items)


@pytest.mark.parametrize("order", ["time", "file"])
def test_a_file_of_interactions_holds_whole_users_one_after_the_other_in_their_order(take, order):
    _, made = take(split={"order": order}, sessions={"gap_minutes": 60.0})
    seen = set()
    for file in sorted((made.artefact.path / "interactions").glob("*.parquet")):
        rows = pyarrow.parquet.read_table(file, columns=["user", "position"])
        user, position = (rows[name].to_numpy().astype(np.int64) for name in ("user", "position"))
        assert (np.diff((user << 32) + position) > 0).all()
        assert not seen & set(user.tolist())
        seen |= set(user.tolist())
    assert len(seen) == 120


def test_rare_items_and_disliked_rows_are_left_out_when_asked(take, source):
    with (source / "u.data").open("a") as file:
        file.write("1\t60\t1\t878000000\n")
    result, made = take(liked_only=True)
    assert (result["left_out"], result["quarantined"]) == (1, 0)
    assert bool(made.table("interactions")["liked"].to_numpy().all())
    counts = np.bincount(made.histories("train", "validation", "test").items, minlength=60)
    threshold = int(np.sort(counts)[10]) + 1
    result, made = take(liked_only=True, minimum_item_interactions=threshold)
    assert made.items.num_rows == int((counts >= threshold).sum()) < 60
    assert result["interactions"] == int(counts[counts >= threshold].sum())
    assert result["kept"] == result["interactions"] + result["left_out"]


def test_text_ids_come_back_as_they_went_in_ordered_as_text(take, source):
    data = (source / "u.data").read_text().splitlines()
    (source / "u.data").write_text("".join(f"u-{line}\n" for line in data))
    _, made = take()
    assert (
        made.artefact.facts["user_id_type"] == "text"
        and made.artefact.facts["item_id_type"] == "integer"
    )
    assert made.user_ids == sorted(f"u-{u + 1}" for u in range(120))


def test_an_order_that_the_source_does_not_have_is_refused(ask):
    with pytest.raises(BadRequest, match=r"gives no order.*expected 'time' or 'file'"):
        snapshot(ask(split={"order": "given"}))


def test_the_report_shows_the_checks_and_loads_nothing(planted):
    _, _, made = planted
    text = made.artefact.file("report.html").read_text()
    assert "test_users" in text and "planted, 1998-04-15" in text and "u.data" in text
    assert "http:" not in text and "https:" not in text and "<script" not in text


def test_the_command_answers_with_one_line_and_leaves_a_complete_snapshot(tmp_path, source):
    request = {
        "store": (tmp_path / "store").as_uri(),
        "location": source.as_uri(),
        "day": worlds.DAY,
        "dataset": "planted",
    }
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "tasks.ingest", "snapshot", json.dumps(request)],
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == 1
    result = json.loads(done.stdout)
    assert result["seconds"] < 10, "the second run finds the work done"
    made = Store(request["store"]).open(result["uri"], "snapshot")
    for name in made.files:
        made.file(name, verify=True)
    assert (
        pyarrow.dataset.dataset(str(made.path / "interactions")).count_rows()
        == result["interactions"]
    )
    assert not [
        p.name for p in made.path.rglob("*") if p.name.startswith(".") or p.name.startswith("_")
    ]
