"""`python -m tasks.graph build|walk|word2vec '<request as JSON>'`."""

from __future__ import annotations

from tasks.core.cli.command import Verb, run
from tasks.graph.settings import BuildRequest, WalkRequest, Word2VecRequest

VERBS = {
    "build": Verb(
        BuildRequest, "tasks.graph.build:build", "write the graph over which walks are drawn"
    ),
    "walk": Verb(
        WalkRequest,
        "tasks.graph.walk_shards:write_walks",
        "write walks as Parquet, on one machine or by Spark",
    ),
    "word2vec": Verb(
        Word2VecRequest,
        "tasks.graph.spark.word2vec:word2vec",
        "train input vectors on such walks by Spark ML",
    ),
}

if __name__ == "__main__":
    raise SystemExit(run("graph", VERBS))
