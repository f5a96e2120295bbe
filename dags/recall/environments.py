"""Which environment each stage runs in. Imports nothing, so that tests and benchmarks can read it
outside Airflow.
"""

ENVIRONMENTS = {
    "ingest": "spark",
    "graph": "spark",
    "item2vec": "train",
    "gru4rec": "train",
    "two_tower": "train",
    "linear": "train",
    "fused": "train",
    "tune": "train",
    "evaluate": "train",
    "promote": "serve",
    "index": "serve",
    "publish": "serve",
    "retrieve": "serve",
    "prune": "serve",
}
