"""Reading a snapshot: one day's validated interactions, items and users, with their split.

    snapshots/<dataset>/<day>/<id>/
        interactions/*.parquet   user, item (int32 rows), rating (float32; of an event its weight),
                                 timestamp (int64 seconds), position (int32, the place in the user's
                                 whole list, 0 oldest), liked (bool), part (string)
        items/*.parquet          item (int32 row), id, title (string), genres (list of string)
        users/*.parquet          user (int32 row), id (string), one string column an attribute
        manifest.json            facts: dataset, day, split, item_id_type and user_id_type
                                 ("integer" or "text"), first and last timestamp; events (rows are
                                 events: a user may have an item several times), weighted (they
                                 weigh differently), recommend_seen and its reason; accounts.repeats
                                 (rows that are not the first of their user and item). Older ones
                                 lack these: false, and no pair comes twice

`part` says what a row is for: `train` is learned from; `history` is known when a query is made but
not learned from; `validation` and `test` are labels. What a query may know of its user is
everything of an earlier part.
"""

from __future__ import annotations

import dataclasses
import re
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.data.histories import Histories
from tasks.core.data.user_attributes import UserAttributes
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store

PARTS = ("train", "history", "validation", "test")
HISTORY_PARTS = {
    "validation": ("train", "history"),
    "test": ("train", "history", "validation"),
    "next": PARTS,
}
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def find_snapshot(store: Store, uri: str | None, dataset: str, day: str | None = None) -> Snapshot:
    """The snapshot asked for: by URI, or the newest complete one of the data set, of this day when
    one is given.

    Raises:
        BadRequest: there is none.
    """
    if uri:
        return Snapshot(store.open(uri, "snapshot"))
    if day is not None and not DAY.fullmatch(day):
        raise BadRequest("not a day", got=day, allowed="YYYY-MM-DD")
    days = (
        [day]
        if day
        else [d for d in reversed(store.names("snapshots", dataset)) if DAY.fullmatch(d)]
    )
    for one in days:
        if found := store.newest("snapshots", dataset, one):
            return Snapshot(found)
    raise BadRequest(
        f"there is no snapshot of {dataset}" + (f" for {day}" if day else ""),
        allowed=f"a day of {store.names('snapshots', dataset)[-7:]}",
        remedy="trigger the DAG `ingest` for this day",
    )


@dataclasses.dataclass(frozen=True)
class Queries:
    """Held-out users: their known histories, and the items to find.

    Attributes:
        users: int32 (q), rows of the user table.
        histories: what the model may know of each, liked rows only (q users).
        labels: the held-out items to find, each once (q users).
        seen: what is left out of what is recommended: every row of the user up to then, liked or
            not; nothing where what was met may be recommended again (q users).
        attributes: what else is known of each (q users); None: nothing.
    """

    users: np.ndarray
    histories: Histories
    labels: Histories
    seen: Histories
    attributes: UserAttributes | None = None

    def select_users(self, some: np.ndarray) -> Queries:
        """Those at some places (int), in that order."""
        return Queries(
            self.users[some],
            self.histories.select_users(some),
            self.labels.select_users(some),
            self.seen.select_users(some),
            self.attributes and self.attributes.select_users(some),
        )


def same_split(one: dict[str, Any] | None, other: dict[str, Any] | None) -> bool:
    """Whether two manifests' splits agree in all that both say: an older one says more than its
    method's own settings.
    """
    return (
        one is not None
        and other is not None
        and "method" in {*one} & {*other}
        and all(one[name] == other[name] for name in {*one} & {*other})
    )


