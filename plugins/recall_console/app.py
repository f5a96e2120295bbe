"""The console's app, mounted below /recall in Airflow's API server: one page, what it asks for, and metrics for Prometheus.

Each source is asked by a route of its own and answers within a second: what is away is a panel of the page, not its end. Blocking reads run in threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response

from recall_console import chain, days, metrics, models, registry, runs
from recall_console.asker import Refused, reader
from recall_console.caller import Dags, User
from recall_console.settings import PATIENCE, Absent, Away, airflow_path

PAGE = Path(__file__).with_name("page")
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
DOCUMENT = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"  # a page of the store may not act
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}
LOG_IN = """<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width"><title>Log in</title>
<p>This page is for people who are logged in to Airflow.</p><p><a href="{path}/auth/login">Log in</a>, then come back.</p></html>"""

READERS = ThreadPoolExecutor(8, thread_name_prefix="recall-console")  # a disk that hangs holds these, and none of Airflow's own threads
AT_ONCE = 32  # reads that wait for one of them

app = FastAPI(title="Recall console", docs_url=None, redoc_url=None, openapi_url=None)


@app.middleware("http")
async def kept_private(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await answer(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


async def within(read: Callable[..., Any], *given: Any) -> Any:
    """What a blocking read returns, in a thread.

    Raises:
        Away: it takes longer than the page waits, or too many wait already.
    """
    if READERS._work_queue.qsize() > AT_ONCE:
        raise Away("too many reads of the store are waiting; look again in a moment")
    try:
        return await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(READERS, read, *given), PATIENCE)
    except TimeoutError:
        raise Away(f"the store or Airflow's database does not answer within {PATIENCE:g} s") from None


@app.exception_handler(Away)
async def away(request: Request, error: Away) -> JSONResponse:
    return JSONResponse({"away": str(error)}, 503)


@app.exception_handler(Refused)
async def refused(request: Request, error: Refused) -> JSONResponse:
    return JSONResponse({"refused": str(error)}, 422)


@app.exception_handler(Absent)
async def absent(request: Request, error: Absent) -> JSONResponse:
    return JSONResponse({"absent": str(error)}, 404)


@app.exception_handler(HTTPException)
async def denied(request: Request, error: HTTPException) -> Response:
    if error.status_code == 401 and "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(LOG_IN.format(path=airflow_path()), 401, error.headers)
    return JSONResponse({"denied": error.detail}, error.status_code, error.headers)


@app.get("/")
async def page(user: User) -> Response:
    await warm()
    return shown("index.html")


@app.get("/run")
async def run_page(user: User) -> Response:
    return shown("run.html")


@app.get("/page/{name}")
async def part(name: str, user: User) -> Response:
    return shown(name)


def shown(name: str) -> Response:
    """A file of the page."""
    path = next((path for path in PAGE.iterdir() if path.name == name and path.suffix in KINDS), None)
    if path is None:
        raise HTTPException(404, "no such part of the page")
    return FileResponse(path, media_type=KINDS[path.suffix], headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})


async def warm() -> None:
    """Have the reader's process start while the browser still loads the page."""
    try:
        await asyncio.wait_for(reader.start(), PATIENCE)
    except (Away, TimeoutError):
        pass  # its panel will say so


@app.get("/api/chain")
async def told_of_chain(dags: Dags) -> dict:
    """The families, the last run of each DAG, and who is waited for."""
    wanted = {dag for dag in dags & await within(chain.known) if dag in ("ingest", "rollback") or dag.startswith((chain.TRAIN, chain.PUBLISH))}
    last, waiting = await asyncio.gather(within(chain.last_runs, wanted), within(chain.waiting, wanted))
    return {"families": chain.families_among(wanted), "runs": last, "waiting": waiting}


@app.get("/api/models")
async def told_of_models(dags: Dags) -> dict:
    """Of each family what the store holds: the newest verdict in full, the last ones in short, the decisions, the last switch."""
    return {family: await within(_model, family) for family in chain.families_among(dags)}


