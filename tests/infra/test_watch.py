"""What `make run` waits for: which runs must come, and which need not."""

from __future__ import annotations

import urllib.error

import pytest

from infra.local.airflow_api import Airflow
from infra.local.watch import Watch


def watch(**trainings: tuple[str, str]) -> Watch:
    """Families with the state of their training and of its task `promote`; `fused` follows them."""
    made = Watch(None, [*trainings, "fused"], {"fused"}, "1998-04-15", "run", set())
    made.followed["ingest"].state = "success"
    for family, (state, promoted) in trainings.items():
        made.followed[f"train_{family}"].state, made.followed[f"train_{family}"].tasks = (
            state,
            {"promote": {"state": promoted}},
        )
    return made


@pytest.mark.parametrize(
    "linear, wanted, state",
    [(("awaited", ""), False, "awaited"), (("success", "skipped"), True, "awaited")],
)
def test_a_family_that_follows_others_comes_when_all_are_over_and_one_has_a_new_champion(
    linear, wanted, state
):
    made = watch(gru4rec=("success", "success"), linear=linear)
    assert (made._wanted(made.followed["train_fused"]), made.followed["train_fused"].state) == (
        wanted,
        state,
    )
    assert made._wanted(made.followed["publish_gru4rec"])


def test_it_is_not_wanted_when_every_challenger_was_held_nor_is_its_publication():
    made = watch(gru4rec=("success", "skipped"), linear=("success", "skipped"))
    for dag in ("train_fused", "publish_fused", "publish_linear"):
        assert not made._wanted(made.followed[dag]) and made.followed[dag].state == "not wanted", (
            dag
        )


class Api(Airflow):
    """Answers as Airflow's API does, without one; `task_states`: what it holds of them,
    None: nothing.
    """

    def __init__(self, task_states: dict | None) -> None:
        self.task_states, self.paths = task_states, []

    def call(self, method, path, body=None, accept="application/json"):
        self.paths.append(path)
        if self.task_states is None:
            raise urllib.error.HTTPError(path, 404, "not found", {}, None)
        return self.task_states


RUNNING = {
    "task_id": "fit",
    "state": "running",
    "try_number": 2,
    "map_index": -1,
    "start_date": "2026-11-26T12:00:00Z",
}


@pytest.mark.parametrize(
    "task_states, shown",
    [
        (
            {"value": "epoch 7 of 15", "updated_at": "2026-11-26T12:05:00.123456Z"},
            "train_gru4rec.fit 0 s: epoch 7 of 15",
        ),
        (
            {"value": "epoch 9 of 15", "updated_at": "2026-11-26T11:59:00Z"},
            "train_gru4rec.fit 0 s",
        ),  # by a try that was killed
        (None, "train_gru4rec.fit 0 s"),
    ],
)
def test_a_running_task_is_shown_with_what_this_try_of_it_said_last_and_asked_now_and_then(
    task_states, shown
):
    made = watch(gru4rec=("running", ""))
    made.airflow = Api(task_states)
    one = made.followed["train_gru4rec"]
    one.run = "scheduled__1998-04-15T00:00:00+00:00"
    made._changed("train_gru4rec", RUNNING)
    assert [made._working(one, RUNNING) for _ in range(3)] == [shown] * 3
    assert made.airflow.paths == [
        "dags/train_gru4rec/dagRuns/scheduled__1998-04-15T00%3A00%3A00%2B00%3A00/taskInstances/fit/state-store/progress?map_index=-1"
    ]


def test_a_stack_that_is_stopped_while_a_run_is_followed_is_told_in_a_sentence(
    monkeypatch, capsys, tmp_path
):
    from infra.local import __main__ as commands
    from infra.local.source import Source
    from infra.local.state import Local

    monkeypatch.setenv("RECALL_STATE", str(tmp_path))
    running = iter([{"pid": 1}, {"pid": 1}])

    class Gone(Airflow):
        def families(self):
            raise urllib.error.URLError("Connection refused")

    monkeypatch.setattr(
        commands,
        "source",
        lambda local: Source({"RECALL_DATASET": "planted"}, "1998-04-01", "1998-04-22"),
    )
    monkeypatch.setattr(commands.stack, "start", lambda *_, **__: None)
    monkeypatch.setattr(commands, "Airflow", Gone)
    monkeypatch.setattr(commands.supervisor, "read", lambda local: next(running, None))
    assert (
        commands.run(Local().prepare()) == 1
        and "the stack was stopped while it ran" in capsys.readouterr().err
    )
