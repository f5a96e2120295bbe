"""The Chromium of the machine, driven by Playwright; logged in to an Airflow as a person is."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.found import installed


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=installed(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            browser.close()


def token(airflow: str, password: str) -> str:
    """What Airflow gives the user `admin` who logs in."""
    body = json.dumps({"username": "admin", "password": password}).encode()
    with urllib.request.urlopen(
        urllib.request.Request(f"{airflow}/auth/token", body, {"Content-Type": "application/json"}),
        timeout=30,
    ) as answer:
        return json.load(answer)["access_token"]


@contextlib.contextmanager
def logged_in(
    browser: Browser, airflow: str, password: str, width: int = 1400, dark: bool = False
) -> Iterator[BrowserContext]:
    """A window of this width with Airflow's session cookie."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        base_url=airflow,
    )
    context.add_cookies(
        [
            {
                "name": "_token",
                "value": token(airflow, password),
                "domain": urlsplit(airflow).hostname,
                "path": "/",
            }
        ]
    )
    try:
        yield context
    finally:
        context.close()
