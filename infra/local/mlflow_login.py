"""Authorization of the local MLflow, loaded by its server as the function that its settings name.

Whoever may name the folder of an experiment's artefacts may have the server write anywhere, also
where code is run from. So the server opens no place for artefacts but its own folder, however it
was named; a page of another origin can ask nothing though the browser knows the password; nobody
comes in without it; and of all that MLflow can do, only what tracks trainings and registers models
is open.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from flask import Response, jsonify, make_response, request
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED
from mlflow.server.auth import authenticate_request_basic_auth
from mlflow.server.constants import ARTIFACTS_DESTINATION_ENV_VAR
from mlflow.store.artifact.artifact_repository_registry import (
    _artifact_repository_registry as repositories,
)
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository
from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository
from mlflow.store.artifact.runs_artifact_repo import RunsArtifactRepository
from werkzeug.datastructures import Authorization

# Everything else is closed: a shell on this machine (its assistant), other services' keys and
# addresses, jobs, webhooks, other users.
OPEN = re.compile(
    r"/(?:ajax-)?api/(?:2\.0/mlflow-artifacts/|2\.0/mlflow/(?:artifacts|experiments|logged-models|metrics|model-versions|registered-models|runs|traces"
    r"|upload-artifact|users/(?:current|get))(?:/|$)|3\.0/mlflow/(?:server-info|traces|datasets|workspaces)(?:/|$))"
    r"|/(?:graphql|get-artifact|model-versions/get-artifact|health|version|static-files/.*)?$"
)
# What the page of runs asks by itself, and tells as an error where it is refused; nothing is asked
# on: there are none.
GATEWAYS = ("GET", "/ajax-api/2.0/mlflow/gateway-proxy", "api/2.0/endpoints/")
OWN = re.compile(r"mlflow-artifacts:/(?!/)")
PLACES = {
    "artifactlocation",
    "artifactroot",
    "artifacturi",
    "defaultartifactroot",
    "tracearchivallocation",
}  # protobuf takes them in both spellings


def confine_artifacts() -> None:
    """Take from the server every kind of place for artefacts but its own folder, which runs and
    models are in too.
    """
    repositories.get_registered_artifact_repositories().clear()
    for scheme, kind in (
        ("", OwnFolder),
        ("file", OwnFolder),
        ("mlflow-artifacts", OwnServer),
        ("runs", RunsArtifactRepository),
        ("models", ModelsArtifactRepository),
    ):
        repositories.register(scheme, kind)


class OwnFolder(LocalArtifactRepository):
    """A place on this disk, inside the folder that the server was started with."""

    def __init__(self, artifact_uri: str, *more: object, **options: object) -> None:
        super().__init__(artifact_uri, *more, **options)
        own = Path(os.environ[ARTIFACTS_DESTINATION_ENV_VAR]).resolve()
        if not Path(self.artifact_dir).resolve().is_relative_to(own):
            raise MlflowException("artefacts lie in the server's own folder", PERMISSION_DENIED)


class OwnServer(MlflowArtifactsRepository):
    """Artefacts of this server, not of another that an address names."""

    def __init__(self, artifact_uri: str, *more: object, **options: object) -> None:
        if not OWN.match(artifact_uri):
            raise MlflowException("artefacts lie on this server", PERMISSION_DENIED)
        super().__init__(artifact_uri, *more, **options)


def authorize() -> Authorization | Response:
    """The login of a request, or the answer that refuses it."""
    asks_for_gateways = (request.method, request.path, request.args.get("gateway_path")) == GATEWAYS
    if not asks_for_gateways and not OPEN.match(request.path):
        return _refuse("this server tracks trainings and registers models, and does nothing else")
    if request.method == "DELETE" and "/mlflow-artifacts/" in request.path:
        return _refuse(
            "artefacts are not deleted one by one or all at once; a run is deleted with them"
        )
    origin = request.headers.get("Origin")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none") or (
        origin is not None and urlsplit(origin).netloc != request.host
    ):
        return _refuse("a page of another origin may ask nothing")
    if location := _elsewhere(request.get_json(force=True, silent=True)) or _elsewhere(
        request.args.to_dict()
    ):
        return _refuse(
            "artefacts lie in the server's own folder (mlflow-artifacts:/…), "
            f"not at {location[:200]}"
        )
    login = authenticate_request_basic_auth()
    return jsonify(endpoints=[]) if asks_for_gateways and not isinstance(login, Response) else login


def _elsewhere(body: object) -> str | None:
    """A place for artefacts that is not the server's own, at any depth of what is asked; JSON
    within a text is read, too, as MLflow does.
    """
    if isinstance(body, str) and body.lstrip().startswith(("{", "[", '"')):
        try:
            body = json.loads(body)
        except ValueError:
            return None
        return _elsewhere(body)
    if isinstance(body, list):
        return next((found for one in body if (found := _elsewhere(one))), None)
    if not isinstance(body, dict):
        return None
    for name, value in body.items():
        if (
            name.replace("_", "").lower() in PLACES
            and isinstance(value, str)
            and value
            and not OWN.match(value)
        ):
            return value
        if found := _elsewhere(value):
            return found
    return None


def _refuse(why: str) -> Response:
    return make_response(why, 403)


confine_artifacts()
