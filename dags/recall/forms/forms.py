"""The trigger forms. Defaults and bounds are those of the stages' settings; a test holds the two
together.
"""

from __future__ import annotations

import os

from airflow.sdk import Param

END = r"$(?!\n)"  # where Python's $ would let a last line break pass; a browser reads it the same
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}" + END


def number(
    default: int | float | None,
    low: int | float,
    high: int | float,
    text: str,
    section: str,
    title: str | None = None,
    whole: bool = False,
) -> Param:
    """A bounded number; `whole`, or when its default is, it has no fraction; without a default it
    may be left empty.
    """
    kind = "integer" if whole or isinstance(default, int) else "number"
    kind = ["null", kind] if default is None else kind
    return Param(
        default,
        type=kind,
        minimum=low,
        maximum=high,
        description_md=text,
        section=section,
        title=title,
    )


def choice(
    default: str | None, values: list[str], text: str, section: str, title: str | None = None
) -> Param:
    """One of these values; without a default it may be left empty."""
    if default is None:
        return Param(
            None,
            type=["null", "string"],
            enum=[None, *values],
            values_display={"null": "–"},
            description_md=text,
            section=section,
            title=title,
        )
    return Param(
        default, type="string", enum=values, description_md=text, section=section, title=title
    )


def switch(text: str, section: str, title: str | None = None, on: bool = False) -> Param:
    """Off, unless it is `on` or switched on."""
    return Param(on, type="boolean", description_md=text, section=section, title=title)


def optional(text: str, section: str, title: str | None = None, **schema: object) -> Param:
    """A text that may be left empty, no longer than a path can be."""
    return Param(
        None,
        type=["null", "string"],
        description_md=text,
        section=section,
        title=title,
        maxLength=4096,
        **schema,
    )


def names(text: str, section: str, title: str | None = None) -> Param:
    """A list of names that may be left empty."""
    return Param(
        None,
        type=["null", "array"],
        items={"type": "string"},
        description_md=text,
        section=section,
        title=title,
    )


BUDGET = number(
    float(os.environ.get("RECALL_BUDGET_MINUTES") or 40),
    0.01,
    10_000,
    "Minutes that a training may take: as many epochs as fit, at least one; "
    "of a closed form, the exact one where it fits.",
    "Training",
    "Budget (minutes)",
)


def run() -> dict:
    """What every training asks: which data, which seed."""
    return {
        "day": optional(
            "Train on the newest snapshot of this day (YYYY-MM-DD). Empty: the newest of all.",
            "Data",
            "Day",
            pattern=DAY,
        ),
        "snapshot": optional(
            "Train on exactly this snapshot (its URI). Empty: chosen by day.", "Data", "Snapshot"
        ),
        "seed": number(0, 0, 2**31 - 1, "Every random choice follows from it.", "Data", "Seed"),
        "seeds": number(
            1,
            1,
            10,
            "Trainings that differ by their seed; the verdict uses all of them, the first goes "
            "live.",
            "Data",
            "Seeds",
        ),
        "approval": choice(
            "never",
            ["never", "borderline", "always"],
            "Whether a person is asked before the challenger goes live: never, when the "
            "verdict is `ask`, or always. Nobody's answer within 12 hours is a hold.",
            "Decision",
            "Approval",
        ),
    }


