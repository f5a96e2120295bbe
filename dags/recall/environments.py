"""Which environment each stage runs in, and which stages are families of models. Imports nothing,
so that tests and benchmarks can read it outside Airflow.
"""

# A family's line here is all that its DAGs need; `families.py` may say more of it.
FAMILIES = {
    "item2vec": "train",
    "gru4rec": "train",
    "two_tower": "train",
    "linear": "train",
    "fused": "train",
}
ENVIRONMENTS = {
    "ingest": "spark",
    "graph": "spark",
    **FAMILIES,
    "tune": "train",
    "evaluate": "train",
    "promote": "serve",
    "index": "serve",
    "publish": "serve",
    "retrieve": "serve",
    "prune": "serve",
}
