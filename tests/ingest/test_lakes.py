"""Of a Delta table only the current files are read; what cannot be read file by file is refused
with what to do.
"""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.core.cli.errors import RefusedData
from tests.ingest.reading import LOG, kept, looked_at, rows_of

T = 1_600_000_000
TOML = LOG + 'path = "lake/d"\nformat = "parquet"\n'
COMMIT = "_delta_log/{:020d}.json"
CHECKPOINT = "_delta_log/00000000000000000001.checkpoint.parquet"


def users(*names: str) -> pa.Table:
    return pa.table({"user": list(names), "item": ["i"] * len(names), "ts": [T] * len(names)})


def add(path: str, deletions: dict | None = None) -> dict:
    return {"add": {"path": path, "size": 1} | ({"deletionVector": deletions} if deletions else {})}


def remove(path: str, deletions: dict | None = None) -> dict:
    return {"remove": {"path": path} | ({"deletionVector": deletions} if deletions else {})}


def write(folder, files: dict[str, pa.Table], commits: dict[int, list[dict]], **others: str):
    for name, made in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(made, folder / name)
    (folder / "_delta_log").mkdir(parents=True, exist_ok=True)
    for number, actions in commits.items():
        (folder / COMMIT.format(number)).write_text(
            "".join(json.dumps(action) + "\n" for action in actions)
        )


def read(folder, toml: str = TOML) -> set[str]:
    seen, _, _ = looked_at(folder, toml)
    return {
        user for file in seen.local_files for user in pq.read_table(file.path)["user"].to_pylist()
    }


@pytest.fixture
def d(tmp_path):
    return tmp_path / "lake" / "d"


FILES = {"a.parquet": users("u1"), "b.parquet": users("u2"), "c.parquet": users("deleted")}


def test_deleted_users_stay_deleted(d, tmp_path):
    write(
        d,
        FILES,
        {
            0: [
                {"protocol": {}},
                {"metaData": {"configuration": {}}},
                add("a.parquet"),
                add("c.parquet"),
            ],
            1: [add("b.parquet"), remove("c.parquet")],
        },
    )
    assert read(tmp_path) == {"u1", "u2"}
    assert read(tmp_path, TOML.replace('"lake/d"', '"lake/d/*.parquet"')) == {"u1", "u2"}, (
        "a pattern inside the table counts its files, too"
    )
    assert read(tmp_path, TOML.replace('"lake/d"', '"lake"')) == {"u1", "u2"}, (
        "and so does a folder above it"
    )
    with pytest.raises(RefusedData, match="counts none of these files any more"):
        read(tmp_path, TOML.replace('"lake/d"', '"lake/d/c.parquet"'))


def test_a_checkpoint_and_the_commits_behind_it(d, tmp_path):
    write(d, FILES, {2: [add("b.parquet")]})
    paths = pa.struct([("path", pa.string())])
    pq.write_table(
        pa.Table.from_pylist(
            [{"add": {"path": "a.parquet"}}, {"remove": {"path": "c.parquet"}}],
            pa.schema([("add", paths), ("remove", paths)]),
        ),
        d / CHECKPOINT,
    )
    assert read(tmp_path) == {"u1", "u2"}
    (d / CHECKPOINT).write_bytes(b"PAR1junkPAR1")
    with pytest.raises(RefusedData, match=r"checkpoint.parquet cannot be read"):
        read(tmp_path)


def test_partitions_and_encoded_names(spark, d, tmp_path):
    write(
        d,
        {
            "user=u 1%25/a.parquet": users("x").drop_columns(["user"]),
            "user=__HIVE_DEFAULT_PARTITION__/b.parquet": users("x").drop_columns(["user"]),
        },
        {0: [add("user=u%201%2525/a.parquet"), add("user=__HIVE_DEFAULT_PARTITION__/b.parquet")]},
    )
    rows = rows_of(spark, tmp_path, TOML)
    assert kept(rows, "user", "item") == [("u 1%", "i")] and len(rows) == 2


def test_deletion_vectors_are_refused_while_they_count(d, tmp_path):
    vector = {"storageType": "u", "pathOrInlineDv": "x", "cardinality": 1}
    commits = {0: [add("a.parquet")], 1: [add("a.parquet", vector), remove("a.parquet")]}
    write(d, FILES, commits)
    with pytest.raises(RefusedData, match=r"deletion vectors.*REORG TABLE"):
        read(tmp_path)
    write(d, FILES, commits | {2: [remove("a.parquet", vector), add("b.parquet")]})
    assert read(tmp_path) == {"u2"}


@pytest.mark.parametrize(
    "commits, message",
    [
        (
            {
                0: [
                    {"metaData": {"configuration": {"delta.columnMapping.mode": "name"}}},
                    add("a.parquet"),
                ]
            },
            "column mapping",
        ),
        ({0: [add("a.parquet")], 2: [add("b.parquet")]}, "has gaps"),
        ({3: [add("a.parquet")]}, "has gaps"),
        ({}, "has gaps"),
        ({0: [add("a.parquet"), add("gone.parquet")]}, "lacks 1 of its files; got .*gone.parquet"),
        ({0: [add("a.parquet")], 1: [remove("a.parquet")]}, "counts none of these files any more"),
        ({0: [[1], "x"]}, "no JSON object|cannot be read"),
        ({0: [{"add": {"size": 1}}]}, "without a path"),
    ],
)
def test_what_is_refused(d, tmp_path, commits, message):
    write(d, FILES, commits)
    with pytest.raises(RefusedData, match=message):
        read(tmp_path)


@pytest.mark.parametrize(
    "marker, message",
    [
        (".hoodie/hoodie.properties", "is a Hudi table"),
        ("metadata/v1.metadata.json", "is an Iceberg table"),
        ("_delta_log/00000000000000000001.checkpoint.x.json", "a checkpoint of a newer form"),
    ],
)
def test_other_tables_are_refused(d, tmp_path, marker, message):
    write(d, FILES, {0: [add("a.parquet")]})
    if not marker.startswith("_delta"):
        (d / COMMIT.format(0)).unlink(), (d / "_delta_log").rmdir()
    (d / marker).parent.mkdir(exist_ok=True)
    (d / marker).write_text("{}")
    with pytest.raises(RefusedData, match=f"{message}.*remedy: export its current rows"):
        read(tmp_path)
    if marker.startswith("metadata"):
        with pytest.raises(RefusedData, match=message):
            read(tmp_path, TOML.replace('"lake/d"', '"lake/d/*.parquet"'))
