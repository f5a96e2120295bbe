"""Settings of the Spark engine."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.core.cli.request import setting


@dataclass(frozen=True)
class Spark:
    """The cluster and its sizes. None of this changes the result or its id."""

    master: str = setting(
        "local[2]", "spark.master: local[n], or the URL of a cluster that shares the store's disk"
    )
    driver_memory_gb: int = setting(
        1, "heap of the driver, and of everything in local mode", minimum=1, maximum=256
    )
    shuffle_partitions: int = setting(4, "spark.sql.shuffle.partitions", minimum=1, maximum=10_000)
    packages: tuple[str, ...] = setting(
        (), "spark.jars.packages: Maven coordinates, for what a cluster's image lacks"
    )
