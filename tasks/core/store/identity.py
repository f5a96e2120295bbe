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

TASKS = Path(__file__).resolve().parents[2]
PLUMBING = ("tasks.core.cli", "tasks.core.store", "tasks.core.registry")


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
def code_version(*modules: str) -> str:
    """A digest of what the named modules do, and all that they import of `tasks`: their syntax
    trees without docstrings, so that no comment makes a new model.

    The floors that only carry results (`PLUMBING`) do not count: a new log line, key or figure in
    MLflow makes no new model.

    Args:
        modules: dotted names, usually `__name__` of the module that learns.

    Raises:
        ModuleNotFoundError: there is no such module.

    Example:
        >>> len(code_version("tasks.linear.fit"))
        12
    """
    digest = hashlib.sha256()
    for path, tree in sorted(_import_closure(list(modules)).items()):
        digest.update(str(path.relative_to(TASKS)).encode())
        digest.update(_bare(tree).encode())
    return digest.hexdigest()[:12]


def _import_closure(modules: list[str]) -> dict[Path, ast.Module]:
    """The files of these modules and of all they import of `tasks`, in turn, and their trees."""
    found: dict[Path, ast.Module] = {}
    for module in modules:
        if _file(module) is None:
            raise ModuleNotFoundError(f"no code of the name {module!r} in {TASKS}")
    while modules:
        module = modules.pop()
        path = _file(module)
        if path is None or path in found or module.startswith(PLUMBING):
            continue
        found[path] = ast.parse(path.read_text())
        for node in ast.walk(found[path]):
            if (
                isinstance(node, ast.ImportFrom)
                and node.module
                and node.module.startswith("tasks.")
            ):
                modules += [node.module, *(f"{node.module}.{name.name}" for name in node.names)]
    return found


def _file(module: str) -> Path | None:
    """The file of a module or a package of `tasks`; None: it is no module."""
    path = TASKS.joinpath(*module.split(".")[1:])
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


def _bare(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:]
    return ast.dump(tree)
