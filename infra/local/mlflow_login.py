"""Who may use the local MLflow, and for what: loaded by its server, as the function that its settings name for authorization.

Whoever may name the folder of an experiment's artefacts may have the server write anywhere, also where code is run from. So all artefacts lie in
the server's own folder, a page of another origin can ask nothing though the browser knows the password, and nobody comes in without it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, make_response, request
from mlflow.server.auth import authenticate_request_basic_auth
from werkzeug.datastructures import Authorization

OWN = "mlflow-artifacts:"
CLOSED = ("/ajax-api/3.0/mlflow/assistant", "/ajax-api/3.0/jobs", "/gateway/", "/api/3.0/mlflow/mcp", "/ajax-api/3.0/mlflow/mcp")  # a shell on this machine, and other services
PLACES = ("artifact_location", "artifact_root", "artifact_uri", "default_artifact_root", "trace_archival_location")


def authorized() -> Authorization | Response:
    """The login of a request, or the answer that refuses it."""
    if request.path.startswith(CLOSED):
        return _refused("this server tracks trainings and registers models, and does nothing else")
    origin = request.headers.get("Origin")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none") or (
            origin is not None and urlsplit(origin).netloc != request.host):
        return _refused("a page of another origin may ask nothing")
    if place := _elsewhere(request.get_json(force=True, silent=True)) or _elsewhere(request.args.to_dict()):
        return _refused(f"artefacts lie in the server's own folder ({OWN}/…), not at {place[:200]}")
    return authenticate_request_basic_auth()


def _elsewhere(asked: object) -> str | None:
    """A place for artefacts that is not the server's own, at any depth of what is asked."""
    if isinstance(asked, list):
        return next((found for one in asked if (found := _elsewhere(one))), None)
    if not isinstance(asked, dict):
        return None
    for name, value in asked.items():
        if name in PLACES and isinstance(value, str) and value and not value.startswith(OWN):
            return value
        if found := _elsewhere(value):
            return found
    return None


def _refused(why: str) -> Response:
    return make_response(why, 403)
