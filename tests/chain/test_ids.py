"""Ids of every type go through ingestion, training, publication and the reader, and come out as
they went in.
"""

from __future__ import annotations

import json
import os
import subprocess
import uuid

import pytest

from infra.environments.names import ROOT, python
from tests.benchmarks.stages import ask
from tests.valkeys import valkey_server

# What ids of every type are by the time they are texts (tests/ingest/test_ids.py): integers, whole
# floats, decimals, UUIDs, bytes, leading zeros, 500 characters.
IDS = [
    "12345670",
    "16777216",
    str(10**20),
    str(uuid.UUID(int=2**100)),
    "byte-é",
    "0007",
    "x" * 499 + "1",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with valkey_server(tmp_path_factory.mktemp("valkey")) as running:
        yield running


def test_ids_come_out_as_they_went_in(tmp_path, server):
    """Each user meets four of seven items, and one of them again."""
    events = [
        {"u": IDS[u], "i": IDS[(u + met) % 7], "t": 1_600_000_000 + 60 * (10 * u + nth)}
        for u in range(7)
        for nth, met in enumerate((0, 1, 2, 0, 3))
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    (tmp_path / "shop.toml").write_text(
        '[interactions]\npath = "log.jsonl"\nuser = "u"\nitem = "i"\ntimestamp = "t"\n'
    )
    store, environment = (tmp_path / "store").as_uri(), {"RECALL_REDIS_URL": server.url}
    day = {"store": store, "dataset": "ids", "day": "2020-09-13"}
    made = ask(
        "ingest",
        "snapshot",
        {
            **day,
            "location": str(tmp_path / "shop.toml"),
            "format": "own",
            "split": {"test": 1, "validation": 1},
        },
    )
    assert (made["rows_in"], made["kept"], made["repeats"], made["users"], made["items"]) == (
        35,
        35,
        7,
        7,
        7,
    )
    candidate = ask(
        "linear",
        "fit",
        {"store": store, "snapshot": made["uri"], "track": False, "settings": {"dimension": 4}},
    )
    index = ask(
        "index",
        "build",
        {
            "store": store,
            "family": "linear",
            "candidate": candidate["uri"],
            "snapshot": made["uri"],
        },
    )
    generation = ask("index", "bundle", {"store": store, "index": index["uri"], "version": "1"})
    for verb, more in (
        ("load", {}),
        ("verify", {}),
        ("go_live", {"by": "a test", "why": "to see"}),
    ):
        ask(
            "publish",
            verb,
            {"store": store, "generation": generation["uri"], **more},
            **environment,
        )
    hits = recommended(store, environment, "--user", IDS[-1], "--k", "7")
    assert {hit["id"] for hit in hits} == set(IDS), (
        "one row in five repeats another, so what was met may come again"
    )


def recommended(store: str, environment: dict, *arguments: str) -> list[dict]:
    done = subprocess.run(
        [
            str(python("serve")),
            "-m",
            "tasks.retrieve",
            "recommend",
            *arguments,
            "--family",
            "linear",
            "--json",
        ],
        cwd=ROOT,
        text=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RECALL_STORE": store, **environment},
    )
    assert done.returncode == 0, done.stderr
    return [hit["item"] for hit in json.loads(done.stdout)["hits"]]
