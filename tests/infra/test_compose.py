"""docker-compose.yaml is what compose takes; it needs the script's file, gives nobody rights or a
known password, and shows pages to this machine alone.
"""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from infra.compose.__main__ import PASSWORDS, data, main, variables
from infra.environments.names import ROOT, python
from infra.settings.check import Source, env_file, faults
from infra.settings.table import AIRFLOW

FILE = ROOT / "docker-compose.yaml"
TEXT = FILE.read_text()
DATA = {
    "DATA_FOLDER": "/srv/ml-100k",
    "DATASET": "ml-100k",
    "FORMAT": "movielens-100k",
    "LOCATION": "/data",
    "FIRST_DAY": "",
    "LAST_DAY": "",
}
ONCE = {"init", "volumes"}  # services that end
YAML = [FILE, ROOT / "infra" / "prometheus.yml", *sorted((ROOT / "infra").rglob("*.yaml"))]


def judged(tool: str, *arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(python("checks").with_name(tool)), *map(str, arguments)],
        cwd=ROOT,
        text=True,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def services() -> dict:
    read = "import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)"
    return json.loads(judged("python", "-c", read, FILE).stdout)["services"]


def test_the_schema_of_compose_takes_it():
    done = judged("check-jsonschema", "--builtin-schema", "vendor.compose-spec", FILE)
    assert done.returncode == 0, done.stdout


def test_the_style_of_every_file_is_checked():
    rules = (
        "{extends: default, rules: {line-length: {max: 220}, document-start: disable, "
        "comments: disable}}"
    )
    assert (done := judged("yamllint", "--strict", "-d", rules, *YAML)).returncode == 0, done.stdout
    assert (done := judged("hadolint", "infra/images/Dockerfile")).returncode == 0, done.stdout


@pytest.mark.parametrize(
    "file", sorted((ROOT / "infra" / "compose").glob("*.sh")), ids=lambda file: file.name
)
def test_every_script_can_be_read_by_a_plain_shell(file):
    assert subprocess.run(["sh", "-n", str(file)]).returncode == 0


def test_every_variable_is_made_by_the_script_and_needed():
    named = set(re.findall(r"\$\{(\w+)", TEXT))
    assert named <= variables({}, DATA).keys(), named - variables({}, DATA).keys()
    loose = [
        one
        for one in re.findall(r"\$\{[^}]*\}", TEXT)
        if not re.fullmatch(r"\$\{\w+(:\?|\?)run make compose-env\}", one)
    ]
    assert loose == [] and not re.search(r"(?<!\$)\$[A-Za-z_]", TEXT), (
        "a variable that may be missing"
    )
    assert variables({}, DATA).keys() - named <= {"REDIS_READER_PASSWORD"}, (
        "made for nobody; the reader's is for your service"
    )


def test_the_file_is_for_its_owner_alone_and_what_stands_there_stays(tmp_path):
    (tmp_path / "ml-100k").mkdir()
    for name, text in {
        "u.data": "1\t2\t3\t893286638\n",
        "u.genre": "unknown|0\n",
        "u.item": "2|B||||1\n",
        "u.user": "1|24|M|other|1\n",
    }.items():
        (tmp_path / "ml-100k" / name).write_text(text)
    made = tmp_path / ".env"
    main(["--file", str(made), "--data", str(tmp_path / "ml-100k")])
    first = env_file(made).values
    assert first["FIRST_DAY"] == first["LAST_DAY"] == "1998-04-22", (
        "a data set that has ended is not asked for today"
    )
    assert stat.S_IMODE(made.stat().st_mode) == 0o600 and all(
        len(first[name]) >= 48 for name in PASSWORDS
    )
    assert len({first[name] for name in PASSWORDS}) == len(PASSWORDS)
    made.write_text(
        made.read_text()
        .replace("AIRFLOW_PORT=8080", "AIRFLOW_PORT=9090")
        .replace(f"JWT_SECRET={first['JWT_SECRET']}\n", "")
    )
    main(["--file", str(made)])
    second = env_file(made).values
    assert second["AIRFLOW_PORT"] == "9090" and second["JWT_SECRET"] not in (
        "",
        first["JWT_SECRET"],
    )
    assert {name for name in first if first[name] != second[name]} == {
        "AIRFLOW_PORT",
        "JWT_SECRET",
    } and stat.S_IMODE(made.stat().st_mode) == 0o600


