"""Pictures of the console of a running stack: `python -m tests.browser.pictures FOLDER`, wide and
narrow, light and dark.

Prints each picture's place, and where a page is wider than the window.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

from infra.local.state import Local
from tests.browser.chromium import chromium, logged_in

WIDTHS = (1400, 400)


def take(
    airflow: str, password: str, folder: Path, name: str, path: str, steps=lambda page: None
) -> list[Path]:
    """Four pictures of one page; `steps` is done before each."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    with chromium() as browser:
        for width, dark in itertools.product(WIDTHS, (False, True)):
            with logged_in(browser, airflow, password, width, dark) as context:
                page = context.new_page()
                page.on(
                    "console",
                    lambda message, width=width: (
                        print(f"{name} {width}: {message.type}: {message.text}")
                        if message.type == "error"
                        else None
                    ),
                )
                page.goto(path)
                page.wait_for_load_state("networkidle")
                steps(page)
                made.append(folder / f"{name}-{width}-{'dark' if dark else 'light'}.png")
                page.screenshot(path=made[-1], full_page=True)
                wide = page.evaluate("document.documentElement.scrollWidth")
                print(
                    f"{made[-1]}"
                    + (f": {wide} pixels wide, the window has {width}" if wide > width else "")
                )
    return made


def try_title(page) -> None:
    """Ask for a title with the keyboard."""
    page.locator("#title").fill("star")
    page.locator("#title").press("Enter")
    page.locator(".channel").first.wait_for(timeout=10_000)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.browser.pictures", description=__doc__.splitlines()[0]
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--name", default="console", help="how the pictures' names begin (default: %(default)s)"
    )
    parser.add_argument("--path", default="/recall/", help="the page (default: %(default)s)")
    parser.add_argument("--try", dest="tried", action="store_true", help="ask for a title first")
    given, local = parser.parse_args(), Local()
    take(
        local.airflow_url,
        local.secret("airflow_admin"),
        given.folder,
        given.name,
        given.path,
        try_title if given.tried else lambda page: None,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