GRAPH = {
    "entrance": choice(
        "strength",
        ["strength", "uniform"],
        "Where walks begin: at items by their co-occurrence weight, or at every item alike.",
        "Walks",
        "Entrance",
    ),
    "law": choice(
        "cooccurrence",
        ["cooccurrence", "degree-penalised", "window"],
        "How a walk moves: by the number of users who liked both items; "
        "the same with popular items held back; or by how often two items stand near each "
        "other in a user's list.",
        "Walks",
        "Law",
    ),
    "degree_penalty": number(
        0.5,
        0,
        4,
        "Law degree-penalised: items are reached by their number of users to minus this power.",
        "Walks",
        "Degree penalty",
    ),
    "window_places": number(
        5, 1, 1000, "Law window: places apart at most.", "Walks", "Places apart"
    ),
    "half_life_places": number(
        None,
        0.01,
        10_000,
        "Law window: places after the first after which a pair weighs half. Empty: all weigh "
        "alike.",
        "Walks",
        "Half-life in places",
    ),
    "half_life_days": number(
        None,
        0.01,
        100_000,
        "Law window: days before the newest interaction after which a pair weighs half. Empty: "
        "nothing is forgotten.",
        "Walks",
        "Half-life in days",
    ),
}
ITEM2VEC = {
    "trainer": choice(
        "auto",
        ["auto", "netmf", "gensim"],
        "netmf: the closed form of skip-gram, of two-step walks and of sequences, up to 20,000 "
        "items; gensim: "
        "word2vec on the corpus; auto: netmf where it can.",
        "Model",
        "Trainer",
    ),
    "decoder": choice(
        "auto",
        ["auto", "none", "leave-one-out", "causal", "blended"],
        "Output vectors: the trainer's own, or ridge regressions of each item on the "
        "rest of a list, or on what came before it; blended: the own beside the latter; auto "
        "chooses on validation.",
        "Model",
        "Decoder",
    ),
    "popularity": number(
        None,
        0,
        10,
        "Weight of a dimension that holds popularity, in spreads of the scores; 0 for none. "
        "Empty: chosen on validation.",
        "Model",
        "Popularity",
    ),
    "corpus": choice(
        "walks",
        ["walks", "sequences", "mixed"],
        "What is learned from: walks over the graph, users' own lists in order of time, or both.",
        "Walks",
        "Corpus",
    ),
    "walk_length": number(4, 2, 100, "Items in a walk.", "Walks", "Walk length"),
    "walk_words": number(
        0.5,
        0.01,
        1000,
        "Words of walks an epoch for each training interaction.",
        "Walks",
        "Words of walks",
    ),
    "algorithm": choice(
        "cbow",
        ["skip-gram", "cbow"],
        "Predict the neighbours from the item, or the item from its neighbours.",
        "Model",
        "Algorithm",
    ),
    "dimension": number(
        128, 2, 1024, "Dimensions of an item's input vector.", "Model", "Dimension"
    ),
    "window": number(
        4, 1, 200, "Neighbours within this many places are predicted.", "Model", "Window"
    ),
    "negatives": number(
        5, 1, 200, "Noise items drawn for each observed pair.", "Model", "Negatives"
    ),
    "negative_exponent": number(
        0.5,
        -3,
        3,
        "Noise items are drawn by popularity to this power.",
        "Model",
        "Negative exponent",
    ),
    "minimum_count": number(
        1,
        1,
        1_000_000,
        "Items liked by fewer users are not trained: they are cold items.",
        "Model",
        "Minimum count",
    ),
    "cold_items": choice(
        "metadata",
        ["leave-out", "metadata"],
        "Items of the catalogue that are not trained: left out, or placed by their genres "
        "where hardly liked items stand.",
        "Model",
        "Cold items",
    ),
    "query_decay": number(
        None,
        0,
        10_000,
        "Items after which a liked item's weight in the query has fallen to 1/e; 0 weighs all "
        "alike. Empty: chosen on validation.",
        "Model",
        "Query decay",
    ),
    "learning_rate": number(
        0.05,
        1e-5,
        1.0,
        "At the first epoch; falls linearly to a hundredth of it.",
        "Training",
        "Learning rate",
    ),
    "epochs": number(60, 1, 2000, "Passes over the corpus at most.", "Training", "Epochs"),
    "budget_minutes": BUDGET,
    "patience": number(
        40,
        1,
        2000,
        "Epochs without a better validation recall@50 before training stops.",
        "Training",
        "Patience",
    ),
    "warm_start": switch(
        "gensim goes on from the champion's vectors; netmf, a closed form, always begins anew.",
        "Day over day",
        "Warm start",
        on=True,
    ),
    "warm_share": number(
        0.35,
        0.01,
        1,
        "Share of the epochs and of the learning rate of a training that goes on.",
        "Day over day",
        "Share of a training",
    ),
    "align": switch(
        "Turn all vectors onto the champion's, so that yesterday's stay comparable; no score "
        "changes.",
        "Day over day",
        "Align",
        on=True,
    ),
    "threads": number(
        1,
        1,
        64,
        "Training threads; with more than 1 two trainings differ slightly.",
        "Training",
        "Threads",
    ),
}
GRU4REC = {
    "encoder": choice(
        "gru",
        ["gru", "sasrec"],
        "What reads a history: a recurrent layer, or blocks of self-attention.",
        "Model",
        "Encoder",
    ),
    "dimension": number(
        64,
        2,
        1024,
        "Dimensions of an item's vector; the served vectors have one more, for the item's bias.",
        "Model",
        "Dimension",
    ),
    "hidden": number(
        None,
        2,
        4096,
        "Hidden units of the recurrent layer, of sasrec's feed-forward. Empty: 128, or 256 "
        "between one and five million positions.",
        "Model",
        "Hidden units",
        whole=True,
    ),
    "blocks": number(2, 1, 32, "Blocks of sasrec.", "Model", "Blocks"),
    "heads": number(
        1, 1, 64, "Attention heads of a sasrec block; a divisor of the dimension.", "Model", "Heads"
    ),
    "interests": number(
        1,
        1,
        16,
        "Query vectors of a user; an item's score is its best one's.",
        "Model",
        "Interests",
    ),
    "window": number(
        200,
        1,
        10_000,
        "Items read before a prediction at most, in training and in serving.",
        "Model",
        "Window",
    ),
    "input_dropout": number(
        None,
        0,
        0.95,
        "Share of an item's input vector dropped in training. Empty: 0.4 on few rows, else "
        "0.3, 0.2 of many items.",
        "Model",
        "Input dropout",
    ),
    "output_dropout": number(
        None,
        0,
        0.95,
        "Share of the hidden state dropped in training. Empty: 0.4 on few rows, else 0.3, 0.2 "
        "of many items.",
        "Model",
        "Output dropout",
    ),
    "minimum_count": number(
        1,
        1,
        1_000_000,
        "Items liked by fewer users are never recommended and not read.",
        "Model",
        "Minimum count",
    ),
    "horizon": number(
        1,
        1,
        1000,
        "A position is to predict the item after it, or one drawn of so many that follow.",
        "Loss",
        "Horizon",
    ),
    "loss": choice(
        "cross-entropy",
        ["cross-entropy", "bpr-max"],
        "Of the next item; bpr-max always samples negatives.",
        "Loss",
        "Loss",
    ),
    "full_softmax_items": number(
        None,
        0,
        1_000_000,
        "A catalogue up to this size is scored whole; a larger one against negatives. Empty: "
        "5,000, more where an epoch stays short.",
        "Loss",
        "Full softmax up to",
        whole=True,
    ),
    "negatives": number(
        None,
        1,
        1_000_000,
        "Negatives drawn for each batch and shared by its positions. Empty: 512, or 2,048 of "
        "more than 20,000 items.",
        "Loss",
        "Negatives",
        whole=True,
    ),
    "negative_exponent": number(
        0.5, 0, 2, "Negatives are drawn by popularity to this power.", "Loss", "Negative exponent"
    ),
    "learning_rate": number(
        0.01, 1e-6, 1.0, "Of AdamW after the warm-up.", "Training", "Learning rate"
    ),
    "schedule": choice(
        "cosine",
        ["cosine", "constant"],
        "The learning rate falls to zero along a cosine, or stays.",
        "Training",
        "Schedule",
    ),
    "batch_positions": number(
        3200, 1, 1_000_000, "Positions in a batch, about.", "Training", "Batch"
    ),
    "epochs": number(
        None,
        1,
        2000,
        "Passes over the sequences at most. Empty: 15, fewer on more than 333,000 positions.",
        "Training",
        "Epochs",
        whole=True,
    ),
    "budget_minutes": BUDGET,
    "patience": number(
        5,
        1,
        2000,
        "Epochs without a better validation recall@50 before training stops.",
        "Training",
        "Patience",
    ),
    "warm_start": switch(
        "Begin with the champion's weights; items it does not know begin anew.",
        "Day over day",
        "Warm start",
    ),
    "warm_share": number(
        0.35,
        0.01,
        1,
        "Share of the epochs and of the learning rate of a training that begins so.",
        "Day over day",
        "Share of a training",
    ),
    "precision": choice(
        "auto",
        ["auto", "float32", "bfloat16"],
        "Of the network's products; auto halves them on a GPU. What is served is float32.",
        "Training",
        "Precision",
    ),
    "device": choice(
        "auto",
        ["auto", "cpu", "cuda"],
        "Where to train; auto takes a GPU when there is one.",
        "Training",
        "Device",
    ),
    "threads": number(
        1,
        1,
        256,
        "CPU threads; several slow each other down beside another training; another number "
        "gives slightly different weights.",
        "Training",
        "Threads",
    ),
}


