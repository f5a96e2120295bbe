"""Delays the training of a family made of others until none of those is training, so that a day
with four new champions trains it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.exceptions import AirflowSkipException

from recall import task_policies
from recall.requests import common

MAX_WAIT = timedelta(
    hours=1
)  # a training may wait for a person longer; then the champions there are count
POKE_SECONDS = 10.0  # seconds


class MemberSensor(BaseSensorOperator):
    """Passes when no training of the other families is running or queued; at once in a run by hand.

    Skips the run when a rollback of the family itself started it.
    """

    ui_color = "#e8f1f8"

    def __init__(self, *, family: str, others: Sequence[str], **arguments: Any) -> None:
        super().__init__(
            mode="reschedule",
            poke_interval=POKE_SECONDS,
            timeout=2 * MAX_WAIT.total_seconds(),
            **arguments,
        )
        self.family, self.others = family, list(others)

    def poke(self, context: Any) -> bool:
        """Whether no member is training.

        Raises:
            AirflowSkipException: the family itself was rolled back.
        """
        announced = common.event(context)
        if announced.get("restored") == self.family:
            raise AirflowSkipException(
                f"{self.family} itself was rolled back: its members are as they were"
            )
        if not announced:
            return True
        training = [
            family
            for family in self.others
            if context["ti"].get_dr_count(dag_id=f"train_{family}", states=["running", "queued"])
        ]
        waited = datetime.now(UTC) - context["dag_run"].start_date
        if training and waited > MAX_WAIT:
            self.log.warning(
                "%s still at work after %s: going on with the champions there are",
                ", ".join(training),
                MAX_WAIT,
            )
            return True
        if training:
            self.log.info("at work: %s", ", ".join(training))
        return not training


def wait_for_members(family: str, others: Sequence[str]) -> MemberSensor:
    """The first task of a family that is made of others."""
    return MemberSensor(
        task_id="others",
        family=family,
        others=others,
        doc_md="Waits until no other family is training.",
        **task_policies.SENSOR,
    )
