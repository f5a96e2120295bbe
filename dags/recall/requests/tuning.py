"""What a study is asked for, and what becomes of its winner.

The winner is kept as the Airflow variable `recall_settings_<family>`, where a person sees it,
changes it or deletes it. A training takes it for every setting that its form leaves at the default.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.sdk import Variable, task
from airflow.sdk.exceptions import AirflowSkipException

from recall import task_policies
from recall.requests import common


def variable(family: str) -> str:
    """The name of the variable that holds a family's settings."""
    return f"recall_settings_{family}"


def adopted(family: str, fields: dict, given: dict) -> dict:
    """The form's values, with a study's winner where the form was left as it comes.

    Args:
        fields: the parameters of the family's form.
        given: what the form says.
    """
    won = Variable.get(variable(family), default={}, deserialize_json=True)
    left = {name for name, param in fields.items() if given.get(name, param.value) == param.value}
    return {**given, **{name: value for name, value in won.items() if name in left}}


def only_for(family: str, build: Callable[[Any], dict]) -> Callable[[Any], dict]:
    """The request of a task that one family needs before its study; skipped for the others."""

    def request(context: Any) -> dict:
        chosen = context["params"]["family"]
        if chosen != family:
            raise AirflowSkipException(f"the form asks to tune {chosen}")
        return build(context)

    return request


def begin(fits: dict[str, Callable[[Any], dict]]) -> Callable[[Any], dict]:
    """The request that opens a study.

    Args:
        fits: family → what builds the request of its `fit`.
    """

    def build(context: Any) -> dict:
        params = context["params"]
        return {
            "store": common.store(),
            "family": params["family"],
            "fit": fits[params["family"]](context),
            "trials": params["trials"],
            "seed": params["seed"],
            "space": params.get("space"),
            "origin": common.origin(context),
        }

    return build


@task(**task_policies.TRAINING)
def slots(begun: dict) -> list[int]:
    """One number a trial: the trials are mapped over them."""
    return list(range(begun["trials"]))


def trial(context: Any) -> dict:
    return {
        "store": common.store(),
        "study": common.result(context, "begin")["study"],
        "slot": context["task"].item,
    }


def conclude(context: Any) -> dict:
    return {"store": common.store(), "study": common.result(context, "begin")["study"]}


@task(**task_policies.TRAINING)
def adopt(family: str, concluded: dict, wanted: bool) -> dict:
    """Make the winner the settings of the family's next training, when the form wants it."""
    if wanted in (True, "True"):
        Variable.set(
            variable(family),
            concluded["settings"],
            description=f"Winner of {concluded['study']}: validation recall@50 "
            f"{concluded['value']:.4f}",
            serialize_json=True,
        )
    return concluded["settings"]
