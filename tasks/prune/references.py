"""References to artefacts: from Redis, from the registry, and from lineage."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tasks.core.cli.errors import BadRequest
from tasks.core.registry import mlflow_client
from tasks.core.serving.redis_client import connect, redis_errors
from tasks.core.serving.redis_keys import FamilyKeys, announced_families
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store


def referenced_generations(store: Store) -> set[Path]:
    """The generations with a load in Redis: live, the one before, on their way.

    Raises:
        Unreachable: Redis does not answer.
    """
    client, paths = connect(), set()
    with redis_errors(client):
        for family in announced_families(client):
            for text in client.hvals(FamilyKeys(family).loads):
                paths.add(store.path("generations", family, json.loads(text)["generation"]))
    return paths


def referenced_candidates(store: Store) -> set[Path]:
    """The candidates behind every alias of the registry.

    Raises:
        Unreachable: MLflow does not answer.
        BadRequest: a version behind an alias does not name its candidate.
    """
    paths: set[Path] = set()
    for family, versions in mlflow_client.aliases().items():
        for alias in versions:
            version = mlflow_client.by_alias(family, alias)
            if version is not None and "recall.uri" not in version.tags:
                raise BadRequest(
                    f"version {version.version} of {version.name} ({alias}) does not name its "
                    "candidate",
                    allowed="a tag recall.uri",
                    remedy="set the tag; until then nothing is deleted",
                )
            if version is not None and (path := store.locate(version.tags["recall.uri"])):
                paths.add(path)
    return paths


def with_parents(store: Store, known: dict[Path, Artefact], roots: Iterable[Path]) -> set[Path]:
    """The folders at `roots`, and all folders of `known` that they were made from."""
    needed: set[Path] = set()
    waiting = list(roots)
    while waiting:
        path = waiting.pop()
        if path in known and path not in needed:
            needed.add(path)
            parents = (store.locate(uri) for uri in known[path].lineage.get("parents", []) if uri)
            waiting += [parent for parent in parents if parent is not None]
    return needed
