"""The console of a running stack, which CONSOLE_… names; `tests/chain/test_operated.py` runs these
tests in its own.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import pytest

from tests.browser.chromium import chromium, logged_in
from tests.stopped import stopped


@pytest.fixture(scope="session")
def browser():
    with chromium() as made:
        yield made


@pytest.fixture
def window(browser):
    """A page of a window of this width, logged in; at the end it must not have complained."""
    with contextlib.ExitStack() as open_ones:

        def opened(
            path: str, width: int = 1400, dark: bool = False, wait: str = "domcontentloaded"
        ):
            context = open_ones.enter_context(
                logged_in(
                    browser,
                    os.environ["CONSOLE_AIRFLOW"],
                    os.environ["CONSOLE_PASSWORD"],
                    width,
                    dark,
                )
            )
            page, messages = context.new_page(), []
            # A source that is away answers 503, and Chromium counts that as an error of its own.
            page.on(
                "console",
                lambda message: (
                    messages.append(message.text)
                    if message.type == "error" and "status of 503" not in message.text
                    else None
                ),
            )
            page.on("pageerror", lambda error: messages.append(str(error)))
            page.messages = messages
            page.goto(path, wait_until=wait)
            return page

        yield opened


@pytest.fixture
def picture():
    """Keep a picture of the whole page."""
    folder = Path(os.environ["CONSOLE_PICTURES"])
    folder.mkdir(parents=True, exist_ok=True)
    return lambda page, name: page.screenshot(path=folder / f"{name}.png", full_page=True)


@contextlib.contextmanager
def mlflow_stopped():
    """MLflow takes connections and answers nothing, and what it answered before is no longer
    kept.
    """
    with stopped(map(int, os.environ["CONSOLE_STOPPED"].split())):
        time.sleep(3.5)
        yield
