"""`python -m tasks.ingest snapshot '{"store": "file:///srv/store", "location": "/data/ml-100k", "day": "1998-04-15"}'`"""

from __future__ import annotations

from tasks.core.command import Verb, run
from tasks.ingest.settings import SnapshotRequest


def load_snapshot():
    from tasks.ingest.snapshot import snapshot
    return snapshot


VERBS = {"snapshot": Verb(SnapshotRequest, load_snapshot, "read, judge, split and store one day of a source")}

if __name__ == "__main__":
    raise SystemExit(run("ingest", VERBS))
