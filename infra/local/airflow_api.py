"""Airflow's REST API, as the local stack uses it."""

from __future__ import annotations

import http.client
import itertools
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime
from typing import Any

from infra.local import supervisor
from infra.local.state import Local

RESTART_SECONDS = 120.0  # in which a server that was ended is up again


class Airflow:
    """A client that logs in with the generated password and asks again when the server is busy."""

    def __init__(self, local: Local) -> None:
        self.local = local
        self._token: str | None = None

    def _login(self) -> str:
        body = json.dumps(
            {"username": "admin", "password": self.local.secret("airflow_admin")}
        ).encode()
        request = urllib.request.Request(
            f"{self.local.airflow_url}/auth/token", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response)["access_token"]

    def call(
        self, method: str, path: str, body: Any = None, accept: str = "application/json"
    ) -> Any:
        """One call; five tries while the server is away or busy, and more while the stack's
        supervisor is there to start it again.

        Raises:
            urllib.error.HTTPError: the server refuses; `error.read()` says why.
        """
        gives_up = time.monotonic() + RESTART_SECONDS
        for attempt in itertools.count():
            try:
                self._token = self._token or self._login()
                return self._request(method, path, body, accept)
            except urllib.error.HTTPError as error:
                if error.code == 401 and attempt == 4:
                    raise SystemExit(
                        "local: Airflow refuses the generated password; `make stop`, then "
                        "`make run`"
                    ) from error
                if error.code == 401:
                    self._token = None
                elif error.code < 500 or attempt >= 4:
                    raise
            except (OSError, http.client.HTTPException, ValueError) as error:
                if attempt >= 4 and (
                    supervisor.read(self.local) is None or time.monotonic() > gives_up
                ):
                    raise (
                        error
                        if isinstance(error, OSError)
                        else OSError(f"Airflow's answer broke off: {error!r}")
                    ) from error
            time.sleep(min(0.5 * 2**attempt, 4.0))

    def _request(self, method: str, path: str, body: Any, accept: str) -> Any:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Accept": accept,
            "Content-Type": "application/json",
        }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.local.airflow_url}/api/v2/{path}", data, headers, method=method
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            text = response.read()
        return json.loads(text) if accept == "application/json" and text else text.decode()

    def trigger(self, dag: str, key: str | None, settings: dict | None = None) -> dict:
        """Start a run of a DAG for a partition key (the day); returns the run."""
        return self.call(
            "POST",
            f"dags/{dag}/dagRuns",
            {"logical_date": None, "partition_key": key, "conf": settings or {}},
        )

    def runs(self, dag: str, limit: int = 20) -> list[dict]:
        """The newest runs of a DAG first."""
        return self.call("GET", f"dags/{dag}/dagRuns?order_by=-id&limit={limit}")["dag_runs"]

    def tasks(self, dag: str, run: str) -> list[dict]:
        return self.call("GET", f"dags/{dag}/dagRuns/{_quote(run)}/taskInstances?limit=100")[
            "task_instances"
        ]

    def result(self, dag: str, run: str, task: str, key: str = "return_value") -> Any:
        """The value that a task returned, or left under another key; None where it did not."""
        try:
            value = self.call(
                "GET",
                f"dags/{dag}/dagRuns/{_quote(run)}/taskInstances/{task}/xcomEntries/{key}"
                "?stringify=false",
            )["value"]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
        return json.loads(value) if isinstance(value, str) and key == "return_value" else value

    def progress(self, dag: str, run: str, task: dict) -> str | None:
        """The last progress message of a running task; None where this try has written none yet."""
        path = (
            f"dags/{dag}/dagRuns/{_quote(run)}/taskInstances/{task['task_id']}/state-store/"
            f"progress?map_index={task['map_index']}"
        )
        try:
            state = self.call("GET", path)
        except (
            urllib.error.URLError,
            OSError,
        ):  # nothing there, or the server is busy: what waits for it is a line for the eye
            return None
        earlier = datetime.fromisoformat(state["updated_at"]) < datetime.fromisoformat(
            task["start_date"]
        )
        return None if earlier else str(state["value"])

    def log(self, dag: str, run: str, task: str, attempt: int) -> str:
        """The log of one try of a task, as plain lines."""
        content = self.call(
            "GET",
            f"dags/{dag}/dagRuns/{_quote(run)}/taskInstances/{task}/logs/{attempt}?full_content=true",
        )
        lines = []
        for entry in content.get("content", []):
            if isinstance(entry, dict):
                lines.append(str(entry.get("event", "")))
                lines += [
                    f"  {detail.get('exc_type')}: {detail.get('exc_value')}"
                    for detail in entry.get("error_detail") or []
                ]
            else:
                lines.append(str(entry))
        return "\n".join(lines)

    def dags(self) -> dict[str, dict]:
        return {dag["dag_id"]: dag for dag in self.call("GET", "dags?limit=100")["dags"]}

    def families(self) -> dict[str, bool]:
        """The families of models, read from the DAGs, as there is one list of them and it is not
        kept here; True: its training is paused.
        """
        return {
            name.removeprefix("train_"): dag["is_paused"]
            for name, dag in sorted(self.dags().items())
            if name.startswith("train_")
        }

    def follows(self, family: str) -> bool:
        """Whether a family's training starts when the champions of others change."""
        return '"champion/' in json.dumps(
            self.call("GET", f"dags/train_{family}/details")["asset_expression"]
        )

    def make_pools(self, wanted: dict[str, dict]) -> None:
        """Make the pools that are not there; one that somebody has resized stays as it is."""
        there = {pool["name"] for pool in self.call("GET", "pools?limit=100")["pools"]}
        for name, pool in wanted.items():
            if name not in there:
                self.call("POST", "pools", {"name": name, **pool})

    def import_errors(self) -> list[dict]:
        return self.call("GET", "importErrors")["import_errors"]


def _quote(text: str) -> str:
    return urllib.parse.quote(text, safe="")
