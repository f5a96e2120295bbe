"""The deliveries that a day is made of: those in the store, and those that must be read first.

A static source has one delivery, `whole`. A growing one (`{day}` in its path) has one a day: a run
reads its own day and whatever earlier day is new, was changed or was repaired; all others are taken
from the store, even when their files are gone. A day whose delivery was refused stays out until
that day itself is run again or its files change.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tasks.core.cli.errors import RefusedData, Undelivered
from tasks.core.cli.log import log
from tasks.core.data.snapshot import DAY as DATE
from tasks.core.store.identity import code_version, identity
from tasks.core.store.store import Store
from tasks.ingest import fetch
from tasks.ingest.fetch import SourceFile
from tasks.ingest.parse import corrections, time_span
from tasks.ingest.parse.delivery import WHOLE, Delivery
from tasks.ingest.parse.examine import inspect_files
from tasks.ingest.settings import SnapshotRequest
from tasks.ingest.sources import DAY, Source, Table


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """An earlier day whose delivery of one table is not part of the snapshot, and why."""

    table: str
    day: str
    reason: str

    def __str__(self) -> str:
        return f"{self.day} is left out ({self.table}): {self.reason}"


def leave_out(table: str, day: str, reason: str) -> LeftOut:
    """A day that is left out; the log says so."""
    log("ingest.left_out", table=table, day=day, why=reason)
    return LeftOut(table, day, reason)


@dataclasses.dataclass(frozen=True)
class Fetched:
    """The files of every delivery that a snapshot is made from, on local disk and inspected.

    Attributes:
        deliveries: by table, oldest first; those that the store already holds have no files here.
        left_out: earlier days that cannot be read, by table, oldest first.
    """

    deliveries: dict[str, list[Delivery]]
    left_out: list[LeftOut]

    @property
    def all(self) -> list[Delivery]:
        """The deliveries of all tables."""
        return [one for deliveries in self.deliveries.values() for one in deliveries]

    @property
    def new(self) -> list[Delivery]:
        """The deliveries that the store does not hold yet."""
        return [one for one in self.all if not one.artefact]

    @property
    def bytes(self) -> int:
        """Size of all files, those of kept deliveries included."""
        new = sum(file.bytes for one in self.all for file in one.local_files)
        kept = sum(
            file["bytes"]
            for one in self.all
            if one.artefact
            for file in one.artefact.facts["files"]
        )
        return new + kept


@dataclasses.dataclass(frozen=True)
class History:
    """Finds the deliveries of one day.

    Attributes:
        scratch: an empty folder for what must be unpacked or fetched.
        tables: a cache for `tasks.ingest.fetch.find_files`.
    """

    store: Store
    request: SnapshotRequest
    source: Source
    scratch: Path
    tables: dict[str, str | None] = dataclasses.field(default_factory=dict)

    def fetch(self) -> Fetched:
        """Bring the files of the deliveries up to the day onto local disk and inspect them.

        Raises:
            RefusedData: a file is missing, empty, damaged, too large or not of its layout.
            Undelivered: nothing has been delivered for the day; of files that hold all days only
                where the request waits for it.
        """
        deliveries: dict[str, list[Delivery]] = {}
        left_out: list[LeftOut] = []
        for name, table in self.source.tables.items():
            if table.daily:
                deliveries[name], unreadable = self._daily(name, table)
                left_out += unreadable
            else:
                found = fetch.find_files(table.path, self.source.base)
                deliveries[name] = [self._delivery(name, table, WHOLE, found)]
        if self.request.waits:
            self._refuse_if_undelivered(deliveries["interactions"])
        return Fetched(deliveries, left_out)

    def _refuse_if_undelivered(self, deliveries: list[Delivery]) -> None:
        """Of files that hold all days, a row of the day or of a later one must be there."""
        table, whole, today = self.source.interactions, deliveries[-1], self.request.day
        if table.daily or "timestamp" not in table.columns:
            return
        seen = (
            inspect_files(table, list(whole.local_files), self.scratch / "awaited")
            if whole.artefact
            else whole
        )
        days = time_span.find_day_span(seen.local_files, seen.layouts)
        if days is None or days[1] < today:
            raise Undelivered(
                f"{today} has not been delivered: no row of {table.path} is of that day or a "
                f"later one",
                got=f"the newest day {days[1] if days else 'none'}",
                allowed=f"rows of {today}",
                remedy="wait for the delivery, then clear this task; or name another day",
            )

    def _daily(self, name: str, table: Table) -> tuple[list[Delivery], list[LeftOut]]:
        """The deliveries of a table with one a day, and the days that cannot be read."""
        today = self.request.day
        there = fetch.find_days(table.path, self.source.base)
        if today not in there and name == "interactions":
            raise Undelivered(
                f"{today} has not been delivered: nothing is at {table.path.replace(DAY, today)}",
                got=f"{len(there)} days, the newest {max(there)}"
                if there
                else f"no day at all; {fetch.describe_day_folders(table.path, self.source.base)}",
                allowed=f"files for {today}",
                remedy="wait for the delivery, then clear this task; or name another day",
            )
        kept = {
            day
            for day in self.store.names("deliveries", self.request.dataset, name)
            if DATE.fullmatch(day)
        }
        days = sorted(day for day in there.keys() | kept if day <= today)
        outcomes = [self._of_day(name, table, day, there.get(day)) for day in days]
        deliveries = [one for one in outcomes if isinstance(one, Delivery)]
        out = [one for one in outcomes if isinstance(one, LeftOut)]
        if not deliveries:
            if out:
                raise RefusedData(
                    f"no day of the {name} can be read up to {today}",
                    got=f"{len(out)} days, the newest of them: {out[-1]}",
                    remedy="deliver that day's files again, then clear this task",
                )
            raise RefusedData(
                f"no {name} have been delivered up to {today}: nothing is at {table.path}",
                got=f"the first day is {min(there)}" if there else "no day at all",
                allowed=f"files for {today} or an earlier day",
                remedy="wait for the delivery, then clear this task",
            )
        return deliveries, out

    def _of_day(
        self, name: str, table: Table, day: str, spelled: str | None
    ) -> Delivery | LeftOut | None:
        """The delivery of a day.

        An earlier one that cannot be read is left out: it must not stop the days after it.
        """
        try:
            return self._read_day(name, table, day, spelled)
        except RefusedData as error:
            if day == self.request.day:
                raise
            return leave_out(name, day, str(error))

    def _read_day(
        self, name: str, table: Table, day: str, spelled: str | None
    ) -> Delivery | LeftOut | None:
        found = (
            fetch.find_files_of_day(table.path, self.source.base, day, spelled, self.tables)
            if spelled
            else []
        )
        newest = self.store.newest("deliveries", self.request.dataset, name, day)
        if (
            newest
            and day != self.request.day
            and self._still_holds(newest.facts, name, table, day, found)
        ):
            return Delivery(name, day, newest.id, newest.facts["reading"], artefact=newest)
        if not spelled:
            return None
        delivery = self._delivery(name, table, day, found)
        if (
            day != self.request.day
            and delivery.artefact is None
            and delivery.id in self._refused(day)
        ):
            return leave_out(
                name, day, "its delivery was refused; run that day again once it is repaired"
            )
        return delivery

    def _still_holds(
        self, facts: dict, name: str, table: Table, day: str, found: list[SourceFile]
    ) -> bool:
        """Whether an earlier day still holds, by names, sizes and times of its files."""
        listing = [[one.name, one.bytes, one.modified] for one in found]
        local_files = tuple(
            fetch.LocalFile(f["name"], Path(), f["bytes"], f["sha256"], f["rows"], 0)
            for f in facts["files"]
        )
        repairs = corrections.find_corrections(
            self.store, self.request.dataset, name, day, local_files
        )
        return (not found or listing == facts["listing"]) and facts["reading"] == self._reading(
            name, table, repairs
        )

    def _delivery(self, name: str, table: Table, day: str, found: list[SourceFile]) -> Delivery:
        folder = self.scratch / f"{name}-{day}"
        local_files = tuple(
            fetch.fetch_files(
                found,
                "parquet" if table.kind == "parquet" else "lines",
                folder,
                self.request.limits,
            )
        )
        repairs = corrections.find_corrections(
            self.store, self.request.dataset, name, day, local_files
        )
        reading = self._reading(name, table, repairs)
        id = identity(
            reading=reading,
            code=code_version("tasks.ingest.snapshot"),
            files=[[one.name, one.sha256] for one in local_files],
        )
        artefact = self.store.find("deliveries", self.request.dataset, name, day, id)
        files = tuple(found)
        if artefact:
            return Delivery(
                name, day, id, reading, files, local_files, corrections=repairs, artefact=artefact
            )
        seen = inspect_files(table, list(local_files), self.scratch / f"{name}-{day}-copies")
        return Delivery(
            name,
            day,
            id,
            reading,
            files,
            seen.local_files,
            seen.layouts,
            seen.guesses,
            repairs,
        )

    def _reading(self, name: str, table: Table, repairs: corrections.Corrections | None) -> str:
        """A digest of how files become rows: layout, meaning and repairs.

        It is without the code: new code reads no earlier day again.
        """
        layout = {
            field: value for field, value in dataclasses.asdict(table).items() if field != "path"
        }
        return identity(
            table=name,
            layout=layout,
            meaning=self.source.meaning,
            repairs=repairs.digest if repairs else None,
        )

    def _refused(self, day: str) -> set[str]:
        """The ids of the deliveries of a day that were refused with it."""
        return {
            id
            for one in self.store.children("refused", self.request.dataset, day)
            for id in one.facts["deliveries"]
        }
