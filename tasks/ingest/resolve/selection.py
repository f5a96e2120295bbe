"""Select the rows that a request wants, and mark the liked ones."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tasks.ingest.resolve.row_numbers import number_rows
from tasks.ingest.rules import Liked
from tasks.ingest.settings import SnapshotRequest


def mark_liked(rows: DataFrame, rule: Liked) -> DataFrame:
    """Adds liked (bool). A row without a rating is liked only where any is."""
    if rule.operator == "any":
        return rows.withColumn("liked", F.lit(True))
    bound: Column = F.lit(rule.bound)
    if rule.bound == "mean":
        bound = F.lit(rows.agg(F.avg("rating")).first()[0])
    if rule.bound == "user mean":
        bound = F.avg("rating").over(Window.partitionBy("user"))
    return rows.withColumn("liked", reaches(rule, bound))


def reaches(rule: Liked, bound: Column) -> Column:
    """Whether a row's rating reaches this bound; one without a rating reaches none."""
    return F.coalesce(
        F.col("rating") > bound if rule.operator == ">" else F.col("rating") >= bound, F.lit(False)
    )


def leaves_rows_out(request: SnapshotRequest) -> bool:
    """Whether a request leaves kept rows out."""
    return request.liked_only or request.minimum_item_interactions > 0


def select_rows(
    rows: DataFrame, items: DataFrame, users: DataFrame, request: SnapshotRequest
) -> tuple[DataFrame, DataFrame, DataFrame]:
    """The wanted rows, with items and users numbered anew over what is left of them.

    Args:
        rows: user, item (int), liked and more; items: item, id and more; users: user, id and more.
    """
    if request.liked_only:
        rows = rows.where("liked")
    if request.minimum_item_interactions:
        frequent = (
            rows.groupBy("item")
            .count()
            .where(F.col("count") >= request.minimum_item_interactions)
            .select("item")
        )
        rows, items = (
            rows.join(frequent, "item", "left_semi"),
            items.join(frequent, "item", "left_semi"),
        )
    users = users.join(rows.select("user").distinct(), "user", "left_semi")
    for name, table in (("item", items), ("user", users)):
        anew = _anew(table, name)
        table = table.join(anew, name).drop(name).withColumnRenamed("new", name)
        rows = rows.join(anew, name).drop(name).withColumnRenamed("new", name)
        items, users = (table, users) if name == "item" else (items, table)
    return rows.repartition("user"), items, users


def _anew(table: DataFrame, name: str) -> DataFrame:
    """From old numbers to dense ones, in the same order: name, new."""
    return number_rows(table.select(F.col(name).alias("id")), "new").table.select(
        F.col("id").alias(name), "new"
    )
