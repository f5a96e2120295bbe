"""The earlier snapshot, whose derived settings the next one keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tasks.core.store.store import Store
from tasks.ingest.derived_settings import DerivedSetting
from tasks.ingest.rules import Split
from tasks.ingest.settings import SnapshotRequest


@dataclass(frozen=True)
class EarlierSnapshot:
    """The newest snapshot of the newest earlier day.

    Attributes:
        rows: interactions that it kept; None if there is no such snapshot.
        derived: the settings that its rows decided, by name, if the same were left open then.
    """

    rows: int | None = None
    derived: dict[str, DerivedSetting] = field(default_factory=dict)


def find(store: Store, request: SnapshotRequest, settings: dict) -> EarlierSnapshot:
    """Look the earlier snapshot up in the store.

    Args:
        settings: those that decide what the new snapshot holds.
    """
    for day in reversed(store.names("snapshots", request.dataset)):
        if day >= request.day:
            continue
        if made := store.newest("snapshots", request.dataset, day):
            same = made.lineage["settings"]["split"] == settings["split"]
            return EarlierSnapshot(
                made.facts["accounts"]["kept"], _derived_settings(made.facts) if same else {}
            )
    return EarlierSnapshot()


def _derived_settings(facts: dict) -> dict[str, DerivedSetting]:
    return {
        name: DerivedSetting(_value(name, setting["value"]), setting["because"])
        for name, setting in facts.get("decided", {}).items()
        if setting["open"]
    }


def _value(name: str, value: Any) -> Any:
    return Split(**value) if name == "split" else value
