"""What a reader counts about itself: latency, refusals, the generation it reads from; as text that
Prometheus reads.

recall_reader_seconds{call, le}                           histogram of answered calls
recall_reader_refusals_total{call, error}                 calls that ended with an error, by its
family recall_reader_generation_info{family, generation, version}  1 for the generation that answers
now
recall_reader_switches_total{family}                      times another generation took over
"""

from __future__ import annotations

import bisect
import functools
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from tasks.core.cli.errors import RecallError

LATENCY_BOUNDS_SECONDS = (
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
)  # seconds


class Metrics:
    """Counts of one reader, shared by its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, list[int]] = {}
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._refused: Counter[tuple[str, str]] = Counter()

    def answered(self, call: str, seconds: float) -> None:
        """Count one answered call."""
        with self._lock:
            self._counts.setdefault(call, [0] * (len(LATENCY_BOUNDS_SECONDS) + 1))[
                bisect.bisect_left(LATENCY_BOUNDS_SECONDS, seconds)
            ] += 1
            self._sums[call] += seconds

    def refused(self, call: str, error: str) -> None:
        """Count one call that ended with an error."""
        with self._lock:
            self._refused[call, error] += 1

    def text(self, held: Iterable[tuple[str, str, str, int]]) -> str:
        """The text exposition.

        Args:
            held: family, generation, version and the number of switches of each family that
                answers.
        """
        with self._lock:
            counts, sums, refused = (
                {call: list(found) for call, found in self._counts.items()},
                dict(self._sums),
                dict(self._refused),
            )
        lines = [
            "# HELP recall_reader_seconds Seconds of an answered call.",
            "# TYPE recall_reader_seconds histogram",
        ]
        for call, found in sorted(counts.items()):
            total = 0
            for bound, count in zip(
                (*map(repr, LATENCY_BOUNDS_SECONDS), "+Inf"), found, strict=True
            ):
                total += count
                lines.append(sample("recall_reader_seconds_bucket", total, call=call, le=bound))
            lines += [
                sample("recall_reader_seconds_sum", round(sums[call], 6), call=call),
                sample("recall_reader_seconds_count", total, call=call),
            ]
        lines += [
            "# HELP recall_reader_refusals_total Calls that ended with an error.",
            "# TYPE recall_reader_refusals_total counter",
            *(
                sample("recall_reader_refusals_total", count, call=call, error=error)
                for (call, error), count in sorted(refused.items())
            ),
        ]
        rows = list(held)
        lines += [
            "# HELP recall_reader_generation_info The generation that answers now.",
            "# TYPE recall_reader_generation_info gauge",
            *(
                sample(
                    "recall_reader_generation_info",
                    1,
                    family=family,
                    generation=id,
                    version=version,
                )
                for family, id, version, _ in rows
            ),
        ]
        lines += [
            "# HELP recall_reader_switches_total Times another generation took over.",
            "# TYPE recall_reader_switches_total counter",
            *(
                sample("recall_reader_switches_total", switches, family=family)
                for family, _, _, switches in rows
            ),
        ]
        return "\n".join(lines) + "\n"


def sample(name: str, value: float, **labels: str) -> str:
    """One line: the name, its labels, the value."""
    told = ",".join(f'{label}="{escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{told}}} {value}"


def escaped(text: str) -> str:
    """A label's value as the format wants it."""
    return str(text).replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def counted(call: Callable[..., Any]) -> Callable[..., Any]:
    """Count a method of something that has `counts`, under its own name."""

    @functools.wraps(call)
    def measured(self: Any, *given: Any, **named: Any) -> Any:
        begun = time.perf_counter()
        try:
            answer = call(self, *given, **named)
        except RecallError as error:
            self.counts.refused(call.__name__, type(error).__name__)
            raise
        self.counts.answered(call.__name__, time.perf_counter() - begun)
        return answer

    return measured
