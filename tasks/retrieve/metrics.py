"""Metrics of a reader as text for Prometheus: latency, refusals, the generation it reads.

recall_reader_seconds{call, le}
    histogram of answered calls
recall_reader_refusals_total{call, error}
    calls that ended with an error, by its class
recall_reader_generation_info{family, generation, version}
    1 for the generation that answers now
recall_reader_switches_total{family}
    times another generation took over
"""

from __future__ import annotations

import bisect
import functools
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
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
)


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

    def text(self, generations: Iterable[tuple[str, str, str, int]]) -> str:
        """The text exposition.

        Args:
            generations: family, generation, version and number of switches of each loaded family.
        """
        with self._lock:
            counts = {call: list(buckets) for call, buckets in self._counts.items()}
            sums, refused = dict(self._sums), dict(self._refused)
        loaded = list(generations)
        lines = [
            *_histogram(counts, sums),
            *_family(
                "recall_reader_refusals_total",
                "counter",
                "Calls that ended with an error.",
                [
                    (count, {"call": call, "error": error})
                    for (call, error), count in sorted(refused.items())
                ],
            ),
            *_family(
                "recall_reader_generation_info",
                "gauge",
                "The generation that answers now.",
                [
                    (1, {"family": family, "generation": id, "version": version})
                    for family, id, version, _ in loaded
                ],
            ),
            *_family(
                "recall_reader_switches_total",
                "counter",
                "Times another generation took over.",
                [(switches, {"family": family}) for family, _, _, switches in loaded],
            ),
        ]
        return "\n".join(lines) + "\n"


def _histogram(counts: dict[str, list[int]], sums: dict[str, float]) -> Iterator[str]:
    """Lines of the latency of answered calls, with cumulative buckets."""
    name = "recall_reader_seconds"
    yield from _head(name, "histogram", "Seconds of an answered call.")
    for call, buckets in sorted(counts.items()):
        total = 0
        bounds = (*map(repr, LATENCY_BOUNDS_SECONDS), "+Inf")
        for bound, count in zip(bounds, buckets, strict=True):
            total += count
            yield sample(f"{name}_bucket", total, call=call, le=bound)
        yield sample(f"{name}_sum", round(sums[call], 6), call=call)
        yield sample(f"{name}_count", total, call=call)


def _family(
    name: str, kind: str, description: str, samples: list[tuple[int, dict[str, str]]]
) -> Iterator[str]:
    """Lines of a metric, its samples given as value and labels."""
    yield from _head(name, kind, description)
    for value, labels in samples:
        yield sample(name, value, **labels)


def _head(name: str, kind: str, description: str) -> tuple[str, str]:
    return f"# HELP {name} {description}", f"# TYPE {name} {kind}"


def sample(name: str, value: float, **labels: str) -> str:
    """One line: the name, its labels, the value."""
    pairs = ",".join(f'{label}="{escape(text)}"' for label, text in labels.items())
    return f"{name}{{{pairs}}} {value}"


def escape(text: str) -> str:
    """The value of a label, escaped for the format."""
    return str(text).replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def count_calls(call: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of a method: count its calls in the `counts` of its object, by its name."""

    @functools.wraps(call)
    def measured(self: Any, *arguments: Any, **keywords: Any) -> Any:
        started = time.perf_counter()
        try:
            answer = call(self, *arguments, **keywords)
        except RecallError as error:
            self.counts.refused(call.__name__, type(error).__name__)
            raise
        self.counts.answered(call.__name__, time.perf_counter() - started)
        return answer

    return measured