def _model(family: str) -> dict:
    verdicts, last = models.verdicts(family), models.last_live(family)
    newest = None
    if verdicts:
        try:
            newest = models.verdict(family, verdicts[0]["id"])
        except (Absent, KeyError, TypeError):
            newest = None  # the list still names it
    return {"verdicts": verdicts, "newest": newest, "decisions": models.decisions(family), "last": last,
            "generation": models.generation(family, last["generation"]) if last else None}


@app.get("/api/live")
async def told_of_live(dags: Dags) -> dict:
    """Of each family what readers are served with now, and by whose decision."""
    return {family: await within(_served, family, found) for family, found in (await reader.ask("live")).items()
            if family in chain.families_among(dags)}


def _served(family: str, live: dict | None) -> dict | None:
    if live is None:
        return None
    return {**live, "folder": models.generation(family, live["generation"]), "decision": models.decided_by(family, live["version"])}


@app.get("/api/registry")
async def told_of_registry(dags: Dags) -> dict:
    """Of each family the versions behind champion, challenger and previous."""
    return await registry.aliases(chain.families_among(dags))


@app.get("/api/data")
async def told_of_data(dags: Dags) -> dict:
    """The days, what was set aside in each, and how fresh the data and what is live are."""
    return {**await within(days.data), "freshness": await within(_freshness, chain.families_among(dags))}


def _freshness(families: list[str]) -> dict:
    live = {}
    for family in families:
        last = models.last_live(family)
        found = models.generation(family, last["generation"]) if last else None
        live[family] = found["day"] if found else None
    return days.freshness(live)


@app.get("/api/verdicts/{family}/{id}")
async def told_of_verdict(family: str, id: str, dags: Dags) -> dict:
    _may(family, dags)
    return await within(models.verdict, family, id)


@app.get("/api/run")
async def told_of_run(dag_id: str, run_id: str, dags: Dags) -> dict:
    if dag_id not in dags:
        raise Absent("Airflow knows no such run")
    return await within(runs.told, dag_id, run_id)


@app.get("/api/find")
async def find(title: str, dags: Dags) -> Any:
    """Items whose title matches."""
    return await reader.ask("find", title=_short(title))


@app.get("/api/try")
async def try_it(dags: Dags, user: str | None = None, item: str | None = None, k: int = 10) -> Any:
    """Recommendations for a user, or what is like an item, by channel side by side."""
    if (user is None) == (item is None):
        raise Refused("name a user or an item")
    told = await (reader.ask("user", user=_short(user), k=k) if user is not None else reader.ask("item", item=_short(item), k=k))
    if hidden := set(told["generations"]) - set(chain.families_among(dags)):  # of families this person may not read, merged lists would tell
        told = {**told, "channels": {name: one for name, one in told["channels"].items() if name in told["generations"] and name not in hidden},
                "generations": {name: id for name, id in told["generations"].items() if name not in hidden}, "merged": None}
    return told


@app.get("/documents/{kind}/{rest:path}")
async def document(kind: str, rest: str, dags: Dags) -> Response:
    """A page of the store, as it lies there: verdict/<family>/<id>, snapshot/<dataset>/<day>/<id>, refused/<dataset>/<day>/<id>."""
    parts = rest.split("/")
    if kind not in ("verdict", "snapshot", "refused") or len(parts) != (2 if kind == "verdict" else 3):
        raise Absent("there is no such page")
    if kind == "verdict":
        _may(parts[0], dags)
    path = await within(models.report, kind, *parts)
    return FileResponse(path, media_type="text/html", headers={"Content-Security-Policy": DOCUMENT})


@app.get("/metrics")
async def told_to_prometheus(request: Request) -> Response:
    """The text exposition, for a scraper with the token, or for a person who is logged in."""
    await metrics.allowed(request)
    return PlainTextResponse(await asyncio.get_running_loop().run_in_executor(READERS, metrics.text), media_type="text/plain; version=0.0.4; charset=utf-8")


def _may(family: str, dags: set[str]) -> None:
    if family not in chain.families_among(dags):
        raise Absent("there is no such family")


def _short(text: str | None) -> str:
    if text is None or len(text) > 200:
        raise Refused("a title or an id is at most 200 characters long")
    return text
