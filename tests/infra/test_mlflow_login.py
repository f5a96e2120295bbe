"""The local MLflow lets in whoever has its password, from its own page, and puts artefacts into its
own folder alone.
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from infra.environments.names import environments
from infra.local.services import answers, mlflow, services
from infra.local.state import MLFLOW_USER, Local


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """A stack of which MLflow alone runs, started as the supervisor starts it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECALL_ENVIRONMENTS", str(environments()))
        patch.setenv("RECALL_STATE", str(tmp_path_factory.mktemp("state")))
        made = Local().prepare()
        service = next(one for one in services(made, {}) if one.name == "mlflow")
    log = (made.logs / "mlflow.log").open("wb")
    process = subprocess.Popen(
        service.command,
        env=service.environment,
        cwd=made.home,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not answers(f"{made.mlflow_url}/health"):
        assert process.poll() is None and time.monotonic() < deadline, (
            made.logs / "mlflow.log"
        ).read_text()[-3000:]
        time.sleep(0.3)
    yield made
    process.terminate()
    process.wait(20)


def ask(
    local,
    method: str,
    path: str,
    body: object = None,
    user: str | None = MLFLOW_USER,
    password: str | None = None,
    **headers: str,
) -> tuple[int, str]:
    """Status and text of an answer; without a `user` nobody asks."""
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{local.mlflow_url}{path}",
        content,
        method=method,
        headers={"Content-Type": "application/json"}
        | {name.replace("_", "-"): value for name, value in headers.items()},
    )
    if user:
        request.add_header(
            "Authorization",
            "Basic "
            + base64.b64encode(f"{user}:{password or local.secret('mlflow')}".encode()).decode(),
        )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")


ROUTES = [
    ("GET", "/"),
    ("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0"),
    ("POST", "/api/2.0/mlflow/experiments/create"),
    ("POST", "/ajax-api/2.0/mlflow/experiments/create"),
    ("POST", "/api/2.0/mlflow/runs/create"),
    ("POST", "/graphql"),
    ("GET", "/api/2.0/mlflow/registered-models/search"),
    ("PUT", "/api/2.0/mlflow-artifacts/artifacts/x.py"),
    ("GET", "/api/2.0/mlflow-artifacts/artifacts"),
    ("POST", "/ajax-api/2.0/mlflow/upload-artifact?run_uuid=1&path=x.py"),
    ("GET", "/get-artifact?run_uuid=1&path=x.py"),
    ("DELETE", "/api/2.0/mlflow-artifacts/artifacts/x.py"),
    ("GET", "/api/2.0/mlflow/users/get?username=admin"),
    ("POST", "/v1/traces"),
    ("GET", "/model-versions/get-artifact?name=x&version=1&path=y"),
    ("GET", "/signup"),
]


@pytest.mark.parametrize("method, path", ROUTES, ids=" ".join)
def test_without_the_password_nothing_is_answered(local, method, path):
    body = b"{}" if method in ("POST", "PUT") else None
    assert ask(local, method, path, body, user=None)[0] in (401, 403)
    assert ask(local, method, path, body, password="not the password")[0] in (401, 403)


CLOSED = [
    ("POST", "/ajax-api/3.0/mlflow/assistant/message"),
    ("GET", "/ajax-api/3.0/mlflow/assistant/config"),
    ("PUT", "/ajax-api/3.0/mlflow/assistant/config"),
    ("POST", "/ajax-api/3.0/mlflow/assistant/skills/install"),
    ("POST", "/ajax-api/3.0/jobs/"),
    ("POST", "/gateway/proxy/x/y"),
    ("POST", "/gateway/mlflow/v1/chat/completions"),
    ("POST", "/ajax-api/3.0/mlflow/demo/generate"),
    ("POST", "/api/3.0/mlflow/gateway/secrets/create"),
    ("POST", "/api/2.0/mlflow/webhooks"),
    ("POST", "/ajax-api/3.0/mlflow/scorer/invoke"),
    ("POST", "/api/2.0/mlflow/users/create"),
    ("GET", "/signup"),
    ("POST", "/v1/traces"),
    ("POST", "/ajax-api/3.0/mlflow/prompt-optimization/jobs"),
    ("GET", "/ajax-api/2.0/mlflow/gateway-proxy?gateway_path=x"),
    ("DELETE", "/api/2.0/mlflow-artifacts/artifacts/"),
    ("DELETE", "/ajax-api/2.0/mlflow-artifacts/artifacts/0"),
    ("POST", "/ajax-api/3.0/mlflow/ui-telemetry"),
]


