"""Checks of a row by its own fields: null (sound), `header`, or the reason against it.

A row has one reason, the first that applies, so that the accounts close. What other rows say of it
is in `relations`.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tasks.ingest.parse.layout import FileLayout
from tasks.ingest.parse.lines import POSITION
from tasks.ingest.parse.value_kinds import FIRST_SECOND, LAST_SECOND, UNITS
from tasks.ingest.sources import Source

HEADER, BLANK = "header", "blank"
NO_ROWS = (HEADER, BLANK)
REASONS = {
    "broken_encoding": "bytes that the file's encoding cannot hold",
    "broken_quotes": "a quote is opened and not closed",
    "truncated_line": "the last line lacks its end: the file was cut off there",
    "repeated_header": "the header line again, further down",
    "wrong_number_of_fields": "more or fewer fields than the layout has",
    "broken_json": "the line is not one JSON object",
    "inexact_id": "an id held as a number that is not whole, or too large to be exact",
    "nested_id": "an id that is a list or an object",
    "unparsable_timestamp": "the timestamp is not written as the source's clock writes it",
    "other_time_unit": "the timestamp is written in another unit than the rest of the file",
    "before_epoch": "a timestamp from before the source existed",
    "in_future": "a timestamp that has not come yet",
    "missing_id": "no user or no item",
    "unknown_event": "a kind of event that has no weight",
    "unparsable_rating": "the rating is no number",
    "out_of_range_rating": "a rating that the source does not have",
    "unparsable_order": "the place in the user's order is no whole number",
    "unknown_item": "an item that the catalogue lacks",
    "exact_duplicate": "the same row again, of the same second and kind; the first is kept",
    "conflicting_duplicate": "another row of this user and item; the newest is kept",
    "duplicate_id": "another row of the catalogue has this id; the first is kept",
}
DECIMAL = r"^-?[0-9]{1,18}(\.[0-9]{0,9})?$"
SCIENTIFIC = r"^[0-9](\.[0-9]{1,18})?[eE]\+?0?(9|1[0-9])$"
DATED = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
WITHOUT_SECONDS = r"^(.{10}[ T] *[0-9]{2}:[0-9]{2})((?:Z|[-+]).*)$"
DIGITS = r"^[0-9]{8}([0-9]{6})?$"
WEIGHTLESS = 1.0


# A unit of time that is taken for another puts every moment a thousand times too early or too late,
# or a million times.
IN_TIME = tuple(1000 * second for second in (FIRST_SECOND, LAST_SECOND))


def check_interactions(cut: DataFrame, source: Source, layout: FileLayout, now: int) -> DataFrame:
    """Bring rows into one schema for every source, with a verdict on each.

    Args:
        cut: fields as text, as far as the source has them: user, item, rating, event, timestamp,
            order; and raw, fault, place.
        now: the first second that has not come yet.

    Returns:
        user, item (strings), rating (double; null where unrated; of an event its weight), kind
        (string, where events have kinds), ms (milliseconds since 1970; 0 where the source has no
        time), order (0 likewise), raw, file, block, at, verdict.
    """
    rows = _with_values(cut, source, layout)
    rated = F.col("rating")
    if source.unrated is not None:
        rated = F.when(rated != F.lit(source.unrated), rated)
    return rows.select(
        "user",
        "item",
        *(["kind"] if source.weights else []),
        rated.alias("rating"),
        F.coalesce("ms", F.lit(0)).alias("ms"),
        F.coalesce("order", F.lit(0)).alias("order"),
        "raw",
        *POSITION,
        _verdict(source, layout, now).alias("verdict"),
    )


def _with_values(cut: DataFrame, source: Source, layout: FileLayout) -> DataFrame:
    """Texts as values; null for a text that is no value of its column."""
    has = set(cut.columns)
    stamp, ms = F.lit(""), F.lit(None)
    if "timestamp" in has:
        stamp, ms = F.col("timestamp"), _milliseconds(layout.clock)
    order = _whole(F.col("order")) if source.ordered else F.lit(0)
    return cut.select(
        "raw",
        *POSITION,
        "fault",
        "user",
        "item",
        *([F.col("event").alias("kind")] if source.weights else []),
        _rating(source, has).alias("rating"),
        stamp.alias("stamp"),
        ms.cast("bigint").alias("ms"),
        order.cast("bigint").alias("order"),
    )


def check_catalogue(cut: DataFrame, *fields: Column) -> DataFrame:
    """Rows of a catalogue: id and the given fields, with raw, place and verdict."""
    verdict = F.when(F.col("fault").isNotNull(), F.col("fault")).when(
        F.col("id") == "", "missing_id"
    )
    return cut.select("id", *fields, "raw", *POSITION, verdict.alias("verdict"))


def _rating(source: Source, has: set[str]) -> Column:
    if source.weights:
        weights = F.create_map(
            *[
                part
                for kind, weight in source.weights.items()
                for part in (F.lit(kind), F.lit(float(weight)))
            ]
        )
        return F.try_element_at(weights, F.col("event"))
    if "rating" not in has:
        return F.lit(WEIGHTLESS)
    return _number(F.col("rating"))


def _number(text: Column) -> Column:
    """A finite double. Java also takes NaN, infinities, hexadecimals and a type's letter at the
    end, which no source means by a number. A pattern would say the same and take as long as all the
    rest of the verdict."""
    value, last = text.try_cast("double"), F.ascii(F.substring(text, -1, 1))
    hexadecimal = F.contains(text, F.lit("x")) | F.contains(text, F.lit("X"))
    return F.when(
        (F.abs(value) < F.lit(float("inf"))) & last.between(ord("."), ord("9")) & ~hexadecimal,
        value,
    )


def _milliseconds(clock: str) -> Column:
    text = F.col("timestamp")
    if clock == "iso8601":
        as_spark_reads = F.regexp_replace(
            F.translate(F.upper(text), ",", "."), WITHOUT_SECONDS, "$1:00$2"
        )
        return F.when(
            text.rlike(DATED),
            F.unix_millis(
                F.coalesce(text.try_cast("timestamp"), as_spark_reads.try_cast("timestamp"))
            ),
        )
    if clock == "digits":
        pattern = F.when(F.length(text) == 14, F.lit("yyyyMMddHHmmss")).otherwise(F.lit("yyyyMMdd"))
        return F.when(text.rlike(DIGITS), F.unix_millis(F.try_to_timestamp(text, pattern)))
    ticks = UNITS[clock]
    scaled = F.floor(text.try_cast("decimal(38,9)") * 1000 / ticks).try_cast("bigint")
    exact = F.when(text.rlike(DECIMAL) | text.rlike(SCIENTIFIC), scaled)
    whole = text.try_cast("bigint")
    return F.coalesce(
        F.try_multiply(whole, F.lit(1000))
        if ticks == 1
        else F.floor(whole / (ticks // 1000)).cast("bigint")
        if ticks > 1000
        else whole,
        exact,
    )


def _whole(text: Column) -> Column:
    return F.coalesce(
        text.try_cast("bigint"),
        F.when(
            text.rlike(r"^-?[0-9]{1,18}\.0*$"),
            F.regexp_replace(text, r"\.0*$", "").try_cast("bigint"),
        ),
    )


def _verdict(source: Source, layout: FileLayout, now: int) -> Column:
    timeless = F.lit(False) if source.timed else F.col("stamp") == ""
    unrated = "unknown_event" if source.weights else "unparsable_rating"
    verdict = F.when(F.col("fault").isNotNull(), F.col("fault"))
    for reason, applies in (
        ("unparsable_timestamp", F.col("ms").isNull() & ~timeless),
        (
            "other_time_unit",
            _in_other_unit() if layout.unit_shown and layout.clock in UNITS else F.lit(False),
        ),
        ("before_epoch", F.col("ms") < source.first_second * 1000),
        ("in_future", F.col("ms") >= now * 1000),
        ("missing_id", (F.col("user") == "") | (F.col("item") == "")),
        (unrated, F.col("rating").isNull()),
        ("out_of_range_rating", _outside(source)),
        ("unparsable_order", F.col("order").isNull()),
    ):
        verdict = verdict.when(applies, reason)
    return verdict


def _in_other_unit() -> Column:
    """Whether a time that is out of all bounds would be within them in another unit."""
    ms, (first, last) = F.col("ms"), IN_TIME
    others = [ms.between(int(first * scale), int(last * scale)) for scale in (1e-6, 1e-3, 1e3, 1e6)]
    return others[0] | others[1] | others[2] | others[3]


def _outside(source: Source) -> Column:
    if source.rating_range is None:
        return F.lit(False)
    low, high = source.rating_range
    outside = ~F.col("rating").between(low, high)
    return (
        outside if source.unrated is None else outside & (F.col("rating") != F.lit(source.unrated))
    )
