"""A case: everything the gate looks at, read from an evaluation."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.core.errors import Corrupt
from tasks.core.manifest import Artefact

COLUMNS = ("user", "model", "history", "labels")


@dataclasses.dataclass(frozen=True)
class Case:
    """One challenger before the gate.

    Attributes:
        per_user: model (challenger, champion when there is one, popularity) → metric → float64 (users), the same order of users.
        overall: model → metric → mean over users, or a figure of all lists together (coverage).
        health: shares, see `tasks.evaluate.health`.
        challenger, champion: uri, id, day, settings_digest, code; champion also version; None without one.
    """

    per_user: dict[str, dict[str, np.ndarray]]
    overall: dict[str, dict[str, float | None]]
    health: dict[str, float]
    challenger: dict
    champion: dict | None

    @property
    def users(self) -> int:
        return len(next(iter(self.per_user["challenger"].values())))

    @property
    def same(self) -> bool:
        """The challenger is the champion already: a day that is run again."""
        return self.champion is not None and self.champion["id"] == self.challenger["id"]

    @property
    def question(self) -> str:
        """first, refresh (same settings and code) or change."""
        if self.champion is None:
            return "first"
        known = self.challenger["settings_digest"] is not None and self.challenger["code"] is not None
        equal = all(self.challenger[name] == self.champion[name] for name in ("settings_digest", "code"))
        return "refresh" if self.same or (known and equal) else "change"


def read_case(evaluation: Artefact) -> Case:
    """The case an evaluation describes.

    Raises:
        Corrupt: the models were not measured on the same users.
    """
    table = pq.read_table(evaluation.file("per_user.parquet"))
    metrics = [name for name in table.column_names if name not in COLUMNS]
    facts, per_user, users = evaluation.facts, {}, None
    for model in facts["metrics"]:
        rows = table.filter(pc.equal(table["model"], model))
        if users is not None and not rows["user"].equals(users):
            raise Corrupt(f"{evaluation.path}: {model} was measured on other users", remedy="delete the folder and judge again")
        users = rows["user"]
        per_user[model] = {name: rows[name].to_numpy() for name in metrics}
    if not len(users):
        raise Corrupt(f"{evaluation.path} holds no user", remedy="delete the folder and judge again")
    return Case(per_user, facts["metrics"], facts["health"], facts["challenger"], facts["champion"])
