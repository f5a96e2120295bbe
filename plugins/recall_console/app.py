"""The console's app, mounted below /recall in Airflow's API server: one page, what it asks for, and
metrics for Prometheus.

Each source is asked by a route of its own and answers within a second: what is away is a panel of
the page, not its end. Blocking reads run in threads.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response

from recall_console import metrics, models
from recall_console.auth import Dags, User
from recall_console.blocking_reads import READERS, within
from recall_console.reader_client import Refused, reader
from recall_console.routes import may, router
from recall_console.settings import PATIENCE, Absent, Away, airflow_path

PAGE = Path(__file__).with_name("page")
KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src "
    "'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
# a page of the store may not act
DOCUMENT = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
LOG_IN = """<!doctype html><html lang=en><meta charset=utf-8>
<meta name=viewport content="width=device-width"><title>Log in</title>
<p>This page is for people who are logged in to Airflow.</p>
<p><a href="{path}/auth/login">Log in</a>, then come back.</p></html>"""

app = FastAPI(title="Recall console", docs_url=None, redoc_url=None, openapi_url=None)
app.include_router(router)


@app.middleware("http")
async def kept_private(
    request: Request, answer: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await answer(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


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
    path = next(
        (path for path in PAGE.iterdir() if path.name == name and path.suffix in KINDS), None
    )
    if path is None:
        raise HTTPException(404, "no such part of the page")
    return FileResponse(
        path,
        media_type=KINDS[path.suffix],
        headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"},
    )


async def warm() -> None:
    """Have the reader's process start while the browser still loads the page."""
    with contextlib.suppress(Away, TimeoutError):  # its panel will say so
        await asyncio.wait_for(reader.start(), PATIENCE)


@app.get("/documents/{kind}/{rest:path}")
async def document(kind: str, rest: str, dags: Dags) -> Response:
    """A page of the store, as it lies there: verdict/<family>/<id>, snapshot/<dataset>/<day>/<id>,
    refused/<dataset>/<day>/<id>.
    """
    parts = rest.split("/")
    if kind not in ("verdict", "snapshot", "refused") or len(parts) != (
        2 if kind == "verdict" else 3
    ):
        raise Absent("there is no such page")
    if kind == "verdict":
        may(parts[0], dags)
    path = await within(models.report, kind, *parts)
    return FileResponse(path, media_type="text/html", headers={"Content-Security-Policy": DOCUMENT})


@app.get("/metrics")
async def told_to_prometheus(request: Request) -> Response:
    """The text exposition, for a scraper with the token, or for a person who is logged in."""
    await metrics.allowed(request)
    return PlainTextResponse(
        await asyncio.get_running_loop().run_in_executor(READERS, metrics.text),
        media_type="text/plain; version=0.0.4; charset=utf-8",
    )
