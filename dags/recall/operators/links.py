"""Links from a task's page to the pages of other tools."""

from __future__ import annotations

import os
from typing import Any

from airflow.sdk import BaseOperatorLink, Connection


class MLflowRun(BaseOperatorLink):
    """From a task that trained, judged or decided to the MLflow run that holds its figures."""

    name = "MLflow run"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The run's page; empty when the task has none. RECALL_MLFLOW_PAGE is the address a browser
        knows MLflow by.
        """
        run = operator.mlflow_run
        if not run:
            return ""
        at = Connection.get("recall_mlflow")
        page = os.environ.get("RECALL_MLFLOW_PAGE") or f"{at.conn_type}://{at.host}:{at.port}"
        return f"{page.rstrip('/')}/#/experiments/0/runs/{run}?workflowType=machine_learning"
