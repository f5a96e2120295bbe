"""What a stage read and wrote, as OpenLineage tells it: folders of the store, the source, what is
live.

Airflow's provider asks for it where a transport is set (`AIRFLOW__OPENLINEAGE__TRANSPORT`); without
one nothing of this runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

OUTSIDE = ("location",)  # what a request names that is no part of the store
CHOSEN = (
    "snapshot",
    "candidate",
    "champion",
)  # what a stage chose by itself and tells in its result


def datasets(
    request: dict, result: dict, assets: list[str]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What was read and what was written, each a namespace and a name.

    Args:
        request: what the stage was asked.
        result: what it returned; empty while it runs.
        assets: the names of the task's outlets.
    """
    root = str(request.get("store") or "").rstrip("/")
    read = [
        _named(text, root)
        for name, text in _texts(request)
        if name != "store" and (_below(text, root) or name in OUTSIDE)
    ]
    read += [
        _named(text, root) for name, text in _texts(result) if name in CHOSEN and _below(text, root)
    ]
    written = [
        _named(text, root) for name, text in _texts(result) if name == "uri" and _below(text, root)
    ]
    written += [("recall", name) for name in assets if result]
    return list(dict.fromkeys(one for one in read if one not in written)), list(
        dict.fromkeys(written)
    )


def lineage(request: Any, result: dict, assets: list[str]) -> Any:
    """The same as the provider wants it."""
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


def _below(text: str, root: str) -> bool:
    return bool(root) and text.startswith(f"{root}/")


def _named(text: str, root: str) -> tuple[str, str]:
    """A folder of the store by its place in it; anything else by its scheme and place, without who
    asks for it.
    """
    if _below(text, root):
        return root, text.removeprefix(f"{root}/")
    parts = urlsplit(text if "://" in text else f"file://{os.path.abspath(text)}")
    return f"{parts.scheme}://{parts.hostname or ''}", parts.path or "/"
