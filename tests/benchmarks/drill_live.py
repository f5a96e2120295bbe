"""The reader of the drill of services, in the environment of a service that reads: every answer
must be whole and of one generation.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from tasks.core.cli.errors import RecallError
from tasks.core.store.store import Store
from tasks.publish import audit
from tasks.retrieve import Reader

K, USERS = 10, 20


def read(family: str, stop: Path, report: Path) -> None:
    """Ask without pause; write down what was wrong and what failed, each with its time."""
    reader = Reader(os.environ["RECALL_REDIS_URL"], os.environ["RECALL_STORE"], timeout_seconds=2.0)
    counts, lists = {"reads": 0, "wrong": [], "failures": []}, {}
    user = 0
    while not stop.exists():
        user, began = user % USERS + 1, time.time()
        try:
            answer = reader.recommend(user=str(user), k=K)
        except RecallError as error:
            counts["failures"].append([began, time.time(), f"{type(error).__name__}: {error}"])
            time.sleep(0.2)
            continue
        counts["reads"] += 1
        ids, generation = [hit.item.id for hit in answer.hits], answer.generations[family]
        same = lists.setdefault(
            (generation, user), ids
        )  # a generation never changes: the same user has the same list
        if len(set(ids)) != K or same != ids or answer.source != "user":
            counts["wrong"].append(
                [
                    began,
                    time.time(),
                    f"user {user}, {generation}: {ids}, {answer.source}; before {same}",
                ]
            )
        time.sleep(0.02)
    report.write_text(
        json.dumps(counts | {"generations": len({generation for generation, _ in lists})})
    )


def published(family: str) -> list[str]:
    """The day of every generation that the audit says went live."""
    store = Store(os.environ["RECALL_STORE"])
    events = [event.facts for event in audit.events(store, family)]
    made = [
        store.find("generations", family, event["to"])
        for event in events
        if event["event"] == "go_live"
    ]
    return [one.facts["day"] for one in made if one]


if __name__ == "__main__":
    if sys.argv[2] == "--audit":
        print(json.dumps(published(sys.argv[1])))
    else:
        read(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
