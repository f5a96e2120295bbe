"""`python -m tasks.prune plan | apply '<request>'`; RECALL_REDIS_URL and MLFLOW_TRACKING_URI name who knows what is needed."""

from __future__ import annotations

from tasks.core.command import Verb, run
from tasks.prune.settings import PruneRequest


def _plan():
    from tasks.prune.prune import plan

    return plan


def _apply():
    from tasks.prune.prune import apply

    return apply


VERBS = {
    "plan": Verb(PruneRequest, _plan, "what would be deleted, and how much room that makes"),
    "apply": Verb(PruneRequest, _apply, "delete it"),
}

if __name__ == "__main__":
    raise SystemExit(run("prune", VERBS))
