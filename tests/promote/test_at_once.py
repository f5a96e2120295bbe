"""Two runs that finish at the same moment, fifty times: the aliases are always those of one of
them, together.
"""

from __future__ import annotations

import itertools
import threading
import uuid

from tasks.core.cli.errors import Conflict
from tasks.core.registry import mlflow_client
from tasks.core.store.store import Store, write_json
from tasks.promote.aliases.audit import Audit
from tasks.promote.aliases.promote import promote
from tasks.promote.settings import PromoteRequest

ROUNDS = 50


def verdict(store: Store, family: str, version: str, champion: str | None) -> str:
    """A verdict that promotes this version over that champion, as the gate writes one; returns its
    URI.
    """
    id = uuid.uuid4().hex[:16]
    with store.writing("verdict", "verdicts", family, id) as draft:
        write_json(
            draft.path / "verdict.json",
            {
                "outcome": "promote",
                "reason": "better",
                "family": family,
                "version": version,
                "candidate": f"file:///c/{version}",
                "candidate_id": f"c{version}",
                "champion_version": champion,
                "snapshot": "file:///s",
                "day": "1998-04-15",
            },
        )
    return store.path("verdicts", family, id).as_uri()


def test_fifty_pairs_of_runs_finish_at_once(tmp_path, mlflow_uri):
    store, families = Store(str(tmp_path)), [f"planted-{uuid.uuid4().hex[:8]}" for _ in range(2)]
    for family in families:
        for version in "123":
            run = mlflow_client.find_or_start(
                "recall", f"{family} {version}", f"{family} {version}", {}
            )
            assert (
                mlflow_client.register(family, run, f"c{version}", f"file:///c/{version}", {})
                == version
            )
        mlflow_client.client().delete_registered_model_alias(
            mlflow_client.model_name(family), mlflow_client.CHALLENGER
        )
    live: dict[str, str | None] = dict.fromkeys(families)
    for turn in range(ROUNDS):
        # two runs of one family race for the same champion; every fifth time another family
        # finishes in the same moment
        racing = [(families[0], version) for version in "123" if version != live[families[0]]][:2]
        racing += (
            [(families[1], next(v for v in "123" if v != live[families[1]]))]
            if turn % 5 == 0
            else []
        )
        requests = [
            (family, version, verdict(store, family, version, live[family]))
            for family, version in racing
        ]
        refused: list[str] = []

        def go(family: str, uri: str, refused: list[str] = refused) -> None:
            try:
                promote(PromoteRequest(str(store.root), uri))
            except Conflict:
                refused.append(uri)

        threads = [threading.Thread(target=go, args=(family, uri)) for family, _, uri in requests]
        [thread.start() for thread in threads], [thread.join() for thread in threads]
        assert len(refused) == 1, turn
        for family in {family for family, _ in racing}:
            winner = next(
                version for one, version, uri in requests if one == family and uri not in refused
            )
            found = (
                mlflow_client.client()
                .get_registered_model(mlflow_client.model_name(family))
                .aliases
            )
            assert found == {
                "champion": winner,
                **({"previous": live[family]} if live[family] else {}),
            }, turn
            live[family] = winner
    records = Audit(store, families[0]).records()
    assert len(records) == ROUNDS and all(
        one["to"] == other["from"] for one, other in itertools.pairwise(records)
    )
