"""A stage as a container and as a pod: the same command, no rights, no secret where others can read
it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

ROOT = Path(__file__).resolve().parents[2]
# An engine that looks at the command line it is given and then runs the command in this very place,
# with the variables it was told to hand over.
ENGINE = """#!{python}
import os, sys
arguments = sys.argv[1:]
open({seen!r}, "a").write(repr(arguments) + "\\n")
if arguments[0] == "run":
    at = arguments.index("python")
    given = [value for option, value in zip(arguments, arguments[1:]) if option == "--env"]
    named = dict(a.split("=", 1) if "=" in a else (a, os.environ[a]) for a in given)
    os.chdir({root!r})
    os.execve(sys.executable, [sys.executable, *arguments[at + 1:]], named)
"""
PLANTED = """
import json, os, sys
if sys.argv[1] == "refuse":
    print("planted refuse: RefusedData: too many bad rows", file=sys.stderr)
    sys.exit(3)
print(json.dumps({"request": json.loads(sys.argv[2]), "environment": dict(os.environ)}))
"""


@pytest.fixture
def operator(tmp_path, monkeypatch):
    """Makes a task of a planted stage that runs by an engine; `seen` holds the engine's command
    lines.
    """
    from recall.operators import stage_operator

    (tmp_path / "tasks" / "planted").mkdir(parents=True)
    (tmp_path / "tasks" / "__init__.py").write_text("")
    (tmp_path / "tasks" / "planted" / "__main__.py").write_text(PLANTED)
    engine, seen = tmp_path / "bin" / "docker", tmp_path / "seen"
    engine.parent.mkdir()
    engine.write_text(ENGINE.format(python=sys.executable, seen=str(seen), root=str(tmp_path)))
    engine.chmod(0o755)
    (tmp_path / "resources.json").write_text(
        json.dumps(
            {
                "planted": {
                    "requests": {"cpu": "1", "memory": "1Gi"},
                    "limits": {"cpu": "1500m", "memory": "6Gi"},
                    "gpu": True,
                }
            }
        )
    )
    for name, value in {
        "RECALL_RUNTIME": "container",
        "RECALL_IMAGES": "recallflow-{environment}:1",
        "RECALL_RESOURCES": str(tmp_path / "resources.json"),
        "RECALL_GPUS": "1",
        "RECALL_CONTAINER_NETWORK": "recall",
        "RECALL_SCRATCH": "/on/this/machine",
        "PATH": f"{engine.parent}:{os.environ['PATH']}",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(stage_operator.ENVIRONMENTS, "planted", "serve")

    def make(verb: str, request: dict):
        task = stage_operator.stage(
            "planted",
            "planted",
            verb,
            lambda context: request,
            policy={},
            needs=("redis", "mlflow"),
        )
        task.render_template_fields({})
        return task, seen

    return make


def test_a_container_runs_the_same_command_without_rights_and_with_its_bounds(operator):
    task, seen = operator("echo", {"k": 'ä "quoted" $(not a shell)'})
    result = task.execute({})
    assert result["request"] == {"k": 'ä "quoted" $(not a shell)'}
    line = seen.read_text()
    for option in (
        "'--rm'",
        "'--read-only'",
        "'--cap-drop', 'ALL'",
        "'no-new-privileges'",
        "'--memory', '6g'",
        "'--cpus', '1.5'",
        "'--gpus', '1'",
        "'--network', 'recall'",
        "'recallflow-serve:1', 'python', '-m', 'tasks.planted', 'echo'",
    ):
        assert option in line, option


def test_secrets_reach_the_container_and_no_command_line(operator):
    task, seen = operator("echo", {})
    environment = task.execute({})["environment"]
    assert (
        environment["RECALL_REDIS_URL"].startswith("redis://:secret@")
        and environment["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:1"
    )
    assert "secret" not in seen.read_text()
    assert environment["RECALL_SCRATCH"] == environment["HOME"] == "/scratch"
    assert not [
        name
        for name in environment
        if name.startswith("AIRFLOW") or name in ("RECALL_RUNTIME", "RECALL_IMAGES")
    ]


def test_a_refusal_in_a_container_is_final(operator):
    with pytest.raises(AirflowFailException, match="the data is refused: too many bad rows"):
        operator("refuse", {})[0].execute({})


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("RECALL_RUNTIME", "lambda", "'lambda'; expected one of process, container, kubernetes"),
        ("RECALL_IMAGES", "recallflow:1", "recallflow:1.*{environment}"),
        ("RECALL_RESOURCES", "/no/such/file", "/no/such/file does not say"),
        ("RECALL_GPUS", "two", "whole number"),
    ],
)
def test_a_runtime_that_is_set_wrongly_says_what_to_set(
    operator, monkeypatch, name, value, message
):
    monkeypatch.setenv(name, value)
    with pytest.raises(AirflowFailException, match=message):
        operator("echo", {})[0].execute({})


def test_an_engine_that_is_not_there_is_tried_again(operator, monkeypatch):
    monkeypatch.setenv("RECALL_CONTAINER_ENGINE", "podman")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises((AirflowException, OSError)) as raised:
        operator("echo", {})[0].execute({})
    assert not isinstance(raised.value, AirflowFailException)


def test_every_stage_has_its_requests_and_limits_and_a_gpu_goes_to_those_that_can_use_it(
    monkeypatch,
):
    from recall.environments import ENVIRONMENTS
    from recall.runtimes import work

    monkeypatch.setenv("RECALL_GPUS", "2")
    given = {stage: work.resources(stage) for stage in ENVIRONMENTS}
    assert {stage for stage, one in given.items() if "nvidia.com/gpu" in one["limits"]} == {
        "gru4rec",
        "two_tower",
        "tune",
    }
    assert all(
        one["requests"].keys() == {"cpu", "memory"} <= one["limits"].keys()
        for one in given.values()
    )


POD = """
import json, sys
from functools import partial
sys.path.insert(0, "dags")
from kubernetes.client import ApiClient
from recall.runtimes.work import Work
from recall.runtimes.kubernetes import exit_code, operator

