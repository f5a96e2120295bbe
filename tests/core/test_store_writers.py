"""Several write the folder of one id at once, one of them over the remains of a crash: all end
well, and one whole folder is there.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

from tasks.core.store.store import Store

IDS, WRITERS = 150, 4


def write(root: str, together, errors) -> None:
    for number in range(IDS):
        try:
            with Store(root).writing("index", "indexes", "family", f"i{number}") as draft:
                (draft.path / "part").write_text("the same for all")
                together.wait(60)
        except Exception as error:  # what a person would see
            errors.put(f"{type(error).__name__}: {error}")


def test_writers_of_one_id_end_well_and_leave_one_whole_folder(tmp_path):
    context = multiprocessing.get_context("spawn")
    errors, together = context.Queue(), context.Barrier(WRITERS)
    for number in range(IDS):
        left = tmp_path / "indexes" / "family" / f"i{number}"
        left.mkdir(parents=True)
        (left / "part").write_text("half")
    writers = [
        context.Process(target=write, args=(tmp_path.as_uri(), together, errors))
        for _ in range(WRITERS)
    ]
    for one in writers:
        one.start()
    for one in writers:
        one.join(120)
    raised = [errors.get() for _ in range(errors.qsize())]
    assert raised == [] and [one.exitcode for one in writers] == [0] * WRITERS
    store = Store(tmp_path.as_uri())
    for number in range(IDS):
        artefact = store.find("indexes", "family", f"i{number}")
        assert artefact is not None and artefact.file("part").read_text() == "the same for all"
    assert sorted(os.listdir(tmp_path / "indexes" / "family")) == sorted(
        f"i{number}" for number in range(IDS)
    ), "nothing half is left"


def test_what_was_made_last_is_the_newest_though_the_clock_was_set_back(tmp_path, monkeypatch):
    store, clock = Store(tmp_path.as_uri()), iter((2e9, 1e9, 1.5e9))
    monkeypatch.setattr("tasks.core.store.manifest.time.time", lambda: next(clock))
    for id in ("late", "early", "between"):
        with store.writing("snapshot", "snapshots", "shop", "2026-01-01", id):
            pass
        assert store.newest("snapshots", "shop", "2026-01-01").id == id
    (tmp_path / "snapshots/shop/2026-01-01/late/manifest.json").write_text("{")
    monkeypatch.setattr("tasks.core.store.manifest.time.time", lambda: 1.0)
    with store.writing("snapshot", "snapshots", "shop", "2026-01-01", "last"):
        pass
    assert store.find("snapshots", "shop", "2026-01-01", "last").sequence == 4


def make_alone(root: str, together, made, dies: bool) -> None:
    store, place = Store(root), ("yardsticks", "shop", "y1")
    together.wait(60)
    if store.find(*place) is None:
        with store.alone(*place):
            if store.find(*place) is None:
                made.put(os.getpid())
                time.sleep(0.5)
                if dies:
                    os.kill(os.getpid(), signal.SIGKILL)
                with store.writing("yardstick", *place):
                    pass


def test_what_several_want_is_made_by_one_and_by_the_next_when_that_one_dies(tmp_path):
    context = multiprocessing.get_context("spawn")
    for dies, makers in ((True, WRITERS), (False, 1)):
        made, together = context.Queue(), context.Barrier(WRITERS)
        wanting = [
            context.Process(target=make_alone, args=(tmp_path.as_uri(), together, made, dies))
            for _ in range(WRITERS)
        ]
        for one in wanting:
            one.start()
        for one in wanting:
            one.join(60)
        assert len([made.get(timeout=5) for _ in range(makers)]) == makers and made.empty()
        assert (Store(tmp_path.as_uri()).find("yardsticks", "shop", "y1") is None) == dies
    assert os.listdir(tmp_path / "yardsticks" / "shop") == ["y1"]
