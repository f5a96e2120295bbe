"""Two days, a worse model, a killed training and a rollback, through the running stack. The tests
build on each other.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from infra.environments.names import ROOT, python
from infra.local.processes import descendants
from infra.local.supervisor import read
from tests.benchmarks.stages import ask
from tests.wheel import reader_wheel

FAMILIES = ("item2vec", "gru4rec", "two_tower")


def group(item: str) -> int:
    """The planted group of an item id."""
    return (int(item) - 1) % 3


def share_of_own_group(answer: dict, own: int) -> float:
    items = [hit["item"]["id"] for hit in answer["hits"]]
    return sum(group(item) == own for item in items) / len(items)


def test_the_first_day_ends_with_every_family_live_and_better_than_popularity(stack):
    for family in FAMILIES:
        assert re.search(rf"{family}: promote \(first\)", stack.first), stack.first
    assert re.search(
        r"fused: (promote|hold|ask) \(first\): .*(item2vec|gru4rec|linear|two_tower)", stack.first
    ), "it follows the champions of the others"
    assert "no task was at work for" in stack.first and "peak memory" in stack.first
    assert (
        str(stack.local.passwords_file) in stack.first
        and stack.local.secret("redis") not in stack.first
    )


def test_the_reader_recommends_from_the_users_own_group(stack):
    for family in FAMILIES:
        assert (
            share_of_own_group(
                stack.reader("recommend", "--user", "1", "--family", family, "--k", "5"), 0
            )
            >= 0.8
        )
        assert (
            share_of_own_group(
                stack.reader(
                    "recommend", "--history", "2", "5", "8", "--family", family, "--k", "5"
                ),
                1,
            )
            >= 0.8
        )
        assert (
            share_of_own_group(
                stack.reader("similar", "--title", "Film 3 (1995)", "--family", family, "--k", "5"),
                2,
            )
            >= 0.8
        )


def test_what_was_seen_is_not_recommended(stack):
    answer = stack.reader("recommend", "--history", "1", "4", "7", "--k", "10")
    assert not {"1", "4", "7"} & {hit["item"]["id"] for hit in answer["hits"]}


def test_the_second_day_compares_with_the_champion_on_the_same_users(stack):
    before = {family: stack.live(family) for family in FAMILIES}
    output = stack.run(stack.days[1])
    for family in FAMILIES:
        outcome = re.search(rf"{family}: (\w+) \(refresh\): .*champion", output)
        assert outcome, output
        assert (stack.live(family) != before[family]) == (outcome[1] == "promote")


def test_a_worse_model_is_held_says_why_and_nothing_live_moves(stack):
    before = stack.live("item2vec")
    hardly = {
        "trainer": "gensim",
        "decoder": "none",
        "popularity": 0,
        "epochs": 1,
        "dimension": 4,
        "learning_rate": 0.0001,
    }
    run = stack.airflow.trigger("train_item2vec", None, {"day": stack.days[1], **hardly})[
        "dag_run_id"
    ]
    tasks = stack.finish("train_item2vec", run)
    assert {name: task["state"] for name, task in tasks.items()} == {
        "graph": "success",
        "fit": "success",
        "further": "success",
        "seeds": "skipped",
        "evaluate": "success",
        "gate": "success",
        "approve": "success",
        "promote": "skipped",
    }
    verdict = stack.airflow.result("train_item2vec", run, "gate")
    assert verdict["outcome"] == "hold" and verdict["question"] == "change"
    assert (
        verdict["metrics"]["challenger"]["recall_50"] < verdict["metrics"]["champion"]["recall_50"]
    )
    assert "worse" in verdict["reason"] or "better" in verdict["reason"]
    assert stack.live("item2vec") == before


def test_a_person_who_is_asked_and_says_no_keeps_the_champion_and_stands_in_the_audit(stack):
    before = stack.live("item2vec")
    run = stack.airflow.trigger(
        "train_item2vec", None, {"day": stack.days[1], "approval": "always", "seed": 3, "seeds": 2}
    )["dag_run_id"]
    question = stack.question("train_item2vec", run, "approve")
    assert "recall@50" in question["body"] and "is to go live (promote)" in question["subject"], (
        question
    )
    stack.answer("train_item2vec", run, "approve", "Reject", why="not on a Friday")
    tasks = stack.finish("train_item2vec", run)
    assert (tasks["approve"]["state"], tasks["promote"]["state"]) == ("success", "skipped")
    assert stack.airflow.result("train_item2vec", run, "evaluate")["seeds"] == 2
    record = stack.audit("item2vec")[-1]
    assert (record["action"], record["why"], record["by"]) == (
        "turn down",
        "not on a Friday",
        "admin",
    ), record
    assert stack.live("item2vec") == before


def test_a_person_forces_what_the_gate_has_held_with_a_reason_and_it_is_published(stack):
    before = stack.live("item2vec")
    verdicts = [
        stack.airflow.result("train_item2vec", run["dag_run_id"], "gate")
        for run in stack.airflow.runs("train_item2vec")
    ]
    held = next(one for one in verdicts if one["outcome"] == "hold")["version"]
    run = stack.airflow.trigger(
        "overrule",
        None,
        {"family": "item2vec", "action": "force", "version": held, "why": "a drill"},
    )["dag_run_id"]
    tasks = stack.finish("overrule", run)
    assert (tasks["force_item2vec"]["state"], tasks["refuse"]["state"]) == ("success", "skipped")
    deadline = time.monotonic() + 120
    while (live := stack.live("item2vec")) == before and time.monotonic() < deadline:
        time.sleep(1)
    assert live != before and stack.aliases("item2vec")["champion"] == held
    record = stack.audit("item2vec")[-1]
    assert (record["action"], record["to"], record["by"], record["why"]) == (
        "force",
        held,
        "admin",
        "a drill",
    )


def test_a_setting_out_of_bounds_is_refused_by_the_form(stack):
    import urllib.error

    try:
        stack.airflow.trigger("train_item2vec", None, {"epochs": -1})
    except urllib.error.HTTPError as error:
        assert error.code in (400, 422) and "epochs" in error.read().decode()
    else:
        raise AssertionError("the form has accepted -1 epochs")


def test_a_training_that_is_killed_is_tried_again_and_ends_well(stack):
    run = stack.airflow.trigger("train_gru4rec", None, {"day": stack.days[1], "seed": 7})[
        "dag_run_id"
    ]
    killed = None
    deadline = time.monotonic() + 120
    while killed is None and time.monotonic() < deadline:
        for pid in descendants(read(stack.local)["pid"]):
            try:
                arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"tasks.gru4rec" in arguments and b"fit" in arguments:
                time.sleep(1.5)  # into its work
                os.kill(pid, signal.SIGKILL)
                killed = pid
                break
        time.sleep(0.1)
    assert killed, "no training process was seen"
    tasks = stack.finish("train_gru4rec", run)
    assert tasks["fit"]["state"] == "success" and tasks["fit"]["try_number"] == 2
    assert tasks["gate"]["state"] == "success"
    assert "killed by signal 9" in stack.airflow.log("train_gru4rec", run, "fit", 1)


def test_a_day_that_is_not_there_fails_at_once_with_a_message(stack):
    run = stack.airflow.trigger("train_gru4rec", None, {"day": "1996-01-01"})["dag_run_id"]
    tasks = stack.finish("train_gru4rec", run)
    assert tasks["fit"]["state"] == "failed" and tasks["fit"]["try_number"] == 1
    assert "there is no snapshot of planted for 1996-01-01" in stack.airflow.log(
        "train_gru4rec", run, "fit", 1
    )


def test_a_rollback_brings_the_generation_before_back_in_pointer_and_registry(stack):
    before, began = stack.live("item2vec"), time.monotonic()
    run = stack.airflow.trigger("rollback", None, {"family": "item2vec", "why": "a drill"})[
        "dag_run_id"
    ]
    tasks = stack.finish("rollback", run)
    assert {task["state"] for task in tasks.values()} == {"success"}, stack.airflow.log(
        "rollback", run, "pointer", 1
    )
    assert stack.live("item2vec") != before
    assert time.monotonic() - began < 60


def test_a_poisoned_challenger_is_held_and_the_live_pointer_does_not_move(stack):
    before = stack.live("gru4rec")
    where = stack.local.mlflow_environment()
    store = stack.local.store.as_uri()
    planted = subprocess.run(
        [str(python("train")), "-m", "tests.chain.poison", store, "gru4rec"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        env={**os.environ, **where, "PYTHONPATH": str(ROOT)},
    )
    assert planted.returncode == 0, planted.stderr
    poisoned = json.loads(planted.stdout.splitlines()[-1])
    judged = ask(
        "evaluate",
        "judge",
        {"store": store, "candidate": poisoned["uri"], "run": poisoned["run"]},
        **where,
    )
    verdict = ask(
        "promote",
        "gate",
        {
            "store": store,
            "evaluation": judged["uri"],
            "run": poisoned["run"],
            "version": poisoned["version"],
        },
        **where,
    )
    assert verdict["outcome"] == "hold" and "worse" in verdict["reason"]
    with pytest.raises(SystemExit, match="ended with 99"):
        ask("promote", "promote", {"store": store, "verdict": verdict["uri"]}, **where)
    assert stack.aliases("gru4rec")["champion"] != poisoned["version"]
    assert stack.live("gru4rec") == before


def test_the_reader_prints_what_a_person_can_read(stack):
    done = subprocess.run(
        ["make", "similar", "TITLE=Film 1 (1995)"],
        cwd=ROOT,
        env={**os.environ, **stack.environment},
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    shown = [int(number) for number in re.findall(r"^\d+ +Film (\d+) ", done.stdout, re.MULTILINE)]
    assert len(shown) == 10 and {group(number) for number in shown} == {0}


@pytest.mark.parametrize("page", ["README.md", "infra/docs/serving.md"])
def test_the_python_of_a_page_runs_with_the_installed_reader_alone(stack, tmp_path, page):
    code = re.search(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)[1]
    for shown, variable in (
        ("redis://user:password@host:6379/0", "RECALL_REDIS_URL"),
        ("file:///srv/recall", "RECALL_STORE"),
    ):
        assert code.count(f'"{shown}"') == 1
        code = code.replace(f'"{shown}"', f"os.environ['{variable}']")
    done = subprocess.run(
        [str(python("serve")), "-c", f"import os\n{code}print(reader.generations())"],
        cwd=tmp_path,
        text=True,
        capture_output=True,
        env={
            **os.environ,
            **stack.local.reader_environment(),
            "PYTHONPATH": str(reader_wheel(tmp_path)),
        },
    )
    assert done.returncode == 0 and "item2vec" in done.stdout, done.stderr


def test_a_study_ends_with_the_winner_as_the_settings_of_the_next_training(stack):
    run = stack.airflow.trigger(
        "tune", None, {"family": "item2vec", "day": stack.days[0], "trials": 2}
    )["dag_run_id"]
    tasks = stack.finish("tune", run)
    assert {task["state"] for task in tasks.values()} == {"success"}, {
        name: task["state"] for name, task in tasks.items()
    }
    won = stack.airflow.result("tune", run, "conclude")
    assert won["complete"] >= 1 and 0 < won["value"] <= 1
    assert (
        json.loads(stack.airflow.call("GET", "variables/recall_settings_item2vec")["value"])
        == won["settings"]
    )
