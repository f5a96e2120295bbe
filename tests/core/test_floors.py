"""The floors of `tasks.core` look down only, and no module imports itself by way of others."""

from __future__ import annotations

import ast
import functools

import pytest

from infra.environments.names import ROOT

# From the ground up: a floor imports those before it. `spark` stands on the ground floor alone.
FLOORS = ("cli", "pages", "store", "data", "retrieval", "serving", "registry", "models", "torch")
PACKAGES = {"tasks": "tasks", "recall": "dags/recall", "recall_console": "plugins/recall_console"}
CORE = sorted((ROOT / "tasks" / "core").glob("*/**/*.py"))


@functools.cache
def modules() -> dict[str, tuple]:
    """Dotted name → the syntax tree, of everything that runs."""
    found = {}
    for package, folder in [*PACKAGES.items(), ("infra", "infra")]:
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            name = ".".join((package, *parts)).removesuffix(".__init__")
            found[name] = ast.parse(path.read_text())
    return found


def imported(name: str, tree: ast.AST) -> set[str]:
    """The modules that one imports, within functions too."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in modules() else node.module)
    return (found & modules().keys()) - {name}


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_floor_looks_down_only(path):
    floor = path.relative_to(ROOT / "tasks" / "core").parts[0]
    below = {"cli"} if floor == "spark" else set(FLOORS[: FLOORS.index(floor)])
    parts = [name.split(".") for name in imported("", ast.parse(path.read_text()))]
    used = {part[2] for part in parts if part[:2] == ["tasks", "core"] and len(part) > 2}
    assert used <= below | {floor}, f"{path} looks up to {used - below - {floor}}"


def test_no_module_imports_itself_by_way_of_others():
    wanted = {name: imported(name, tree) for name, tree in modules().items()}
    while True:  # what nobody imports and what imports nobody is in no circle
        named = set().union(*wanted.values())
        ends = [name for name in wanted if name not in named or not wanted[name] & wanted.keys()]
        if not ends:
            break
        for name in ends:
            del wanted[name]
    assert {name: sorted(others & wanted.keys()) for name, others in wanted.items()} == {}