class Snapshot:
    """A snapshot, read as arrays when they are asked for."""

    def __init__(self, artefact: Artefact) -> None:
        self.artefact = artefact
        self.uri, self.id = artefact.uri, artefact.id
        self.day, self.dataset = artefact.facts["day"], artefact.facts["dataset"]

    @property
    def recommend_seen(self) -> bool:
        """Whether what a user has met may be recommended to them again."""
        return self.artefact.facts.get("recommend_seen", False)

    @property
    def events(self) -> bool:
        """Whether rows are events, not ratings."""
        return self.artefact.facts.get("events", False)

    @property
    def paired(self) -> bool:
        """Whether no user has an item twice and every row counts one."""
        return not self.events or (
            not self._weighted and self.artefact.facts["accounts"]["repeats"] == 0
        )

    @property
    def _weighted(self) -> bool:
        return self.artefact.facts.get("weighted", False)

    def table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """One of the three tables: interactions, items, users."""
        folder = self.artefact.path / name
        for file in self.artefact.files:
            if file.startswith(f"{name}/"):
                self.artefact.file(file, verify=False)
        return pa.dataset.dataset(str(folder), format="parquet").to_table(columns=columns)

    @cached_property
    def items(self) -> pa.Table:
        return self.table("items").sort_by("item")

    @cached_property
    def item_ids(self) -> list[str]:
        return self.items["id"].to_pylist()

    @cached_property
    def user_ids(self) -> list[str]:
        return self.table("users", ["user", "id"]).sort_by("user")["id"].to_pylist()

    @cached_property
    def users(self) -> pa.Table:
        return self.table("users").sort_by("user")

    @cached_property
    def _rows(self) -> dict[str, np.ndarray]:
        names = (
            "part",
            "user",
            "item",
            "timestamp",
            "position",
            "liked",
            *(("rating",) if self._weighted else ()),
        )
        table = self.table("interactions", list(names))
        if table.num_rows == 0:
            raise RefusedData(
                f"the snapshot {self.uri} holds no interaction", remedy="ingest a day that has data"
            )
        columns: dict[str, np.ndarray] = {}
        for name in names:  # one by one: what is read is let go of
            columns[name] = _parts(table[name]) if name == "part" else table[name].to_numpy()
            table = table.drop_columns([name])
        position = columns.pop("position")
        if _in_order(columns["user"], position):
            return columns
        order = np.lexsort((position, columns["user"]))
        return {name: columns.pop(name)[order] for name in list(columns)}

    def let_go(self) -> None:
        """Free the rows (18 bytes each, 22 where they weigh differently); who asks for them again
        reads them again.
        """
        self.__dict__.pop("_rows", None)

    def attributes(
        self, columns: tuple[str, ...] | None = None, users: np.ndarray | None = None
    ) -> UserAttributes:
        """The attributes of users, from the table of users.

        Args:
            columns: of the table of users; those it lacks are left out. None: all.
            users: rows of that table; None: everybody.
        """
        table = self.users if users is None else self.users.take(users)
        there = [
            name
            for name in table.column_names
            if name != "user" and (columns is None or name in columns)
        ]
        return UserAttributes(len(table), {name: table[name].to_pylist() for name in there})

    def histories(self, *parts: str, liked_only: bool = True) -> Histories:
        """Every user's rows of these parts, oldest first; users without any have an empty list."""
        rows = self._rows
        keep = np.isin(rows["part"], [PARTS.index(part) for part in parts])
        if liked_only:
            keep &= rows["liked"]
        weights = rows["rating"][keep] if self._weighted else None
        return Histories.of(
            rows["user"][keep],
            rows["item"][keep],
            rows["timestamp"][keep],
            len(self.user_ids),
            weights,
            self.paired,
        )

    def queries(self, labels: str) -> Queries:
        """The users who have `labels` (`validation` or `test`), with what may be known before them.

        Where what was met is not recommended again, an item met before is no label, and who has no
        other is not asked.
        """
        held_out, known = self.histories(labels).pairs(), self.histories(*HISTORY_PARTS[labels])
        seen = (
            Histories.empty(len(known))
            if self.recommend_seen
            else self.histories(*HISTORY_PARTS[labels], liked_only=False)
        )
        wanted = held_out if self.paired else held_out.without(seen)
        users = np.flatnonzero(wanted.lengths > 0).astype(np.int32)
        if not len(users):
            raise self._nobody(labels, len(held_out.items))
        return Queries(
            users,
            known.select_users(users),
            wanted.select_users(users),
            seen.select_users(users),
            self.attributes(users=users),
        )

    def _nobody(self, labels: str, rows: int) -> RefusedData:
        """Why nobody has such labels: all were met before, the split asks for none, or no list was
        long enough for it.
        """
        if rows:
            return RefusedData(
                f"all {labels} rows of {self.uri} are of items that their users had met, which "
                f"are not recommended again",
                got=f"{rows} rows",
                remedy="ingest with recommend_seen = true, more data or more held-out rows",
            )
        split = self.artefact.facts.get("split") or {}
        name = {"users": f"{labels}_share", "temporal": f"{labels}_days"}.get(
            str(split.get("method")), labels
        )
        if split.get(name) == 0:
            return RefusedData(
                f"no {labels} rows were held out in {self.uri}",
                got=f"split.{name}: 0",
                allowed="above 0" if name.endswith("_share") else "1 or more",
                remedy=f"ingest the day again with split.{name} "
                f"{'above 0' if name.endswith('_share') else 'of at least 1'}",
            )
        likes = self.histories(*PARTS).lengths
        likes = likes[likes > 0]
        return RefusedData(
            f"no user of {self.uri} has {labels} rows: the users' lists are too short for the "
            f"split, or too new",
            got=f"split {split.get('method')}, {name} {split.get(name)}; {len(likes)} users "
            f"with liked rows, "
            f"{int(np.median(likes)) if len(likes) else 0} in the middle, "
            f"{int(likes.max(initial=0))} at most",
            remedy="ingest more data, hold out fewer rows (split), or let more rows count as "
            "liked (`liked`)",
        )

    def cold_start_queries(self, labels: str) -> Queries:
        """The users who have `labels` and nothing to learn from, as if they had just come: the same
        labels, but no history is known.

        What they have seen is left out of the lists as ever, since it cannot be among the labels.

        Raises:
            RefusedData: there are none.
        """
        known, learned = self.queries(labels), self.histories("train", liked_only=False)
        new = np.flatnonzero(learned.lengths[known.users] == 0)
        if not len(new):
            raise RefusedData(
                f"no user of {self.uri} has {labels} rows and none to learn from",
                remedy="use a snapshot split by users",
            )
        nothing = Histories.of_lists([[]] * len(new))
        return Queries(
            known.users[new],
            nothing,
            known.labels.select_users(new),
            known.seen.select_users(new),
            known.attributes and known.attributes.select_users(new),
        )


def _parts(column: pa.ChunkedArray) -> np.ndarray:
    """int8: the part of each row, as a place in `PARTS`."""
    coded = column.dictionary_encode()
    return np.concatenate(
        [
            np.array([PARTS.index(name) for name in chunk.dictionary.to_pylist()], np.int8)[
                np.asarray(chunk.indices)
            ]
            for chunk in coded.chunks
        ]
    )


def _in_order(users: np.ndarray, positions: np.ndarray) -> bool:
    same = users[1:] == users[:-1]
    return bool(
        (same | (users[1:] > users[:-1])).all()
        and (~same | (positions[1:] >= positions[:-1])).all()
    )
