"""Input vectors by Spark ML: skip-gram with hierarchical softmax (Mikolov et al. 2013).

Partitions are trained apart and averaged.

It has no output vectors: a decoder makes them from users' histories (see
`tasks.core.models.input_vectors`).
"""

from __future__ import annotations

import dataclasses

import numpy as np
from pyspark.ml.feature import Word2Vec
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log
from tasks.core.spark.session import session
from tasks.core.store.arrays import save
from tasks.core.store.identity import code_version, identity
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store
from tasks.graph.settings import Word2VecRequest
from tasks.graph.walk_files import FOLDER

LARGE = 1 << 40  # bytes: no session for small work


def word2vec(request: Word2VecRequest) -> dict:
    """Train once, or find it trained.

    Raises:
        BadRequest: no such walks.
        RefusedData: no item is met `minimum_count` times.
    """
    store = Store(request.store)
    walks = store.open(request.walks, "walks")
    settings = {
        field.name: getattr(request, field.name)
        for field in dataclasses.fields(request)
        if field.name not in ("store", "walks", "spark")
    }
    code = code_version(__name__)
    id = identity(walks=walks.id, settings=settings, code=code)
    path = ("vectors", walks.facts["dataset"], id)
    if store.find(*path) is None:
        rows, inputs = _train(request, walks)
        with store.writing("vectors", *path) as draft:
            save(draft.path / "rows.npy", rows)
            save(draft.path / "inputs.npy", inputs)
            draft.counts = {"items": len(rows)}
            draft.facts = {name: walks.facts[name] for name in ("dataset", "day", "snapshot")}
            draft.facts |= {"trainer": "spark", "dimension": request.dimension}
            draft.lineage = {"settings": settings, "code": code, "parents": [walks.uri]}
    artefact = store.find(*path)
    assert artefact is not None  # it was there, or has just been written
    return {"uri": artefact.uri, "id": artefact.id, "day": artefact.facts["day"], **artefact.counts}


def _train(request: Word2VecRequest, walks: Artefact) -> tuple[np.ndarray, np.ndarray]:
    for file in walks.files:
        walks.file(file)
    with session(request.spark, LARGE) as spark:
        words = _words(spark, walks)
        if not (met := _met_often(words, request.minimum_count)):
            raise RefusedData(
                f"no item is met {request.minimum_count} times in the walks",
                got=f"{walks.counts['steps']} steps",
                remedy="lower minimum_count, or draw more walks",
            )
        log(
            "graph.word2vec.begin",
            items=met,
            walks=walks.counts["walks"],
            partitions=request.partitions,
        )
        model = Word2Vec(
            vectorSize=request.dimension,
            minCount=request.minimum_count,
            numPartitions=request.partitions,
            stepSize=request.learning_rate,
            maxIter=request.epochs,
            seed=request.seed,
            inputCol="walk",
            outputCol="mean",
            windowSize=request.window,
            maxSentenceLength=10_000,
        ).fit(words)
        learned = model.getVectors().select(F.col("word").cast("int"), "vector").collect()
    order = np.argsort([row["word"] for row in learned])
    rows = np.array([learned[at]["word"] for at in order], np.int32)
    return rows, np.stack([learned[at]["vector"].toArray() for at in order]).astype(np.float32)


def _words(spark: SparkSession, walks: Artefact) -> DataFrame:
    return spark.read.parquet(str(walks.path / FOLDER)).select(
        F.col("walk").cast("array<string>").alias("walk")
    )


def _met_often(words: DataFrame, times: int) -> int:
    return (
        words.select(F.explode("walk").alias("item"))
        .groupBy("item")
        .count()
        .where(F.col("count") >= times)
        .count()
    )