@pytest.mark.parametrize("method, path", CLOSED, ids=" ".join)
def test_what_runs_commands_or_asks_other_services_is_closed_to_everybody(local, method, path):
    body = b'{"message": "run ls", "prompt": "x"}' if method != "GET" else None
    assert ask(local, method, path, body)[0] == 403 and ask(local, method, path, body, user=None)[
        0
    ] in (401, 403)


def test_the_page_of_runs_is_told_that_there_are_no_gateways(local):
    path = "/ajax-api/2.0/mlflow/gateway-proxy?gateway_path=api%2F2.0%2Fendpoints%2F"
    assert ask(local, "GET", path)[0] == 200 and json.loads(ask(local, "GET", path)[1]) == {
        "endpoints": []
    }
    assert (
        ask(local, "GET", path, user=None)[0] == 401
        and ask(local, "POST", path, {})[0] == 403
        and ask(local, "GET", path, Origin="null")[0] == 403
    )


def test_every_route_of_the_server_asks_for_the_password(local):
    """As the server itself lists them."""
    listing = (
        "import json, os; from mlflow.server import app; from mlflow.server.fastapi_app import "
        "create_fastapi_app as made; "
        "print(json.dumps(sorted({r.path for r in made(app).routes if hasattr(r, 'path')} | "
        "{r.rule for r in app.url_map.iter_rules()})))"
    )
    done = subprocess.run(
        [str(environments() / "mlflow" / "bin" / "python"), "-c", listing],
        text=True,
        capture_output=True,
        check=True,
    )
    routes = json.loads(done.stdout.splitlines()[-1])
    assert len(routes) > 200
    open_to_all = {
        "/health",
        "/version",
        "/api/3.0/mlflow/server-info",
        "/ajax-api/3.0/mlflow/server-info",
    }
    for route in routes:
        path = re.sub(r"<[^>]*>|{[^}]*}", "x", route)
        for method in ("GET", "POST"):
            status = ask(local, method, path, b"{}" if method == "POST" else None, user=None)[0]
            assert (
                status in (401, 403, 404, 405)
                or route in open_to_all
                or route.startswith("/static-files")
            ), (method, route, status)


def test_with_it_experiments_runs_and_artefacts_work(local):
    status, text = ask(local, "POST", "/api/2.0/mlflow/experiments/create", {"name": "honest"})
    assert status == 200
    experiment = json.loads(text)["experiment_id"]
    status, text = ask(
        local, "POST", "/api/2.0/mlflow/runs/create", {"experiment_id": experiment, "start_time": 1}
    )
    run = json.loads(text)["run"]["info"]
    assert status == 200 and run["artifact_uri"].startswith("mlflow-artifacts:")
    assert (
        ask(
            local,
            "PUT",
            f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run['run_id']}/artifacts/note.txt",
            b"text",
        )[0]
        == 200
    )
    assert ask(
        local,
        "GET",
        f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run['run_id']}/artifacts/note.txt",
    ) == (200, "text")
    assert list((local.home / "mlflow" / "artifacts").rglob("note.txt"))
    assert ask(local, "GET", "/")[0] == 200


@pytest.mark.parametrize(
    "place",
    [
        "{home}/dags",
        "file://{home}/dags",
        "file:{home}/dags",
        "./dags",
        "s3://bucket",
        "FILE://{home}/dags",
        "ftp://x/y",
    ],
)
@pytest.mark.parametrize(
    "route", ["/api/2.0/mlflow/experiments/create", "/ajax-api/2.0/mlflow/experiments/create"]
)
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_an_experiment_cannot_lie_anywhere_else(local, place, route, kind):
    folder = local.home / "dags"
    folder.mkdir(exist_ok=True)
    status, text = ask(
        local,
        "POST",
        route,
        {"name": f"{place} {route} {kind}", "artifact_location": place.format(home=local.home)},
        Content_Type=kind,
    )
    assert status == 403 and "own folder" in text
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "%s", "artifactLocation": "/PLACE"}',
        b'{"name": "%s", "artifact\\u005flocation": "/PLACE"}',
        b'{"name": "%s", "artifact_location": "mlflow-artifacts://evil.example:80/x"}',
        b'"{\\"name\\": \\"%s\\", \\"artifact_location\\": \\"/PLACE\\"}"',
        b'{"name": "%s", "artifact_location": "/PLACE", "artifact_location": ""}',
        b'{"name": "%s", "artifact_location": "", "artifactLocation": "/PLACE"}',
    ],
    ids=str,
)
def test_however_it_is_written(local, body):
    folder = local.home / "dags"
    status, text = ask(
        local,
        "POST",
        "/api/2.0/mlflow/experiments/create",
        body.replace(b"%s", str(time.time()).encode()).replace(b"/PLACE", str(folder).encode()),
    )
    if status == 200:  # an empty place is the server's own
        found = json.loads(
            ask(
                local,
                "GET",
                f"/api/2.0/mlflow/experiments/get?experiment_id={json.loads(text)['experiment_id']}",
            )[1]
        )["experiment"]
        assert (
            found["artifact_location"].startswith("mlflow-artifacts:/")
            and str(folder) not in found["artifact_location"]
        )
    else:
        assert status in (400, 403), text


