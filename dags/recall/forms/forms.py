"""The trigger forms of every DAG but `ingest`: which settings of the stages each offers, in which
order, and what is no stage's setting.
"""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk import Param

from recall.forms.params import (
    DAY,
    END,
    choice,
    number,
    optional_text,
    required_text,
    switch,
)
from recall.forms.stage_settings import default_from, stage_params

BUDGET = default_from("RECALL_BUDGET_MINUTES")

GRAPH = stage_params(
    "graph",
    "BuildRequest",
    (
        "entrance",
        "law",
        "degree_penalty",
        "window_places",
        "half_life_places",
        "half_life_days",
    ),
)
ITEM2VEC = stage_params(
    "item2vec",
    "Settings",
    (
        "trainer",
        "decoder",
        "popularity",
        "corpus",
        "walk_length",
        "walk_words",
        "algorithm",
        "dimension",
        "window",
        "negatives",
        "negative_exponent",
        "minimum_count",
        "cold_items",
        "query_decay",
        "learning_rate",
        "epochs",
        "budget_minutes",
        "patience",
        "warm_start",
        "warm_share",
        "align",
        "threads",
    ),
    budget_minutes=BUDGET,
)
GRU4REC = stage_params(
    "gru4rec",
    "Settings",
    (
        "encoder",
        "dimension",
        "hidden",
        "blocks",
        "heads",
        "interests",
        "window",
        "input_dropout",
        "output_dropout",
        "minimum_count",
        "horizon",
        "loss",
        "full_softmax_items",
        "negatives",
        "negative_exponent",
        "learning_rate",
        "schedule",
        "batch_positions",
        "epochs",
        "budget_minutes",
        "patience",
        "warm_start",
        "warm_share",
        "precision",
        "device",
        "threads",
    ),
    budget_minutes=BUDGET,
)
TWO_TOWER = stage_params(
    "two_tower",
    "Settings",
    (
        "dimension",
        "hidden",
        "window",
        "user_features",
        "item_features",
        "minimum_value_count",
        "number_buckets",
        "loss",
        "id_dropout",
        "feature_dropout",
        "dropout",
        "batch_examples",
        "learning_rate",
        "schedule",
        "epochs",
        "budget_minutes",
        "patience",
        "device",
        "threads",
    ),
    budget_minutes=BUDGET,
)
LINEAR = stage_params(
    "linear",
    "Settings",
    (
        "solver",
        "penalty",
        "user_exponent",
        "dimension",
        "minimum_count",
        "cold_items",
        "decoder",
        "query_decay",
        "popularity",
        "budget_minutes",
        "memory_gb",
        "threads",
    ),
    budget_minutes=BUDGET,
)
FUSED = stage_params(
    "fused",
    "Settings",
    (
        "members",
        "scale",
        "dimension",
        "least_weight",
        "validation_users",
        "memory_gb",
        "threads",
    ),
)

INDEX = stage_params(
    "index",
    "BuildRequest",
    ("factory", "memory_mib", "cold_items"),
    factory={
        "pattern": r"^[A-Za-z0-9_,]+" + END,
        "examples": ["auto", "Flat", "IVF1024,Flat", "HNSW32", "LSH256", "SQ8", "IVF1024,PQ16"],
    },
)
BUNDLE = stage_params(
    "index",
    "BundleRequest",
    ("search", "wanted_recall", "minimum_recall", "top"),
    search={"pattern": r"^[A-Za-z0-9_,=]*" + END},
)
LOAD = stage_params("publish", "LoadRequest", ("dtype", "bucket_fields", "allow_eviction"))


def training(*settings: dict[str, Param]) -> dict[str, Param]:
    """The form of a training: which data, which seed, who is asked, and a family's settings."""
    form = {
        **_data(),
        "seeds": number(
            1,
            1,
            10,
            "Trainings that differ by their seed; the verdict uses all of them, the first goes "
            "live.",
            "Data",
            "Seeds",
            whole=True,
        ),
        "approval": choice(
            "never",
            ["never", "borderline", "always"],
            "Whether a person is asked before the challenger goes live: never, when the "
            "verdict is `ask`, or always. If nobody answers within 12 hours, the challenger is "
            "held.",
            "Decision",
            "Approval",
        ),
    }
    for params in settings:
        form |= params
    return form


def publication() -> dict[str, Param]:
    """What is published, how it is indexed, and in which form it is loaded."""
    return {
        "candidate": optional_text(
            "Publish exactly this candidate (its URI). Empty: the champion.", "What", "Candidate"
        ),
        **INDEX,
        **BUNDLE,
        **LOAD,
    }


def tuning(families: Sequence[str]) -> dict[str, Param]:
    """Which family and data, how many trials, and what becomes of the winner."""
    return {
        "family": choice(families[0], families, "What is tuned.", "Study", "Family"),
        **_data(),
        **stage_params("tune", "BeginRequest", ("trials", "space")),
        "adopt": switch(
            "Train with the winner from the next training on.", "Study", "Adopt", on=True
        ),
    }


def overruling(families: Sequence[str]) -> dict[str, Param]:
    """Which version of which family, what becomes of it, and why."""
    return {
        "family": choice(families[0], families, "Whose version it is.", "Decision", "Family"),
        "action": choice(
            "refuse",
            ["refuse", "force"],
            "`force`: it goes live whatever its verdict says. `refuse`: it never does.",
            "Decision",
            "Action",
        ),
        "version": optional_text(
            "The registered version. Empty: the challenger.",
            "Decision",
            "Version",
            pattern=r"^[0-9]+" + END,
        ),
        "why": _reason("Decision", pattern=r"\S"),
    }


def rollback(families: Sequence[str]) -> dict[str, Param]:
    """Which family goes back, to what, and why."""
    return {
        "family": choice(families[0], families, "What is rolled back.", "Roll back", "Family"),
        "generation": optional_text(
            "A kept generation's id. Empty: the one before.", "Roll back", "Generation"
        ),
        "why": _reason("Roll back"),
    }


def pruning() -> dict[str, Param]:
    """How long everything is kept, and whether anything is deleted at all."""
    return {
        "keep_days": number(
            30,
            1,
            100_000,
            "Everything made within so many days is kept, needed or not.",
            "Prune",
            "Keep days",
            whole=True,
        ),
        "only_plan": switch(
            "List what would be deleted, and delete nothing.", "Prune", "Only plan"
        ),
    }


def _data() -> dict[str, Param]:
    return {
        "day": optional_text(
            "Train on the newest snapshot of this day (YYYY-MM-DD). Empty: the newest of all.",
            "Data",
            "Day",
            pattern=DAY,
        ),
        "snapshot": optional_text(
            "Train on exactly this snapshot (its URI). Empty: chosen by day.", "Data", "Snapshot"
        ),
        "seed": number(
            0,
            0,
            2**31 - 1,
            "Every random choice follows from it.",
            "Data",
            "Seed",
            whole=True,
        ),
    }


def _reason(section: str, **schema: str) -> Param:
    return required_text(
        None,
        "Kept in the audit record. Required.",
        section,
        "Reason",
        minLength=3,
        maxLength=500,
        **schema,
    )
