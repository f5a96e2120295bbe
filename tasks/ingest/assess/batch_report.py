"""The report of a batch, as data: `report_page` makes a page of it.

All but the name of the batch may be missing: a batch refused early has no split and no figures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tasks.ingest.assess.batch import Check

if TYPE_CHECKING:
    from tasks.ingest.assess.drift import DriftChart
    from tasks.ingest.derived_settings import DerivedSetting

GONE_TO = ("kept", "quarantined", "later", "superseded")


@dataclass(frozen=True)
class FileSummary:
    """A file that was read.

    Attributes:
        name: in the source.
        rows: None if they were not counted.
        understood: the fields of `FormatGuess`; None for a delivery that an older version read.
    """

    name: str
    bytes: int
    rows: int | None
    sha256: str
    understood: dict | None = None


@dataclass(frozen=True)
class DeliveryCounts:
    """The rows of one delivery, and how many of them have valid fields (`sound`)."""

    name: str
    rows: int
    sound: int


@dataclass(frozen=True)
class BatchReport:
    """One batch, as far as it was assessed.

    Attributes:
        refused: why the batch was refused; None when it was accepted.
        accounts: `rows_in` and where they have gone: kept, quarantined, later, superseded, which
            add up to it; `repeats` and `left_out` are of the kept ones.
        cut_items: items whose title or genres were longer than the request allows.
        recommend_seen: whether what was met may be recommended again, and why; None when it was not
            decided.
        counts: `interactions`, `users`, `items` of the snapshot.
        figures: those that the checks speak of, and `first_timestamp`, `last_timestamp`,
            `rating_mean`, `liked_share`.
        parts: rows by part; `split`: how they were divided, and why; None when that was not
            decided; `held_out`: users by part.
        ratings: how often each was given.
        reasons: rows in quarantine, by table and reason; None if no row was checked.
        examples: some of those: table, reason, file, line, text.
        drift: the day beside the days before it.
        settings: those of the request, nested as it is.
    """

    dataset: str
    day: str
    id: str
    refused: str | None = None
    checks: list[Check] = field(default_factory=list)
    accounts: dict[str, int] = field(default_factory=dict)
    cut_items: int = 0
    recommend_seen: DerivedSetting | None = None
    counts: dict[str, int] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    split: DerivedSetting | None = None
    held_out: dict[str, int] = field(default_factory=dict)
    ratings: list[tuple[float | None, int]] = field(default_factory=list)
    reasons: dict[str, dict[str, int]] | None = None
    examples: list[dict] = field(default_factory=list)
    files: list[FileSummary] = field(default_factory=list)
    deliveries: list[DeliveryCounts] = field(default_factory=list)
    drift: DriftChart | None = None
    settings: dict[str, object] = field(default_factory=dict)

    @property
    def unmet(self) -> list[Check]:
        """What was not met, the worst first."""
        return sorted(
            (check for check in self.checks if not check.met),
            key=lambda check: check.level != "fail",
        )

    @property
    def state(self) -> str:
        """`refused`, `warned` or `accepted`."""
        return "refused" if self.refused is not None else "warned" if self.unmet else "accepted"

    @property
    def destinations(self) -> dict[str, int]:
        """Where the rows have gone, in a fixed order."""
        return {name: self.accounts[name] for name in GONE_TO if name in self.accounts}

    @property
    def unaccounted(self) -> int:
        """Rows that came in and are nowhere; 0 when the accounts close."""
        return self.accounts.get("rows_in", 0) - sum(self.destinations.values())
