"""`python -m tasks.graph build|walk|word2vec '<request as JSON>'`."""

from __future__ import annotations

from tasks.core.command import Verb, run
from tasks.graph.settings import BuildRequest, WalkRequest, Word2VecRequest


def load_build():
    from tasks.graph.build import build

    return build


def load_walk():
    from tasks.graph.walking import write_walks

    return write_walks


def load_word2vec():
    from tasks.graph.spark.word2vec import word2vec

    return word2vec


VERBS = {"build": Verb(BuildRequest, load_build, "write the graph over which walks are drawn"),
         "walk": Verb(WalkRequest, load_walk, "write walks as Parquet, on one machine or by Spark"),
         "word2vec": Verb(Word2VecRequest, load_word2vec, "train input vectors on such walks by Spark ML")}

if __name__ == "__main__":
    raise SystemExit(run("graph", VERBS))
