"""The Spark session: on loopback, without its web page, bounded in memory."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tasks.core.log import log
from tasks.ingest import java
from tasks.ingest.settings import Spark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SMALL = 8 << 20  # bytes of source


@contextlib.contextmanager
def session(settings: Spark, source_bytes: int) -> "Iterator[SparkSession]":
    """A session that ends with the block; one that is already running in this process is used and left running."""
    from pyspark.sql import SparkSession

    if running := SparkSession.getActiveSession():
        yield running
        return
    spark = start(settings, source_bytes < SMALL)
    try:
        yield spark
    finally:
        spark.stop()


def start(settings: Spark, small: bool):
    """Start a session."""
    started = time.monotonic()
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ.pop("SPARK_HOME", None)  # another Spark's jars would not fit this Python side
    os.environ.setdefault("SPARK_LAUNCHER_OPTS", "-XX:TieredStopAtLevel=1")
    if local(settings):
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    which = java.prepare()
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("recallflow ingest").master(settings.master)
    for name, value in configuration(settings, small).items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    log("spark.started", master=settings.master, java=which, small=small, seconds=time.monotonic() - started)
    return spark


def local(settings: Spark) -> bool:
    """Whether everything runs in this process's JVM."""
    return settings.master.startswith("local")


def configuration(settings: Spark, small: bool) -> dict[str, str]:
    """What differs from Spark's own defaults. Seconds of work end before an optimising compiler or a plan that adapts as it
    runs pays for itself: without both, MovieLens 100K takes half the processor time."""
    loopback = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"} if local(settings) else {}
    return loopback | {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": f"{settings.driver_memory_gb}g",
        "spark.driver.extraJavaOptions": "-Duser.timezone=UTC " + ("-XX:+UseSerialGC -XX:TieredStopAtLevel=1" if small else "-XX:+UseParallelGC"),
        "spark.sql.adaptive.enabled": str(not small).lower(),
        "spark.sql.shuffle.partitions": str(settings.shuffle_partitions),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.parquet.compression.codec": "zstd",
        "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",  # our manifest is what says "complete"
    }
