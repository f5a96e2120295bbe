"""A refused batch leaves nothing but the report of why it was refused.

refused/<dataset>/<day>/<id>/
    report.html       the report, as far as the batch was assessed
    manifest.json     facts: dataset, day, reason, ids of the new deliveries
"""

from __future__ import annotations

from tasks.core.store.identity import code_version
from tasks.core.store.store import Store
from tasks.ingest.assess import report_page
from tasks.ingest.assess.batch_report import BatchReport


def write(store: Store, report: BatchReport, deliveries: list[str], settings: dict) -> None:
    """Write the report of a refusal.

    Args:
        report: its `refused` is the reason.
        deliveries: ids of the deliveries that are refused with the batch.
        settings: those that decide what the snapshot holds.
    """
    with store.writing("refused", "refused", report.dataset, report.day, report.id) as draft:
        (draft.path / "report.html").write_text(report_page.page(report))
        draft.facts = {
            "dataset": report.dataset,
            "day": report.day,
            "reason": report.refused,
            "deliveries": deliveries,
        }
        draft.lineage = {
            "settings": settings,
            "code": code_version("tasks.ingest.snapshot"),
            "parents": [],
        }


def location(store: Store, report: BatchReport) -> str:
    """The location of the report, for a person: a path if the store is a folder, else a URI."""
    where = store.uri if store.mirror else store.path
    return f"{where('refused', report.dataset, report.day, report.id)}/report.html"
