"""The data sets that a stage read and wrote, for OpenLineage: folders of the store, the source, and
the live generation.

Airflow's provider calls this where a transport is set (`AIRFLOW__OPENLINEAGE__TRANSPORT`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

SOURCE_FIELDS = ("location",)  # fields of a request that name something outside the store
# Fields of a result that name an input which the stage chose by itself.
INPUT_RESULTS = ("snapshot", "candidate", "champion")


def datasets(
    request: dict, result: dict, assets: list[str]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The data sets read and those written, each as a namespace and a name.

    Args:
        request: the stage's request.
        result: the stage's result; empty while it runs.
        assets: the names of the task's outlets.
    """
    root = str(request.get("store") or "").rstrip("/")
    read = [
        _dataset(text, root)
        for name, text in _texts(request)
        if name != "store" and (_in_store(text, root) or name in SOURCE_FIELDS)
    ]
    read += [
        _dataset(text, root)
        for name, text in _texts(result)
        if name in INPUT_RESULTS and _in_store(text, root)
    ]
    written = [
        _dataset(text, root)
        for name, text in _texts(result)
        if name == "uri" and _in_store(text, root)
    ]
    written += [("recall", name) for name in assets if result]
    return list(dict.fromkeys(one for one in read if one not in written)), list(
        dict.fromkeys(written)
    )


def lineage(request: Any, result: dict, assets: list[str]) -> Any:
    """The same data sets in the provider's types."""
    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.providers.openlineage.extractors import OperatorLineage

    read, written = datasets(request if isinstance(request, dict) else {}, result, assets)
    return OperatorLineage(
        inputs=[Dataset(*one) for one in read], outputs=[Dataset(*one) for one in written]
    )


def _texts(content: dict) -> Iterator[tuple[str, str]]:
    for name, value in content.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                yield name, one


def _in_store(text: str, root: str) -> bool:
    return bool(root) and text.startswith(f"{root}/")


def _dataset(text: str, root: str) -> tuple[str, str]:
    """A folder of the store by its path in it; anything else by scheme, host and path, without a
    user's name.
    """
    if _in_store(text, root):
        return root, text.removeprefix(f"{root}/")
    parts = urlsplit(text if "://" in text else f"file://{os.path.abspath(text)}")
    return f"{parts.scheme}://{parts.hostname or ''}", parts.path or "/"
