"""Airflow's own API server with the console mounted as in production, its database, its login; in a
home that no other Airflow knows.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from infra.environments.names import ROOT, environments
from tests.plugins import planted

HOME = tempfile.TemporaryDirectory(prefix="airflow-")
shutil.copyfile(environments() / "airflow" / "empty.db", f"{HOME.name}/airflow.db")
os.environ |= {
    "AIRFLOW_HOME": HOME.name,
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME.name}/airflow.db",
    "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of these tests " * 4,
    "AIRFLOW__API__BASE_URL": "http://testserver/air",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__OPENLINEAGE__DISABLED": "True",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,viewer:viewer",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": f"{HOME.name}/users.json",
    "RECALL_DATASET": "planted",
}


@pytest.fixture(scope="session")
def server():
    """The application that `airflow api-server` runs."""
    from airflow.api_fastapi.app import create_app
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.session import create_session

    with create_session() as session:
        session.add(DagBundleModel(name="dags-folder"))
        session.flush()
        for dag in ("ingest", "train_item2vec", "publish_item2vec", "rollback"):
            session.add(
                DagModel(dag_id=dag, bundle_name="dags-folder", fileloc="/x.py", is_stale=False)
            )
    return create_app(apps="core")


@pytest.fixture
def store(tmp_path, monkeypatch) -> Path:
    root = planted.store(tmp_path / "store")
    monkeypatch.setenv("RECALL_STORE", root.as_uri())
    return root


@pytest.fixture(scope="session")
def browser(server):
    """The server, as a browser reaches it."""
    from fastapi.testclient import TestClient

    with TestClient(server) as made:
        yield made


@dataclasses.dataclass
class Caller:
    """Somebody with a browser."""

    browser: Any
    headers: dict

    def get(self, path: str, headers: dict | None = None, **more: Any) -> Any:
        return self.browser.get(path, headers=self.headers | (headers or {}), **more)


@pytest.fixture
def client(browser, store, monkeypatch):
    """Asks as somebody who is logged in as `admin`; nothing else is there: neither Redis nor
    MLflow.
    """
    monkeypatch.setenv("AIRFLOW_CONN_RECALL_MLFLOW", "http://127.0.0.1:1")
    monkeypatch.setenv("AIRFLOW_CONN_RECALL_REDIS", "redis://:s3cr3t@127.0.0.1:1/0")
    return Caller(browser, {"Authorization": f"Bearer {token()}"})


@pytest.fixture
def nobody(browser, store):
    """Asks without having logged in."""
    return Caller(browser, {})


def token(name: str = "admin", role: str = "admin") -> str:
    """What Airflow hands out at login."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    return get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=name, role=role))