shown = []
request = json.dumps({"k": "$(not a shell)"})
settings = {"RECALL_STORE": "s3://models/recall", "RECALL_SCRATCH": "/here"}
work = Work("gru4rec", "fit", "train", request, settings, {}, print, shown.append)
last_message = work.last_message()
made = operator(work, last_message)
say = partial(made.callbacks[0].progress_callback, client=None, mode="sync", timestamp=None,
              pod=None)
say(line="12:00:00 progress: epoch 7 of 15")
say(line="gru4rec fit: RefusedData: too few users")
say(line="a sidecar", container_name="istio-proxy")
pod = ApiClient().sanitize_for_serialization(made.build_pod_request_obj(None, dry_run=True))
print(json.dumps([pod, last_message.last, shown]))
"""


@pytest.fixture(scope="module")
def pod():
    from infra.environments.names import python

    settings = {
        "RECALL_IMAGES": "registry:5000/recallflow-{environment}:1.0",
        "RECALL_GPUS": "1",
        "RECALL_NAMESPACE": "models",
        "PATH": os.environ["PATH"],
        "AIRFLOW_HOME": os.environ["AIRFLOW_HOME"],
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [str(python("cluster")), "-c", POD], cwd=ROOT, env=settings, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_a_pod_is_what_kubernetes_takes(pod, tmp_path):
    from infra.environments.names import python

    (tmp_path / "pod.json").write_text(json.dumps(pod[0]))
    done = subprocess.run(
        [
            str(python("checks").with_name("kubernetes-validate")),
            "--strict",
            str(tmp_path / "pod.json"),
        ],
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_pod_runs_the_same_command_without_rights_with_its_bounds_and_without_secrets(pod):
    spec, meta = pod[0]["spec"], pod[0]["metadata"]
    base = next(one for one in spec["containers"] if one["name"] == "base")
    assert base["command"] == ["python"] and base["args"] == [
        "-m",
        "tasks.gru4rec",
        "fit",
        '{"k": "$(not a shell)"}',
    ]
    assert (
        base["image"] == "registry:5000/recallflow-train:1.0"
        and meta["namespace"] == "models"
        and meta["labels"]["recall/stage"] == "gru4rec"
    )
    assert base["resources"] == {
        "requests": {"cpu": "2", "memory": "4Gi"},
        "limits": {"cpu": "4", "memory": "8Gi", "nvidia.com/gpu": "1"},
    }
    assert (
        spec["securityContext"]["runAsNonRoot"]
        and not spec["automountServiceAccountToken"]
        and spec["restartPolicy"] == "Never"
    )
    assert base["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    variables = {one["name"]: one["value"] for one in base["env"]}
    assert (
        variables["RECALL_STORE"] == "s3://models/recall"
        and variables["RECALL_SCRATCH"] == "/scratch"
        and variables["RECALL_RESULT"] == "/airflow/xcom/return.json"
    )
    assert base["envFrom"] == [{"secretRef": {"name": "recallflow"}}]


def test_of_a_pods_log_the_stages_own_last_words_are_kept_and_how_far_it_is_is_shown(pod):
    assert pod[1] == "too few users" and pod[2] == ["epoch 7 of 15"]
