"""The form of ingestion: the source, the day, what counts, the split, what is refused. What is left
empty is the stage's default.
"""

from __future__ import annotations

from airflow.sdk import Param

from recall.forms.params import DAY, END, optional_text
from recall.forms.stage_settings import default_from, stage_params

SECTIONS = ("Source", "Day", "What counts", "Split", "Refusal")
LIKED = r"^(any|>=? *(mean|user mean|-?[0-9]+(\.[0-9]+)?))" + END
# What a scheduled run, which has no form, must know of the source. The form leaves it empty.
ENVIRONMENT = {
    "format": "RECALL_FORMAT",
    "location": "RECALL_LOCATION",
    "expectations": "RECALL_EXPECTATIONS",
}

PLAIN = stage_params(
    "ingest",
    "SnapshotRequest",
    (
        "format",
        "location",
        "liked",
        "liked_only",
        "recommend_seen",
        "minimum_item_interactions",
        "title_characters",
        "genres_of_item",
        "maximum_quarantined",
        "expectations",
    ),
    format={"default": None, "note": f"Empty: {ENVIRONMENT['format']}."},
    location={"note": f"Empty: {ENVIRONMENT['location']}."},
    liked={"pattern": LIKED, "examples": ["any", ">= 4", "> 7", "> mean", "> user mean"]},
    expectations={
        "default": None,
        "note": f"Empty: {ENVIRONMENT['expectations']}, else `default`.",
    },
)
SESSIONS = stage_params("ingest", "Sessions", ("gap_minutes",))
BOTS = stage_params("ingest", "Bots", ("rows_a_day", "rows_a_minute"))
SPLIT = stage_params(
    "ingest",
    "Split",
    (
        "method",
        "order",
        "test",
        "validation",
        "hold_out_short",
        "test_days",
        "validation_days",
        "test_share",
        "validation_share",
        "history_share",
        "seed",
    ),
)
LIMITS = stage_params(
    "ingest",
    "Limits",
    ("unpacked_gb", "expansion", "line_kb"),
    **{
        name: default_from(variable) | {"note": f"Of scheduled runs: {variable}."}
        for name, variable in (
            ("unpacked_gb", "RECALL_UNPACKED_GB"),
            ("expansion", "RECALL_EXPANSION"),
            ("line_kb", "RECALL_LINE_KB"),
        )
    },
)
# Settings that are objects of their own; in the form their fields are called <setting>_<field>.
NESTED = {"sessions": SESSIONS, "bots": BOTS, "split": SPLIT, "limits": LIMITS}


def form() -> dict[str, Param]:
    """All of it, section by section."""
    params = {
        **PLAIN,
        **{
            f"{setting}_{name}": param
            for setting, fields in NESTED.items()
            for name, param in fields.items()
        },
        "day": optional_text(
            "The day to ingest (YYYY-MM-DD). Empty: the partition key.", "Day", "Day", pattern=DAY
        ),
        **stage_params(
            "ingest",
            "ReplayRequest",
            ("repaired",),
            repaired={"note": "Empty: nothing is replayed."},
        ),
    }
    return dict(sorted(params.items(), key=lambda item: SECTIONS.index(item[1].schema["section"])))
