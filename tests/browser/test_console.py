"""The console as people use it: on a wide screen and a phone, light and dark, with the keyboard
alone, inside Airflow, with a source away.
"""

from __future__ import annotations

import json
import os
import re
import urllib.parse

import pytest

from tests.browser.conftest import mlflow_stopped

ALL = [(1400, False), (1400, True), (400, False), (400, True)]
SHADE = ["light", "dark"]
# Text whose contrast with what lies behind it is below 4.5, as WCAG 2 counts it.
PALE = """() => {
  const linear = (v) => (v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  const light = (c) => {
    const [r, g, b] = c.map((v) => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const read = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = read(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const e of document.querySelectorAll("main *, header *")) {
    const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!text || !e.getClientRects().length) continue;
    const ink = light(read(getComputedStyle(e).color).slice(0, 3));
    const [a, b] = [ink, light(behind(e))].sort((x, y) => y - x), ratio = (a + .05) / (b + .05);
    const name = `${e.className || e.tagName}: ${e.textContent.slice(0, 40)}`;
    if (ratio < 4.5) found.push(`${name} ${ratio.toFixed(2)}`);
  }
  return found;
}"""


def ready(page):
    page.locator(".card .intervals").first.wait_for(timeout=20_000)
    page.locator(".aliases").first.wait_for(timeout=20_000)
    page.locator("#days table").wait_for(
        state="attached", timeout=20_000
    )  # folded up where there are many days


OUT = """() => [...document.querySelectorAll(".card *, .channel *")]
  .filter((e) => e.getClientRects().length && !e.closest("svg"))
  .filter((e) => e.getBoundingClientRect().right
    > e.closest(".card, .channel").getBoundingClientRect().right - 8)
  .map((e) => e.className + ": " + e.textContent.slice(0, 60))"""


def fits(page, width):
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OUT) == []  # nothing sticks out of its card


@pytest.mark.parametrize("width, dark", ALL)
def test_a_held_challenger_is_seen_at_once_and_everything_fits(window, picture, width, dark):
    page = window("/recall/", width, dark)
    ready(page)
    card = page.locator(".card", has=page.locator("h3", has_text="item2vec"))
    assert "hold" in card.locator(".verdict .badge").first.inner_text() and re.search(
        "worse", card.locator(".verdict").inner_text()
    )
    assert "item2vec: hold" in page.locator("#summary").inner_text()
    assert page.locator(".card").count() >= 4 and page.locator(".card .interval svg").count() >= 8
    fits(page, width)
    assert page.evaluate(PALE) == [] and page.messages == []
    picture(page, f"held-{width}-{SHADE[dark]}")


@pytest.mark.parametrize("width, dark", ALL)
def test_with_mlflow_stopped_one_panel_says_so_and_the_rest_is_there(window, picture, width, dark):
    with mlflow_stopped():
        page = window("/recall/", width, dark)
        panel = page.locator(".panel.away[data-source=registry]")
        panel.wait_for(timeout=10_000)
        page.locator(".card .intervals").first.wait_for(timeout=10_000)
        assert (
            "MLflow: unreachable" in panel.inner_text() and page.locator(".panel.away").count() == 1
        )
        assert page.locator(".dot.on").count() >= 3
        fits(page, width)
        assert page.evaluate(PALE) == []
        picture(page, f"mlflow-stopped-{width}-{SHADE[dark]}")


