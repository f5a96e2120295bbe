"""The accounts of a run: what has become of every row that came in."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from tasks.core.cli.errors import RefusedData
from tasks.ingest.parse.row_checks import REASONS

EXAMPLES = 3
SHOWN_BYTES = 160


@dataclass(frozen=True)
class Accounts:
    """Rows of a table, over some deliveries.

    Attributes:
        rows_in: lines of the files, without their headers.
        kept, later: rows of the day or before it; rows of days to come.
        superseded: rows in whose place a later delivery has put a newer one, and events that a
            delivery brought again.
        reasons: rows in quarantine, by reason.
        repeats: of the kept rows, those that are not the first of their user and item; None where
            nobody counted.
    """

    rows_in: int
    kept: int
    later: int
    superseded: int
    reasons: dict[str, int]
    repeats: int | None = None

    @property
    def quarantined(self) -> int:
        return sum(self.reasons.values())

    @property
    def quarantined_share(self) -> float:
        """Of the rows that were judged: later ones were not."""
        return self.quarantined / max(self.rows_in - self.later, 1)

    def plain(self) -> dict[str, int]:
        """For the manifest."""
        return {
            "rows_in": self.rows_in,
            "kept": self.kept,
            "quarantined": self.quarantined,
            "later": self.later,
            "superseded": self.superseded,
            **({} if self.repeats is None else {"repeats": self.repeats}),
        }


def close_accounts(
    what: str,
    rows_in: int,
    kept: int,
    later: int = 0,
    superseded: int = 0,
    reasons: dict[str, int] | None = None,
    repeats: int | None = None,
) -> Accounts:
    """The accounts, if they close.

    Raises:
        RuntimeError: a row is lost or counted twice. That is a fault of ours, never of the data.
    """
    reasons = {name: (reasons or {})[name] for name in REASONS if (reasons or {}).get(name)}
    closed = Accounts(rows_in, kept, later, superseded, reasons, repeats)
    if rows_in != kept + later + superseded + closed.quarantined:
        raise RuntimeError(f"the accounts of the {what} do not close: {closed}")
    return closed


def first_examples(bad: DataFrame) -> list[dict]:
    """The first few of each reason: table, reason, delivery, file, line, text.

    Args:
        bad: table, reason, delivery, file, line, raw.
    """
    location = ("delivery", "file", "line")
    first = F.row_number().over(Window.partitionBy("table", "reason").orderBy(*location))
    rows = (
        bad.withColumn("nth", first)
        .where(F.col("nth") <= EXAMPLES)
        .orderBy("table", "reason", *location)
    )
    return [
        {
            "table": row["table"],
            "reason": row["reason"],
            "delivery": row["delivery"],
            "file": row["file"],
            "line": row["line"],
            "text": bytes(row["raw"][:SHOWN_BYTES]).decode("utf-8", "backslashreplace"),
        }
        for row in rows.drop("nth").collect()
    ]


def refuse_if_too_many(what: str, closed: Accounts, maximum: float, shown: list[dict]) -> None:
    """A batch of which too much is bad is not made better by leaving that out.

    Raises:
        RefusedData: the share of bad rows is above `maximum`.
    """
    if closed.quarantined_share > maximum:
        raise too_many_error(what, closed, maximum, shown)


def too_many_error(what: str, closed: Accounts, maximum: float, shown: list[dict]) -> RefusedData:
    """The refusal of a batch of which too much is bad, with the first places."""
    of = [one for one in shown if one["table"] == what]
    locations = "; ".join(
        f"{one['file']} line {one['line']}: {one['reason']} {one['text']!r}" for one in of[:4]
    )
    return RefusedData(
        f"{closed.quarantined} of {closed.rows_in - closed.later} rows of the {what} are bad "
        f"({100 * closed.quarantined_share:.1f} %). {locations}",
        allowed=f"at most {100 * maximum:g} %",
        remedy="repair or replace the file; raise maximum_quarantined only if those rows may "
        "be lost",
    )