INDEX = {
    "factory": Param(
        "auto",
        type="string",
        pattern=r"^[A-Za-z0-9_,]+" + END,
        examples=["auto", "Flat", "IVF1024,Flat", "HNSW32", "LSH256", "SQ8", "IVF1024,PQ16"],
        description_md="FAISS factory string; `Flat` is exact, `auto` chooses by size.",
        section="Index",
        title="Index",
    ),
    "memory_mib": number(
        None,
        0.001,
        10_000_000,
        "What the index may weigh; `auto` compresses as far as it must. Empty: no bound.",
        "Index",
        "Memory, MiB",
    ),
    "cold_items": choice(
        "leave-out",
        ["leave-out", "metadata"],
        "Items the model does not know: left out, or placed by their genres where hardly liked "
        "items stand.",
        "Index",
        "Cold items",
    ),
}
BUNDLE = {
    "search": optional(
        "Of the index, as `nprobe=16` or `efSearch=64`. Empty: tuned on real users' queries.",
        "Index",
        "Search parameters",
        pattern=r"^[A-Za-z0-9_,=]*" + END,
    ),
    "wanted_recall": number(
        0.99,
        0.0,
        1.0,
        "Recall@50 that the search parameters are tuned to.",
        "Index",
        "Wanted recall",
    ),
    "minimum_recall": number(
        0.98,
        0.0,
        1.0,
        "Recall@50 against exact search below which nothing goes live.",
        "Index",
        "Minimum recall",
    ),
    "top": number(
        100,
        1,
        1000,
        "Items precomputed for each user, unseen ones only.",
        "Redis",
        "Precomputed list",
    ),
}
LOAD = {
    "dtype": choice(
        "float32",
        ["float32", "float16"],
        "How vectors are stored in Redis; the index keeps float32.",
        "Redis",
        "Vectors",
    ),
    "bucket_fields": number(
        64,
        1,
        100_000,
        "Fields of a hash on average. Half of the server's `hash-max-listpack-entries` or "
        "less: stored compactly.",
        "Redis",
        "Fields a bucket",
    ),
    "allow_eviction": switch(
        "Load into a server that may evict what is live when it is full.", "Redis", "Allow eviction"
    ),
}


