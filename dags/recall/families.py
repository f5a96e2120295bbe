"""The families of models: what is done before the common chain evaluate → gate → promote, and with
which form.

A new family is a stage folder, its form, and one line in `FAMILIES`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from recall.forms import forms
from recall.requests import common, tuning

Build = Callable[[Any], dict]


@dataclasses.dataclass(frozen=True)
class Step:
    """One task of a family's own: its id, the stage and verb it runs, and how its request is
    built.
    """

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
        follows: it is made of the others' champions: it starts when one of them changes, not with
            new interactions.
        priority: of its training among those that wait for a slot. The longest begins first: so all
            are over soonest (Graham 1969).
    """

    name: str
    title: str
    steps: tuple[Step, ...]
    form: dict
    doc: str
    follows: bool = False
    priority: int = 1


def snapshot_of(context: Any) -> dict:
    """Which snapshot to train on: the form's, the one that was announced, or the newest of the
    day.
    """
    announced, given = common.event(context), context["params"]
    if announced.get("restored"):  # the day that was gone back to is not the one to train on
        return {
            "dataset": common.dataset(),
            "snapshot": given.get("snapshot"),
            "day": given.get("day"),
        }
    return {
        "dataset": common.dataset(),
        "snapshot": given.get("snapshot") or announced.get("snapshot"),
        "day": None if announced.get("snapshot") else common.day(context),
    }


def training(context: Any, family: str, fields: dict) -> dict:
    """What every fit is asked: settings from the form and from what a study found, seed, where it
    came from.
    """
    settings = tuning.adopted(family, fields, common.settings(context, list(fields)))
    return {
        "store": common.store(),
        "settings": settings,
        "seed": context["params"]["seed"],
        "origin": common.origin(context),
    }


def build_graph(context: Any) -> dict:
    return {
        "store": common.store(),
        **snapshot_of(context),
        **common.settings(context, list(forms.GRAPH)),
    }


def fit_item2vec(context: Any) -> dict:
    return {
        **training(context, "item2vec", forms.ITEM2VEC),
        "graph": common.result(context, "graph")["uri"],
    }


def fit_gru4rec(context: Any) -> dict:
    return {**training(context, "gru4rec", forms.GRU4REC), **snapshot_of(context)}


def fit_linear(context: Any) -> dict:
    return {**training(context, "linear", forms.LINEAR), **snapshot_of(context)}


def fit_two_tower(context: Any) -> dict:
    return {**training(context, "two_tower", forms.TWO_TOWER), **snapshot_of(context)}


def fit_fused(context: Any) -> dict:
    return {
        **training(context, "fused", forms.FUSED),
        **snapshot_of(context),
        "repeat": not common.event(context),
    }


FAMILIES = (
    Family(
        "item2vec",
        "DeepWalk and item2vec",
        (
            Step(
                "graph", "graph", "build", build_graph, doc="The user-item graph that is walked on."
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
        forms.training(forms.GRAPH, forms.ITEM2VEC),
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
        forms.training(forms.GRU4REC),
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
        forms.training(forms.LINEAR),
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
        forms.training(forms.TWO_TOWER),
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
        forms.training(forms.FUSED),
        "The champions of the other families side by side in one index: the inner product is "
        "the weighted sum of their scores.",
        follows=True,
    ),
)
