"""A training as MLflow sees it, killed after the candidate was written and run again."""

from __future__ import annotations

import dataclasses

import pytest

from tasks.core import tracking
from tasks.core.errors import BadRequest
from tasks.core.recording import Recorder
from tasks.core.store import Store
from tasks.graph.build import build
from tasks.graph.settings import BuildRequest
from tasks.item2vec.fit import fit
from tasks.item2vec.settings import FitRequest, Settings
from tests import worlds
from tests.servers import mlflow_server

SETTINGS = Settings(trainer="gensim", dimension=8, epochs=4)


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store").as_uri())
    snapshot = worlds.snapshot(store, worlds.grouped())
    graph = build(BuildRequest(store.root.as_uri(), dataset="planted", snapshot=snapshot))
    return FitRequest(store.root.as_uri(), graph["uri"], settings=SETTINGS)


def test_killed_after_training_it_is_registered_once_when_run_again(asked, tmp_path, monkeypatch):
    with mlflow_server(tmp_path):
        with monkeypatch.context() as killed:
            killed.setattr(Recorder, "finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                fit(asked)
        runs = tracking.client().search_runs([tracking.client().get_experiment_by_name("recall").experiment_id])
        assert [run.info.status for run in runs] == ["FAILED"]
        result = fit(asked)
        assert result == fit(asked) and result["run"] == runs[0].info.run_id and result["version"] == "1"
        run = tracking.client().get_run(result["run"])
        assert run.info.status == "FINISHED" and run.data.params["walk_words"] == str(SETTINGS.walk_words)
        assert len(tracking.client().get_metric_history(run.info.run_id, "words_per_s")) == 4
        assert tracking.by_alias("item2vec", tracking.CHALLENGER).tags["recall.uri"] == result["uri"]


def test_a_server_that_is_not_named_is_a_bad_request(asked, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(BadRequest, match="MLFLOW_TRACKING_URI"):
        fit(dataclasses.replace(asked, seed=5))
