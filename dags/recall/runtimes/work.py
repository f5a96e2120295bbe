"""One run of a stage's verb, its outcome and its resources: the same for every runtime."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from airflow.sdk.exceptions import AirflowFailException

from recall.operators.process_output import LastMessage

ROOT = Path(__file__).resolve().parents[3]
CONTAINER_PATHS = {
    "RECALL_SCRATCH": "/scratch",
    "HOME": "/scratch",
}  # in a container: a volume that goes with it
MACHINE_SETTINGS = (
    "RECALL_SCRATCH",
    "RECALL_STATE",
    "RECALL_ENVIRONMENTS",
    "RECALL_LOCAL_STORE",
    "RECALL_DATA_DIR",
)


@dataclasses.dataclass(frozen=True)
class Work:
    """One run of a stage's verb.

    Attributes:
        environment: the environment that the stage runs in; it names the image too.
        request: one JSON text.
        settings: variables that anybody may see.
        secrets: variables that no command line, log or pod description may hold.
        say: takes the lines that the stage prints for people.
        show: takes the newest line of progress.
    """

    stage: str
    verb: str
    environment: str
    request: str
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    say: Callable[..., None]
    show: Callable[[str], None]

    def last_message(self) -> LastMessage:
        """A new reader of the lines that this run prints."""
        return LastMessage(f"{self.stage} {self.verb}: ", self.show)

    @property
    def container_settings(self) -> dict[str, str]:
        """The settings without those that name a path of this machine."""
        return (
            {name: value for name, value in self.settings.items() if name not in MACHINE_SETTINGS}
            | CONTAINER_PATHS
            | {"PYTHONUNBUFFERED": "1"}
        )

    @property
    def arguments(self) -> list[str]:
        """The arguments of the interpreter."""
        return ["-m", f"tasks.{self.stage}", self.verb, self.request]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        code: the exit code; negative: the signal that killed it.
        output: its stdout.
        message: the line that explains the end.
    """

    code: int
    output: str
    message: str


class Runtime(Protocol):
    """Runs one piece of work to its end; `stop` ends it, from another thread or a signal."""

    def run(self, work: Work, context: Any) -> Outcome: ...

    def stop(self) -> None: ...


def image(environment: str) -> str:
    """The image of an environment, from RECALL_IMAGES."""
    pattern = os.environ.get("RECALL_IMAGES") or ""
    if "{environment}" not in pattern:
        raise AirflowFailException(
            f"RECALL_IMAGES is {pattern!r}; expected an image's name with {{environment}} in "
            f"it, as registry/recallflow-{{environment}}:1.0"
        )
    return pattern.replace("{environment}", environment)


def resources(stage: str) -> dict:
    """The resources of a stage, else the entry `default`: `requests` and `limits` in Kubernetes'
    units. GPUs are among the limits where the stage can use them and RECALL_GPUS allows some.
    """
    path = Path(
        os.environ.get("RECALL_RESOURCES") or ROOT / "infra" / "kubernetes" / "resources.json"
    )
    try:
        entries = json.loads(path.read_text())
        entry = entries[stage if stage in entries or "default" not in entries else "default"]
        granted = {"requests": dict(entry["requests"]), "limits": dict(entry["limits"])}
        gpus = int(os.environ.get("RECALL_GPUS") or 0) if entry.get("gpu") else 0
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AirflowFailException(
            f"{path} does not say what `{stage}` is given ({error!r}); expected an object with "
            "`requests` and `limits`, and a whole number in RECALL_GPUS"
        ) from None
    if gpus:
        granted["limits"]["nvidia.com/gpu"] = str(gpus)
    return granted
