"""`python -m tasks.ingest snapshot '{"store": "file:///srv/store", "location": "/data/ml-100k",
"day": "1998-04-15"}'`
"""

from __future__ import annotations

from tasks.core.cli.command import Verb, run
from tasks.ingest.settings import LookRequest, QuarantineRequest, ReplayRequest, SnapshotRequest

VERBS = {
    "snapshot": Verb(
        SnapshotRequest,
        "tasks.ingest.snapshot:snapshot",
        "read, judge, split and store one day of a source",
    ),
    "look": Verb(
        LookRequest,
        "tasks.ingest.look:look",
        "say what would be read of a source, and how it was understood; nothing is written",
    ),
    "quarantine": Verb(
        QuarantineRequest,
        "tasks.ingest.replay:quarantine",
        "write the rows a snapshot left aside, to be repaired",
    ),
    "replay": Verb(
        ReplayRequest, "tasks.ingest.replay:replay", "make a day again with repaired rows"
    ),
}

if __name__ == "__main__":
    raise SystemExit(run("ingest", VERBS))