LINEAR = {
    "solver": choice(
        "auto",
        ["auto", "dense", "low-rank"],
        "`dense`: the exact inverse of the item-item matrix; `low-rank`: from its leading "
        "directions; "
        "`auto`: dense where the memory allows it.",
        "Model",
        "Solver",
    ),
    "penalty": number(
        None, 1e-3, 1e9, "λ of EASE. Empty: chosen on validation.", "Model", "Penalty"
    ),
    "user_exponent": number(
        0.5,
        0,
        1,
        "A user with n likes counts n to the power of minus this; 0 lets the longest histories "
        "decide.",
        "Model",
        "User exponent",
    ),
    "dimension": number(
        128, 2, 1024, "Dimensions of an item's input vector.", "Model", "Dimension"
    ),
    "minimum_count": number(
        1,
        1,
        1_000_000,
        "Items liked by fewer users are not solved for: they are cold items.",
        "Model",
        "Minimum count",
    ),
    "cold_items": choice(
        "metadata",
        ["leave-out", "metadata"],
        "Items of the catalogue without a vector: left out, or placed by their genres where "
        "hardly liked items stand.",
        "Model",
        "Cold items",
    ),
    "decoder": choice(
        "auto",
        ["auto", "none", "leave-one-out", "causal", "blended"],
        "Output vectors: EASE's own, or ridge regressions from its input "
        "vectors. `auto` chooses on validation.",
        "Search",
        "Decoder",
    ),
    "query_decay": number(
        None,
        0,
        10_000,
        "Items after which a liked item's weight has fallen to 1/e; 0 weighs all alike. Empty: "
        "chosen.",
        "Search",
        "Decay",
    ),
    "popularity": number(
        None,
        0,
        10,
        "Weight of a dimension that holds popularity; 0 for none. Empty: chosen.",
        "Search",
        "Popularity",
    ),
    "budget_minutes": BUDGET,
    "memory_gb": number(
        8.0,
        0.01,
        4096,
        "What the exact inverse may use: 24 bytes for each pair of items.",
        "Training",
        "Memory, GB",
    ),
    "threads": number(1, 1, 64, "Threads of the matrix products.", "Training", "Threads"),
}


