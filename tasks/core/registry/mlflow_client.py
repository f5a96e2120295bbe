"""MLflow, as every stage uses it: one run a candidate, found again by the candidate's id when a
task is retried.
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.core.cli.errors import BadRequest
from tasks.core.registry import run_colours
from tasks.core.registry.mlflow_errors import mlflow_errors, without_login
from tasks.core.serving.redis_keys import family_name

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CHALLENGER, CHAMPION, PREVIOUS = "challenger", "champion", "previous"
TAG, PREFIX = "recall.candidate", "recall-"
TAKEN_DOWN = "recall.taken_down"  # of a version: why a person decided against it
VERDICT = "recall.verdict"  # of a version: promote, hold or ask
DESCRIPTION = "mlflow.note.content"  # what MLflow shows as the description of a run

LONGEST_NAME = 500  # characters of the name of an experiment


def model_name(family: str) -> str:
    """The registered model of a family."""
    return PREFIX + family_name(family)


def client() -> MlflowClient:
    """A client of the tracking server named by MLFLOW_TRACKING_URI, with time-outs short enough to
    fail in a task.

    Raises:
        BadRequest: no server is named, or not by a URI that MLflow takes.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
    if not uri:
        raise BadRequest(
            "no MLflow server is named",
            allowed="MLFLOW_TRACKING_URI in the environment",
            remedy="set the Airflow connection recall_mlflow",
        )
    without_login(uri)
    return _client(uri)


@lru_cache
def _client(uri: str) -> MlflowClient:
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault(
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true"
    )  # it holds user and password where the URI does
    from mlflow import MlflowClient

    return MlflowClient(uri)


def check_experiment(name: str) -> str:
    """The name of an experiment, if MLflow can hold it.

    Raises:
        BadRequest: it is empty, too long, or holds a character that no name has.
    """
    if (
        not isinstance(name, str)
        or not name.strip()
        or len(name) > LONGEST_NAME
        or not name.isprintable()
    ):
        raise BadRequest(
            "experiment: not the name of an MLflow experiment",
            got=name if name is not None else "None",
            allowed=f"1 to {LONGEST_NAME} printable characters, not only spaces",
            remedy='name one, as "recall"',
        )
    return name


def _experiment(name: str) -> str:
    """The id of an experiment, which is made where there is none.

    Raises:
        BadRequest: it cannot be named so, or was deleted: MLflow keeps it, and its name, in the
            trash.
    """
    found = client().get_experiment_by_name(check_experiment(name))
    if found is None:
        return _create(name)
    if found.lifecycle_stage != "active":
        raise BadRequest(
            "the MLflow experiment was deleted",
            got=name,
            remedy=f"restore it (`mlflow experiments restore --experiment-id "
            f"{found.experiment_id}`), or name another in `experiment`",
        )
    return found.experiment_id


def find_or_start(experiment: str, name: str, candidate: str, tags: dict[str, str]) -> str:
    """The id of the run of this candidate: the one an earlier try began, or a new one.

    Raises:
        BadRequest: the experiment was deleted, or cannot be named so.
        Unreachable: MLflow is away.
    """
    with mlflow_errors():
        mlflow = client()
        where = _experiment(experiment)
        runs = mlflow.search_runs([where], f"tags.`{TAG}` = '{candidate}'", max_results=1)
        if runs:
            mlflow.update_run(runs[0].info.run_id, status="RUNNING")
            return runs[0].info.run_id
        if family := tags.get("recall.family"):
            tags = {
                **tags,
                run_colours.TAG: _colour(where, family, tags.get("recall.kind") == "baseline"),
            }
        return mlflow.create_run(where, run_name=name, tags={TAG: candidate, **tags}).info.run_id


def _colour(experiment: str, family: str, grey: bool) -> str:
    newest = client().search_runs(
        [experiment],
        f"tags.`recall.family` = '{family}'",
        max_results=1,
        order_by=["attributes.start_time DESC"],
    )
    return run_colours.next_colour(
        newest[0].data.tags.get(run_colours.TAG) if newest else None, family, grey
    )


def _create(experiment: str) -> str:
    from mlflow.exceptions import MlflowException

    try:
        return client().create_experiment(experiment)
    except MlflowException:  # another family made it in the meantime
        found = client().get_experiment_by_name(experiment)
        if found is None:
            raise
        return found.experiment_id


