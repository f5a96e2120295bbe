"""The Spark session: on loopback, without its web page, bounded in memory."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.core.cli.log import log
from tasks.core.spark import java
from tasks.core.spark.settings import Spark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parents[3]
SMALL_BYTES = 8 << 20  # bytes that are read


@contextlib.contextmanager
def session(settings: Spark, source_bytes: int) -> Iterator[SparkSession]:
    """A session that ends with the block; one that is already running in this process is used and
    left running.
    """
    from pyspark.sql import SparkSession

    if running := SparkSession.getActiveSession():
        yield running
        return
    spark = start(settings, source_bytes < SMALL_BYTES)
    try:
        yield spark
    finally:
        spark.stop()


def start(settings: Spark, small: bool) -> SparkSession:
    """Start a session."""
    started = time.monotonic()
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ.pop("SPARK_HOME", None)  # another Spark's jars would not fit this Python side
    os.environ.setdefault("SPARK_LAUNCHER_OPTS", "-XX:TieredStopAtLevel=1")
    if is_local(settings):
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    which = java.prepare()
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("recallflow").master(settings.master)
    for name, value in configuration(settings, small).items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    log(
        "spark.started",
        master=settings.master,
        java=which,
        small=small,
        seconds=time.monotonic() - started,
    )
    return spark


def is_local(settings: Spark) -> bool:
    """Whether everything runs in this process's JVM."""
    return settings.master.startswith("local")


def configuration(settings: Spark, small: bool) -> dict[str, str]:
    """What differs from Spark's own defaults. Seconds of work end before an optimising compiler or
    a plan that adapts as it runs pays for itself: without both, MovieLens 100K takes half the
    processor time."""
    packages = {"spark.jars.packages": ",".join(settings.packages)} if settings.packages else {}
    loopback = (
        {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        if is_local(settings)
        else {}
    )
    return (
        loopback
        | packages
        | {
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.memory": f"{settings.driver_memory_gb}g",
            "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -Duser.timezone=UTC"
            + " -XX:TieredStopAtLevel=1" * small,
            "spark.sql.adaptive.enabled": str(not small).lower(),
            "spark.executorEnv.PYTHONPATH": str(
                ROOT
            ),  # every machine has the code where this one has it, as it has the environment
            "spark.sql.shuffle.partitions": str(settings.shuffle_partitions),
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.parquet.compression.codec": "zstd",
            # our manifest is what says "complete"
            "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
        }
    )
