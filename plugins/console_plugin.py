"""The recall console inside Airflow: a page in the menu, a tab on each run, and the app behind
both.

Every process of Airflow loads its plugins, each task's too: nothing of the app is imported before
the API server calls it.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from recall_console.settings import airflow_path

PREFIX, ROOT = "/recall", airflow_path()


class Console:
    """The app, imported when it is first called."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        module = await asyncio.to_thread(importlib.import_module, "recall_console.app")
        await module.app(scope, receive, send)


class RecallConsole(AirflowPlugin):
    """What is live, why, how fresh; recommendations to try; the verdict of a run."""

    name = "recall_console"
    fastapi_apps: ClassVar = [{"app": Console(), "url_prefix": PREFIX, "name": "Recall console"}]
    external_views: ClassVar = [
        {
            "name": "Recall",
            "href": f"{ROOT}{PREFIX}/",
            "destination": "nav",
            "url_route": "recall",
            "nav_top_level": True,
            "icon": f"{ROOT}{PREFIX}/page/icon.svg",
            "icon_dark_mode": f"{ROOT}{PREFIX}/page/icon-dark.svg",
        },
        {
            "name": "Verdict",
            "href": f"{ROOT}{PREFIX}/run?dag_id={{DAG_ID}}&run_id={{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "recall_verdict",
        },
    ]
