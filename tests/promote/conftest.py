"""One MLflow server for all tests of this stage, and planted candidates that are registered with
it.
"""

from __future__ import annotations

import dataclasses
import uuid

import pytest

from tasks.core.registry import mlflow_client
from tasks.core.store.store import Store
from tasks.evaluate.judge import judge
from tasks.evaluate.settings import JudgeRequest
from tasks.promote.aliases.promote import promote
from tasks.promote.gate.gate import gate
from tasks.promote.settings import GateRequest, PromoteRequest
from tests import worlds
from tests.evaluate import planted
from tests.servers import mlflow_server

POLICY = """
# Few resamples, no floor but popularity, and a champion may know as little as the planted weak one.
resamples = 1000
[health]
champion_items_known_least = 0.2
"""


@pytest.fixture(scope="session")
def mlflow_uri(tmp_path_factory):
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as uri:
        yield uri


@dataclasses.dataclass(frozen=True)
class Day:
    """A store with one snapshot, for a family of its own."""

    store: Store
    snapshot: str
    family: str
    policy: str

    def register(self, make, **more) -> tuple[str, str, str]:
        """A planted candidate, its run and its version."""
        uri = make(self.store, self.snapshot, **more)
        id = uri.rsplit("/", 1)[-1]
        run = mlflow_client.find_or_start("recall", f"{self.family} {id}", id, {})
        return uri, run, mlflow_client.register(self.family, run, id, uri, {})

    def gate(self, make, **more) -> dict:
        uri, run, version = self.register(make, **more)
        done = judge(JudgeRequest(str(self.store.root), uri, run=run))
        return gate(GateRequest(str(self.store.root), done["uri"], self.policy, run, version))

    def promote(self, verdict: dict, **more) -> dict:
        """Carry the verdict out."""
        return promote(PromoteRequest(str(self.store.root), verdict["uri"], **more))

    def aliases(self) -> tuple[str | None, str | None]:
        found = [
            mlflow_client.by_alias(self.family, alias)
            for alias in (mlflow_client.CHAMPION, mlflow_client.PREVIOUS)
        ]
        return tuple(one and str(one.version) for one in found)


@pytest.fixture
def day(tmp_path, mlflow_uri, monkeypatch) -> Day:
    family = f"planted-{uuid.uuid4().hex[:8]}"
    monkeypatch.setattr(planted, "FAMILY", family)
    store = Store(str(tmp_path))
    (tmp_path / "policy.toml").write_text(POLICY)
    return Day(store, worlds.snapshot(store, planted.WORLD), family, str(tmp_path / "policy.toml"))
