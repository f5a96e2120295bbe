"""How far a running task is, shown while it runs: never at the task's cost."""

from __future__ import annotations

import logging
import threading
import time

import pytest


class Store:
    """Airflow's store of task states, as a task sees it; `away`: what a write raises, `hangs`: what
    it waits for.
    """

    def __init__(self, away: Exception | None = None, hangs: threading.Event | None = None) -> None:
        self.away, self.hangs, self.written, self.tries = away, hangs, [], 0

    def set(self, key, value, *, retention=None) -> None:
        self.tries += 1
        if self.hangs:
            self.hangs.wait(20)
        if self.away:
            raise self.away
        self.written.append((key, value))


@pytest.fixture
def quick(monkeypatch):
    from recall.operators import progress

    monkeypatch.setattr(progress, "INTERVAL_SECONDS", 0.05)
    monkeypatch.setattr(progress, "RETRY_SECONDS", 0.05)
    return progress


def until(true) -> None:
    ends = time.monotonic() + 10
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_the_newest_line_is_written_and_those_between_are_not(quick, monkeypatch):
    monkeypatch.setattr(quick, "INTERVAL_SECONDS", 0.5)
    store = Store()
    with quick.ProgressWriter(store, logging.getLogger()) as shown:
        shown.show("epoch 1 of 9")
        until(lambda: store.written)
        for number in range(2, 9):
            shown.show(f"epoch {number} of 9")
        until(lambda: len(store.written) > 1)
    assert store.written == [("progress", "epoch 1 of 9"), ("progress", "epoch 8 of 9")]


def test_an_api_that_is_away_is_told_once_and_asked_again(quick, caplog):
    store = Store(away=RuntimeError("the API server is away"))
    with quick.ProgressWriter(store, logging.getLogger("task")) as shown:
        for number in range(3):
            shown.show(f"line {number}")
            until(lambda number=number: store.tries > number)
        store.away = None
        shown.show("line 3")
        until(lambda: store.written)
    assert store.written == [("progress", "line 3")]
    assert [one.message for one in caplog.records] == [
        "how far this task is cannot be shown: the API server is away; it goes on"
    ]


def test_what_a_stage_says_goes_on_while_a_write_hangs(quick):
    from recall.operators.process_output import LastMessage, Tail

    hangs, heard = threading.Event(), []
    with quick.ProgressWriter(Store(hangs=hangs), logging.getLogger()) as shown:
        lines = [f"12:00:00 progress: epoch {number} of 99\n" for number in range(99)]
        tail = Tail(
            lines, lambda form, text: heard.append(text), LastMessage("gru4rec fit: ", shown.show)
        )
        tail.join(5)
        assert not tail.is_alive() and len(heard) == 99
        hangs.set()


def test_nothing_is_written_after_the_tasks_end(quick):
    store = Store()
    with quick.ProgressWriter(store, logging.getLogger()) as shown:
        shown.show("epoch 1 of 2")
        until(lambda: store.written)
    shown.show("epoch 2 of 2")
    time.sleep(0.2)
    assert len(store.written) == 1 and not shown.is_alive()


@pytest.mark.parametrize(
    "line, expected",
    [
        (
            "12:00:00 progress: epoch 7 of 15, about 4 min left [rate='3 rows/s' loss=2]",
            "epoch 7 of 15, about 4 min left",
        ),
        ("12:00:00 progress: step 1 of 4: looking", "step 1 of 4: looking"),
        ("12:00:00 gru4rec.epoch epoch=7 said='progress: no'", None),
        ("26/11/26 12:00:00 WARN Spark: progress: no", None),
    ],
)
def test_only_what_a_stage_says_of_its_progress_is_shown(line, expected):
    from recall.operators.process_output import LastMessage

    shown = []
    LastMessage("gru4rec fit: ", shown.append).read(f"{line}\n")
    assert shown == ([expected] if expected else [])
