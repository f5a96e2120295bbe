"""The form of ingestion: the source, the day, what counts, the split, what is refused. What is left
empty is the stage's default.
"""

from __future__ import annotations

import os

from airflow.sdk import Param

from recall.forms.forms import DAY, END, choice, number, optional, switch

SECTIONS = ("Source", "Day", "What counts", "Split", "Refusal")
LIKED = r"^(any|>=? *(mean|user mean|-?[0-9]+(\.[0-9]+)?))" + END

PLAIN = {
    "format": choice(
        None,
        ["movielens-100k", "movielens-latest", "movielens-1m", "ordered-csv", "anime", "own"],
        "Layout of the source; `own`: as the TOML file at the location says. Empty: RECALL_FORMAT.",
        "Source",
        "Format",
    ),
    "location": optional(
        "Folder of the data set, or the TOML file of `own`. Empty: RECALL_LOCATION.",
        "Source",
        "Location",
    ),
    "liked": optional(
        "Which rows are liked, such as `>= 4`, `> user mean` or `any`. Empty: the source's own "
        "rule.",
        "What counts",
        "Liked",
        pattern=LIKED,
        examples=["any", ">= 4", "> 7", "> mean", "> user mean"],
    ),
    "liked_only": switch("Keep only liked rows.", "What counts", "Liked rows only"),
    "recommend_seen": choice(
        None,
        ["true", "false"],
        "Whether what a user has met may be recommended to them again, as for groceries, music "
        "and sessions. Empty: as the "
        "description of the data says, else true where at least 5 % of the events are repeats.",
        "What counts",
        "Recommend seen items",
    ),
    "minimum_item_interactions": number(
        0,
        0,
        1_000_000,
        "Items with fewer rows (a repeat is one) are left out, with their rows; 0 keeps all.",
        "What counts",
        "Rows of an item at least",
    ),
    "title_characters": number(
        1000,
        16,
        100_000,
        "Characters of a title or genre; a longer one is cut, and the item counted.",
        "What counts",
        "Title characters at most",
    ),
    "genres_of_item": number(
        100,
        1,
        10_000,
        "Genres of one item; further ones are left out, and the item counted.",
        "What counts",
        "Genres of an item at most",
    ),
    "maximum_quarantined": number(
        0.05,
        0,
        1,
        "Share of bad rows above which the batch is refused.",
        "Refusal",
        "Bad rows at most",
    ),
    "expectations": optional(
        "The suite that judges the batch: a name, or the path of a JSON file. Empty: "
        "RECALL_EXPECTATIONS, else `default`.",
        "Refusal",
        "Expectations",
    ),
}
SESSIONS = {
    "gap_minutes": number(
        0.0,
        0,
        527_040,
        "So long without a row ends a user's session; 0: no session ids.",
        "What counts",
        "Session gap (minutes)",
    ),
}
BOTS = {
    "rows_a_day": number(
        0,
        0,
        100_000_000,
        "Users with more rows within a day (UTC) are left out whole; 0: no bound.",
        "What counts",
        "Bots: rows a day",
    ),
    "rows_a_minute": number(
        0, 0, 1_000_000, "The same within a minute.", "What counts", "Bots: rows a minute"
    ),
}
SPLIT = {
    "method": choice(
        None,
        ["leave-last-n", "temporal", "users"],
        "What is held out: each user's newest liked rows, the last days, "
        "or whole users. Empty: as the data is; the report says what, and why.",
        "Split",
        "Method",
    ),
    "order": choice(
        None,
        ["time", "given", "file"],
        "What orders a user's rows: timestamps, an order column, or the place in the file. "
        "Empty: the "
        "first of these that the source has for every row.",
        "Split",
        "Order",
    ),
    "test": number(
        None,
        1,
        1000,
        "leave-last-n: newest liked rows of a user that are held out to judge models. Empty: 3.",
        "Split",
        "Test rows",
        whole=True,
    ),
    "validation": number(
        None,
        0,
        1000,
        "leave-last-n: the liked rows before them, for early stopping and tuning. Empty: 1.",
        "Split",
        "Validation rows",
        whole=True,
    ),
    "hold_out_short": switch(
        "leave-last-n: hold out rows even of users who then have nothing left to learn from.",
        "Split",
        "Short histories too",
    ),
    "test_days": number(
        None,
        1,
        3650,
        "temporal: length of the test window, which ends with the day. Empty: 7.",
        "Split",
        "Test days",
        whole=True,
    ),
    "validation_days": number(
        None,
        0,
        3650,
        "temporal: length of the window before it. Empty: 7.",
        "Split",
        "Validation days",
        whole=True,
    ),
    "test_share": number(
        None, 0, 0.9, "users: share of the users who are test. Empty: 0.1.", "Split", "Test users"
    ),
    "validation_share": number(
        None,
        0,
        0.9,
        "users: share of the users who are validation. Empty: 0.1.",
        "Split",
        "Validation users",
    ),
    "history_share": number(
        None,
        0.1,
        0.99,
        "users: share of a held-out user's liked rows that is known. Empty: 0.8.",
        "Split",
        "Known share",
    ),
    "seed": number(0, 0, 2_147_483_647, "users: which of them are held out.", "Split", "Seed"),
}
LIMITS = {
    "unpacked_gb": number(
        float(os.environ.get("RECALL_UNPACKED_GB") or 64),
        1e-6,
        1e6,
        "All files of one table together, unpacked, in GB; more is refused. "
        "Of scheduled runs: RECALL_UNPACKED_GB.",
        "Refusal",
        "GB unpacked at most",
    ),
    "expansion": number(
        float(os.environ.get("RECALL_EXPANSION") or 200),
        1,
        1e6,
        "Unpacked over packed bytes of one file; more is refused. Of scheduled runs: "
        "RECALL_EXPANSION.",
        "Refusal",
        "Expansion at most",
    ),
    "line_kb": number(
        float(os.environ.get("RECALL_LINE_KB") or 1024),
        0.01,
        1_000_000,
        "Length of a line in KiB; a file with a longer one is refused. Of scheduled "
        "runs: RECALL_LINE_KB.",
        "Refusal",
        "KiB of a line at most",
    ),
}
# Settings that are objects of their own; in the form their fields are called <setting>_<field>.
NESTED = {"sessions": SESSIONS, "bots": BOTS, "split": SPLIT, "limits": LIMITS}


def form() -> dict:
    """All of it, section by section."""
    params: dict[str, Param] = {
        **PLAIN,
        **{
            f"{setting}_{name}": param
            for setting, fields in NESTED.items()
            for name, param in fields.items()
        },
        "day": optional(
            "The day to ingest (YYYY-MM-DD). Empty: the partition key.", "Day", "Day", pattern=DAY
        ),
        "repaired": optional(
            "File of repaired rows: the day is made again with them. Empty: nothing is replayed.",
            "Source",
            "Repaired rows",
        ),
    }
    return dict(sorted(params.items(), key=lambda item: SECTIONS.index(item[1].schema["section"])))
