"""A training is recorded once in MLflow however often its task is killed and run again."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tasks.core.cli.errors import Unreachable
from tasks.core.registry import mlflow_client, run_colours
from tasks.core.registry.run_recorder import RunRecorder, candidate_facts
from tasks.core.retrieval.candidate import save_candidate
from tasks.core.retrieval.encoders import MeanEncoder
from tests import worlds
from tests.neighbours import by_cosine
from tests.servers import environment, free_port


@dataclasses.dataclass(frozen=True)
class Settings:
    epochs: int = 2


@dataclasses.dataclass(frozen=True)
class Request:
    settings: Settings = Settings()
    seed: int = 0
    track: bool = True
    experiment: str = "recall"
    origin: dict = dataclasses.field(default_factory=lambda: {"url": "http://airflow/run"})


def train(store, snapshot, recorder: RunRecorder, id: str) -> None:
    for epoch in (1, 2):
        recorder.epoch(epoch, {"train_loss": 1 / epoch, "validation_recall_50": 0.1 * epoch})
    vectors = np.random.default_rng(0).normal(size=(len(snapshot.item_ids), 8)).astype(np.float32)
    with store.writing("candidate", "candidates", "toy", id) as draft:
        save_candidate(draft.path, snapshot.item_ids, vectors, MeanEncoder(vectors))
        by_cosine(vectors).save(draft.path)
        draft.counts, draft.facts = (
            {"items": len(vectors)},
            candidate_facts("toy", snapshot, Settings(), "c0de", 8),
        )
        recorder.save(draft.path, 2, {"validation_recall_50": 0.2})


def record(store, snapshot, id: str) -> dict:
    recorder = RunRecorder.start(Request(), "toy", id, snapshot, "c0de")
    if store.find("candidates", "toy", id) is None:
        train(store, snapshot, recorder, id)
    return recorder.finish(store.find("candidates", "toy", id), snapshot)


def test_what_tells_two_runs_apart_stands_before_what_does_not(mlflow_uri, world):
    """A chart's legend shows the first words of a name."""
    recorder = RunRecorder.start(
        Request(settings=Settings(epochs=7)), "toy", "other", world[1], "c0de"
    )
    assert (
        mlflow_client.client().get_run(recorder.run).info.run_name == f"toy epochs=7 {worlds.DAY}"
    )


def test_two_runs_of_a_family_have_shades_of_one_colour(mlflow_uri, world):
    made = [
        mlflow_client.client()
        .get_run(RunRecorder.start(Request(), "toy", id, world[1], "c0de").run)
        .data.tags[run_colours.TAG]
        for id in ("e5", "e6", "e5")
    ]
    assert made[0] == made[2] != made[1] == run_colours.next_colour(made[0], "toy")


def test_run_holds_what_a_person_looks_for(mlflow_uri, world):
    result = record(*world, "a1")
    run = mlflow_client.client().get_run(result["run"])
    assert run.info.status == "FINISHED" and run.info.run_name == f"toy {worlds.DAY}"
    assert run.data.params == {"epochs": "2", "seed": "0"}
    assert (
        run.data.tags["recall.snapshot"] == world[1].id
        and run.data.tags["recall.origin"] == "http://airflow/run"
    )
    assert run.data.metrics["best/validation_recall_50"] == pytest.approx(0.2)
    assert run.inputs.dataset_inputs[0].dataset.digest == world[1].id
    files = {
        file.path
        for place in (None, "candidate")
        for file in mlflow_client.client().list_artifacts(result["run"], place)
    }
    assert {
        "items_tsne.png",
        "training_curve.png",
        "similar_items.html",
        "similar_items.json",
        "candidate/manifest.json",
        "candidate/candidates.npy",
        "candidate/encoder.json",
    } <= files
    assert mlflow_client.by_alias("toy", mlflow_client.CHALLENGER).version == result["version"]


def test_second_try_adds_nothing_twice(mlflow_uri, world):
    first = record(*world, "b2")
    assert record(*world, "b2") == first
    history = mlflow_client.client().get_metric_history(first["run"], "validation_recall_50")
    assert [(entry.step, entry.value) for entry in history] == [(1, 0.1), (2, 0.2)]


def test_mlflow_going_away_in_mid_training_loses_no_work(mlflow_uri, world):
    store, snapshot = world
    recorder = RunRecorder.start(Request(), "toy", "c3", snapshot, "c0de")
    with environment(MLFLOW_TRACKING_URI=f"http://127.0.0.1:{free_port()}"):
        train(store, snapshot, recorder, "c3")
        with pytest.raises(Unreachable):
            recorder.finish(store.find("candidates", "toy", "c3"), snapshot)
    result = record(store, snapshot, "c3")
    assert len(mlflow_client.client().get_metric_history(result["run"], "train_loss")) == 2


def test_untracked_training_needs_no_server(world):
    store, snapshot = world
    recorder = RunRecorder.start(Request(track=False), "toy", "d4", snapshot, "c0de")
    train(store, snapshot, recorder, "d4")
    assert recorder.finish(store.find("candidates", "toy", "d4"), snapshot)["version"] is None