FUSED = {
    "members": names(
        "Families whose champions are put side by side, one a line. Empty: every other family "
        "that has one.",
        "Model",
        "Members",
    ),
    "scale": choice(
        "auto",
        ["auto", "all", "each"],
        "A member's scores are divided by their spread over the items: one for all users, or "
        "each user's own. "
        "`auto` chooses on validation.",
        "Model",
        "Scale",
    ),
    "dimension": number(
        1024,
        2,
        8192,
        "Dimensions at most; wider vectors are reduced to the directions that decide most of "
        "the scores.",
        "Model",
        "Dimension",
    ),
    "least_weight": number(
        0.02,
        0,
        0.5,
        "A member with a smaller share of the weights is left out.",
        "Model",
        "Least weight",
    ),
    "validation_users": number(
        None,
        1,
        1_000_000,
        "Users drawn at most to find the weights. Empty: 5,000, fewer in a large catalogue.",
        "Training",
        "Validation users",
        whole=True,
    ),
    "memory_gb": number(
        2.0,
        0.001,
        4096,
        "What their scores may take; fewer users are drawn where it would be more.",
        "Training",
        "Memory, GB",
    ),
    "threads": number(1, 1, 64, "Threads of the matrix products.", "Training", "Threads"),
}


TWO_TOWER = {
    "dimension": number(
        64,
        2,
        1024,
        "Dimensions of an item's vector; the served vectors have one more, for the item's bias.",
        "Model",
        "Dimension",
    ),
    "hidden": number(128, 2, 4096, "Hidden units of the user tower.", "Model", "Hidden units"),
    "window": number(100, 1, 10_000, "Newest items of a history that are read.", "Model", "Window"),
    "user_features": names(
        "Columns of the table of users, one a line. Empty: all; the id where lists are long "
        "enough to learn one.",
        "Features",
        "Of users",
    ),
    "item_features": names(
        "Columns of the table of items, one a line. Empty: all but the title.",
        "Features",
        "Of items",
    ),
    "minimum_value_count": number(
        5,
        1,
        1_000_000,
        "A value that fewer users or items have is not learned.",
        "Features",
        "Minimum count of a value",
    ),
    "number_buckets": number(
        25,
        2,
        1000,
        "A column of numbers with more different values is cut into so many parts.",
        "Features",
        "Parts of a number",
    ),
    "loss": choice(
        "in-batch",
        ["in-batch", "ratings"],
        "Tell what is liked from the rest of the batch, or the squared error on scaled ratings.",
        "Loss",
        "Loss",
    ),
    "id_dropout": number(
        0.1, 0, 1, "Share of ids hidden in training: features must do.", "Training", "Id dropout"
    ),
    "feature_dropout": number(
        0.1,
        0,
        0.95,
        "Share of histories, and of each attribute's values, hidden in training.",
        "Training",
        "Feature dropout",
    ),
    "dropout": number(
        0.2,
        0,
        0.95,
        "Share of the user tower's inputs and hidden units dropped in training.",
        "Training",
        "Dropout",
    ),
    "batch_examples": number(
        1024,
        8,
        1_000_000,
        "Examples in a batch; each is the negative of the others.",
        "Training",
        "Batch",
    ),
    "learning_rate": number(
        0.006, 1e-6, 1, "Of AdamW after the warm-up.", "Training", "Learning rate"
    ),
    "schedule": choice(
        "cosine",
        ["cosine", "constant"],
        "The learning rate falls to zero along a cosine, or stays.",
        "Training",
        "Schedule",
    ),
    "epochs": number(
        None,
        1,
        2000,
        "Passes over what was liked at most. Empty: 10, fewer on more than 300,000 examples.",
        "Training",
        "Epochs",
        whole=True,
    ),
    "budget_minutes": BUDGET,
    "patience": number(
        5,
        1,
        2000,
        "Epochs without a better validation recall@50 before training stops.",
        "Training",
        "Patience",
    ),
    "device": choice(
        "auto",
        ["auto", "cpu", "cuda"],
        "Where to train; auto takes a GPU when there is one.",
        "Training",
        "Device",
    ),
    "threads": number(
        1,
        1,
        256,
        "CPU threads; another number gives slightly different weights.",
        "Training",
        "Threads",
    ),
}


