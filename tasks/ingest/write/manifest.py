"""The step *write*: the quarantine, the manifest and the report of an accepted snapshot."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from tasks.core.store.identity import code_version
from tasks.core.store.manifest import Draft
from tasks.core.store.store import Store, write_json
from tasks.ingest.assess import batch
from tasks.ingest.assess.acceptance import Accepted
from tasks.ingest.assess.assessment import Assessed, ClosedAccounts
from tasks.ingest.parse.history import Fetched, LeftOut
from tasks.ingest.resolve import quarantine
from tasks.ingest.resolve.resolution import Resolved
from tasks.ingest.settings import SnapshotRequest
from tasks.ingest.sources import Source


@dataclass(frozen=True)
class Manifest:
    """The contents of the manifests of a snapshot and of its quarantine.

    Attributes:
        settings: of the request, those that decide what the snapshot holds.
        fetched, accepted, resolved, closed, assessed: the results of the steps.
        left_out: all earlier days that are not part of the snapshot.
        warnings: expectations that are not met, and the days left out.
    """

    store: Store
    request: SnapshotRequest
    source: Source
    settings: dict
    fetched: Fetched
    accepted: Accepted
    resolved: Resolved
    closed: ClosedAccounts
    assessed: Assessed
    left_out: list[LeftOut]
    warnings: list[str]

    def fill_quarantine(self, draft: Draft) -> None:
        """Write the invalid rows and how many there are of each reason."""
        if self.closed.invalid is not None:
            quarantine.write(self.closed.invalid, draft.path)
        write_json(draft.path / "summary.json", self.closed.reasons)
        draft.counts = {name: one.quarantined for name, one in self.closed.by_table.items()}
        draft.facts = {
            "dataset": self.request.dataset,
            "day": self.request.day,
            "reasons": self.closed.reasons,
        }
        draft.lineage = self._lineage()

    def fill_snapshot(self, draft: Draft) -> None:
        """Fill counts, facts and lineage of the snapshot."""
        draft.counts = self.assessed.counts
        draft.facts = self._decisions() | self._accounts() | self._figures()
        draft.facts["quarantine"] = self.store.uri(
            "quarantine", self.request.dataset, self.request.day, draft.id
        )
        draft.lineage = self._lineage()

    def _decisions(self) -> dict:
        """The settings that were given, and those that the data decided."""
        rows, recommend_seen = self.resolved.interactions, self.assessed.recommend_seen
        return {
            "dataset": self.request.dataset,
            "day": self.request.day,
            "split": rows.split.value.fields(),
            "decided": {
                "split": dataclasses.asdict(rows.split),
                "recommend_seen": dataclasses.asdict(recommend_seen),
            },
            "liked": self.request.liked or self.source.liked,
            "events": rows.events,
            "weighted": self.source.weighted,
            "recommend_seen": recommend_seen.value,
            "recommend_seen_because": recommend_seen.because,
            "item_id_type": self.resolved.item_id_type,
            "user_id_type": self.resolved.user_id_type,
        }

    def _accounts(self) -> dict:
        """Where the rows have gone."""
        totals = self.resolved.interactions.totals
        newest = self.closed.newest
        delivery = self.accepted.deliveries["interactions"][-1].name
        return {
            "accounts": self.closed.totals | {"late": self.assessed.late},
            "delivered": newest.plain() | {"reasons": newest.reasons, "delivery": delivery},
            "reasons": self.closed.interactions.reasons,
            "bots": {"users": totals["bots"], "rows": totals["bot_rows"]},
            "days_left_out": [dataclasses.asdict(day) for day in self.left_out],
            "catalogue": {
                name: one.plain() | {"reasons": one.reasons}
                for name, one in self.closed.catalogues.items()
            },
        }

    def _figures(self) -> dict:
        """What the snapshot holds, and how it compares with what was expected."""
        figures = self.assessed.figures
        return {
            "first_timestamp": figures["first_timestamp"],
            "last_timestamp": figures["last_timestamp"],
            "parts": self.assessed.parts,
            "held_out_users": self.assessed.held_out_users,
            "content_digest": figures["digest"],
            "checks": batch.as_dicts(self.assessed.checks),
            "warnings": self.warnings,
            "notes": self._notes(),
        }

    def _notes(self) -> list[str]:
        """What somebody should know of how the files were read."""
        notes = [
            f"{file.name}: {note}"
            for file in self.accepted.files
            for note in (file.understood or {}).get("notes", ())
        ]
        cut = self.resolved.cut_items
        if cut:
            notes.append(
                f"{cut:,} {'item has' if cut == 1 else 'items have'} more than "
                f"title_characters={self.request.title_characters} in a title or genre, "
                f"or more than genres_of_item={self.request.genres_of_item}: the rest is cut"
            )
        return notes

    def _lineage(self) -> dict:
        tables = self.source.tables
        files = {
            name: [
                {
                    "delivery": one.name,
                    "encoding": tables[name].encoding or "utf-8",
                    "files": one.facts["files"],
                }
                for one in deliveries
            ]
            for name, deliveries in self.accepted.deliveries.items()
        }
        accepted = {
            (name, one.name)
            for name, deliveries in self.accepted.deliveries.items()
            for one in deliveries
        }
        parents = [
            self.store.uri("deliveries", self.request.dataset, one.table, one.name, one.id)
            for one in self.fetched.all
            if (one.table, one.name) in accepted
        ]
        return {
            "settings": self.settings,
            "code": code_version("tasks.ingest.snapshot"),
            "source": files,
            "parents": parents,
        }
