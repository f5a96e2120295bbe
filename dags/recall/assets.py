"""The assets that tie the DAGs together. Each event carries what its consumers need to begin."""

from __future__ import annotations

from airflow.sdk import Asset

# extra: {"snapshot": uri, "day": "YYYY-MM-DD", "report": uri, "warnings": [text]}
INTERACTIONS = Asset("interactions", uri="recall://interactions", group="data")


def champion(family: str) -> Asset:
    """A newly promoted model; extra: {"candidate": uri, "version": "3", "snapshot": uri, "day": "YYYY-MM-DD"}."""
    return Asset(f"champion/{family}", uri=f"recall://champion/{family}", group="champion")


def live(family: str) -> Asset:
    """A generation that went live; extra: {"generation": id}."""
    return Asset(f"live/{family}", uri=f"recall://live/{family}", group="live")