def publish() -> dict:
    """What is published, how it is indexed, and in which form it is loaded."""
    return {
        "candidate": optional(
            "Publish exactly this candidate (its URI). Empty: the champion.", "What", "Candidate"
        ),
        **INDEX,
        **BUNDLE,
        **LOAD,
    }


def tune() -> dict:
    """Which data, how many trials, and what becomes of the winner."""
    data = run()
    return {
        "day": data["day"],
        "snapshot": data["snapshot"],
        "seed": data["seed"],
        "trials": number(
            40,
            1,
            1000,
            "Trials of the study; asked for more later, it goes on where it was.",
            "Study",
            "Trials",
        ),
        "space": optional(
            "TOML file of the search space. Empty: the family's own.", "Study", "Search space"
        ),
        "adopt": Param(
            True,
            type="boolean",
            description_md="Train with the winner from the next training on.",
            section="Study",
            title="Adopt",
        ),
    }


def overrule() -> dict:
    """Which version, what becomes of it, and why."""
    return {
        "action": choice(
            "refuse",
            ["refuse", "force"],
            "`force`: it goes live whatever its verdict says. `refuse`: it never does.",
            "Decision",
            "Action",
        ),
        "version": optional(
            "The registered version. Empty: the challenger.",
            "Decision",
            "Version",
            pattern=r"^[0-9]+" + END,
        ),
        "why": Param(
            type="string",
            minLength=3,
            maxLength=500,
            pattern=r"\S",
            description_md="Stands in the audit record. Required.",
            section="Decision",
            title="Reason",
        ),
    }


def rollback() -> dict:
    """Which family goes back, to what, and why."""
    from recall.families import FAMILIES

    return {
        "family": choice(
            FAMILIES[0].name,
            [family.name for family in FAMILIES],
            "What is rolled back.",
            "Roll back",
            "Family",
        ),
        "generation": optional(
            "A kept generation's id. Empty: the one before.", "Roll back", "Generation"
        ),
        "why": Param(
            type="string",
            minLength=3,
            maxLength=500,
            description_md="Stands in the audit record. Required.",
            section="Roll back",
            title="Reason",
        ),
    }


def prune() -> dict:
    """How long everything is kept, and whether anything is deleted at all."""
    return {
        "keep_days": number(
            30,
            1,
            100_000,
            "Whatever was made within so many days stays, needed or not.",
            "Prune",
            "Keep days",
        ),
        "only_plan": switch("Say what would go, and delete nothing.", "Prune", "Only plan"),
    }
