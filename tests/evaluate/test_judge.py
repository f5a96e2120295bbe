"""Judging whole candidates: good and bad ones are told apart, on the same users, and repeated work
is found done.
"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tasks.core.cli.errors import BadRequest
from tasks.core.registry import mlflow_client
from tasks.core.retrieval.candidate import save_candidate
from tasks.core.retrieval.encoders import MeanEncoder
from tasks.core.store.store import Store
from tasks.evaluate.judge import judge
from tasks.evaluate.settings import JudgeRequest
from tests import worlds
from tests.evaluate import planted
from tests.servers import mlflow_server


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return Store(str(tmp_path_factory.mktemp("store")))


@pytest.fixture(scope="module")
def snapshot(store) -> str:
    return worlds.snapshot(store, planted.WORLD)


def ask(store: Store, candidate: str, **more) -> dict:
    return judge(
        JudgeRequest(
            str(store.root), candidate, **{"champion_from_registry": False, "track": False, **more}
        )
    )


def test_models_are_ordered_as_planted(store, snapshot):
    """A model of the groups finds 50 of the 111 unseen items of a group; one that knows nothing
    finds 50 of 351.
    """
    good, bad = (
        ask(store, make(store, snapshot))["metrics"] for make in (planted.good, planted.shuffled)
    )
    assert good["challenger"]["recall_50"] == pytest.approx(50 / 111, abs=0.03)
    assert bad["challenger"]["recall_50"] == pytest.approx(50 / 351, abs=0.04)
    assert good["popularity"] == bad["popularity"] and good["champion"] is None
    copy = ask(store, planted.popular(store, snapshot))["metrics"]
    assert copy["challenger"]["recall_50"] == pytest.approx(
        copy["popularity"]["recall_50"], abs=0.02
    )
    assert copy["challenger"]["coverage_50"] < 0.5 < good["challenger"]["coverage_50"]
    assert (
        good["challenger"]["recall_50_kept"] < good["challenger"]["recall_50"]
    )  # seen items take places of the group


def test_every_model_is_measured_on_the_same_users_and_the_means_are_those_of_the_table(
    store, snapshot
):
    done = ask(store, planted.good(store, snapshot), champion=planted.weak(store, snapshot))
    evaluation = store.open(done["uri"], "evaluation")
    known = store.open(evaluation.facts["yardstick"], "yardstick")
    own, baselines = (pq.read_table(one.file("per_user.parquet")) for one in (evaluation, known))
    slices = pq.read_table(known.file("slices.parquet"))
    assert len(slices) == done["users"] == len(planted.WORLD.user_group)
    for table, models in (
        (own, ("challenger", "champion")),
        (baselines, ("popularity", "item_knn", "ease", "ease_64")),
    ):
        for model in models:
            rows = table.filter(pc.equal(table["model"], model))
            assert len(rows) == len(slices) and (
                model in baselines["model"].to_pylist() or rows["user"].equals(slices["user"])
            )
            assert np.mean(rows["recall_50"]) == pytest.approx(done["metrics"][model]["recall_50"])
    assert set(slices["labels"].to_pylist()) == {3} and set(slices["history"].to_pylist()) == {9}


def test_a_label_the_candidate_does_not_know_is_a_miss(store, snapshot):
    """Half of the group's items unknown: half of the labels cannot be found, and none is dropped
    from the divisor.
    """
    half = np.flatnonzero(np.arange(360) // 3 % 2 == 0)
    ids = [str(row + 1) for row in half]
    known = planted.vectors()[half]
    done = ask(store, planted.candidate(store, snapshot, "half", known, known, ids))
    assert done["users"] == 300
    assert done["metrics"]["challenger"]["recall_50"] == pytest.approx(0.5 * 50 / 55, abs=0.05)


def test_the_same_request_is_found_done_and_another_champion_is_not(store, snapshot):
    good, weak = planted.good(store, snapshot), planted.weak(store, snapshot)
    first = ask(store, good)
    stamp = store.open(first["uri"], "evaluation").created
    assert ask(store, good) == first and store.open(first["uri"], "evaluation").created == stamp
    assert ask(store, good, champion=weak)["id"] != first["id"]


def test_a_candidate_that_is_the_champion_is_compared_with_itself(store, snapshot):
    good = planted.good(store, snapshot)
    done = ask(store, good, champion=good)
    assert done["metrics"]["champion"] == done["metrics"]["challenger"]


def test_a_champion_of_another_day_is_judged_on_todays_histories(store, snapshot):
    """Trained on a smaller catalogue, it still answers with what it knows, and is asked about
    today's users.
    """
    today = worlds.snapshot(
        store, worlds.grouped(users=200, items=450, groups=3, likes=12, seed=9), day="1998-04-16"
    )
    old, new = (
        planted.good(store, snapshot),
        planted.vectors(1, world=worlds.grouped(users=200, items=450, groups=3, seed=9)),
    )
    done = ask(store, planted.candidate(store, today, "new", new, new), champion=old)
    assert done["users"] == 200 and done["day"] == "1998-04-16"
    assert done["metrics"]["champion"]["recall_50"] == pytest.approx(0.8 * 50 / 111, abs=0.05)


def test_what_is_not_there_is_named(store, snapshot):
    with pytest.raises(BadRequest, match="no complete candidate"):
        ask(store, store.path("candidates", planted.FAMILY, "none").as_uri())
    with pytest.raises(BadRequest, match="there is no complete candidate here"):
        ask(
            store,
            planted.good(store, snapshot),
            champion=store.path("candidates", planted.FAMILY, "swept").as_uri(),
        )


def test_the_command_answers_one_line_of_json(store, snapshot):
    request = {
        "store": str(store.root),
        "candidate": planted.good(store, snapshot),
        "champion_from_registry": False,
        "track": False,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tasks.evaluate", "judge", json.dumps(request)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["users"] == 300


def test_cold_items_of_one_genre_are_no_fault_and_not_counted_as_known(tmp_path):
    """Half of the items have the vector of their group, as items placed by their genres have; they
    are told as such, or not.
    """
    store = Store(str(tmp_path))
    uri, ids = worlds.snapshot(store, planted.WORLD), [str(row + 1) for row in range(360)]
    vectors = planted.vectors()
    vectors[180:] = np.eye(16, dtype=np.float32)[planted.WORLD.item_group[180:]]
    for cold, duplicate, known in ((np.arange(180, 360), 0, 0.5), (None, 177 / 360, 1)):
        with store.writing("candidate", "candidates", planted.FAMILY, f"cold{known}") as draft:
            save_candidate(draft.path, ids, vectors, MeanEncoder(vectors), cold)
            draft.facts = {
                "family": planted.FAMILY,
                "settings_digest": "same",
                "code": "same",
                "snapshot": uri,
            }
        done = ask(
            store, store.path("candidates", planted.FAMILY, f"cold{known}").as_uri(), snapshot=uri
        )
        found = store.open(done["uri"], "evaluation").facts["health"]
        assert (found["duplicate"], found["items_known"]) == (
            pytest.approx(duplicate),
            pytest.approx(known),
        )


def test_several_seeds_are_judged_as_their_mean(store, snapshot):
    """The figures of every user are the mean over the trainings; another recipe is not one of
    them.
    """
    uris = [planted.good(store, snapshot, seed) for seed in (1, 2)]
    alone = [ask(store, uri)["metrics"]["challenger"] for uri in uris]
    done = ask(store, uris[0], seeds=(uris[1],))
    assert done["seeds"] == 2
    for name in ("recall_50", "ndcg_10", "coverage_50"):
        assert done["metrics"]["challenger"][name] == pytest.approx(
            np.mean([one[name] for one in alone])
        ), name
    seed_facts = store.open(done["uri"], "evaluation").facts["seeds"]
    assert [one["metrics"]["recall_50"] for one in seed_facts] == [
        one["recall_50"] for one in alone
    ]
    with pytest.raises(BadRequest, match="differ in more than their seed"):
        ask(store, uris[0], seeds=(planted.good(store, snapshot, 2, settings="other"),))


def test_mlflow_has_a_run_of_its_own_for_every_baseline(store, snapshot, tmp_path):
    """The same names of metrics as a model's run; judged again, nothing is told twice."""
    with mlflow_server(tmp_path):
        done = [ask(store, planted.good(store, snapshot, seed), track=True) for seed in (1, 2)]
        client = mlflow_client.client()
        runs = {
            run.data.tags["recall.family"]: run
            for run in client.search_runs([client.get_experiment_by_name("recall").experiment_id])
        }
        assert set(runs) == {"popularity", "item_knn", "ease", "ease_64"}
        assert (
            runs["ease"].data.tags["recall.kind"] == "baseline"
            and runs["ease"].data.params["penalty"]
        )
        known = {store.open(one["uri"], "evaluation").facts["yardstick"] for one in done}
        facts = store.open(known.pop(), "yardstick").facts
        assert not known, "both were held against the same yardstick"
        assert runs["ease"].data.metrics["test/recall_50"] == pytest.approx(
            facts["metrics"]["ease"]["recall_50"]
        )
        assert runs["ease"].data.metrics["slice group 1/recall_50"] > 0
        assert len(client.get_metric_history(runs["ease"].info.run_id, "test/recall_50")) == 1


def test_challengers_that_end_together_begin_one_run_for_each_baseline(store, snapshot, tmp_path):
    made = [planted.good(store, snapshot, seed) for seed in (1, 2, 3)]
    for one in made:
        ask(store, one)
    with mlflow_server(tmp_path), ThreadPoolExecutor(len(made)) as pool:
        mlflow_client.find_or_start("recall", "first", "other", {})  # the experiment is there
        list(pool.map(lambda one: ask(store, one, track=True), made))
        client = mlflow_client.client()
        runs = client.search_runs(
            [client.get_experiment_by_name("recall").experiment_id],
            "tags.`recall.kind` = 'baseline'",
        )
        assert sorted(run.data.tags["recall.family"] for run in runs) == [
            "ease",
            "ease_64",
            "item_knn",
            "popularity",
        ]
        assert {run.info.status for run in runs} == {"FINISHED"}
