"""The bare job that ingestion is timed beside: read a csv of ratings, group each user's rows in
order of time, write Parquet.
"""

from __future__ import annotations

import json
import sys

from pyspark.sql import functions as F

from tasks.core.spark.session import start
from tasks.core.spark.settings import Spark

SCHEMA = "userId int, movieId int, rating float, timestamp bigint"


def main(source: str, target: str, settings: str) -> None:
    spark = start(Spark(**json.loads(settings)), small=False)
    rows = spark.read.schema(SCHEMA).csv(source, header=True)
    grouped = rows.groupBy("userId").agg(
        F.sort_array(F.collect_list(F.struct("timestamp", "movieId", "rating"))).alias("rows")
    )
    grouped.write.parquet(target)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