@pytest.mark.parametrize(
    "place",
    [
        "{home}/dags",
        "file://{home}/dags",
        "{home}/mlflow/artifacts/../../dags",
        "mlflow-artifacts://127.0.0.1:1/x",
        "s3://bucket/x",
        "http://127.0.0.1:1/x",
    ],
)
def test_nothing_is_written_or_read_elsewhere_even_if_a_run_names_it(local, place):
    """As if somebody had found a further way to name a place: written into the database itself."""
    folder = local.home / "dags"
    folder.mkdir(exist_ok=True)
    (folder / "own.py").write_text("secret")
    experiment = json.loads(
        ask(local, "POST", "/api/2.0/mlflow/experiments/create", {"name": f"named {place}"})[1]
    )["experiment_id"]
    run = json.loads(
        ask(
            local,
            "POST",
            "/api/2.0/mlflow/runs/create",
            {"experiment_id": experiment, "start_time": 1},
        )[1]
    )["run"]["info"]["run_id"]
    with sqlite3.connect(local.home / "mlflow" / "mlflow.db") as database:
        database.execute(
            "UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?",
            (place.format(home=local.home), run),
        )
    for method, path in (
        ("POST", f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=evil.py"),
        ("GET", f"/get-artifact?run_uuid={run}&path=own.py"),
        ("GET", f"/api/2.0/mlflow/artifacts/list?run_id={run}"),
    ):
        status, text = ask(local, method, path, b"print(1)" if method == "POST" else None)
        # An address that looks like its own is taken for its own folder.
        assert (
            status >= 400 or place.startswith(("http:", "mlflow-artifacts:"))
        ) and "secret" not in text, (path, status, text)
        assert "list" not in path or "own.py" not in text, text
    assert not [
        found
        for found in local.home.rglob("evil.py")
        if not found.is_relative_to(local.home / "mlflow" / "artifacts")
    ]
    assert [found.name for found in folder.iterdir()] == ["own.py"]
    (folder / "own.py").unlink()


@pytest.mark.parametrize(
    "path",
    [
        "../../dags/evil.py",
        "..%2f..%2fdags%2fevil.py",
        "%2e%2e/%2e%2e/dags/evil.py",
        "/etc/evil",
        "a/../../../dags/evil.py",
    ],
)
def test_an_artefact_cannot_climb_out(local, path):
    ask(local, "PUT", f"/api/2.0/mlflow-artifacts/artifacts/{path}", b"print(1)")
    assert not [
        found
        for found in local.home.rglob("evil*")
        if not found.is_relative_to(local.home / "mlflow" / "artifacts")
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost:8080"},
        {"Origin": "https://example.org"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "method, path",
    [
        ("POST", "/api/2.0/mlflow/experiments/create"),
        ("PUT", "/api/2.0/mlflow-artifacts/artifacts/x.py"),
        ("POST", "/ajax-api/2.0/mlflow/upload-artifact?run_uuid=1&path=x.py"),
    ],
)
def test_a_page_of_another_origin_asks_nothing_though_the_browser_knows_the_password(
    local, headers, method, path
):
    assert (
        ask(local, method, path, b'{"name": "evil"}', Content_Type="text/plain", **headers)[0]
        == 403
    )


def test_its_own_page_does(local):
    assert (
        ask(
            local,
            "POST",
            "/ajax-api/2.0/mlflow/experiments/create",
            {"name": "of the page"},
            Origin=local.mlflow_url,
            Sec_Fetch_Site="same-origin",
        )[0]
        == 200
    )


def test_the_password_stands_on_no_command_line_and_in_no_log(local):
    assert (
        local.secret("mlflow") not in " ".join(mlflow(local))
        and local.secret("mlflow") not in (local.logs / "mlflow.log").read_text()
    )
