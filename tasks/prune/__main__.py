"""`python -m tasks.prune plan | apply '<request>'`.

RECALL_REDIS_URL and MLFLOW_TRACKING_URI name the servers whose references are kept.
"""

from __future__ import annotations

from tasks.core.cli.command import Verb, run
from tasks.prune.settings import PruneRequest

VERBS = {
    "plan": Verb(
        PruneRequest,
        "tasks.prune.prune:plan",
        "what would be deleted, and how much room that makes",
    ),
    "apply": Verb(PruneRequest, "tasks.prune.prune:apply", "delete it"),
}

if __name__ == "__main__":
    raise SystemExit(run("prune", VERBS))