def test_with_the_keyboard_alone_a_title_and_a_user_are_tried(window, picture):
    page = window("/recall/")
    ready(page)
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "title":
            break
    else:
        raise AssertionError("the title is never reached by the key Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.type("(19")
    page.keyboard.press("Enter")
    page.locator(".channel").first.wait_for(timeout=10_000)
    assert (
        f"Recommended like {page.locator('.match').first.inner_text()}"
        == page.locator("#answer h3").inner_text()
    )
    assert page.locator(".channel h4").all_inner_texts() == ["similar"]
    evidence = page.locator(".channel li span").all_inner_texts()
    assert evidence and all(
        re.search(r"\d+ of \d+ who liked it|by its genres", one) for one in evidence
    )
    picture(page, "tried-a-title")
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.id") != "user":
        page.keyboard.press("Tab")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    page.locator("#answer h3", has_text="Recommended for user 1").wait_for(timeout=10_000)
    assert "Liked last" in page.locator("#answer").inner_text()
    assert {"merged", "similar", "popular", "item2vec"} <= set(
        page.locator(".channel h4").all_inner_texts()
    )


def test_a_user_nobody_knows_gets_what_is_popular_and_is_told_so(window):
    page = window("/recall/")
    page.locator("#user").fill("nobody <b>at</b> all")
    page.locator("#user").press("Enter")
    page.locator(".channel").first.wait_for(timeout=10_000)
    assert (
        "Nobody is known by this id" in page.locator("#answer").inner_text()
        and page.locator("#answer h3 b").count() == 0
    )


def test_what_data_says_is_never_markup(window):
    page = window("/recall/page/icon.svg")
    evil = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>'
    page.route(
        "**/api/data",
        lambda route: route.fulfill(
            status=200,
            content_type="application/json",
            body=json.dumps(
                {
                    "dataset": evil,
                    "days": [
                        {
                            "day": "2026-11-20",
                            "snapshot": "s",
                            "made": 1,
                            "accounts": {"rows_in": 1, "kept": 1, "quarantined": 1},
                            "users": 1,
                            "items": 1,
                            "quarantine": {evil: 3},
                            "warnings": [evil],
                        }
                    ],
                    "refused": [{"day": evil, "id": "x", "made": 1, "reason": evil}],
                    "replayed": False,
                    "freshness": {
                        "data": {"day": evil, "hours": 1},
                        "target_hours": 48,
                        "replayed": False,
                        "live": {},
                    },
                }
            ),
        ),
    )
    page.route(
        "**/api/find**",
        lambda route: route.fulfill(
            status=200,
            content_type="application/json",
            body=json.dumps([{"id": "1", "title": evil, "genres": []}]),
        ),
    )
    page.goto("/recall/")
    page.locator("#days table").wait_for(state="attached", timeout=10_000)
    page.locator("#title").fill("evil")
    page.locator(".match").wait_for(timeout=10_000)
    assert page.evaluate("window.hurt") is None and page.locator("img").count() == 0
    assert (
        "<img src=x" in page.locator(".match").inner_text()
        and "<img src=x" in page.locator("#days").text_content()
    )


@pytest.mark.parametrize("width", [1400, 400])
def test_how_far_each_task_at_work_is_is_seen_and_never_markup(window, picture, width):
    page = window("/recall/page/icon.svg", width)
    progress = "epoch 7 of 15, about 4 min left, recall@50 .412 (best .418, epoch 6), 43 % done"
    working = [
        {
            "dag": f"train_{family}",
            "run": "r",
            "task": "fit",
            "seconds": 312,
            "progress": words,
            "page": "/dags/train_x",
        }
        for family, words in (("gru4rec", progress), ("linear", "<b>bold</b>"), ("two_tower", None))
    ]
    page.route(
        "**/api/chain",
        lambda route: route.fulfill(
            status=200,
            content_type="application/json",
            body=json.dumps(
                {
                    "families": ["gru4rec"],
                    "runs": {
                        "train_gru4rec": {
                            "run": "r",
                            "state": "running",
                            "day": "2026-11-20",
                            "page": "/dags/train_x",
                        }
                    },
                    "working": working,
                    "waiting": [],
                    "schedule": None,
                }
            ),
        ),
    )
    page.goto("/recall/")
    page.locator(".working li").first.wait_for(timeout=10_000)
    assert page.locator(".working li").all_inner_texts() == [
        f"train_gru4rec fit 5 min: {progress}",
        "train_linear fit 5 min: <b>bold</b>",
        "train_two_tower fit 5 min",
    ]
    assert "is running" not in page.locator("#summary").inner_text()
    fits(page, width)
    assert page.evaluate(PALE) == [] and page.messages == []
    picture(page, f"at-work-{width}")


def test_inside_airflow_links_lead_out_and_the_tab_of_a_run_shows_its_verdict(window, picture):
    page = window("/plugin/recall", wait="commit")
    frame = page.frame_locator("iframe").first
    frame.locator(".card .intervals").first.wait_for(timeout=20_000)
    with page.context.expect_page(timeout=10_000) as opened:
        frame.locator("a", has_text="last training").first.click()
    assert "/dags/train_" in opened.value.url
    opened.value.close()
    page.goto(
        "/dags/train_item2vec/runs/"
        f"{urllib.parse.quote(os.environ['CONSOLE_RUN'], safe='')}/plugin/recall_verdict",
        wait_until="commit",
    )
    tab = page.frame_locator("iframe").first
    tab.locator("h2 .badge", has_text="hold").wait_for(timeout=20_000)
    assert page.locator("a[href$='/plugin/recall_verdict']", has_text="Verdict").count() == 1
    assert (
        tab.locator(".interval").count() > 4
        and "promote was skipped" in tab.locator("#run").inner_text()
    )
    picture(page, "tab-of-a-run")


def test_without_login_the_page_is_401_and_says_where_to_log_in(browser):
    context = browser.new_context(base_url=os.environ["CONSOLE_AIRFLOW"])
    page = context.new_page()
    assert (
        page.goto("/recall/").status == 401 and page.locator("a[href='/auth/login']").count() == 1
    )
    context.close()
