"""What the local stack remembers, keeps to its owner, and tells."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import stat
import subprocess
import sys

import pytest

from infra.environments.names import environments
from infra.local import __main__ as commands
from infra.local import stack, supervisor
from infra.local.meter import is_task, proportional
from infra.local.processes import descendants
from infra.local.report import table
from infra.local.services import valkey_settings
from infra.local.source import Source
from infra.local.state import Local, free_ports
from tests.waiting import until


@pytest.fixture
def local(tmp_path, monkeypatch):
    monkeypatch.setenv("RECALL_ENVIRONMENTS", str(environments()))
    monkeypatch.setenv("RECALL_STATE", str(tmp_path))
    return Local().prepare()


def test_ports_and_passwords_are_remembered_and_the_files_are_for_the_owner_alone(local):
    again = Local()
    assert local.port("redis") == again.port("redis") and local.secret("redis") == again.secret(
        "redis"
    )
    valkey_settings(local)
    for path in (local.passwords_file, local.home / "valkey" / "valkey.conf"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (
        len({local.secret(name) for name in ("redis", "airflow_admin", "mlflow", "jwt", "fernet")})
        == 5
    )


def test_a_password_that_an_older_version_did_not_know_is_added_and_the_others_stay(local):
    before = local.secret("redis")
    known = json.loads(local.passwords_file.read_text())
    del known["mlflow"]
    local.passwords_file.write_text(json.dumps(known))
    assert (
        len(local.secret("mlflow")) > 15
        and local.secret("mlflow") == Local().secret("mlflow")
        and local.secret("redis") == before
    )
    assert stat.S_IMODE(local.passwords_file.stat().st_mode) == 0o600


def test_every_service_listens_on_the_loopback_alone(local):
    from infra.local.services import services

    assert "bind 127.0.0.1\n" in valkey_settings(local).read_text()
    settings = local.airflow_environment({})
    assert settings["AIRFLOW__API__HOST"] == "127.0.0.1"
    for service in services(local, {}):
        if service.name == "mlflow":
            assert service.command[service.command.index("--host") + 1] == "127.0.0.1"
        if service.name in ("scheduler", "triggerer"):
            assert "--skip-serve-logs" in service.command  # their log servers listen everywhere


def test_no_password_stands_on_a_command_line(local):
    from infra.local.services import services

    secrets = [local.secret(name) for name in ("redis", "airflow_admin", "mlflow", "jwt", "fernet")]
    assert not [
        s for service in services(local, {}) for s in secrets if s in " ".join(service.command)
    ]


def test_the_callers_own_airflow_settings_do_not_leak_in(local, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW_HOME", "elsewhere")
    settings = local.airflow_environment({"RECALL_DATASET": "planted"})
    assert (
        settings["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
        and settings["AIRFLOW_HOME"] != "elsewhere"
    )
    assert settings["RECALL_DATASET"] == "planted"


def test_free_ports_are_different():
    assert len(set(free_ports(5))) == 5


def test_the_meter_knows_a_task_by_its_command_and_counts_memory():
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)", "-m", "tasks.gru4rec", "fit"]
    )
    try:
        until(lambda: is_task(process.pid))
        assert not is_task(os.getpid()) and process.pid in descendants(os.getpid())
        assert proportional(process.pid) > 1_000_000
    finally:
        process.kill()


DATA = Source(
    {
        "RECALL_DATASET": "ml-100k",
        "RECALL_FIRST_DAY": "1997-09-20",
        "RECALL_LAST_DAY": "1998-04-22",
    },
    "1997-09-20",
    "1998-04-22",
)


def done(local, day):
    place = local.store / "snapshots" / "ml-100k" / day / "0123"
    place.mkdir(parents=True)
    (place / "manifest.json").write_text("{}")


def test_the_first_run_takes_a_day_a_week_before_the_end_and_each_further_one_the_next(
    local, monkeypatch
):
    monkeypatch.delenv("DAY", raising=False)
    assert commands.next_day(local, DATA) == "1998-04-15"
    done(local, "1998-04-15")
    assert commands.next_day(local, DATA) == "1998-04-16"
    (local.store / "snapshots" / "ml-100k" / "1998-04-17" / "half").mkdir(
        parents=True
    )  # no manifest: it does not exist
    assert commands.next_day(local, DATA) == "1998-04-16"


def test_data_of_less_than_a_week_begins_with_its_first_day(local, monkeypatch):
    monkeypatch.delenv("DAY", raising=False)
    assert commands.next_day(local, dataclasses.replace(DATA, first="1998-04-20")) == "1998-04-20"


def test_after_the_last_day_the_message_says_what_to_do(local, monkeypatch):
    monkeypatch.delenv("DAY", raising=False)
    done(local, "1998-04-22")
    with pytest.raises(SystemExit, match=r"the data ends on 1998-04-22.*DAY="):
        commands.next_day(local, DATA)
    with pytest.raises(
        SystemExit,
        match=r"the newest day delivered is 1998-04-22.*; the schedule makes those to come",
    ):
        commands.next_day(
            local,
            dataclasses.replace(
                DATA, settings={"RECALL_DATASET": "ml-100k", "RECALL_FIRST_DAY": "1998-04-23"}
            ),
        )


@pytest.mark.parametrize("day", ["1998-13-01", "yesterday", "2024-01-01"])
def test_a_day_that_is_none_or_outside_the_data_is_refused(local, monkeypatch, day):
    monkeypatch.setenv("DAY", day)
    with pytest.raises(SystemExit, match=day):
        commands.next_day(local, DATA)


def test_the_status_of_a_stack_that_is_starting_asks_nothing_of_airflow(local, monkeypatch, capsys):
    service = {"ready": False, "pid": 1, "restarts": 0}
    monkeypatch.setattr(
        supervisor,
        "read",
        lambda local: {"services": {"api-server": service}, "ready": [], "peak_bytes": 0},
    )
    monkeypatch.setattr(commands, "Airflow", lambda local: pytest.fail("it does not answer yet"))
    assert commands.status(local) == 0 and "starting" in capsys.readouterr().out


def test_a_table_lines_up_numbers_to_the_right():
    assert table(["name", "n"], [["a", "1"], ["long", "12"]]).splitlines() == [
        "name  n",
        "────  ──",
        "a      1",
        "long  12",
    ]


def test_a_full_disk_leaves_no_half_written_file_of_ports_or_passwords(local, monkeypatch):
    for name, ask in (
        ("ports.json", lambda: local.port("redis")),
        ("passwords.json", lambda: local.secret("redis")),
    ):
        (local.home / name).unlink(missing_ok=True)
        with monkeypatch.context() as full:
            full.setattr(
                os,
                "fsync",
                lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")),
            )
            with pytest.raises(OSError, match="No space"):
                ask()
        assert not [path.name for path in local.home.iterdir() if name in path.name]
        assert ask()


def test_a_file_that_cannot_be_read_is_named_with_what_to_do(local):
    local.port("redis")
    (local.home / "ports.json").write_text("")
    with pytest.raises(SystemExit, match=r"ports\.json cannot be read.*remedy: delete it"):
        local.port("redis")


def test_the_ports_are_kept_while_another_start_has_the_stack(local):
    """What listens there may be that one's."""
    port = local.port("redis")
    other = Local()
    with socket.create_server(("127.0.0.1", port)):
        assert other.lock()
        stack.sweep(local, strangers=True)
        assert local.port("redis") == port
        other.unlock()
        stack.sweep(local, strangers=True)
        assert local.port("redis") != port
