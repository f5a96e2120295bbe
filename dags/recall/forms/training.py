"""The forms of training and tuning: which settings of the stages each family offers, in which
order, and what is no stage's setting.
"""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk import Param

from recall.forms.params import DAY, choice, number, optional_text, switch
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


def training_form(*settings: dict[str, Param]) -> dict[str, Param]:
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


def tuning_form(families: Sequence[str]) -> dict[str, Param]:
    """Which family and data, how many trials, and what becomes of the winner."""
    return {
        "family": choice(families[0], families, "What is tuned.", "Study", "Family"),
        **_data(),
        **stage_params("tune", "BeginRequest", ("trials", "space")),
        "adopt": switch(
            "Train with the winner from the next training on.", "Study", "Adopt", on=True
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
