"""A case: everything the gate looks at, read from an evaluation and its yardstick."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.core.cli.errors import Corrupt
from tasks.core.store.manifest import Artefact

COLUMNS = ("user", "model", "history", "labels")


@dataclasses.dataclass(frozen=True)
class Case:
    """One challenger before the gate.

    Attributes:
        per_user: model (challenger, champion when there is one, baselines) → metric → float64
            (users), the same order of users.
        overall: model → metric → mean over users, or a figure of all lists together (coverage).
        health: shares, see `tasks.evaluate.health`.
        challenger, champion: uri, id, day, settings_digest, code, stability; champion also version,
            items_known and stale, why it is no longer to be compared with; None without one.
        slices: name → bool (users).
        partial: baseline → what of the catalogue it covers, where that is not all.
        users_in_all: how many there were to be judged; None: all of them were.
        seeds: each training of the challenger with its own means; the per-user figures are the mean
            over them.
        members: families of which the challenger is made; each is a model of `per_user`.
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
        """The member that is best alone; None where there are none."""
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
        """The challenger is the champion already: a day that is run again."""
        return self.champion is not None and self.champion["id"] == self.challenger["id"]

    @property
    def question(self) -> str:
        """first, refresh (same settings and code) or change."""
        if self.champion is None:
            return "first"
        known = (
            self.challenger["settings_digest"] is not None and self.challenger["code"] is not None
        )
        equal = all(
            self.challenger[name] == self.champion[name] for name in ("settings_digest", "code")
        )
        return "refresh" if self.same or (known and equal) else "change"


def read_case(evaluation: Artefact, yardstick: Artefact) -> Case:
    """The case an evaluation describes.

    Raises:
        Corrupt: the models were not measured on the same users.
    """
    slices = pq.read_table(yardstick.file("slices.parquet"))
    if not len(slices):
        raise Corrupt(f"{yardstick.path} holds no user", remedy="delete the folder and judge again")
    facts = evaluation.facts
    own = _models(pq.read_table(evaluation.file("per_user.parquet")), slices["user"], evaluation)
    per_user = own | _models(
        pq.read_table(yardstick.file("per_user.parquet")), slices["user"], yardstick
    )
    return Case(
        per_user,
        facts["metrics"],
        facts["health"],
        facts["challenger"],
        facts["champion"],
        {name: slices[name].to_numpy() for name in slices.column_names if name not in COLUMNS},
        facts.get("partial", {}),
        facts.get("users_in_all"),
        facts["seeds"],
        tuple(sorted(facts.get("members") or ())),
    )


def _models(
    table: pa.Table, users: pa.ChunkedArray, artefact: Artefact
) -> dict[str, dict[str, np.ndarray]]:
    found = {}
    for model in table["model"].unique().to_pylist():
        rows = table.filter(pc.equal(table["model"], model))
        if len(rows) != len(users) or (
            "user" in rows.column_names and not rows["user"].equals(users)
        ):
            raise Corrupt(
                f"{artefact.path}: {model} was measured on other users",
                remedy="delete the folder and judge again",
            )
        found[model] = {
            name: rows[name].to_numpy() for name in rows.column_names if name not in COLUMNS
        }
    return found