def log_metrics(run: str, metrics: dict[str, float], step: int = 0) -> None:
    """Log figures of one step (an epoch) to a run."""
    import time

    from mlflow.entities import Metric

    with mlflow_errors():
        now = int(time.time() * 1000)
        client().log_batch(
            run, metrics=[Metric(name, float(value), now, step) for name, value in metrics.items()]
        )


def log_settings(run: str, settings: dict[str, Any]) -> None:
    """Log the settings of a training, once: MLflow refuses a second value of a parameter."""
    from mlflow.entities import Param

    with mlflow_errors():
        known = client().get_run(run).data.params
        new = [Param(name, str(value)) for name, value in settings.items() if name not in known]
        if new:
            client().log_batch(run, params=new)


def logged_steps(run: str, *metrics: str) -> set[int]:
    """The steps at which a run has one of these metrics already, so that a retried task does not
    log them twice.
    """
    with mlflow_errors():
        return {
            entry.step for metric in metrics for entry in client().get_metric_history(run, metric)
        }


def log_lineage(run: str, name: str, digest: str, uri: str) -> None:
    """Name the data a run learned from, as the run's data set."""
    from mlflow.entities import Dataset, DatasetInput

    with mlflow_errors():
        if not client().get_run(run).inputs.dataset_inputs:
            source = json.dumps({"uri": uri})
            client().log_inputs(
                run,
                [
                    DatasetInput(
                        Dataset(name, digest, "http" if uri.startswith("http") else "local", source)
                    )
                ],
            )


def log_folder(run: str, folder: Path, artifact_path: str | None = None) -> None:
    """Upload a folder's files to a run, under `place`; files already there are written anew."""
    with mlflow_errors():
        client().log_artifacts(run, str(folder), artifact_path)


def end(run: str, status: str = "FINISHED") -> None:
    """Close a run: FINISHED, FAILED or KILLED."""
    with mlflow_errors():
        client().set_terminated(run, status)


def register(
    family: str,
    run: str,
    candidate: str,
    uri: str,
    tags: dict[str, str],
    description: str | None = None,
) -> str:
    """The version of the family's registered model that stands for this candidate, now the
    challenger; `description` is a new one's.
    """
    from mlflow.exceptions import MlflowException

    with mlflow_errors():
        mlflow, name = client(), model_name(family)
        try:
            mlflow.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        versions = [
            v
            for v in mlflow.search_model_versions(f"name = '{name}'")
            if v.tags.get(TAG) == candidate
        ]
        if versions:
            version = versions[0].version
        else:
            source = f"{mlflow.get_run(run).info.artifact_uri}/candidate"
            version = mlflow.create_model_version(
                name,
                source,
                run,
                tags={TAG: candidate, "recall.uri": uri, **tags},
                description=description,
            ).version
        mlflow.set_registered_model_alias(name, CHALLENGER, version)
        return str(version)


def by_alias(family: str, alias: str) -> ModelVersion | None:
    """The model version behind an alias, or None."""
    from mlflow.exceptions import MlflowException

    with mlflow_errors():
        try:
            return client().get_model_version_by_alias(model_name(family), alias)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise


def aliases() -> dict[str, dict[str, str]]:
    """Family → alias → version of all registered models, by the families' names."""
    with mlflow_errors():
        found = client().search_registered_models(f"name LIKE '{PREFIX}%'")
    return {
        model.name.removeprefix(PREFIX): {
            alias: str(version) for alias, version in model.aliases.items()
        }
        for model in sorted(found, key=lambda model: model.name)
    }


def champions() -> list[str]:
    """The families that have a champion, by name."""
    return [family for family, named in aliases().items() if CHAMPION in named]


def takedown_reason(family: str, version: str) -> str | None:
    """Why a person decided against a version; None when nobody did, or when it is gone."""
    from mlflow.exceptions import MlflowException

    with mlflow_errors():
        try:
            return client().get_model_version(model_name(family), version).tags.get(TAKEN_DOWN)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise


def verdict_outcome(family: str, candidate: str) -> str | None:
    """The outcome of the verdict on a candidate (its id); None when it has none."""
    with mlflow_errors():
        found = client().search_model_versions(
            f"name = '{model_name(family)}' and tags.`{TAG}` = '{candidate}'"
        )
    return next((version.tags[VERDICT] for version in found if VERDICT in version.tags), None)


def tag_version(family: str, version: str, tags: dict[str, str]) -> None:
    """Set tags of a version."""
    with mlflow_errors():
        for key, value in tags.items():
            client().set_model_version_tag(model_name(family), version, key, value)
