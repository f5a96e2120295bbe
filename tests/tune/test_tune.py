"""Studies on a planted family: the search finds what is best, prunes what falls behind, goes on
after a kill, and never reads test rows.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.store import identity
from tasks.core.store.store import Store
from tasks.gru4rec.default_sizes import decide_sizes
from tasks.gru4rec.settings import Settings
from tasks.tune import trial as trials
from tasks.tune.begin import begin
from tasks.tune.conclude import conclude
from tasks.tune.settings import BeginRequest, ConcludeRequest, TrialRequest
from tasks.tune.space import read_space
from tasks.tune.study import Study
from tasks.tune.trial import trial

OF_A_HUNDRED_THOUSAND = decide_sizes(
    Settings(), 55_000, 1_682
)  # what GRU4Rec's empty settings mean on MovieLens 100K

PLANTED = """
import json, pathlib, sys, time
request = json.loads(sys.argv[2]); settings = request["settings"]
if settings.get("x", 0) < -2.5:
    print("planted fit: BadRequest: x is too small", file=sys.stderr); sys.exit(2)
best = 0.5 - 0.05 * (settings["x"] - 1) ** 2
with open(request["log"], "a") as log:
    log.write(json.dumps(settings) + "\\n")
for epoch in range(1, 9):
    figures = f"loss=1 validation_recall_50={best * epoch / 8:.6f} seconds=1"
    print(f"12:00:00 planted.epoch epoch={epoch} {figures}", file=sys.stderr, flush=True)
    print(f"12:00:00 progress: epoch {epoch} of 8 [rate=1]", file=sys.stderr, flush=True)
    time.sleep(request.get("pause", 0))
print(json.dumps({"metrics": {"validation_recall_50": best}}))
"""


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Begins a study of the planted family; returns its URI."""
    (tmp_path / "code" / "tasks" / "planted").mkdir(parents=True)
    (tmp_path / "code" / "tasks" / "__init__.py").write_text("")
    (tmp_path / "code" / "tasks" / "planted" / "__init__.py").write_text("")
    (tmp_path / "code" / "tasks" / "planted" / "__main__.py").write_text(PLANTED)
    (tmp_path / "space.toml").write_text(
        "[x]\nlow = -3.0\nhigh = 3.0\nstart = -2.0\n[mode]\nchoices = ['a', 'b']\n"
    )
    monkeypatch.setattr(subprocess, "Popen", in_folder(subprocess.Popen, tmp_path / "code"))
    monkeypatch.setattr(
        "tasks.tune.begin.code_version",
        lambda *modules: identity.code_version(
            *(module for module in modules if module != "tasks.planted.fit")
        ),
    )

    def make(seed: int = 0, **fit) -> str:
        return begin(
            BeginRequest(
                str(tmp_path),
                "planted",
                {"settings": {"kept": 3}, "log": str(tmp_path / "log"), **fit},
                20,
                seed,
                str(tmp_path / "space.toml"),
                track=False,
            )
        )["study"]

    return make


def in_folder(real, folder):
    """The planted stage lies elsewhere: its process starts there."""
    return lambda command, **options: real(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}, **options
    )


def run(tmp_path, study: str, slot: int) -> dict:
    return trial(TrialRequest(str(tmp_path), study, slot))


def test_a_study_finds_the_best_and_says_what_mattered(tmp_path, study):
    uri = study()
    done = [run(tmp_path, uri, slot) for slot in range(20)]
    result = conclude(ConcludeRequest(str(tmp_path), uri))
    assert result["value"] == max(one["value"] for one in done if one["state"] == "complete") > 0.47
    assert done[0]["settings"]["x"] == -2.0, "a study begins where the family stands"
    assert abs(result["settings"]["x"] - 1) < 0.8 and result["settings"]["kept"] == 3
    assert result["importance"]["x"] > 0.8
    assert any(one["state"] == "pruned" for one in done)
    tried = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert all(one["kept"] == 3 and one["mode"] in "ab" for one in tried)


def test_a_slot_that_was_finished_is_found_finished_and_the_same_study_found_open(tmp_path, study):
    uri = study()
    first = run(tmp_path, uri, 0)
    assert run(tmp_path, uri, 0) == first and study() == uri and study(seed=1) != uri
    assert len((tmp_path / "log").read_text().splitlines()) <= 1


def test_how_far_the_training_of_a_trial_is_is_said_on_as_the_trials(tmp_path, study, capfd):
    run(tmp_path, study(), 0)
    assert " progress: trial 0: epoch 1 of 8 [rate=1]" in capfd.readouterr().err


