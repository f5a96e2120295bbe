"""Ids of every type go through ingestion, training, publication and the reader, and come out as they went in."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from infra.environments.names import ROOT, python
from tests.benchmarks.stages import ask
from tests.valkeys import valkey_server

# Written by the environment `spark`, which has pyarrow. Each user meets four of six items, and one of them again.
WRITE = """
import datetime, decimal, json, sys, uuid
import pyarrow as pa, pyarrow.parquet as pq

texts = {
    "integers": [str(12345670 + n) for n in range(6)], "whole floats": [str(12345670 + n) for n in range(6)], "decimals": [str(10**20 + n) for n in range(6)],
    "uuids": [str(uuid.UUID(int=2**100 + n)) for n in range(6)], "bytes": [f"byte-{n}" for n in range(6)],
    "leading zeros": [f"000{n}" for n in range(6)], "500 characters": [f"{n}" + "x" * 499 for n in range(6)]}
columns = {
    "integers": lambda ids: pa.array(map(int, ids), pa.int64()), "whole floats": lambda ids: pa.array(map(float, ids), pa.float64()),
    "decimals": lambda ids: pa.array(map(decimal.Decimal, ids), pa.decimal128(38, 4)), "bytes": lambda ids: pa.array([id.encode() for id in ids], pa.binary()),
    "uuids": lambda ids: pa.array([uuid.UUID(id).bytes for id in ids], pa.uuid())}
spelled = {"whole floats": "%s.0", "decimals": "%s.0000"}
folder, format, *kinds = sys.argv[1:]
names = [texts[kind] for kind in kinds]
rows = [(u, (u + m) % 6, 1600000000 + 60 * (10 * u + nth)) for u in range(6) for nth, m in enumerate((0, 1, 2, 0, 3))]

def written(column, n):
    kind, id = kinds[column], names[column][n]
    number = spelled.get(kind, "%s") % id
    return json.dumps(id) if format == "jsonl" and kind not in ("integers", *spelled) else number

if format == "parquet":
    ids = [columns.get(kind, pa.array)([of[row[at]] for row in rows]) for at, (kind, of) in enumerate(zip(kinds, names))]
    pq.write_table(pa.table([*ids, pa.array([t * 10**9 for *_, t in rows], pa.timestamp("ns"))], names=["u", "i", "t"]), f"{folder}/log.parquet")
else:
    line = '{{"u": {}, "i": {}, "t": {}}}' if format == "jsonl" else "{},{},{}"
    text = [line.format(written(0, u), written(1, i), t) for u, i, t in rows]
    open(f"{folder}/log.{format}", "w").write("\\n".join(([] if format == "jsonl" else ["u,i,t"]) + text) + "\\n")
open(f"{folder}/shop.toml", "w").write(f'[interactions]\\npath = "log.{format}"\\nuser = "u"\\nitem = "i"\\ntimestamp = "t"\\n')
print(json.dumps(names))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with valkey_server(tmp_path_factory.mktemp("valkey")) as running:
        yield running


@pytest.mark.parametrize("format, users, items", [("csv", "leading zeros", "whole floats"), ("jsonl", "decimals", "500 characters"), ("parquet", "bytes", "uuids")])
def test_ids_come_out_as_they_went_in(tmp_path, server, format, users, items):
    written = subprocess.run([str(python("spark")), "-c", WRITE, str(tmp_path), format, users, items], cwd=ROOT, text=True, capture_output=True, check=True)
    user_ids, item_ids = json.loads(written.stdout)
    store, environment = (tmp_path / "store").as_uri(), {"RECALL_REDIS_URL": server.url}
    day = {"store": store, "dataset": "ids", "day": "2020-09-13"}
    made = ask("ingest", "snapshot", {**day, "location": str(tmp_path / "shop.toml"), "format": "own", "split": {"test": 1, "validation": 1}})
    assert (made["rows_in"], made["kept"], made["repeats"], made["users"], made["items"]) == (30, 30, 6, 6, 6)
    candidate = ask("linear", "fit", {"store": store, "snapshot": made["uri"], "track": False, "settings": {"dimension": 4}})
    index = ask("index", "build", {"store": store, "family": "linear", "candidate": candidate["uri"], "snapshot": made["uri"]})
    generation = ask("index", "bundle", {"store": store, "index": index["uri"], "version": "1"})
    for verb, more in (("load", {}), ("verify", {}), ("go_live", {"by": "a test", "why": "to see"})):
        ask("publish", verb, {"store": store, "generation": generation["uri"], **more}, **environment)
    hits = recommended(store, environment, "--user", user_ids[0], "--k", "6")
    assert {hit["id"] for hit in hits} == set(item_ids), "one row in five repeats another, so what was met may come again"


def recommended(store: str, environment: dict, *arguments: str) -> list[dict]:
    done = subprocess.run([str(python("serve")), "-m", "tasks.retrieve", "recommend", *arguments, "--family", "linear", "--json"], cwd=ROOT, text=True,
                          capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT), "RECALL_STORE": store, **environment})
    assert done.returncode == 0, done.stderr
    return [hit["item"] for hit in json.loads(done.stdout)["hits"]]

