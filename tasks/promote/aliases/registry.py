"""The registry of MLflow: versions of a family, their tags and aliases."""

from __future__ import annotations

from tasks.core.cli.errors import BadRequest
from tasks.core.registry import mlflow_client
from tasks.core.registry.mlflow_errors import mlflow_errors

# Tags of a version
TAKEN_DOWN, VERDICT = mlflow_client.TAKEN_DOWN, mlflow_client.VERDICT
LIVE_SINCE, LIVE_UNTIL = "recall.live_since", "recall.live_until"
REASON, URI = "recall.reason", "recall.uri"
ALIASES = (mlflow_client.CHAMPION, mlflow_client.PREVIOUS, mlflow_client.CHALLENGER)


def version_of_candidate(family: str, candidate: str):
    """The newest version of a candidate, named by its id, or None."""
    with mlflow_errors():
        name = mlflow_client.model_name(family)
        versions = mlflow_client.client().search_model_versions(
            f"name = '{name}' and tags.`{mlflow_client.TAG}` = '{candidate}'"
        )
        return max(versions, key=lambda version: int(version.version), default=None)


def version_of(family: str, version: str):
    """One version.

    Raises:
        BadRequest: there is no such version.
    """
    from mlflow.exceptions import MlflowException

    with mlflow_errors():
        try:
            return mlflow_client.client().get_model_version(
                mlflow_client.model_name(family), version
            )
        except MlflowException as error:
            if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise
            raise BadRequest(
                f"the registry has no such version of {mlflow_client.model_name(family)}",
                got=version,
                remedy="python -m tasks.promote status '{}' lists those behind aliases",
            ) from None


def version_behind(family: str, alias: str) -> str | None:
    """The number of the version behind an alias, or None."""
    version = mlflow_client.by_alias(family, alias)
    return None if version is None else str(version.version)


def move_alias(family: str, alias: str, version: str) -> None:
    """Move one alias; moving it to its present version changes nothing."""
    with mlflow_errors():
        mlflow_client.client().set_registered_model_alias(
            mlflow_client.model_name(family), alias, version
        )


def tag_version(family: str, version: str, tags: dict[str, str | None]) -> None:
    """Set tags of a version and of its run, so that lists of runs show them; None deletes a tag."""
    with mlflow_errors():
        client, name = mlflow_client.client(), mlflow_client.model_name(family)
        known = client.get_model_version(name, version)
        of_run = client.get_run(known.run_id).data.tags if known.run_id else {}
        for key, value in tags.items():
            if value is not None:
                client.set_model_version_tag(name, version, key, value)
                client.set_tag(known.run_id, key, value) if known.run_id else None
                continue
            if key in known.tags:
                client.delete_model_version_tag(name, version, key)
            if key in of_run:
                client.delete_tag(known.run_id, key)
