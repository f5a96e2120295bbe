"""Reads the versions behind the aliases of the model registry over MLflow's REST interface."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import quote

import httpx

from recall_console.settings import TIMEOUT_SECONDS, Unavailable, mlflow, mlflow_page

PREFIX, CACHE_SECONDS, BACKGROUND_SECONDS = "recall-", 3.0, 5.0
_cache: dict[str, tuple[float, asyncio.Future]] = {}


async def aliases(families: list[str]) -> dict[str, dict]:
    """Family → alias → version, its run and pages; requested at most once in three seconds.

    Raises:
        Unavailable: MLflow does not answer in time, or not as MLflow does. A slow answer is awaited
            in the background, for the next request of the page.
    """
    address, login = await asyncio.to_thread(mlflow)
    page = await asyncio.to_thread(mlflow_page)
    try:
        versions = await asyncio.wait_for(
            asyncio.shield(_cached_aliases(address, login)), TIMEOUT_SECONDS
        )
    except TimeoutError:
        raise Unavailable(f"MLflow does not answer within {TIMEOUT_SECONDS:g} s") from None
    except (httpx.HTTPError, KeyError, ValueError, TypeError) as error:
        raise Unavailable(f"MLflow does not answer ({type(error).__name__})") from None
    return {
        family: {
            alias: {
                **one,
                "page": f"{page}/#/models/{quote(PREFIX + family, safe='')}/versions/"
                f"{quote(one['version'], safe='')}",
                "run_page": f"{page}/#/experiments/0/runs/{quote(one['run'], safe='')}"
                "?workflowType=machine_learning"
                if one["run"]
                else None,
            }
            for alias, one in versions.get(family, {}).items()
        }
        for family in families
    }


def _cached_aliases(address: str, login: tuple[str, str] | None) -> asyncio.Future:
    """The aliases requested a moment ago, those being requested, or a new request."""
    entry = _cache.get(address)
    fresh = (
        entry
        and entry[1].get_loop() is asyncio.get_running_loop()
        and (
            not entry[1].done()
            or (time.monotonic() - entry[0] < CACHE_SECONDS and entry[1].exception() is None)
        )
    )
    if entry is None or not fresh:
        entry = _cache[address] = (
            time.monotonic(),
            asyncio.ensure_future(_request_aliases(address, login)),
        )
    return entry[1]


async def _request_aliases(address: str, login: tuple[str, str] | None) -> dict[str, dict]:
    async with httpx.AsyncClient(
        base_url=f"{address}/api/2.0/mlflow/", auth=login, timeout=BACKGROUND_SECONDS
    ) as client:
        answer = await client.get(
            "registered-models/search",
            params={"filter": f"name LIKE '{PREFIX}%'", "max_results": 100},
        )
        answer.raise_for_status()
        rows = [
            (model["name"], one["alias"], str(one["version"]))
            for model in answer.json().get("registered_models", [])
            for one in model.get("aliases", [])
        ]
        names = sorted({(name, version) for name, _, version in rows})
        versions = dict(
            zip(
                names, await asyncio.gather(*(_version(client, *one) for one in names)), strict=True
            )
        )
    by_family: dict[str, dict] = {}
    for name, alias, version in rows:
        by_family.setdefault(name.removeprefix(PREFIX), {})[alias] = versions[name, version]
    return by_family


async def _version(client: httpx.AsyncClient, name: str, version: str) -> dict:
    answer = await client.get("model-versions/get", params={"name": name, "version": version})
    answer.raise_for_status()
    version_entry = answer.json()["model_version"]
    tags = {tag["key"]: tag.get("value") for tag in version_entry.get("tags", [])}
    return {
        "version": str(version_entry["version"]),
        "run": version_entry.get("run_id"),
        "day": tags.get("recall.day"),
        "verdict": tags.get("recall.verdict"),
        "taken_down": tags.get("recall.taken_down"),
        "since": tags.get("recall.live_since"),
    }
