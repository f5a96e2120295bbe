"""A training as MLflow sees it, killed after the candidate was written and run again."""

from __future__ import annotations

import dataclasses

import pytest

from tasks.core.cli.errors import BadRequest
from tasks.core.registry import mlflow_client
from tasks.core.registry.run_recorder import RunRecorder
from tasks.core.store.store import Store
from tasks.graph.build import build
from tasks.graph.settings import BuildRequest
from tasks.item2vec.fit import fit
from tasks.item2vec.settings import FitRequest, Settings
from tests import worlds
from tests.servers import mlflow_server

SETTINGS = Settings(trainer="gensim", dimension=8, epochs=4)


@pytest.fixture(scope="module")
def fit_request(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store").as_uri())
    snapshot = worlds.snapshot(store, worlds.grouped())
    graph = build(BuildRequest(store.root.as_uri(), dataset="planted", snapshot=snapshot))
    return FitRequest(store.root.as_uri(), graph["uri"], settings=SETTINGS)


def test_killed_after_training_it_is_registered_once_when_run_again(
    fit_request, tmp_path, monkeypatch
):
    with mlflow_server(tmp_path):
        with monkeypatch.context() as killed:
            killed.setattr(
                RunRecorder, "finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
            )
            with pytest.raises(KeyboardInterrupt):
                fit(fit_request)
        runs = mlflow_client.client().search_runs(
            [mlflow_client.client().get_experiment_by_name("recall").experiment_id]
        )
        assert [run.info.status for run in runs] == ["FAILED"]
        result = fit(fit_request)
        assert (
            result == fit(fit_request)
            and result["run"] == runs[0].info.run_id
            and result["version"] == "1"
        )
        run = mlflow_client.client().get_run(result["run"])
        assert run.info.status == "FINISHED" and run.data.params["walk_words"] == str(
            SETTINGS.walk_words
        )
        assert len(mlflow_client.client().get_metric_history(run.info.run_id, "words_per_s")) == 4
        assert (
            mlflow_client.by_alias("item2vec", mlflow_client.CHALLENGER).tags["recall.uri"]
            == result["uri"]
        )


def test_a_server_that_is_not_named_is_a_bad_request(fit_request, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(BadRequest, match="MLFLOW_TRACKING_URI"):
        fit(dataclasses.replace(fit_request, seed=5))


def test_the_champion_in_the_registry_is_gone_on_from_and_the_version_says_what_is_left_of_it(
    fit_request, tmp_path
):
    store = Store(fit_request.store)
    snapshot = worlds.snapshot(store, worlds.grouped(users=124, items=63), "1998-04-16")
    graph = build(BuildRequest(fit_request.store, dataset="planted", snapshot=snapshot))
    with mlflow_server(tmp_path):
        first = fit(fit_request)
        assert first["stability"] is None and mlflow_client.by_alias(
            "item2vec", mlflow_client.CHALLENGER
        ).description in (None, "")
        mlflow_client.client().set_registered_model_alias(
            mlflow_client.model_name("item2vec"), mlflow_client.CHAMPION, first["version"]
        )
        second = fit(dataclasses.replace(fit_request, graph=graph["uri"]))
        assert store.open(second["uri"], "candidate").lineage["champion"] == first["id"]
        figures = mlflow_client.client().get_run(second["run"]).data.metrics
        assert (
            figures["stability/neighbours_10"]
            == pytest.approx(second["stability"]["neighbours_10"])
            and figures["stability/common_items"] >= 60
        )
        assert {
            "best/items_cold",
            "best/items_left_out",
            "stability/similar_10",
            "stability/cosine",
        } <= figures.keys()
        assert (
            "in common with the champion"
            in mlflow_client.by_alias("item2vec", mlflow_client.CHALLENGER).description
        )
        files = {file.path for file in mlflow_client.client().list_artifacts(second["run"])}
        assert {"walks.png", "items_tsne.png", "similar_items.html", "training_curve.png"} <= files
