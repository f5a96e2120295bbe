"""The command line that Airflow and people call a stage by: one JSON line, an exit code that says
what to do, help that waits for nothing.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from infra.environments.names import ROOT


def ask(
    *arguments: str,
    module: str = "tests.core.speaking",
    options: tuple[str, ...] = (),
    **environment: str,
) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *options, "-m", module, *arguments],
        cwd=ROOT,
        text=True,
        capture_output=True,
        env={
            **{name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
            **environment,
        },
    )


def test_the_result_is_all_that_stands_on_stdout(tmp_path):
    done = ask("answer", '{"end": "well"}', RECALL_RESULT=str(tmp_path / "result.json"))
    assert done.returncode == 0 and done.stdout.count("\n") == 1
    result = json.loads(done.stdout)
    assert result.pop("seconds") >= 0 and result == {"said": "well"}
    assert (tmp_path / "result.json").read_text() == done.stdout.strip()
    assert "a library speaks" in done.stderr and "another one, in C" in done.stderr


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("BadRequest", 2),
        ("RefusedData", 3),
        ("Conflict", 4),
        ("Corrupt", 5),
        ("Unreachable", 10),
        ("NothingToDo", 99),
    ],
)
def test_an_error_is_one_line_with_all_it_knows_and_its_own_exit_code(end, code):
    done = ask("answer", json.dumps({"end": end}))
    assert done.returncode == code and not done.stdout
    last = done.stderr.strip().splitlines()[-1]
    assert (
        last.startswith("speaking answer: ")
        and all(part in last for part in ("what is wrong", "this", "that", "do so"))
        and "Traceback" not in done.stderr
    )


@pytest.mark.parametrize("end", ["full", "full in Rust", "full in Java"])
def test_a_disk_that_is_full_is_told_in_one_line_whoever_wrote(end):
    done = ask("answer", json.dumps({"end": end}))
    last = done.stderr.strip().splitlines()[-1]
    assert (
        done.returncode == 10
        and not done.stdout
        and "Traceback" not in done.stderr
        and len(done.stderr.splitlines()) < 6
    )
    assert "a disk is full" in last and "free space" in last


@pytest.mark.parametrize("end", ["bug", "nan"])
def test_a_bug_is_told_with_its_trace_and_may_be_retried(end):
    done = ask("answer", json.dumps({"end": end}))
    assert done.returncode == 1 and not done.stdout and "Traceback" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("shout", "{}"), "no such verb.*shout.*one of answer"),
        (("answer",), "one JSON argument.*0 arguments"),
        (("answer", "{}", "{}"), "one JSON argument.*2 arguments"),
        (("answer", "{end: well}"), "not JSON.*{end: well}"),
        (("answer", "[]"), "object"),
        (("answer", "{}"), "end"),
        (("answer", '{"end": "well", "loud": true}'), "loud"),
        (("answer", '{"end": 3}'), "end.*3"),
    ],
)
def test_a_bad_request_names_what_is_wrong_and_what_is_allowed(arguments, message):
    done = ask(*arguments)
    assert done.returncode == 2 and not done.stdout and "Traceback" not in done.stderr
    assert re.search(message, done.stderr), done.stderr


def test_help_lists_verbs_and_fields_with_their_defaults_and_imports_nothing_heavy():
    bare = ask()
    assert bare.returncode == 2 and "answer  say something" in bare.stdout
    assert ask("--help").returncode == 0
    done = ask("fit", "--help", module="tasks.linear", options=("-X", "importtime"))
    assert done.returncode == 0 and "user_exponent (float, default 0.5" in done.stdout
    assert not {"numpy", "scipy", "mlflow", "faiss"} & {
        line.rpartition("|")[2].strip()
        for line in done.stderr.splitlines()
        if "import time:" in line
    }
