"""The assets that tie the DAGs together. Each event carries what its consumers need to begin."""

from __future__ import annotations

from collections.abc import Sequence

from airflow.sdk import Asset, AssetAny

# extra: {"snapshot": uri, "day": "YYYY-MM-DD", "report": uri, "warnings": [text]}
INTERACTIONS = Asset("interactions", uri="recall://interactions", group="data")


def champion(family: str) -> Asset:
    """A newly promoted model; extra: {"candidate": uri, "version": "3", "snapshot": uri, "day":
    "YYYY-MM-DD"}.
    """
    return Asset(f"champion/{family}", uri=f"recall://champion/{family}", group="champion")


# A rollback has made an earlier version the champion again, without a publication to follow; extra:
# {"restored": family, "version": "2", "day": …}.
RESTORED = Asset("restored", uri="recall://restored", group="champion")


def champions(families: Sequence[str]) -> AssetAny:
    """Any of these families has another champion."""
    return AssetAny(*(champion(family) for family in families), RESTORED)


def live(family: str) -> Asset:
    """A generation that went live; extra: {"generation": id}."""
    return Asset(f"live/{family}", uri=f"recall://live/{family}", group="live")
