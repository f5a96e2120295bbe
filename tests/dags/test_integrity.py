"""What every DAG of the project promises, whoever adds one."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "gensim", "pyspark", "faiss", "redis", "mlflow", "numpy", "pandas", "tasks"}


def imports(path: Path) -> set[str]:
    """The top-level names a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_every_dag_file_is_imported_without_an_error(bag):
    assert bag.import_errors == {}
    families = ("item2vec", "gru4rec", "linear", "two_tower", "fused")
    assert set(bag.dags) == {
        "ingest",
        "rollback",
        "prune",
        "overrule",
        "tune",
        *(f"{verb}_{family}" for family in families for verb in ("train", "publish")),
    }


@pytest.mark.parametrize(
    "path", sorted((ROOT / "dags").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_dag_files_import_nothing_heavy_and_nothing_of_the_work(path):
    assert imports(path) & HEAVY == set()


@pytest.mark.parametrize(
    "path", sorted((ROOT / "plugins").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_the_console_imports_nothing_heavy_nothing_of_the_work_and_nothing_that_writes(path):
    assert imports(path) & (HEAVY | {"dags", "recall", "infra", "shutil", "tempfile"}) == set()
    calls = {
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert (
        calls
        & {
            "write_text",
            "write_bytes",
            "mkdir",
            "unlink",
            "rename",
            "replace_file",
            "rmdir",
            "post",
            "put",
            "patch",
            "delete",
        }
        == set()
    )


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tasks").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_stage_imports_the_core_and_itself(path):
    own = path.relative_to(ROOT / "tasks").parts[0]
    for node in ast.walk(ast.parse(path.read_text())):
        modules = (
            [node.module]
            if isinstance(node, ast.ImportFrom) and node.module
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
        for module in modules:
            parts = module.split(".")
            assert parts[0] not in ("dags", "recall", "plugins", "infra", "airflow"), (
                f"{path} imports {module}"
            )
            if parts[0] == "tasks" and len(parts) > 1:
                assert parts[1] in {own, "core"}, (
                    f"{path} imports {module}: a stage may not know another"
                )


def test_every_task_has_retries_a_time_limit_and_a_pool_of_its_kind(bag):
    for dag in bag.dags.values():
        for task in dag.tasks:
            assert task.retries >= 2, task
            assert (
                task.execution_timeout or getattr(task, "response_timeout", None)
            ) is not None, task
            assert task.pool in {"ingest", "training", "serving", "aliases"}, task


def test_the_longest_training_begins_first_and_none_waits_for_a_judgement(bag):
    first = sorted(
        ("gru4rec", "two_tower", "item2vec", "linear"),
        key=lambda family: -bag.dags[f"train_{family}"].get_task("fit").priority_weight,
    )
    assert first == ["gru4rec", "two_tower", "item2vec", "linear"]
    for family in first:  # a task counts for those that wait for it, too
        fit, evaluate = (bag.dags[f"train_{family}"].get_task(task) for task in ("fit", "evaluate"))
        assert (
            evaluate.priority_weight
            + sum(task.priority_weight for task in evaluate.get_flat_relatives(upstream=False))
            < fit.priority_weight
        )


def test_the_pools_that_tasks_name_are_the_ones_that_are_made(bag):
    import json

    made = json.loads((ROOT / "infra" / "local" / "pools.json").read_text())
    assert {task.pool for dag in bag.dags.values() for task in dag.tasks} <= made.keys()


def consumed_assets(dag) -> set[str]:
    condition = getattr(dag.timetable, "asset_condition", None)
    return (
        {asset.name for asset in getattr(condition, "objects", [condition])} if condition else set()
    )


def test_every_asset_that_is_produced_is_consumed_or_is_what_is_served(bag):
    produced = {
        asset.name for dag in bag.dags.values() for task in dag.tasks for asset in task.outlets
    }
    consumed = set().union(*(consumed_assets(dag) for dag in bag.dags.values()))
    families = ("item2vec", "gru4rec", "linear", "two_tower", "fused")
    assert consumed == {"interactions", "restored", *(f"champion/{family}" for family in families)}
    assert produced - consumed == {f"live/{family}" for family in families} and consumed <= produced


def test_every_default_of_a_form_is_allowed_by_the_form(bag):
    for dag in bag.dags.values():
        dag.params.validate() if dag.dag_id not in ("rollback", "overrule") else None
        for name, param in dag.params.items():
            assert param, f"{dag.dag_id}.{name}"


@pytest.mark.parametrize("dag", ["rollback", "overrule"])
@pytest.mark.parametrize("given", [{}, {"why": ""}])
def test_a_decision_without_a_reason_is_refused(bag, dag, given):
    import copy

    from airflow.sdk.exceptions import AirflowException

    form = copy.deepcopy(bag.dags[dag].params)
    with pytest.raises((ValueError, AirflowException)):
        form.update(given)
        form.validate()


def test_parsing_again_gives_the_same_serialised_dags(bag):
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization

    again = DagBag(str(ROOT / "dags"))
    for name, dag in bag.dags.items():
        assert DagSerialization.to_dict(dag) == DagSerialization.to_dict(again.dags[name]), name


def test_nothing_heavy_is_loaded_by_parsing(bag):
    assert {name.split(".")[0] for name in sys.modules} & {
        "torch",
        "gensim",
        "pyspark",
        "faiss",
        "mlflow",
        "numpy",
    } == set()
