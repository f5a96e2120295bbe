"""What a stage runs as: a process of this worker (the default), a container, or a Kubernetes pod;
by the setting RECALL_RUNTIME.

All three run the same command, `python -m tasks.<stage> <verb> <request>`, and tell the same three
things of its end.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from airflow.sdk.exceptions import AirflowFailException

from recall.tail import Told

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
RUNTIMES = ("process", "container", "kubernetes")


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


def chosen(interpreter: Path, root: Path) -> Runtime:
    """The runtime that RECALL_RUNTIME names.

    Args:
        interpreter, root: of a local process: its Python, and the folder of the sources.
    """
    name = os.environ.get("RECALL_RUNTIME") or "process"
    if name == "process":
        from recall.runtimes.process import Process

        return Process(interpreter, root)
    if name == "container":
        from recall.runtimes.container import Container

        return Container()
    if name == "kubernetes":
        from recall.runtimes.kubernetes import Pod

        return Pod()
    raise AirflowFailException(f"RECALL_RUNTIME is {name!r}; expected one of {', '.join(RUNTIMES)}")


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
