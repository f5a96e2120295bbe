"""Wrong and missing settings are told at start, all at once, and a secret's value is not."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from infra.environments.names import ROOT
from infra.settings.check import Source, env_file, faults
from infra.settings.table import AIRFLOW, BY_NAME, LOCAL, TABLE

GOOD = {
    "RECALL_STORE": "s3://models/recall",
    "RECALL_FORMAT": "own",
    "RECALL_LOCATION": "file:///srv/shop.toml",
    "RECALL_FIRST_DAY": "2026-01-01",
    "RECALL_LAST_DAY": "2026-02-01",
    "AIRFLOW_CONN_RECALL_REDIS": "rediss://publisher:pa%2Fss@redis:6379/0?ssl_ca_certs=/ca.pem",
    "AIRFLOW_CONN_RECALL_MLFLOW": "http://mlflow:5000",
    "RECALL_FAMILIES": "item2vec, gru4rec fused",
    "RECALL_RUNTIME": "kubernetes",
    "RECALL_IMAGES": "registry:5000/recallflow-{environment}:1.0",
}


def fault_lines(part: str = AIRFLOW, **values: str) -> list[str]:
    return faults(part, [Source("the environment", values)])


def test_good_settings_start():
    assert fault_lines(**GOOD) == [] and fault_lines(LOCAL) == []
    assert fault_lines(RECALL_STORE="file:///srv/recall%20store") == []


@pytest.mark.parametrize(
    "name, value",
    [
        ("RECALL_STORE", "srv/recall"),
        ("RECALL_STORE", "s3://"),
        ("RECALL_STORE", "s3://b/../c"),
        ("RECALL_STORE", "gs://bucket/x"),
        ("RECALL_STORE", "file://host/x"),
        ("RECALL_STORE", "s3://models/a b"),
        ("RECALL_FORMAT", "csv"),
        ("RECALL_DATASET", "../ml"),
        ("RECALL_DATASET", "a" * 129),
        ("RECALL_FIRST_DAY", "1.1.2026"),
        ("RECALL_LAST_DAY", "2026-02-30"),
        ("RECALL_RUNTIME", "docker"),
        ("RECALL_IMAGES", "recallflow:1.0"),
        ("RECALL_GPUS", "-1"),
        ("RECALL_GPUS", "1.5"),
        ("RECALL_FAMILIES", "item2vec svd"),
        ("RECALL_FAMILIES", " "),
        ("RECALL_POLICIES", "/no/such/folder"),
        ("RECALL_SCRATCH", "scratch"),
        ("RECALL_MLFLOW_PAGE", "mlflow:5000"),
        ("RECALL_NAMESPACE", "Recall;rm"),
        ("RECALL_RESOURCES", "/etc/hostname"),
    ],
)
def test_each_wrong_value_is_told_with_its_name_what_is_allowed_and_where_it_stood(name, value):
    (line,) = fault_lines(LOCAL, **{name: value})
    assert (
        line.startswith(f"{name} is {value[:100]!r}"[:-1])
        and BY_NAME[name].kind.allowed in line
        and "read from the environment" in line
    )


def test_all_faults_are_told_at_once_and_a_missing_one_says_where_was_looked(tmp_path):
    (tmp_path / ".env").write_text("# made by hand\nRECALL_FORMAT='csv'\nRECALL_DATASET=shop\n")
    lines = faults(
        AIRFLOW,
        [
            Source("the environment", {"RECALL_GPUS": "two", "RECALL_DATASET": "a b"}),
            env_file(tmp_path / ".env"),
        ],
    )
    assert [line.split()[0] for line in lines] == [
        "RECALL_STORE",
        "RECALL_DATASET",
        "RECALL_FORMAT",
        "RECALL_GPUS",
    ]
    assert (
        "looked in the environment, " in lines[0]
        and "'a b', read from the environment" in lines[1]
        and f"'csv', read from {tmp_path}/.env" in lines[2]
    )


@pytest.mark.parametrize(
    "url",
    [
        "unix:///run/redis.sock",
        "unix://user:pw@/run/redis.sock?db=1",
        "redis://:a%5Bb@[::1]:6379/0?cluster=true",
    ],
)
def test_a_server_of_redis_may_be_a_socket_or_have_an_address_of_version_six(url):
    assert fault_lines(LOCAL, RECALL_REDIS_URL=url, AIRFLOW_CONN_RECALL_REDIS=url) == []


@pytest.mark.parametrize(
    "name, value",
    [
        ("AIRFLOW_CONN_RECALL_REDIS", "http://:hunter2@redis"),
        ("AIRFLOW_CONN_RECALL_MLFLOW", "hunter2"),
        ("RECALL_REDIS_URL", "redis://:hunter2@host:port/0"),
        ("RECALL_REDIS_URL", "redis://:hunter2@host?decode_responses=true"),
        ("AIRFLOW_CONN_RECALL_REDIS", "redis://:hunter2/x@host"),
        ("AIRFLOW_CONN_RECALL_REDIS", "redis://:hunter2[@host"),
    ],
)
def test_a_secret_is_never_shown(name, value):
    (line,) = fault_lines(LOCAL, **{name: value})
    assert name in line and "hunter2" not in line and "a secret of" in line


def test_a_slip_of_the_pen_is_found_and_the_name_that_was_meant():
    (line,) = fault_lines(LOCAL, RECALL_RUNTIMES="process")
    assert "RECALL_RUNTIMES is no setting" in line and "is RECALL_RUNTIME meant?" in line


def test_settings_that_contradict_each_other_are_told():
    lines = fault_lines(
        LOCAL,
        RECALL_FIRST_DAY="2026-02-02",
        RECALL_LAST_DAY="2026-02-01",
        RECALL_RUNTIME="kubernetes",
        RECALL_STORE="file:///srv/recall",
    )
    assert [line.split()[0] for line in lines] == [
        "RECALL_FIRST_DAY",
        "RECALL_IMAGES",
        "RECALL_STORE",
    ]


def test_nothing_starts_with_a_wrong_setting(monkeypatch, tmp_path):
    environment = {
        "PATH": "/usr/bin:/bin",
        "RECALL_STATE": str(tmp_path / "state"),
        "RECALL_FORMAT": "csv",
        "RECALL_FIRST_DAY": "soon",
    }
    done = subprocess.run(
        [sys.executable, "-m", "infra.local", "up"],
        cwd=ROOT,
        env=environment,
        text=True,
        capture_output=True,
    )
    assert (
        done.returncode == 2
        and "2 to correct" in done.stderr
        and "RECALL_FORMAT is 'csv'" in done.stderr
        and "RECALL_FIRST_DAY is 'soon'" in done.stderr
    )
    assert not (tmp_path / "state").exists()


def test_every_setting_that_the_sources_read_is_in_the_table():
    places = [
        path
        for folder in ("dags", "tasks", "infra", "plugins")
        for path in (ROOT / folder).rglob("*.py")
        if path.parent.name != "settings"
    ]
    read = {
        name
        for path in places
        for name in re.findall(r"\b(?:AIRFLOW_CONN_)?RECALL_[A-Z0-9_]*[A-Z0-9]\b", path.read_text())
    }
    connections = {
        name.upper()
        for path in places
        for name in re.findall(r"\brecall_(?:redis|mlflow|s3)\b", path.read_text())
    }
    assert read - {"RECALL_CONTAINER", "RECALL_POD"} | {
        f"AIRFLOW_CONN_{name}" for name in connections
    } <= {setting.name for setting in TABLE}


def test_the_table_knows_the_layouts_of_the_local_stack_and_of_the_form():
    from infra.local.source_preview import FORMATS

    assert set(
        re.search(r"one of (.*)", BY_NAME["RECALL_FORMAT"].kind.allowed)[1].split(", ")
    ) == set(FORMATS)


def test_the_list_is_a_table_of_markdown():
    done = subprocess.run(
        [sys.executable, "-m", "infra.settings", "list"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=True,
    )
    assert len(done.stdout.splitlines()) == len(TABLE) + 2
