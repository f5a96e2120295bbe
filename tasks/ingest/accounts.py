"""The accounts of a run: where every row that came in has gone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from tasks.core.errors import RefusedData
from tasks.ingest.lines import PLACE
from tasks.ingest.verdicts import LATER, REASONS

EXAMPLES = 3
SHOWN_BYTES = 160


@dataclass(frozen=True)
class Accounts:
    """Rows of the interactions file.

    Attributes:
        rows_in: lines of the file, without its header.
        kept, later: rows of the day or before it; rows of days to come.
        reasons: how many were set aside, by reason.
    """

    rows_in: int
    kept: int
    later: int
    reasons: dict[str, int]

    @property
    def quarantined(self) -> int:
        return sum(self.reasons.values())

    @property
    def quarantined_share(self) -> float:
        """Of the rows that were judged: later ones were not."""
        return self.quarantined / max(self.quarantined + self.kept, 1)


def close(frames: dict[str, DataFrame], rows_in: dict[str, int]) -> dict[str, Accounts]:
    """Count the verdicts of every table and hold them against the lines of its file.

    Raises:
        RuntimeError: a row is lost or counted twice. That is a fault of ours, never of the data.
    """
    verdicts = [frame.select(F.lit(name).alias("table"), "verdict") for name, frame in frames.items()]
    counts: dict[str, dict] = {name: {} for name in frames}
    for row in reduce(DataFrame.union, verdicts).groupBy("table", "verdict").count().collect():
        counts[row["table"]][row["verdict"]] = row["count"]
    return {name: _closed(name, counts[name], rows_in[name]) for name in frames}


def _closed(name: str, counts: dict, rows_in: int) -> Accounts:
    reasons = {reason: counts[reason] for reason in REASONS if reason in counts}
    told = Accounts(rows_in, counts.get(None, 0), counts.get(LATER, 0), reasons)
    if rows_in != told.kept + told.later + told.quarantined or rows_in != sum(counts.values()):
        raise RuntimeError(f"the accounts of the {name} do not close: {rows_in} rows in, verdicts {counts}")
    return told


def set_aside(rows: DataFrame, table: str) -> DataFrame:
    """The rows with a reason: table, reason, file, line, raw (the line's bytes as they stood)."""
    bad = rows.where(F.col("verdict").isNotNull() & (F.col("verdict") != LATER))
    return bad.select(F.lit(table).alias("table"), F.col("verdict").alias("reason"), *PLACE, "raw")


def examples(bad: DataFrame) -> list[dict]:
    """The first few of each reason: table, reason, file, line, text."""
    first = F.row_number().over(Window.partitionBy("table", "reason").orderBy(*PLACE))
    rows = bad.withColumn("nth", first).where(F.col("nth") <= EXAMPLES).orderBy("table", "reason", *PLACE)
    return [{"table": row["table"], "reason": row["reason"], "file": row["file"], "line": row["line"],
             "text": bytes(row["raw"][:SHOWN_BYTES]).decode("utf-8", "backslashreplace")} for row in rows.drop("nth").collect()]


def refuse_if_too_many(what: str, told: Accounts, maximum: float, shown: list[dict]) -> None:
    """A batch of which too much is bad is not made better by leaving that out.

    Raises:
        RefusedData: the share of bad rows is above `maximum`.
    """
    if told.quarantined_share <= maximum:
        return
    of = [one for one in shown if one["table"] == what]
    places = "; ".join(f"{one['file']} line {one['line']}: {one['reason']} {one['text']!r}" for one in of[:4])
    raise RefusedData(f"{told.quarantined} of {told.quarantined + told.kept} rows of the {what} are bad "
                      f"({100 * told.quarantined_share:.1f} %). {places}",
                      allowed=f"at most {100 * maximum:g} %",
                      remedy="repair or replace the file; raise maximum_quarantined only if those rows may be lost")
