"""The supervisor keeps its services alive and stops them whole; one at a time has a stack; when it
is killed, nothing it started stays hidden.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import pytest

from infra.environments.names import ROOT
from infra.local import __main__ as commands
from infra.local import processes, stack, supervisor
from infra.local.processes import Process
from infra.local.state import Local
from tests.waiting import until


@pytest.fixture
def local(tmp_path, monkeypatch):
    monkeypatch.setenv("RECALL_STATE", str(tmp_path))
    made = Local().prepare()
    yield made
    stack.stop(made)
    assert not processes.of_stack(made.home)


def begin() -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.infra.two_services"], cwd=ROOT, start_new_session=True
    )


@pytest.fixture
def running(local):
    """A supervisor of two services that has noted its family of three."""
    process = begin()
    until(lambda: len((supervisor.read(local) or {"family": []})["family"]) == 3)
    yield process
    process.kill()
    process.wait()


def test_a_service_that_dies_is_started_again_and_what_it_had_started_is_gone(running, local):
    before, service = supervisor.family(local), supervisor.read(local)["services"]["one"]["pid"]
    os.kill(service, signal.SIGKILL)
    until(
        lambda: (
            supervisor.read(local)["services"]["one"] | {"pid": 0}
            == {"pid": 0, "restarts": 1, "ready": True, "silent_seconds": None}
        )
    )
    assert [one.lives for one in before].count(True) == 1, "the other service"
    until(lambda: sum(one.lives for one in supervisor.family(local)) == 3)


def test_what_has_lost_its_parent_is_buried_when_it_has_ended(running, local):
    services = supervisor.read(local)["services"]
    child = next(
        one
        for one in supervisor.family(local)
        if one.pid not in {service["pid"] for service in services.values()}
    )
    os.kill(services["one"]["pid"], signal.SIGKILL)
    until(lambda: not os.path.exists(f"/proc/{child.pid}"))


def test_stopping_leaves_no_process_behind(running, local, capsys):
    before = supervisor.family(local)
    stack.stop(local)
    assert (
        not any(one.lives for one in before)
        and running.wait(5) == 0
        and "local: stopped" in capsys.readouterr().err
    )


def test_a_supervisor_that_does_not_run_on_is_stopped_all_the_same(running, local):
    before = supervisor.family(local)
    running.send_signal(signal.SIGSTOP)
    stack.stop(local)
    assert not any(one.lives for one in before) and running.poll() is not None


def test_a_supervisor_that_cannot_write_goes_on(running, local):
    noted = local.run / "supervisor.new"
    noted.mkdir(exist_ok=True)  # no file can be written in its place
    os.kill(supervisor.read(local)["services"]["two"]["pid"], signal.SIGKILL)
    until(lambda: supervisor.silent_seconds(local) > 3)
    noted.rmdir()
    until(lambda: supervisor.read(local)["services"]["two"]["restarts"] == 1)
    assert running.poll() is None and all(one.lives for one in supervisor.family(local))


def test_a_stack_whose_folder_is_removed_ends_itself(running, local):
    before = supervisor.family(local)
    shutil.rmtree(local.home)
    assert running.wait(30) == 0 and not any(one.lives for one in before)


def test_what_a_killed_supervisor_left_is_told_and_ended(running, local, capsys):
    before = supervisor.family(local)
    running.kill()
    running.wait()
    assert supervisor.read(local) is None and all(one.lives for one in before)
    assert commands.status(local) == 3 and "3 of its processes live" in capsys.readouterr().out
    stack.stop(local)
    assert (
        not any(one.lives for one in before)
        and "its supervisor is gone; 3 processes that it left were ended" in capsys.readouterr().err
    )


def test_a_new_supervisor_starts_when_nothing_of_the_old_one_is_left(running, local):
    before = supervisor.family(local)
    running.kill()
    running.wait()
    with begin() as again:
        try:
            until(lambda: (supervisor.read(local) or {"pid": 0})["pid"] == again.pid)
            assert not any(one.lives for one in before)
        finally:
            stack.stop(local)


def test_of_three_started_at_once_one_runs(local):
    three = [begin() for _ in range(3)]
    try:
        until(
            lambda: (
                sorted((one.poll() or 0) for one in three) == [0, supervisor.BUSY, supervisor.BUSY]
            )
        )
        until(lambda: supervisor.read(local) and len(supervisor.family(local)) == 3)
        assert len(processes.of_stack(local.home)) == 2, "the third has no environment"
    finally:
        stack.stop(local)
        for one in three:
            one.wait(10)


def test_a_service_that_falls_silent_is_told_and_started_anew_when_it_stays_so(
    running, local, capsys
):
    first = supervisor.read(local)["services"]["one"]["pid"]
    (local.home / "mute").touch()
    until(lambda: supervisor.read(local)["services"]["one"]["silent_seconds"] is not None)
    commands.status(local)
    assert (
        "one            silent for" in capsys.readouterr().out
        and supervisor.read(local)["services"]["one"]["pid"] == first
    )
    (local.home / "mute").unlink()
    until(
        lambda: (
            supervisor.read(local)["services"]["one"]
            == {"pid": first, "restarts": 0, "ready": True, "silent_seconds": None}
        )
    )
    (local.home / "mute").touch()
    until(lambda: supervisor.read(local)["services"]["one"]["restarts"] == 1)
    (local.home / "mute").unlink()
    until(lambda: supervisor.read(local)["services"]["one"]["ready"])
    assert supervisor.read(local)["services"]["one"]["pid"] != first


def test_a_long_log_is_begun_anew_beside_the_one_before(running, local):
    log = local.logs / "two.log"
    log.write_text("x" * 2000)
    until(lambda: log.stat().st_size == 0)
    assert (local.logs / "two.log.1").stat().st_size == 2000


def test_nothing_is_ended_that_has_the_number_of_a_dead_one(local, capsys):
    own = processes.of(os.getpid())
    process = subprocess.Popen(["sleep", "600"])
    try:
        another = Process(process.pid, processes.of(process.pid).started - 1)
        assert not another.lives and processes.below([another]) == set()
        another.send(signal.SIGKILL)
        assert process.poll() is None and own.lives
        stack.stop(local)
        assert "nothing is running" in capsys.readouterr().err
    finally:
        process.kill()
        process.wait()
