"""One run of a stage's verb, how it ended, and what it is given: the same for every runtime."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from airflow.sdk.exceptions import AirflowFailException

from recall.operators.process_output import Told

ROOT = Path(__file__).resolve().parents[3]
OWN_DISK = {
    "RECALL_SCRATCH": "/scratch",
    "HOME": "/scratch",
}  # in a container: a volume that goes with it
OF_THIS_MACHINE = (
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
        secrets: variables that stand in no command line, log or pod's description.
        say: where the lines that it tells people go.
        show: where the newest of those goes that says how far it is.
    """

    stage: str
    verb: str
    environment: str
    request: str
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    say: Callable[..., None]
    show: Callable[[str], None]

    def listener(self) -> Told:
        """A new one, to hear what it says."""
        return Told(f"{self.stage} {self.verb}: ", self.show)

    @property
    def elsewhere(self) -> dict[str, str]:
        """The settings that hold on another disk than this worker's."""
        return (
            {name: value for name, value in self.settings.items() if name not in OF_THIS_MACHINE}
            | OWN_DISK
            | {"PYTHONUNBUFFERED": "1"}
        )

    @property
    def arguments(self) -> list[str]:
        """Of the interpreter."""
        return ["-m", f"tasks.{self.stage}", self.verb, self.request]


@dataclasses.dataclass(frozen=True)
class Ended:
    """How it ended: exit code (negative: a signal), what it printed, its last words to people."""

    code: int
    output: str
    said: str


class Runtime(Protocol):
    """Runs one piece of work to its end; `stop` ends it, from another thread or a signal's
    handler.
    """

    def run(self, work: Work, context: Any) -> Ended: ...

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
    """What a stage is given: `requests` and `limits` in Kubernetes' units, GPUs among the limits
    where it can use them and RECALL_GPUS gives some.
    """
    path = Path(
        os.environ.get("RECALL_RESOURCES") or ROOT / "infra" / "kubernetes" / "resources.json"
    )
    try:
        one = json.loads(path.read_text())[stage]
        given = {"requests": dict(one["requests"]), "limits": dict(one["limits"])}
        gpus = int(os.environ.get("RECALL_GPUS") or 0) if one.get("gpu") else 0
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AirflowFailException(
            f"{path} does not say what `{stage}` is given ({error!r}); expected an object with "
            f"`requests` and `limits`, "
            "and a whole number in RECALL_GPUS"
        ) from None
    if gpus:
        given["limits"]["nvidia.com/gpu"] = str(gpus)
    return given