def test_settings_that_the_family_refuses_end_a_trial_and_not_the_study(tmp_path, study):
    uri = study(settings={"x": -2.9})
    done = run(tmp_path, uri, 0)
    assert done["state"] == "refused" and "x is too small" in done["why"]
    with pytest.raises(RefusedData, match="no trial of"):
        conclude(ConcludeRequest(str(tmp_path), uri))


def test_trials_at_the_same_time_share_the_journal(tmp_path, study):
    uri, done = study(), {}
    threads = [
        threading.Thread(target=lambda slot=slot: done.update({slot: run(tmp_path, uri, slot)}))
        for slot in range(6)
    ]
    [one.start() for one in threads], [one.join() for one in threads]
    assert sorted(one["number"] for one in done.values()) == list(range(6))


def test_a_killed_trial_is_tried_again_with_its_settings_and_leaves_no_training_behind(
    tmp_path, study
):
    """A process that carries the trial out is killed outright while the family trains."""
    uri = study(pause=0.5)
    code = (
        "import subprocess, sys; from tests.tune.test_tune import in_folder; from pathlib "
        "import Path; "
        f"subprocess.Popen = in_folder(subprocess.Popen, Path({str(tmp_path / 'code')!r})); "
        f"from tasks.tune.trial import trial; "
        f"from tasks.tune.settings import TrialRequest; trial(TrialRequest({str(tmp_path)!r}, "
        f"{uri!r}, 0))"
    )
    process = os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ)
    until = time.monotonic() + 60
    while not (tmp_path / "log").exists() and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    killed = json.loads((tmp_path / "log").read_text().splitlines()[0])
    done = run(tmp_path, uri, 0)
    assert (
        done["settings"] == {name: killed[name] for name in ("x", "mode")}
        and done["state"] == "complete"
    )
    states = [one.state.name for one in Study.open(Store(str(tmp_path)), uri).load().trials]
    assert states == ["FAIL", "COMPLETE"]


@pytest.mark.parametrize("family", ["item2vec", "gru4rec", "linear", "two_tower", "fused"])
def test_the_spaces_that_are_shipped_lie_within_the_families_bounds(family):
    import dataclasses
    import importlib
    from typing import get_args, get_type_hints

    settings = importlib.import_module(f"tasks.{family}.settings").Settings
    fields, hints = (
        {field.name: field for field in dataclasses.fields(settings)},
        get_type_hints(settings),
    )
    space = read_space(family)
    assert space.start == {
        name: fields[name].default
        if fields[name].default is not None
        else getattr(OF_A_HUNDRED_THOUSAND, name)
        for name in space.choices
    }
    for name, one in space.choices.items():
        if hasattr(one, "choices"):
            assert set(one.choices) <= set(get_args(hints[name])), name
        else:
            assert (
                fields[name].metadata["minimum"]
                <= one.low
                < one.high
                <= fields[name].metadata["maximum"]
            ), name
            assert isinstance(one.low, int) == (int in (hints[name], *get_args(hints[name]))), name


def test_the_ranges_of_the_original_work_are_covered():
    space = read_space("item2vec").choices
    assert (space["negative_exponent"].low, space["negative_exponent"].high) == (-3, 3)
    assert {"algorithm", "window", "negatives", "minimum_count", "dimension"} <= space.keys()


@pytest.mark.parametrize(
    "text",
    [
        "[x]\nlow = 3\nhigh = 1",
        "[x]\nlow = 0\nhigh = 1\nlog = true",
        "[x]\nlow = 1",
        "[x]\nchoices = ['a']\nlow = 1",
        "[x]\nmiddle = 1",
        "x = 1",
        "",
        "[x",
        "[x]\nlow = 1\nhigh = 3\nstart = 4",
        "[x]\nchoices = ['a']\nstart = 'b'",
        "[x]\nlow = 1\nhigh = 3\nstart = 1.5",
    ],
)
def test_a_space_that_cannot_be_is_refused_with_its_file(tmp_path, text):
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(BadRequest, match=r"mine.toml"):
        read_space("item2vec", str(tmp_path / "mine.toml"))


def test_what_the_families_log_an_epoch_is_what_is_read():
    from tasks.core.cli.log import log

    output = io.StringIO()
    with contextlib.redirect_stderr(output):
        log(
            "item2vec.epoch",
            epoch=12,
            train_loss=0.5,
            validation_recall_50=0.4123456,
            query_decay=2.0,
        )
    found = trials.EPOCH_LINE.search(output.getvalue())
    assert (int(found[1]), float(found[2])) == (12, 0.4123)
