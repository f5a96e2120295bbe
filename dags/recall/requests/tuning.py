"""The requests of a study, and the use of its winner.

The winner is the Airflow variable `recall_settings_<family>`, which a person can read, change or
delete. A training uses it for every setting that its form leaves at the default.
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


def with_winner(family: str, fields: dict, values: dict) -> dict:
    """The form's values, with a study's winner where the form has the default.

    Args:
        fields: the parameters of the family's form.
        values: the form's values.
    """
    winner = Variable.get(variable(family), default={}, deserialize_json=True)
    unchanged = {
        name for name, param in fields.items() if values.get(name, param.value) == param.value
    }
    return {**values, **{name: value for name, value in winner.items() if name in unchanged}}


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
            "origin": common.triggered_by(context),
        }

    return build


@task(**task_policies.TRAINING)
def slots(begun: dict) -> list[int]:
    """The numbers of the trials: one mapped task each."""
    return list(range(begun["trials"]))


def trial(context: Any) -> dict:
    """The request of one mapped trial."""
    return {
        "store": common.store(),
        "study": common.result(context, "begin")["study"],
        "slot": context["task"].item,
    }


def conclude(context: Any) -> dict:
    """The request for the best settings."""
    return {"store": common.store(), "study": common.result(context, "begin")["study"]}


@task(**task_policies.TRAINING)
def adopt(family: str, concluded: dict, adopting: bool) -> dict:
    """Make the winner the settings of the family's next training, when the form asks for it."""
    if adopting in (True, "True"):
        Variable.set(
            variable(family),
            concluded["settings"],
            description=f"Winner of {concluded['study']}: validation recall@50 "
            f"{concluded['value']:.4f}",
            serialize_json=True,
        )
    return concluded["settings"]
