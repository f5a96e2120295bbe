"""`python -m tasks.ingest snapshot '{"store": "file:///srv/store", "location": "/data/ml-100k", "day": "1998-04-15"}'`"""

from __future__ import annotations

from tasks.core.command import Verb, run
from tasks.ingest.settings import QuarantineRequest, ReplayRequest, SnapshotRequest


def load_snapshot():
    from tasks.ingest.snapshot import snapshot
    return snapshot


def load_quarantine():
    from tasks.ingest.replay import quarantine
    return quarantine


def load_replay():
    from tasks.ingest.replay import replay
    return replay


VERBS = {"snapshot": Verb(SnapshotRequest, load_snapshot, "read, judge, split and store one day of a source"),
         "quarantine": Verb(QuarantineRequest, load_quarantine, "write the rows a snapshot left aside, to be repaired"),
         "replay": Verb(ReplayRequest, load_replay, "make a day again with repaired rows")}

if __name__ == "__main__":
    raise SystemExit(run("ingest", VERBS))
