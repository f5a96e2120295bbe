"""A training as MLflow sees it: broken off in the middle, run again, one run with every epoch
once.
"""

from __future__ import annotations

import dataclasses

import pytest

from tasks.core.cli.errors import BadRequest
from tasks.core.registry import mlflow_client
from tasks.core.torch import checkpoint
from tasks.gru4rec.fit import fit
from tests import worlds
from tests.gru4rec.conftest import SMALL, request
from tests.servers import mlflow_server


@pytest.fixture(scope="module")
def fit_request(store):
    settings = dataclasses.replace(SMALL, epochs=4)
    return request(
        store,
        worlds.chained(),
        "tracked",
        settings,
        track=True,
        origin={"url": "http://airflow/run"},
    )


def test_broken_off_in_the_middle_it_is_one_run_with_every_epoch_once(
    fit_request, tmp_path, monkeypatch
):
    real = checkpoint.save

    def save_then_stop(folder, standing):
        real(folder, standing)
        if standing.epoch == 2:
            raise KeyboardInterrupt

    with mlflow_server(tmp_path):
        with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
            killed.setattr(checkpoint, "save", save_then_stop)
            fit(fit_request)
        (run,) = mlflow_client.client().search_runs(
            [mlflow_client.client().get_experiment_by_name("recall").experiment_id]
        )
        assert run.info.status == "FAILED"
        result = fit(fit_request)
        assert (
            result == fit(fit_request)
            and result["run"] == run.info.run_id
            and result["version"] == "1"
        )
        run = mlflow_client.client().get_run(result["run"])
        assert run.info.status == "FINISHED" and run.data.params["hidden"] == str(SMALL.hidden)
        assert run.data.metrics["best/validation_recall_50"] == pytest.approx(
            result["metrics"]["validation_recall_50"]
        )
        for name in ("train_loss", "validation_recall_50", "positions_per_s", "learning_rate"):
            assert [
                entry.step
                for entry in mlflow_client.client().get_metric_history(run.info.run_id, name)
            ] == [1, 2, 3, 4]
        assert (
            mlflow_client.by_alias("gru4rec", mlflow_client.CHALLENGER).tags["recall.uri"]
            == result["uri"]
        )


def test_a_server_that_is_not_named_is_a_bad_request(fit_request, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(BadRequest, match="MLFLOW_TRACKING_URI"):
        fit(dataclasses.replace(fit_request, seed=5))
