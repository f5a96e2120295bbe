"""Identities: the same inputs, settings, code and seed give the same id, so that repeated work is
found done.
"""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import json
from functools import lru_cache
from pathlib import Path

TASKS = Path(__file__).resolve().parents[1]


def identity(**made_of: object) -> str:
    """Sixteen hexadecimal digits over the canonical JSON of what something is made of."""
    text = json.dumps(
        made_of, sort_keys=True, separators=(",", ":"), default=_plain, allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"{value!r} cannot be part of an identity")


@lru_cache
def code_version(*stages: str) -> str:
    """A digest of what the named stages, folders or modules of `tasks` do: their syntax trees
    without docstrings, so that no comment makes a new model.

    Raises:
        FileNotFoundError: there is none of that name.
    """
    digest = hashlib.sha256()
    for stage in stages:
        module = TASKS / f"{stage}.py"
        paths = [module] if module.is_file() else sorted((TASKS / stage).rglob("*.py"))
        if not paths:
            raise FileNotFoundError(f"no code of the name {stage!r} in {TASKS}")
        for path in paths:
            digest.update(str(path.relative_to(TASKS)).encode())
            digest.update(_bare(path).encode())
    return digest.hexdigest()[:12]


def _bare(path: Path) -> str:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:]
    return ast.dump(tree)
