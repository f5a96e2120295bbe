"""Edges of the law `window` by Spark, from the snapshot's Parquet to buckets by source item."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import Window as Over
from pyspark.sql import functions as F

from tasks.core.cli.log import log
from tasks.core.data.snapshot import Snapshot
from tasks.core.spark.session import session
from tasks.core.spark.settings import Spark
from tasks.graph.edges import BUCKET_ITEMS, FOLDER, buckets, name, write_bucket
from tasks.graph.pairs import DAY_SECONDS, DailyEdges, PairWeights


def write_edges(settings: Spark, folder: Path, snapshot: Snapshot, nearness: PairWeights) -> None:
    """Write the same edges as `tasks.graph.laws.window.write_edges`, by Spark.

    Weights are sums of whole numbers, in the same buckets and the same order.
    """
    bytes_read = sum(
        entry["bytes"]
        for file, entry in snapshot.artefact.files.items()
        if file.startswith("interactions/")
    )
    items = len(snapshot.item_ids)
    with session(settings, bytes_read * nearness.window) as spark:
        rows = _liked_rows(spark, snapshot)
        made = edges(rows, nearness).withColumn(
            "bucket", (F.col("source") / BUCKET_ITEMS).cast("int")
        )
        parts = min(settings.shuffle_partitions, len(buckets(items)))
        made = made.repartition(parts, "bucket").sortWithinPartitions(
            "bucket", "source", "target", "day"
        )
        made.write.partitionBy("bucket").parquet(str(folder / "by-bucket"))
    _name(folder, items)
    log("graph.edges", engine="spark", master=settings.master, buckets=len(buckets(items)))


def edges(rows: DataFrame, nearness: PairWeights) -> DataFrame:
    """Rows of user, item, position, timestamp to source, target, day, weight."""
    order = Over.partitionBy("user").orderBy("position")
    day = (
        F.floor(F.col("timestamp") / DAY_SECONDS).cast("int")
        if nearness.half_life_days
        else F.lit(0)
    )
    placed = rows.select("user", "position", "item", day.alias("day"))
    near: list[Column] = []
    for apart, weight in enumerate(nearness.by_places().tolist(), 1):
        if weight:
            later, then = F.lead("item", apart).over(order), F.lead("day", apart).over(order)
            near.append(
                F.struct(
                    later.alias("target"),
                    F.greatest("day", then).alias("day"),
                    F.lit(weight).cast("bigint").alias("weight"),
                )
            )
    seen = placed.select(F.col("item").alias("source"), F.array(*near).alias("near"))
    pairs = seen.select("source", F.explode("near").alias("near")).select("source", "near.*")
    pairs = pairs.where("target is not null and target <> source")
    both = pairs.unionByName(
        pairs.select(
            F.col("target").alias("source"), F.col("source").alias("target"), "day", "weight"
        )
    )
    return both.groupBy("source", "target", "day").agg(F.sum("weight").alias("weight"))


def _liked_rows(spark: SparkSession, snapshot: Snapshot) -> DataFrame:
    rows = spark.read.parquet(str(snapshot.artefact.path / "interactions"))
    return rows.where("liked and part = 'train'").select("user", "item", "position", "timestamp")


def _name(folder: Path, items: int) -> None:
    """One file a bucket under the name of the format; a bucket without edges is an empty one."""
    (folder / FOLDER).mkdir(exist_ok=True)
    empty = DailyEdges(*(np.zeros(0, kind) for kind in (np.int32, np.int32, np.int32, np.int64)))
    for bucket in buckets(items):
        files = sorted((folder / "by-bucket" / f"bucket={bucket}").glob("*.parquet"))
        if len(files) > 1:
            raise RuntimeError(f"Spark wrote {len(files)} files for bucket {bucket}, expected one")
        if files:
            files[0].rename(folder / name(bucket))
        else:
            write_bucket(folder, bucket, empty)
    shutil.rmtree(folder / "by-bucket")
