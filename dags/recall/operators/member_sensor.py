"""A family that is made of others waits until none of them is at work, so that a day that changes
four champions trains it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.exceptions import AirflowSkipException

from recall import task_policies
from recall.requests import common

PATIENCE = timedelta(hours=1)  # a training may wait for a person; then what is there is taken
ASKED_EVERY = 10.0  # seconds


class OthersAtWork(BaseSensorOperator):
    """Passes when no training of the other families is running or queued; at once in a run by hand.

    Skipped, and all that follows, when what started the run is a rollback of the family itself.
    """

    ui_color = "#e8f1f8"

    def __init__(self, *, family: str, others: Sequence[str], **arguments: Any) -> None:
        super().__init__(
            mode="reschedule",
            poke_interval=ASKED_EVERY,
            timeout=2 * PATIENCE.total_seconds(),
            **arguments,
        )
        self.family, self.others = family, list(others)

    def poke(self, context: Any) -> bool:
        """Whether nothing is left to wait for.

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
        at_work = [
            family
            for family in self.others
            if context["ti"].get_dr_count(dag_id=f"train_{family}", states=["running", "queued"])
        ]
        waited = datetime.now(UTC) - context["dag_run"].start_date
        if at_work and waited > PATIENCE:
            self.log.warning(
                "%s still at work after %s: going on with the champions there are",
                ", ".join(at_work),
                PATIENCE,
            )
            return True
        if at_work:
            self.log.info("at work: %s", ", ".join(at_work))
        return not at_work


def others_at_work(family: str, others: Sequence[str]) -> OthersAtWork:
    """The task before the first one of a family that follows others."""
    return OthersAtWork(
        task_id="others",
        family=family,
        others=others,
        doc_md="Waits until no other family is training.",
        **task_policies.FOLLOWING,
    )
