"""The families of models: their tasks before the common chain evaluate → gate → promote, and their
forms.

A new family is a stage folder and its line in `environments.py`; `family_by_default` gives it its
DAGs. An entry in `DESCRIBED` says more: title, text, further tasks, the order of the form's fields.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from typing import Any

from recall import environments
from recall.forms import training
from recall.forms.stage_settings import stage_params
from recall.requests import common, tuning

Build = Callable[[Any], dict]


@dataclasses.dataclass(frozen=True)
class Step:
    """One task of a family: its id, the stage and verb it runs, and what builds its request."""

    task: str
    stage: str
    verb: str
    build: Build
    needs: tuple[str, ...] = ()
    doc: str = ""


@dataclasses.dataclass(frozen=True)
class Family:
    """A family of models.

    Attributes:
        steps: the tasks up to and including `fit`.
        form: the parameters of its training, as Airflow shows them.
        follows: it is made of the other families' champions, so it starts when one of them changes,
            not with new interactions.
        priority: of its training among those that wait for a slot. The longest training begins
            first, so that all end soonest (Graham 1969).
    """

    name: str
    title: str
    steps: tuple[Step, ...]
    form: dict
    doc: str
    follows: bool = False
    priority: int = 1


def snapshot_request(context: Any) -> dict:
    """The snapshot to train on: the form's, the announced one, or the newest of the day."""
    announced, params = common.event(context), context["params"]
    if announced.get("restored"):  # the day of a rollback is not the day to train on
        return {
            "dataset": common.dataset(),
            "snapshot": params.get("snapshot"),
            "day": params.get("day"),
        }
    return {
        "dataset": common.dataset(),
        "snapshot": params.get("snapshot") or announced.get("snapshot"),
        "day": None if announced.get("snapshot") else common.day(context),
    }


def fit_request(context: Any, family: str, fields: dict) -> dict:
    """What the `fit` request of every family has: settings of the form and of a study, seed,
    origin.
    """
    settings = tuning.with_winner(family, fields, common.settings(context, list(fields)))
    return {
        "store": common.store(),
        "settings": settings,
        "seed": context["params"]["seed"],
        "origin": common.triggered_by(context),
    }


def build_graph(context: Any) -> dict:
    return {
        "store": common.store(),
        **snapshot_request(context),
        **common.settings(context, list(training.GRAPH)),
    }


def fit_item2vec(context: Any) -> dict:
    return {
        **fit_request(context, "item2vec", training.ITEM2VEC),
        "graph": common.result(context, "graph")["uri"],
    }


def fit_gru4rec(context: Any) -> dict:
    return {**fit_request(context, "gru4rec", training.GRU4REC), **snapshot_request(context)}


def fit_linear(context: Any) -> dict:
    return {**fit_request(context, "linear", training.LINEAR), **snapshot_request(context)}


def fit_two_tower(context: Any) -> dict:
    return {**fit_request(context, "two_tower", training.TWO_TOWER), **snapshot_request(context)}


def fit_fused(context: Any) -> dict:
    return {
        **fit_request(context, "fused", training.FUSED),
        **snapshot_request(context),
        "repeat": not common.event(context),
    }


def family_by_default(name: str) -> Family:
    """A family without an entry in `DESCRIBED`: one task `fit`, and a form with every setting that
    has a title.
    """
    fields = stage_params(name, "Settings")

    def fit(context: Any) -> dict:
        return {**fit_request(context, name, fields), **snapshot_request(context)}

    return Family(
        name,
        name.replace("_", " "),
        (Step("fit", name, "fit", fit, ("mlflow",), doc=f"Trains {name}."),),
        training.training_form(fields),
        f"The family {name}, as tasks/{name} trains it.",
    )


DESCRIBED = (
    Family(
        "item2vec",
        "DeepWalk and item2vec",
        (
            Step(
                "graph",
                "graph",
                "build",
                build_graph,
                doc="The user-item graph on which walks run.",
            ),
            Step(
                "fit",
                "item2vec",
                "fit",
                fit_item2vec,
                ("mlflow",),
                doc="Walks and sequences → skip-gram or its closed form → decoder → input and "
                "output vectors.",
            ),
        ),
        training.training_form(training.GRAPH, training.ITEM2VEC),
        "Random walks over the user-item graph and the users' own sequences, learned by "
        "skip-gram, CBOW or in closed form.",
        priority=20,
    ),
    Family(
        "gru4rec",
        "GRU4Rec",
        (
            Step(
                "fit",
                "gru4rec",
                "fit",
                fit_gru4rec,
                ("mlflow",),
                doc="A recurrent network over the users' sequences.",
            ),
        ),
        training.training_form(training.GRU4REC),
        "A recurrent network that reads a user's history and predicts the next item.",
        priority=40,
    ),
    Family(
        "linear",
        "EASE",
        (
            Step(
                "fit",
                "linear",
                "fit",
                fit_linear,
                ("mlflow",),
                doc="EASE in closed form → decoder → input and output vectors.",
            ),
        ),
        training.training_form(training.LINEAR),
        "Items from items by ridge regression in closed form, cut to vectors that an inner "
        "product serves.",
        priority=10,
    ),
    Family(
        "two_tower",
        "two-tower",
        (
            Step(
                "fit",
                "two_tower",
                "fit",
                fit_two_tower,
                ("mlflow",),
                doc="A user tower and an item tower over ids, features and histories.",
            ),
        ),
        training.training_form(training.TWO_TOWER),
        "A user tower and an item tower that read ids, features and histories: new users and "
        "new items are served by features alone.",
        priority=30,
    ),
    Family(
        "fused",
        "fusion",
        (
            Step(
                "fit",
                "fused",
                "fit",
                fit_fused,
                ("mlflow",),
                doc="The other families' champions side by side, weighed on validation users.",
            ),
        ),
        training.training_form(training.FUSED),
        "The champions of the other families side by side in one index: the inner product is "
        "the weighted sum of their scores.",
        follows=True,
    ),
)


def wanted(families: tuple[Family, ...], names: str) -> tuple[Family, ...]:
    """The families that are named, with a space or a comma between two; all where none is.

    Raises:
        ValueError: a family of this name does not exist; Airflow shows it as an import error.
    """
    chosen = names.replace(",", " ").split() or [family.name for family in families]
    if unknown := sorted(set(chosen) - {family.name for family in families}):
        raise ValueError(
            f"RECALL_FAMILIES names a family that does not exist: got {', '.join(unknown)}; "
            f"allowed: {', '.join(family.name for family in families)}"
        )
    return tuple(family for family in families if family.name in chosen)


FAMILIES = wanted(
    (
        *DESCRIBED,
        *(
            family_by_default(name)
            for name in environments.FAMILIES
            if name not in {family.name for family in DESCRIBED}
        ),
    ),
    os.environ.get("RECALL_FAMILIES", ""),
)
