"""Every verb of every stage names a function that is there; it is imported only when asked, so
nothing else would tell.
"""

from __future__ import annotations

import ast
import importlib

import pytest

from infra.environments.names import ROOT

STAGES = sorted(
    path.parent.name
    for path in (ROOT / "tasks").glob("*/__main__.py")
    if path.parent.name != "retrieve"
)


@pytest.mark.parametrize("stage", STAGES)
def test_each_verb_names_a_function_of_its_own_stage(stage):
    verbs = importlib.import_module(f"tasks.{stage}.__main__").VERBS
    assert verbs
    for verb in verbs.values():
        module, _, name = verb.answer.partition(":")
        assert module.startswith(f"tasks.{stage}.")
        tree = ast.parse((ROOT / (module.replace(".", "/") + ".py")).read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
