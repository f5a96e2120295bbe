"""One isolated task: a stage's verb in a process of its own, in an environment of its own.

`stage()` is the only place where Airflow meets the work. The task builds the request when it runs,
passes it as one JSON argument, copies the stage's lines into the task log, publishes its progress,
and takes the last line of stdout as the result. RECALL_RUNTIME decides whether the stage runs as a
process, a container or a pod (see `runtimes`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from airflow.sdk import Asset, BaseOperator
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSkipException,
)

from recall.connections import aws, mlflow, redis_url
from recall.environments import ENVIRONMENTS
from recall.operators import lineage
from recall.operators.links import MLflowRun
from recall.operators.progress import ProgressWriter
from recall.runtimes import configured_runtime
from recall.runtimes.work import Outcome, Runtime, Work

ROOT = Path(__file__).resolve().parents[3]
REFUSALS = {
    2: "the request is wrong",
    3: "the data is refused",
    4: "a newer writer was here",
    5: "an artefact is damaged",
    6: "the delivery is not there",
}
UNDELIVERED, WAITS = 6, "waits"
SKIP, SKIPPED = 99, "skipped"
MAX_REQUEST_CHARACTERS = 100_000  # the kernel takes no argument above 131,072 bytes
# Settings of the worker that mean nothing, or something else, to a stage.
WORKER_SETTINGS = (
    "RECALL_RUNTIME",
    "RECALL_IMAGES",
    "RECALL_CONTAINER_",
    "RECALL_POD_",
    "RECALL_NAMESPACE",
    "RECALL_RESOURCES",
    "RECALL_GPUS",
    "RECALL_REDIS_URL",
)
SECRET_SUFFIXES = (
    "_PASSWORD",
    "_TOKEN",
)  # of pages and scrapers: no stage needs them, and a pod's settings can be read by many

Build = Callable[[dict], dict]


class StageOperator(BaseOperator):
    """Runs `python -m tasks.<stage> <verb> <request>` and returns its result.

    Args:
        stage, verb: what to run; the verb may be a function of the request.
        build: from the task's context to the request; called when the task runs.
        needs: connections handed to the process: `redis` as RECALL_REDIS_URL, `mlflow` as
            MLFLOW_TRACKING_URI.
        announce: from the result to the `extra` of the events of this task's outlets. A `day` in it
            becomes the events' partition, so that a run by hand, whose day is in its form, starts
            what a scheduled one would.
        delivery_wait: for how long and how often a request that `waits` is repeated while its
            delivery is missing; the task holds no slot in between.
        item: the number of a mapped task; `build` finds it in `context["task"]`.
    """

    template_fields: Sequence[str] = ("request",)
    template_fields_renderers: ClassVar = {"request": "json"}
    operator_extra_links = (MLflowRun(),)
    ui_color = "#e8f1f8"

    def __init__(
        self,
        *,
        stage: str,
        verb: str | Callable[[dict], str],
        build: Build,
        needs: tuple[str, ...] = (),
        announce: Callable[[dict], dict] | None = None,
        delivery_wait: tuple[timedelta, timedelta] | None = None,
        item: Any = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.item, self.delivery_wait = item, delivery_wait
        self.stage, self.verb, self.needs = stage, verb, needs
        self.custom_operator_name = stage  # what the graph shows below the task's name
        self.request: Any = _at_run_time(build)
        self._announce = announce
        self._runtime: Runtime | None = None
        self.mlflow_run: str | None = None
        self._result: dict = {}

    def execute(self, context: Any) -> dict:
        """Run the stage to its end and return its result.

        Raises:
            AirflowFailException: a refusal that no retry can change.
            AirflowSkipException: the stage or the form asks for nothing.
            AirflowRescheduleException: the delivery is not there yet.
            AirflowException: anything else; Airflow retries.
        """
        if reason := self.request.get(SKIPPED):
            raise AirflowSkipException(reason)
        verb = self.verb if isinstance(self.verb, str) else self.verb(self.request)
        outcome = self._run(verb, context)
        if outcome.code == UNDELIVERED and self.request.get(WAITS):
            self._wait(outcome.message, context)
        if outcome.code == SKIP:
            context["ti"].xcom_push(key=SKIPPED, value=outcome.message)
        self._raise_for(outcome.code, verb, outcome.message)
        result = self._result = json.loads(outcome.output.strip().splitlines()[-1])
        self.mlflow_run = result.get("run") or self.request.get("run")
        self._announce_result(result, context)
        return result

    def _run(self, verb: str, context: Any) -> Outcome:
        request = json.dumps(self.request)
        if len(request) > MAX_REQUEST_CHARACTERS:
            raise AirflowFailException(
                f"the request is wrong: it has {len(request)} characters; expected at most "
                f"{MAX_REQUEST_CHARACTERS}: shorten what was filled in"
            )
        self.log.info(
            "%s %s %s", self.stage, verb, json.dumps(self.request, indent=1, sort_keys=True)
        )
        self._runtime = configured_runtime(interpreter(self.stage), ROOT)
        with ProgressWriter(context.get("task_state_store"), self.log) as progress:
            return self._runtime.run(
                Work(
                    self.stage,
                    verb,
                    ENVIRONMENTS.get(self.stage, ""),
                    request,
                    self._settings(),
                    self._secrets(request),
                    self.log.info,
                    progress.show,
                ),
                context,
            )

    def _announce_result(self, result: dict, context: Any) -> None:
        extra = self._announce(result) if self._announce else {}
        for asset in self.outlets if extra else ():
            context["outlet_events"][asset].extra = extra
            if extra.get("day"):
                context["outlet_events"][asset].add_partitions(extra["day"])

    def _raise_for(self, code: int, verb: str, message: str) -> None:
        if code == SKIP:
            raise AirflowSkipException(message)
        if code in REFUSALS:
            raise AirflowFailException(f"{REFUSALS[code]}: {message}")
        if code:
            ended = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
            raise AirflowException(
                f"{self.stage} {verb} {ended}: {message or 'its last words are above'}"
            )

    def _wait(self, message: str, context: Any) -> None:
        assert self.delivery_wait, "a request that waits belongs to a task that says for how long"
        (longest, every), now = self.delivery_wait, datetime.now(UTC)
        waited = now - (context["ti"].get_first_reschedule_date(context) or now)
        if waited > longest:
            raise AirflowFailException(
                f"no delivery came within {longest.total_seconds() / 3600:g} hours: {message}. "
                "The next day is not held up, and takes in what comes later"
            )
        self.log.info(
            "waiting for the delivery, %.0f minutes so far; looking again in %.0f s",
            waited.total_seconds() / 60,
            every.total_seconds(),
        )
        raise AirflowRescheduleException(now + every)

    def _settings(self) -> dict[str, str]:
        """Variables that anybody may see."""
        return {
            name: value
            for name, value in os.environ.items()
            if name.startswith("RECALL_")
            and not name.startswith(WORKER_SETTINGS)
            and not name.endswith(SECRET_SUFFIXES)
        }

    def _secrets(self, request: str) -> dict[str, str]:
        """Variables that only the stage may see; a pod has its own, from its Kubernetes secret."""
        if os.environ.get("RECALL_RUNTIME") == "kubernetes":
            return {}
        secrets = aws() if "s3://" in request else {}
        if "mlflow" in self.needs:
            secrets |= mlflow()
        if "redis" in self.needs:
            secrets["RECALL_REDIS_URL"] = redis_url()
        return secrets

    def get_openlineage_facets_on_start(self) -> Any:
        """The data sets that the stage reads; called by the provider for OpenLineage."""
        return lineage.lineage(self.request, {}, [])

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """The data sets that the stage read and wrote."""
        return lineage.lineage(self.request, self._result, [asset.name for asset in self.outlets])

    def on_kill(self) -> None:
        """Stop the stage and everything it started."""
        if self._runtime:
            self._runtime.stop()


def _at_run_time(build: Build) -> Callable[..., dict]:
    # Airflow calls a template field that is a function, in mapped tasks too, and shows what it
    # returned under "Rendered templates".
    def request(context: Any, jinja_env: Any = None) -> dict:
        try:
            return build(context)
        except (
            AirflowSkipException
        ) as reason:  # raised here, it would fill the log with a traceback
            return {SKIPPED: str(reason)}

    return request


def interpreter(stage: str) -> Path:
    """The Python of the environment this stage runs in."""
    base = Path(os.environ.get("RECALL_ENVIRONMENTS") or ROOT / ".recall" / "environments")
    return base / ENVIRONMENTS[stage] / "bin" / "python"


def stage(
    task_id: str,
    name: str,
    verb: str | Callable[[dict], str],
    build: Build,
    *,
    policy: dict,
    needs: tuple[str, ...] = (),
    outlets: Sequence[Asset] = (),
    announce: Callable[[dict], dict] | None = None,
    doc: str = "",
    **arguments: Any,
) -> StageOperator:
    """Add one isolated task to the DAG being defined."""
    return StageOperator(
        task_id=task_id,
        stage=name,
        verb=verb,
        build=build,
        needs=needs,
        outlets=list(outlets),
        announce=announce,
        doc_md=doc,
        **policy,
        **arguments,
    )
