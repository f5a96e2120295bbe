"""The console's app, mounted below /recall in Airflow's API server: one page, what it asks for, and
metrics for Prometheus.

Each source has a route of its own that answers within a second. If a service is down, its panel
says so; the others still load. Blocking reads run in threads.
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
from recall_console.blocking_reads import READERS, run_blocking
from recall_console.reader_client import Refused, reader
from recall_console.routes import require_family, router
from recall_console.settings import TIMEOUT_SECONDS, NotFound, Unavailable, airflow_path

PAGE = Path(__file__).with_name("page")
MEDIA_TYPES = {
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
async def with_private_headers(
    request: Request, answer: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await answer(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


@app.exception_handler(Unavailable)
async def unavailable(request: Request, error: Unavailable) -> JSONResponse:
    return JSONResponse({"away": str(error)}, 503)


@app.exception_handler(Refused)
async def refused(request: Request, error: Refused) -> JSONResponse:
    return JSONResponse({"refused": str(error)}, 422)


@app.exception_handler(NotFound)
async def not_found(request: Request, error: NotFound) -> JSONResponse:
    return JSONResponse({"absent": str(error)}, 404)


@app.exception_handler(HTTPException)
async def denied(request: Request, error: HTTPException) -> Response:
    if error.status_code == 401 and "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(LOG_IN.format(path=airflow_path()), 401, error.headers)
    return JSONResponse({"denied": error.detail}, error.status_code, error.headers)


@app.get("/")
async def page(user: User) -> Response:
    await start_reader()
    return page_file("index.html")


@app.get("/run")
async def run_page(user: User) -> Response:
    return page_file("run.html")


@app.get("/page/{name}")
async def part(name: str, user: User) -> Response:
    return page_file(name)


def page_file(name: str) -> Response:
    """A file of the page."""
    path = next(
        (path for path in PAGE.iterdir() if path.name == name and path.suffix in MEDIA_TYPES), None
    )
    if path is None:
        raise HTTPException(404, "no such part of the page")
    return FileResponse(
        path,
        media_type=MEDIA_TYPES[path.suffix],
        headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"},
    )


async def start_reader() -> None:
    """Start the reader's process while the browser still loads the page."""
    with contextlib.suppress(Unavailable, TimeoutError):  # its panel will say so
        await asyncio.wait_for(reader.start(), TIMEOUT_SECONDS)


@app.get("/documents/{kind}/{rest:path}")
async def document(kind: str, rest: str, dags: Dags) -> Response:
    """A page of the store: verdict/<family>/<id>, snapshot/<dataset>/<day>/<id>,
    refused/<dataset>/<day>/<id>.
    """
    parts = rest.split("/")
    if kind not in ("verdict", "snapshot", "refused") or len(parts) != (
        2 if kind == "verdict" else 3
    ):
        raise NotFound("there is no such page")
    if kind == "verdict":
        require_family(parts[0], dags)
    path = await run_blocking(models.report, kind, *parts)
    return FileResponse(path, media_type="text/html", headers={"Content-Security-Policy": DOCUMENT})


@app.get("/metrics")
async def prometheus_metrics(request: Request) -> Response:
    """The text exposition, for a scraper with the token, or for a person who is logged in."""
    await metrics.authorize(request)
    return PlainTextResponse(
        await asyncio.get_running_loop().run_in_executor(READERS, metrics.text),
        media_type="text/plain; version=0.0.4; charset=utf-8",
    )
