"""The model registry, asked over MLflow's REST interface: which version stands behind each alias."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import quote

import httpx

from recall_console.settings import PATIENCE, Away, mlflow, mlflow_page

PREFIX, KEPT_SECONDS = "recall-", 3.0
_kept: dict[str, tuple[float, dict]] = {}


async def aliases(families: list[str]) -> dict[str, dict]:
    """Family → alias → version, its run and pages; asked at most once in three seconds.

    Raises:
        Away: MLflow does not answer, or not as MLflow does.
    """
    try:
        return await asyncio.wait_for(_aliases(families), PATIENCE)
    except TimeoutError:
        raise Away(f"MLflow does not answer within {PATIENCE:g} s; the pipeline's tasks retry until it does") from None
    except (httpx.HTTPError, KeyError, ValueError, TypeError) as error:
        raise Away(f"MLflow does not answer ({type(error).__name__}); what is live is not touched by that, the pipeline's tasks retry") from None


async def _aliases(families: list[str]) -> dict[str, dict]:
    address, login = await asyncio.to_thread(mlflow)
    page = await asyncio.to_thread(mlflow_page)
    kept = _kept.get(address)
    if kept and time.monotonic() - kept[0] < KEPT_SECONDS:
        found = kept[1]
    else:
        async with httpx.AsyncClient(base_url=f"{address}/api/2.0/mlflow/", auth=login, timeout=PATIENCE) as client:
            found = await _asked(client)
        _kept[address] = (time.monotonic(), found)
    return {family: {alias: {**one, "page": f"{page}/#/models/{quote(PREFIX + family, safe='')}/versions/{quote(one['version'], safe='')}",
                             "run_page": f"{page}/#/experiments/0/runs/{quote(one['run'], safe='')}?workflowType=machine_learning" if one["run"] else None}
                     for alias, one in found.get(family, {}).items()} for family in families}


async def _asked(client: httpx.AsyncClient) -> dict[str, dict]:
    answer = await client.get("registered-models/search", params={"filter": f"name LIKE '{PREFIX}%'", "max_results": 100})
    answer.raise_for_status()
    wanted = [(model["name"], one["alias"], one["version"]) for model in answer.json().get("registered_models", []) for one in model.get("aliases", [])]
    versions = await asyncio.gather(*(_version(client, name, version) for name, _, version in wanted))
    found: dict[str, dict] = {}
    for (name, alias, _), version in zip(wanted, versions, strict=True):
        found.setdefault(name.removeprefix(PREFIX), {})[alias] = version
    return found


async def _version(client: httpx.AsyncClient, name: str, version: str) -> dict:
    answer = await client.get("model-versions/get", params={"name": name, "version": version})
    answer.raise_for_status()
    told = answer.json()["model_version"]
    tags = {tag["key"]: tag.get("value") for tag in told.get("tags", [])}
    return {"version": str(told["version"]), "run": told.get("run_id"), "day": tags.get("recall.day"),
            "verdict": tags.get("recall.verdict"), "taken_down": tags.get("recall.taken_down"), "since": tags.get("recall.live_since")}
