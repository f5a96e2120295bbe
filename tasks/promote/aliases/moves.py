"""Moves of the aliases champion and previous; the next mover finishes an interrupted one."""

from __future__ import annotations

from tasks.core.cli.log import log
from tasks.core.registry import mlflow_client
from tasks.promote.aliases import registry
from tasks.promote.aliases.audit import PENDING, Audit


def move_aliases(audit: Audit, record: dict) -> dict:
    """Make `to` the champion and `from` the previous one, and keep the record.

    The caller holds the lock.

    Args:
        record: name, action, family, from (version or None), to (version), by, why, when; other
            fields are kept with it.

    Returns:
        The record.
    """
    audit.begin(record)
    return _finish(audit, record)


def finish_move(audit: Audit) -> dict | None:
    """Finish the move that a killed mover began; returns its record, or None.

    The caller holds the lock.
    """
    record = audit.find(PENDING)
    if record is None:
        return None
    log("promote.recovered", family=record["family"], action=record["action"], to=record["to"])
    return _finish(audit, record)


def _finish(audit: Audit, record: dict) -> dict:
    """Carry the move out; every step can be done twice."""
    family, old, new = record["family"], record["from"], record["to"]
    if old is not None:
        registry.move_alias(family, mlflow_client.PREVIOUS, old)
    registry.move_alias(family, mlflow_client.CHAMPION, new)
    registry.tag_version(
        family,
        new,
        {registry.LIVE_SINCE: record["when"], registry.LIVE_UNTIL: None, registry.TAKEN_DOWN: None},
    )
    if old is not None:
        down = (
            f"{record['why']} ({record['by']}, {record['when']})"
            if record["action"] == "restore"
            else None
        )
        registry.tag_version(
            family, old, {registry.LIVE_UNTIL: record["when"], registry.TAKEN_DOWN: down}
        )
    audit.end(record)
    log(f"promote.{record['action']}", family=family, champion=new, previous=old, by=record["by"])
    return record
