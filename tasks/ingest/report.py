"""The report of a batch: one page that needs nothing but itself."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template

from tasks.core.manifest import Draft
from tasks.ingest.batch import Check
from tasks.ingest.figures import date
from tasks.ingest.verdicts import REASONS

PAGE = Path(__file__).with_name("report.template.html")
CHECK = ("", "figure", "observed", "expected", "why it is checked")
GONE_TO = ("kept", "quarantined", "later", "left_out")
FILE = ("file", "bytes", "lines", "sha256")
UNMET = {"warn": ("warn", "warning"), "fail": ("bad", "failed")}


def page(draft: Draft, checks: list[Check], shown: list[dict], ratings: list[tuple[float, int]], figures: dict) -> str:
    """The page as HTML.

    Args:
        shown: examples of rows set aside (table, reason, file, line, text).
        ratings: how often each rating was given.
    """
    facts, accounts, unmet = draft.facts, draft.facts["accounts"], [check for check in checks if not check.met]
    span = f"{date(facts['first_timestamp'])} to {date(facts['last_timestamp'])}" if facts["last_timestamp"] else "no timestamps"
    return Template(PAGE.read_text()).substitute(
        title=escape(f"{facts['dataset']}, {facts['day']}"), id=escape(draft.id), span=span,
        state="warn" if unmet else "ok", verdict=f"accepted, warnings: {len(unmet)}" if unmet else "accepted",
        interactions=f"{draft.counts['interactions']:,}", users=f"{draft.counts['users']:,}", items=f"{draft.counts['items']:,}",
        checks=_table(CHECK, map(_check, sorted(checks, key=lambda check: check.met))),
        accounts=_bars([(name.replace("_", " "), accounts[name]) for name in GONE_TO], accounts["rows_in"]),
        parts=_bars(list(facts["parts"].items()), draft.counts["interactions"]), rows_in=f"{accounts['rows_in']:,}",
        held_out=", ".join(f"{n:,} users with {part} rows" for part, n in facts["held_out_users"].items()),
        split=escape(", ".join(f"{name} {value}" for name, value in facts["split"].items())),
        ratings=_bars([(f"{rating:g}", n) for rating, n in ratings], draft.counts["interactions"]),
        mean=f"{figures['rating_mean']:.2f}", liked=f"{100 * figures['liked_share']:.0f} %", bad=_bad(facts, shown),
        files=_table(FILE, (_cells(name, f"{one['bytes']:,}", f"{one['lines']:,}", _code(one["sha256"][:16] + "…"))
                            for name, one in draft.lineage["source"].items())))


def _check(check: Check) -> str:
    state, text = ("ok", "met") if check.met else UNMET[check.level]
    return _cells(f'<span class="{state}">{text}</span>', _code(check.figure), f"{check.observed:,.6g}", escape(check.expected),
                  escape(check.about))


def _bad(facts: dict, shown: list[dict]) -> str:
    by_table = {"interactions": facts["reasons"]} | {name: one["reasons"] for name, one in facts["catalogue"].items()}
    rows = []
    for table, reasons in by_table.items():
        for reason, count in reasons.items():
            lines = "".join(f"<div>{escape(one['file'])} line {one['line']}: {_code(one['text'])}</div>" for one in shown
                            if (one["table"], one["reason"]) == (table, reason))
            rows.append(_cells(f"{count:,}", f"<b>{reason}</b><br>{escape(REASONS[reason])}", table, lines))
    return _table(("rows", "reason", "table", "the first of them"), rows) if rows else "<p>No row was set aside.</p>"


def _bars(values: list[tuple[str, int]], whole: int) -> str:
    rows = (f'<tr><th>{escape(name)}</th><td class="n">{n:,}</td><td class="n">{100 * n / max(whole, 1):.1f} %</td>'
            f'<td class="bar"><i style="width:{100 * n / max(whole, 1):.2f}%"></i></td></tr>' for name, n in values)
    return f"<table class=bars>{''.join(rows)}</table>"


def _table(names: tuple[str, ...], rows) -> str:
    return f"<table><tr>{''.join(f'<th>{name}</th>' for name in names)}</tr>{''.join(rows)}</table>"


def _cells(*cells: str) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"
