"""The routes of the page: one for each source."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter

from recall_console import airflow_state, days, models, registry, runs
from recall_console.auth import Dags
from recall_console.blocking_reads import run_blocking
from recall_console.reader_client import Refused, reader
from recall_console.running_tasks import running_tasks
from recall_console.settings import NotFound

router = APIRouter()


@router.get("/api/chain")
async def chain_state(dags: Dags) -> dict:
    """The families, the last run of each DAG, the running tasks, those that wait for a person."""
    shown = {
        dag
        for dag in dags & await run_blocking(airflow_state.active_dags)
        if dag in ("ingest", "rollback")
        or dag.startswith((airflow_state.TRAIN, airflow_state.PUBLISH))
    }
    last, now, waiting, schedule = await asyncio.gather(
        run_blocking(airflow_state.last_runs, shown),
        run_blocking(running_tasks, shown),
        run_blocking(airflow_state.waiting_tasks, shown),
        run_blocking(airflow_state.schedule),
    )
    return {
        "families": airflow_state.families_of(shown),
        "runs": last,
        "working": now,
        "waiting": waiting,
        "schedule": schedule if "ingest" in shown else None,
    }


@router.get("/api/models")
async def model_documents(dags: Dags) -> dict:
    """Each family's documents: the newest verdict in full, the last ones in short, decisions, the
    last switch.
    """
    return {
        family: await run_blocking(_model, family) for family in airflow_state.families_of(dags)
    }


def _model(family: str) -> dict:
    last = models.last_live(family)
    return {
        "verdicts": models.verdicts(family),
        "newest": models.newest_verdict(family),
        "decisions": models.decisions(family),
        "last": last,
        "generation": models.generation(family, last["generation"]) if last else None,
    }


@router.get("/api/live")
async def live_generations(dags: Dags) -> dict:
    """The generation that readers of each family use now, and the decision that made it live."""
    return {
        family: await run_blocking(_served_generation, family, live)
        for family, live in (await reader.ask("live")).items()
        if family in airflow_state.families_of(dags)
    }


def _served_generation(family: str, live: dict | None) -> dict | None:
    if live is None:
        return None
    return {
        **live,
        "folder": models.generation(family, live["generation"]),
        "decision": models.decided_by(family, live["version"]),
    }


@router.get("/api/registry")
async def registry_aliases(dags: Dags) -> dict:
    """Each family's versions behind champion, challenger and previous."""
    return await registry.aliases(airflow_state.families_of(dags))


@router.get("/api/data")
async def data_days(dags: Dags) -> dict:
    """The days with their quarantined rows, and the age of the data and of what is live."""
    return {
        **await run_blocking(days.data),
        "freshness": await run_blocking(_freshness, airflow_state.families_of(dags)),
    }


def _freshness(families: list[str]) -> dict:
    live: dict[str, str | None] = {}
    for family in families:
        last = models.last_live(family)
        generation = models.generation(family, last["generation"]) if last else None
        live[family] = generation["day"] if generation else None
    return days.freshness(live)


@router.get("/api/verdicts/{family}/{id}")
async def verdict(family: str, id: str, dags: Dags) -> dict:
    require_family(family, dags)
    return await run_blocking(models.verdict, family, id)


@router.get("/api/run")
async def run_summary(dag_id: str, run_id: str, dags: Dags) -> dict:
    if dag_id not in dags:
        raise NotFound("Airflow knows no such run")
    return await run_blocking(runs.run_summary, dag_id, run_id)


@router.get("/api/find")
async def find_items(title: str, dags: Dags) -> Any:
    """Items whose title matches."""
    return await reader.ask("find", title=_checked_text(title))


@router.get("/api/try")
async def recommendations(
    dags: Dags, user: str | None = None, item: str | None = None, k: int = 10
) -> Any:
    """Recommendations for a user, or items like an item, channel by channel."""
    if (user is None) == (item is None):
        raise Refused("name a user or an item")
    answer = await (
        reader.ask("user", user=_checked_text(user), k=k)
        if user is not None
        else reader.ask("item", item=_checked_text(item), k=k)
    )
    if hidden := set(answer["generations"]) - set(
        airflow_state.families_of(dags)
    ):  # of families this person may not read, merged lists would tell
        answer = {
            **answer,
            "channels": {
                name: one
                for name, one in answer["channels"].items()
                if name in answer["generations"] and name not in hidden
            },
            "generations": {
                name: id for name, id in answer["generations"].items() if name not in hidden
            },
            "merged": None,
        }
    return answer


def require_family(family: str, dags: set[str]) -> None:
    """Raise NotFound for a family that this person may not read, as for one that does not exist."""
    if family not in airflow_state.families_of(dags):
        raise NotFound("there is no such family")


def _checked_text(text: str | None) -> str:
    if text is None or len(text) > 200:
        raise Refused("a title or an id is at most 200 characters long")
    return text
