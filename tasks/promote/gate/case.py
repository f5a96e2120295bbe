"""The case of a challenger: the figures the gate reads of its evaluation and the baselines'."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.core.cli.errors import Corrupt
from tasks.core.store.manifest import Artefact

NOT_METRICS = ("user", "model", "history", "labels")  # columns


@dataclasses.dataclass(frozen=True)
class Case:
    """A challenger, and the models it is compared with.

    Attributes:
        per_user: model (challenger, champion when there is one, baselines) → metric → float64
            (users), the same order of users.
        overall: model → metric → mean over users, or a figure of all lists together (coverage).
        health: figures of `tasks.evaluate.health`.
        challenger, champion: uri, id, day, settings_digest, code, stability; the champion also has
            version, items_known and stale, the reason not to compare with it. None: no champion.
        slices: name → bool (users).
        partial: baseline → the part of the catalogue it covers, where that is not all.
        users_in_all: number of users before sampling; None: no sample was drawn.
        seeds: trainings of the challenger with their own means; per-user figures are the mean over
            them.
        members: families that the challenger is made of; each is a model of `per_user`.
    """

    per_user: dict[str, dict[str, np.ndarray]]
    overall: dict[str, dict[str, float | None]]
    health: dict[str, float]
    challenger: dict
    champion: dict | None
    slices: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    partial: dict[str, str] = dataclasses.field(default_factory=dict)
    users_in_all: int | None = None
    seeds: list[dict] = dataclasses.field(default_factory=list)
    members: tuple[str, ...] = ()

    def best_member(self, metric: str) -> str | None:
        """The member with the highest mean of a metric; None without members."""
        return max(
            self.members,
            key=lambda family: float(np.mean(self.per_user[family][metric])),
            default=None,
        )

    @property
    def users(self) -> int:
        return len(next(iter(self.per_user["challenger"].values())))

    @property
    def same(self) -> bool:
        """Whether the challenger is the champion already, as when a day is run again."""
        return self.champion is not None and self.champion["id"] == self.challenger["id"]

    @property
    def question(self) -> str:
        """first (no champion), refresh (same settings and code) or change."""
        if self.champion is None:
            return "first"
        known = (
            self.challenger["settings_digest"] is not None and self.challenger["code"] is not None
        )
        equal = all(
            self.challenger[name] == self.champion[name] for name in ("settings_digest", "code")
        )
        return "refresh" if self.same or (known and equal) else "change"


def read_case(evaluation: Artefact, baselines: Artefact) -> Case:
    """Read the case of an evaluation.

    Raises:
        Corrupt: the models were not measured on the same users.
    """
    slices = pq.read_table(baselines.file("slices.parquet"))
    if not len(slices):
        raise Corrupt(f"{baselines.path} holds no user", remedy="delete the folder and judge again")
    facts = evaluation.facts
    own = _models(pq.read_table(evaluation.file("per_user.parquet")), slices["user"], evaluation)
    per_user = own | _models(
        pq.read_table(baselines.file("per_user.parquet")), slices["user"], baselines
    )
    return Case(
        per_user,
        facts["metrics"],
        facts["health"],
        facts["challenger"],
        facts["champion"],
        {name: slices[name].to_numpy() for name in slices.column_names if name not in NOT_METRICS},
        facts.get("partial", {}),
        facts.get("users_in_all"),
        facts["seeds"],
        tuple(sorted(facts.get("members") or ())),
    )


def _models(
    table: pa.Table, users: pa.ChunkedArray, artefact: Artefact
) -> dict[str, dict[str, np.ndarray]]:
    """model → metric → float64 (users), of a table of per-user figures."""
    models = {}
    for model in table["model"].unique().to_pylist():
        rows = table.filter(pc.equal(table["model"], model))
        if len(rows) != len(users) or (
            "user" in rows.column_names and not rows["user"].equals(users)
        ):
            raise Corrupt(
                f"{artefact.path}: {model} was measured on other users",
                remedy="delete the folder and judge again",
            )
        models[model] = {
            name: rows[name].to_numpy() for name in rows.column_names if name not in NOT_METRICS
        }
    return models
