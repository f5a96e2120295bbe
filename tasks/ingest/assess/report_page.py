"""The report of a batch, accepted or refused: one page that needs nothing but itself."""

from __future__ import annotations

import json
from pathlib import Path

from tasks.core import pages
from tasks.ingest.assess import formatting
from tasks.ingest.assess.batch import UNKNOWN, Check
from tasks.ingest.assess.batch_report import BatchReport
from tasks.ingest.assess.figures import date
from tasks.ingest.parse.format_guess import FormatGuess
from tasks.ingest.parse.row_checks import REASONS

MOST_FILES, MOST_WAYS = 40, 12
STATES = {
    "accepted": ("Accepted", "ok"),
    "warned": ("Accepted with warnings", "warn"),
    "refused": ("REFUSED", "fail"),
}
FILTERS = {
    "capitalized": lambda text: text[:1].upper() + text[1:],
    "number": formatting.number,
    "percent": formatting.percent,
    "visible": formatting.visible,
}
GONE = {
    "kept": "kept",
    "quarantined": "set aside",
    "later": "later, of days to come",
    "superseded": "superseded, or delivered again",
    "repeats": "of the kept, repeats",
    "left_out": "left out of the kept, as the request wants",
}
AGAINST = {
    "volume_ratio": ("times the usual rows", formatting.number),
    "volume_surprise": ("surprise of the volume", formatting.number),
    "days_missing": ("of the 7 days before lack rows", formatting.number),
    "new_user_share": ("of its users are new", formatting.percent),
    "new_item_share": ("of its items are new", formatting.percent),
    "rating_drift": ("drift of ratings, 0 to 1", formatting.number),
    "popularity_drift": ("drift of popularity, 0 to 1", formatting.number),
}


def page(report: BatchReport) -> str:
    """Render the page as HTML."""
    state, tone = STATES[report.state]
    return pages.render(
        Path(__file__).parent,
        "report.template.html",
        FILTERS,
        report=report,
        state=state,
        tone=tone,
        checks=sorted(report.checks, key=_order),
        unknown=UNKNOWN,
        span=_span(report),
        closing=_closing(report),
        accounts=[
            (text, report.accounts[name]) for name, text in GONE.items() if name in report.accounts
        ],
        against=_against(report),
        ratings=[("none" if rating is None else f"{rating:g}", n) for rating, n in report.ratings],
        invalid=_invalid_rows(report),
        understood=_understood(report),
        meaning=REASONS,
        settings=formatting.flat(report.settings),
        most=MOST_FILES,
    )


def _order(check: Check) -> tuple[bool, bool, bool]:
    """Sort key: failures, warnings, met expectations, unknown figures."""
    return check.observed is None, check.met, check.level != "fail"


def _span(report: BatchReport) -> str:
    first, last = report.figures.get("first_timestamp"), report.figures.get("last_timestamp")
    return f"{date(first)} to {date(last)}" if first is not None and last else ""


def _closing(report: BatchReport) -> str:
    """`100,000 in = 97,722 kept + 2,278 set aside`."""
    terms = [
        f"{rows:,} {GONE[name].split(',')[0]}"
        for name, rows in report.destinations.items()
        if rows or name == "kept"
    ]
    return f"{report.accounts['rows_in']:,} in = {' + '.join(terms)}" if report.accounts else ""


def _against(report: BatchReport) -> list[tuple[str, str]]:
    return [
        (text, show(report.figures[name], "unknown"))
        for name, (text, show) in AGAINST.items()
        if name in report.figures
    ]


def _understood(report: BatchReport) -> list[dict]:
    """The distinct ways in which files were read, each with the first file read so."""
    ways: dict[str, dict] = {}
    for file in report.files:
        if how := file.understood:
            key = json.dumps(
                [
                    how[name]
                    for name in (
                        "format",
                        "delimiter",
                        "quoting",
                        "encoding",
                        "clock",
                        "fields",
                        "notes",
                    )
                ]
            )
            ways.setdefault(key, how | {"facts": _facts(how)})
    return list(ways.values())[:MOST_WAYS]


def _facts(how: dict) -> str:
    """`csv, delimiter ',', quotes doubled, utf-8, times in seconds`."""
    return str(FormatGuess(**how | {"header": tuple(how["header"]), "notes": (), "rows": ()}))


def _invalid_rows(report: BatchReport) -> list[dict]:
    """Each table and reason with its rows and the first of them, the most frequent first."""
    by_reason: dict[tuple[str, str], list[dict]] = {}
    for one in report.examples:
        by_reason.setdefault((one["table"], one["reason"]), []).append(one)
    rows = [
        {
            "table": table,
            "reason": reason,
            "rows": rows,
            "examples": by_reason.get((table, reason), []),
        }
        for table, reasons in (report.reasons or {}).items()
        for reason, rows in reasons.items()
    ]
    return sorted(rows, key=lambda row: -row["rows"])