def test_data_that_is_not_there_is_told_with_all_that_is_wrong(tmp_path):
    with pytest.raises(SystemExit, match=r"--format is 'csv'.*--data is .*--dataset is 'a b'"):
        data(tmp_path / "nowhere", "csv", "a b")
    (tmp_path / "shop.toml").write_text("")
    assert data(tmp_path / "shop.toml", None, None) == {
        "DATA_FOLDER": str(tmp_path),
        "DATASET": "shop",
        "FORMAT": "own",
        "LOCATION": "/data/shop.toml",
        "FIRST_DAY": "",
        "LAST_DAY": "",
    }


def test_nothing_is_published_but_pages_and_those_on_the_loopback(services):
    published = {name: one["ports"] for name, one in services.items() if one.get("ports")}
    assert set(published) == {"api-server", "mlflow", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert {name for name, one in services.items() if "pages" in one.get("networks", [])} == {
        "api-server",
        "scheduler",
        "dag-processor",
        "triggerer",
        "worker",
        "init",
        "mlflow",
        "grafana",
    }


def test_every_service_has_bounds_a_check_of_health_and_no_rights(services):
    for name, one in services.items():
        assert (
            one["read_only"]
            and one["cap_drop"] == ["ALL"]
            and one["security_opt"] == ["no-new-privileges:true"]
        ), name
        assert {"cpus", "memory", "pids"} <= one["deploy"]["resources"]["limits"].keys(), name
        assert name in ONCE or one["healthcheck"]["test"], name
        assert "privileged" not in one and "docker.sock" not in json.dumps(one), name
        if not one["image"].startswith("recallflow-"):
            assert (
                re.search(r":[\w.-]*\d", one["image"])
                and ":latest" not in one["image"]
                and one["user"]
            ), name
    assert [name for name, one in services.items() if one.get("user", "").startswith("0")] == [
        "volumes"
    ] and services["volumes"]["network_mode"] == "none"
    docker = (ROOT / "infra" / "images" / "Dockerfile").read_text()
    stages = {stage.split()[0]: stage for stage in re.split(r"FROM \S+ AS ", docker)[1:]}
    assert all(
        "USER 10001:10001" in stages[services[name]["build"]["target"]]
        for name in services
        if "build" in services[name]
    )


def test_what_waits_for_another_waits_for_one_that_is_there(services):
    for name, one in services.items():
        for other, how in one.get("depends_on", {}).items():
            assert (
                how["condition"]
                == ("service_completed_successfully" if other in ONCE else "service_healthy")
                and other in services
            ), (name, other)


def test_the_settings_of_its_airflow_are_right(services):
    values = variables({}, DATA)
    environment = {
        name: re.sub(r"\$\{(\w+)[^}]*\}", lambda found: values[found[1]], str(value))
        for name, value in services["api-server"]["environment"].items()
    }
    assert faults(AIRFLOW, [Source("the compose file", environment)]) == []


def test_every_file_that_is_mounted_or_run_is_there(services):
    for name, one in services.items():
        for mount in one.get("volumes", []):
            if isinstance(mount, str) and mount.startswith("./"):
                assert (ROOT / mount.split(":")[0]).exists(), (name, mount)
    for module in re.findall(r"infra\.images\.\w+", TEXT):
        assert (ROOT / Path(*module.split("."))).with_suffix(".py").is_file()


def test_airflows_services_do_not_start_with_wrong_settings(tmp_path):
    environment = {
        "PATH": "/usr/bin:/bin",
        "AIRFLOW_HOME": str(tmp_path / "home"),
        "RECALL_STORE": "recall",
        "RECALL_ADMIN_PASSWORD": "short",
    }
    done = subprocess.run(
        [sys.executable, "-m", "infra.images.airflow", "scheduler"],
        cwd=ROOT,
        env=environment,
        text=True,
        capture_output=True,
    )
    assert (
        done.returncode == 2
        and "RECALL_STORE is 'recall'" in done.stderr
        and "RECALL_ADMIN_PASSWORD is a secret of 5" in done.stderr
    )
    assert not (tmp_path / "home").exists()


def test_each_service_has_a_key_of_the_object_store_for_its_own_bucket_alone(services):
    script = (ROOT / "infra" / "compose" / "objects.sh").read_text()
    rights = dict(re.findall(r'"name": "(\w+)".*?"actions": (\[.*?\])', script, re.S))
    assert {name: set(re.findall(r":(\w+)", actions)) for name, actions in rights.items()} == {
        "recall": {"recall"},
        "papers": {"recall"},
        "mlflow": {"mlflow"},
    }
    assert "Write" not in rights["papers"]
    keys = {
        name: services[service]["environment"]["AWS_ACCESS_KEY_ID"][2:].partition(":")[0]
        for name, service in (("papers", "papers"), ("mlflow", "mlflow"))
    }
    assert keys == {"papers": "PAPERS_S3_ACCESS_KEY", "mlflow": "MLFLOW_S3_ACCESS_KEY"}
