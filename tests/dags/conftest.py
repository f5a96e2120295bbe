"""The DAGs, loaded once by Airflow's own loader, in a home that no other Airflow knows."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOME = tempfile.TemporaryDirectory(prefix="airflow-")
os.environ |= {
    "AIRFLOW_HOME": HOME.name,
    "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME.name}/airflow.db",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "RECALL_STORE": f"file://{HOME.name}/store",
    "AIRFLOW_CONN_RECALL_MLFLOW": "http://127.0.0.1:1",
    "AIRFLOW_CONN_RECALL_REDIS": "redis://:secret@127.0.0.1:1/0",
}
sys.path.insert(0, str(ROOT / "dags"))


@pytest.fixture(scope="session")
def bag():
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(ROOT / "dags"))


@pytest.fixture
def filled(bag):
    """The parameters of a run whose form was filled in so, as its tasks see them."""
    import copy

    def params(dag: str, **given) -> dict:
        form = copy.deepcopy(bag.dags[dag].params)
        form.update(given)
        return form.validate()

    return params
