"""Links from a task's page to the pages of other tools."""

from __future__ import annotations

import os
from typing import Any

from airflow.sdk import BaseOperatorLink, Connection


class MLflowRun(BaseOperatorLink):
    """Links a task that trained, evaluated or decided to the MLflow run with its metrics."""

    name = "MLflow run"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address of the run's page; empty when the task has no run.

        RECALL_MLFLOW_PAGE is the address by which a browser reaches MLflow.
        """
        run = operator.mlflow_run
        if not run:
            return ""
        server = Connection.get("recall_mlflow")
        page = (
            os.environ.get("RECALL_MLFLOW_PAGE")
            or f"{server.conn_type}://{server.host}:{server.port}"
        )
        return f"{page.rstrip('/')}/#/experiments/0/runs/{run}?workflowType=machine_learning"
