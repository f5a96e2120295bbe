"""What MLflow can have against a training is one sentence with its remedy; what a retry can mend is
`Unreachable`, nothing shows a password.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tasks.core.cli.errors import BadRequest, Unreachable
from tasks.core.registry import mlflow_client
from tasks.core.registry.run_recorder import RunRecorder
from tests.core.test_recording import Request, train
from tests.servers import environment, free_port


def start(experiment: str = "recall", candidate: str = "t1") -> str:
    return mlflow_client.find_or_start(experiment, "a run", candidate, {"recall.family": "toy"})


def delete_experiment(name: str) -> str:
    id = mlflow_client.client().get_experiment_by_name(name).experiment_id
    mlflow_client.client().delete_experiment(id)
    return id


def test_an_experiment_in_the_trash_is_refused_and_goes_on_once_it_is_restored(mlflow_uri):
    run = start("shelved")
    id = delete_experiment("shelved")
    for candidate in ("t1", "t2"):
        with pytest.raises(
            BadRequest,
            match=rf"experiment was deleted; got 'shelved'; remedy: restore it \(`mlflow "
            rf"experiments restore --experiment-id {id}`\), "
            "or name another",
        ):
            start("shelved", candidate)
    mlflow_client.client().restore_experiment(id)
    assert start("shelved") == run


@pytest.mark.parametrize(
    "name", ["", " ", "\t\n", "x" * 501, "a\nb", "a\0b", "\ud800", None, 5], ids=ascii
)
def test_what_cannot_name_an_experiment_is_refused_before_it_is_asked_for(mlflow_uri, name):
    with pytest.raises(
        BadRequest, match=r"not the name of an MLflow experiment; got .*1 to 500 printable"
    ):
        start(name)


@pytest.mark.parametrize("name", ["a/b", "../x", "é ü", "'q'", '"', "a;b%20", "x" * 500, "..."])
def test_other_names_are_found_again(mlflow_uri, name):
    assert start(name) == start(name)


def test_a_run_that_is_deleted_meanwhile_ends_no_training_and_is_begun_anew(mlflow_uri, world):
    store, snapshot = world
    recorder = RunRecorder.start(Request(), "toy", "t3", snapshot, "c0de")
    mlflow_client.client().delete_run(recorder.run)
    train(store, snapshot, recorder, "t3")
    with pytest.raises(
        BadRequest,
        match=f"MLflow run {recorder.run} was deleted; remedy: restore it.*start the training "
        f"again",
    ):
        recorder.finish(store.find("candidates", "toy", "t3"), snapshot)
    recorder.failed()
    again = RunRecorder.start(Request(), "toy", "t3", snapshot, "c0de").finish(
        store.find("candidates", "toy", "t3"), snapshot
    )
    assert again["run"] != recorder.run and again["version"]


def test_what_is_gone_for_good_is_refused(mlflow_uri):
    for ask in (
        lambda: mlflow_client.log_metrics("0" * 32, {"a": 1.0}),
        lambda: mlflow_client.tag_version("unheard", "1", {"a": "b"}),
    ):
        with pytest.raises(
            BadRequest, match=r"does not have what is asked for any more.*not found"
        ):
            ask()


def test_a_registered_model_that_was_deleted_is_made_again(mlflow_uri):
    run = start("recall", "t4")
    assert mlflow_client.register("gone", run, "t4", "file:///x", {}) == "1"
    mlflow_client.client().delete_registered_model("recall-gone")
    assert (
        mlflow_client.by_alias("gone", "champion") is None
        and mlflow_client.register("gone", run, "t4", "file:///x", {}) == "1"
    )


@pytest.mark.parametrize(
    "uri",
    [
        "ftp://u:hunter2@h",
        "foo://hunter2",
        "hunter2",
        "127.0.0.1:5000",
        "file:///srv/runs",
        "http://",
        "http://u:hunter2@",
        "http://u:hunter2@[x",
        "http://u:hun/ter2@h",
        "http://u:hun?ter2@h",
        "http://u:hun#ter2@h",
        "http://u:hunter2@h:port",
        "http://u:hunter2@h:99999",
        "http://u:hun ter2@h",
        "http://u:hunter2",
    ],
)
def test_what_is_no_uri_of_a_server_is_refused_without_a_piece_of_the_password(uri):
    with (
        environment(MLFLOW_TRACKING_URI=uri),
        pytest.raises(BadRequest, match=r"MLFLOW_TRACKING_URI.*expected http") as refusal,
    ):
        start()
    assert (
        not any(piece in str(refusal.value) for piece in ("hun", "ter2"))
        and refusal.value.__cause__ is None
    )


@pytest.mark.parametrize("login", ["u:hunter2", "u:hun@ter2", "u:hunter2%2F"])
def test_who_is_away_is_named_without_the_password(login):
    port = free_port()
    with (
        environment(MLFLOW_TRACKING_URI=f" http://{login}@127.0.0.1:{port} "),
        pytest.raises(Unreachable, match=f"got 'http://127.0.0.1:{port}'") as away,
    ):
        start()
    assert (
        not any(piece in str(away.value) for piece in ("hun", "ter2"))
        and away.value.__suppress_context__
    )


@pytest.mark.parametrize(
    "code, kind",
    [
        (200, Unreachable),
        (404, Unreachable),
        (500, Unreachable),
        (502, Unreachable),
        (503, Unreachable),
        (401, BadRequest),
        (403, BadRequest),
    ],
)
def test_a_server_that_answers_with_a_page_is_away_or_refuses_the_password(monkeypatch, code, kind):
    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(code)
            self.end_headers()
            self.wfile.write(b"<html>a page</html>")

        do_POST = do_GET  # noqa: N815 — http.server's own name

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with (
            environment(MLFLOW_TRACKING_URI=f"http://u:hunter2@127.0.0.1:{server.server_port}"),
            pytest.raises(kind, match="MLflow") as refusal,
        ):
            start()
        server.shutdown()
    assert "hunter2" not in str(refusal.value)


def test_the_end_of_a_run_prints_no_uri(mlflow_uri, capfd):
    with environment(MLFLOW_TRACKING_URI=mlflow_uri.replace("://", "://u:hunter2@")):
        mlflow_client.end(start("recall", "t5"))
    assert "hunter2" not in "".join(capfd.readouterr())
