"""Progress of a training in rounds, each of them validated; the same sentence for every family."""

from __future__ import annotations

import time

from tasks.core.cli.log import Progress, say, words
from tasks.core.registry.run_recorder import RunRecorder

RECALL = "validation_recall_50"


class TrainingProgress(Progress):
    """Says which round it is, how long everything that is left takes, validations included, and how
    good the last and the best one were.

    Args:
        called: what a round is: `epoch`, `penalty`.
        last: the number of the last round.
        each, unit: the work of one round, as passed to `add`.
        recorder: knows the recall of the rounds that are over.
        patience: rounds without a better one after which no other is begun.
        done: rounds that an earlier try has done.
        leads: of several processes that train together, only the leader says anything.
    """

    def __init__(
        self,
        called: str,
        last: int,
        each: float,
        unit: str,
        recorder: RunRecorder,
        patience: int | None = None,
        done: int = 0,
        leads: bool = True,
    ) -> None:
        super().__init__(called, (last - done) * each, unit)
        self.last, self.each, self.recorder, self.patience, self.leads = (
            last,
            each,
            recorder,
            patience,
            leads,
        )
        self._number, self._over, self._validating = 0, 0, False
        self._learned = self._validated = 0.0
        self._since = self.started

    def begin(self, number: int) -> None:
        """A round (1, 2, …) begins."""
        self._number, self._since = number, time.monotonic()
        self._tell_now()

    def validate(self) -> None:
        """What is left of the round is its validation."""
        now = time.monotonic()
        self._learned += now - self._since
        self._validating, self._since = True, now
        self._tell_now()

    def end(self, last: int) -> None:
        """The round is over, and recorded; a budget may have brought the last one nearer."""
        spent = time.monotonic() - self._since
        self._learned, self._validated = (
            self._learned + spent * (not self._validating),
            self._validated + spent * self._validating,
        )
        self._over, self._validating = self._over + 1, False
        self.total, self.last = self.total - (self.last - last) * self.each, last

    def tell(self, **fields: object) -> None:
        """Write the line now."""
        if not self.leads:
            return
        learned = self._learned + (0 if self._validating else time.monotonic() - self._since)
        parts = [
            f"validation of {self.label} {self._number} of {self.last}"
            if self._validating
            else f"{self.label} {self._number} of {self.last}",
            self._left(learned),
            self._recall(),
            f"{self.share} % done",
        ]  # a narrow terminal cuts from the right
        say(
            ", ".join(filter(None, parts)),
            rate=f"{self.done / max(learned, 1e-9):,.4g} {self.unit}/s",
            **fields,
        )

    def _tell_now(self) -> None:
        self._told = time.monotonic()
        self.tell()

    @property
    def _rounds(self) -> list[tuple[float, int]]:
        return [
            (one["metrics"][RECALL], one["step"])
            for one in self.recorder.epochs
            if RECALL in one["metrics"]
        ]

    def _recall(self) -> str:
        if not self._rounds:
            return ""
        (best, step), last = max(self._rounds), self._rounds[-1][0]
        return (
            f"recall@50 {_figure(last)} "
            f"({'the best' if last == best else f'best {_figure(best)}, {self.label} {step}'})"
        )

    def _left(self, learned: float) -> str:
        """Empty where nothing is done yet. `over`: a validation was never timed. `up to`: it may
        end before its last round.
        """
        if not self.done:
            return ""
        validations = self.last - self._number + (not self._validating)
        left = (self.total - self.done) / self.done * learned + validations * self._validated / max(
            self._over, 1
        )
        early = (
            self.patience is not None
            and max(self._rounds, default=(0, 0))[1] + self.patience < self.last
        )
        return f"{'over' if not self._over else 'up to' if early else 'about'} {words(left)} left"


def _figure(recall: float) -> str:
    return f"{recall:.3f}".removeprefix("0")
