"""The forms of publication, overruling, rollback and pruning: which settings of the stages each
offers, in which order, and what is no stage's setting.
"""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk import Param

from recall.forms.params import END, choice, number, optional_text, required_text, switch
from recall.forms.stage_settings import stage_params

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


def publication_form() -> dict[str, Param]:
    """What is published, how it is indexed, and in which form it is loaded."""
    return {
        "candidate": optional_text(
            "Publish exactly this candidate (its URI). Empty: the champion.", "What", "Candidate"
        ),
        **INDEX,
        **BUNDLE,
        **LOAD,
    }


def overruling_form(families: Sequence[str]) -> dict[str, Param]:
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


def rollback_form(families: Sequence[str]) -> dict[str, Param]:
    """Which family goes back, to what, and why."""
    return {
        "family": choice(families[0], families, "What is rolled back.", "Roll back", "Family"),
        "generation": optional_text(
            "A kept generation's id. Empty: the one before.", "Roll back", "Generation"
        ),
        "why": _reason("Roll back"),
    }


def pruning_form() -> dict[str, Param]:
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
