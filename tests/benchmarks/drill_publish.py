"""The crash drill: `make drill-publish`. Publications and rollbacks are killed at random moments,
and the server now and then, while readers read without pause; every answer is held against what its
generation would say. At times all readers are held still in the middle of what they do, while what
they read goes out of date and is swept. Before it, the first publication of a family is cut at
every command of its switch (`drill_first`). One JSON line last.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import redis

from tasks.core.serving.redis_keys import BUCKET_KINDS, FamilyKeys
from tasks.publish.load.claims import load_entries, read_pointer
from tests import generations, worlds
from tests.benchmarks import drill_first
from tests.benchmarks.drill_readers import FAMILY, read
from tests.valkeys import Valkey, valkey_server

NAMES = FamilyKeys(FAMILY)
CYCLE = 6  # generations that are published in turn
BUCKET_FIELDS = 4  # small buckets and batches: a load is hundreds of steps to be killed between
EVERY = 10  # kills after which publications are left alone and what stays behind is counted
ALONE = 3  # of them: what was live before is swept


class Drill:
    """Publications of a few generations, killed at moments that follow from `seed`."""

    def __init__(
        self,
        server: Valkey,
        root: str,
        made: list[dict],
        readers: list[multiprocessing.Process],
        seed: int,
    ) -> None:
        self.server, self.root, self.made, self.readers, self.random = (
            server,
            root,
            made,
            readers,
            random.Random(seed),
        )
        self.publishes = self.kills = self.server_kills = self.leftover = self.rollbacks = 0
        self.down: list[tuple[float, float]] = []
        self.seconds = 0.5  # of a publication that is left alone

    def run(self, kills: int, server_every: int) -> None:
        """Until so many were killed; after every `server_every` of them the server is, while
        another publication runs.
        """
        next_server = server_every
        while self.kills < kills:
            pair = [
                self._start() for _ in range(2 if self.random.random() < 0.2 else 1)
            ]  # at times two publishers at once
            time.sleep(self.random.uniform(0, 1.1 * self.seconds))
            if self.kills >= next_server:
                self._kill_server()
                next_server += server_every
            self.kills += sum(self._end(process) for process in pair)
            if self.kills // EVERY != (self.kills - len(pair)) // EVERY:
                self._stand_still()
        self._stand_still()

    def _start(self) -> multiprocessing.Process:
        one, back = self.random.choice(self.made), self.random.random() < 0.1
        process = multiprocessing.get_context("fork").Process(
            target=_publish, args=(self.root, one, back)
        )
        process.start()
        self.publishes += not back
        self.rollbacks += back
        return process

    @staticmethod
    def _end(process: multiprocessing.Process) -> bool:
        """Kill it; False when it had ended before."""
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        return process.exitcode == -signal.SIGKILL

    def _kill_server(self) -> None:
        began = time.time()
        self.server.kill()
        time.sleep(self.random.uniform(0, 0.3))
        self.server.start()
        self.down.append((began, time.time()))
        self.server_kills += 1

    def _stand_still(self) -> None:
        """Hold the readers, wherever they are, while a few publications that nobody kills pass."""
        for reader in self.readers:
            os.kill(reader.pid, signal.SIGSTOP)
        try:
            for _ in range(ALONE):
                self._good()
        finally:
            for reader in self.readers:
                os.kill(reader.pid, signal.SIGCONT)

    def _good(self) -> None:
        """One publication that nobody kills; then count the keys that belong to nothing that is
        kept.
        """
        began, one = time.monotonic(), self.random.choice(self.made)
        process = multiprocessing.get_context("fork").Process(
            target=_publish, args=(self.root, one, False)
        )
        process.start()
        process.join()
        self.publishes += 1
        self.seconds = time.monotonic() - began
        client = redis.Redis.from_url(self.server.url)
        pointer, kept = read_pointer(client, NAMES), load_entries(client, NAMES)
        if process.exitcode or pointer["generation"] != one["id"]:
            raise SystemExit(
                f"drill: a publication that nobody killed ended with {process.exitcode}; live "
                f"is {pointer}"
            )
        named = {"recall:families", NAMES.live, NAMES.fence, NAMES.claims, NAMES.loads, NAMES.audit}
        for load in filter(None, (pointer["load"], pointer["previous_load"])):
            named |= {NAMES.manifest(load), *NAMES.buckets(load, kept[load]["plan"])}
        there = {key.decode() for key in client.scan_iter(count=10_000)}
        self.leftover += len(there - named)
        for key in sorted(there - named)[:5]:
            print(
                f"leftover: {key} of {kept.get(key.split(':')[2], 'no registered load')}",
                file=sys.stderr,
            )
        if missing := {
            key for key in named - there if not any(f":{kind}:" in key for kind in BUCKET_KINDS)
        }:
            raise SystemExit(f"drill: keys are missing: {sorted(missing)[:5]}")


def _publish(root: str, one: dict, back: bool) -> None:
    """What the tasks of a publication do, or of a rollback, in a process of its own."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    if back:
        generations.rollback(root, FAMILY)
        return
    generations.load(root, one, bucket_fields=BUCKET_FIELDS, batch_fields=2 * BUCKET_FIELDS)
    generations.switch(root, one, by="the drill")
    generations.sweep(root, FAMILY)


def drill(folder: Path, kills: int, server_every: int, readers: int, seed: int = 0) -> dict:
    """Everything on a server of its own that writes its log at once; returns the figures."""
    root = (folder / "store").as_uri()
    world = worlds.grouped()
    made = [
        generations.generation(root, world, id=f"c{one}", version=str(one), seed=one)
        for one in range(CYCLE)
    ]
    stop, fork = folder / "stop", multiprocessing.get_context("fork")
    with valkey_server(
        folder / "valkey", "correct-horse", "--appendonly", "yes", "--appendfsync", "everysec"
    ) as server:
        os.environ["RECALL_REDIS_URL"] = server.url
        generations.publish(root, made[0])
        reports = [folder / f"reader{one}.json" for one in range(readers)]
        asking = [
            fork.Process(target=read, args=(server.url, root, made, stop, report, seed + one))
            for one, report in enumerate(reports)
        ]
        for process in asking:
            process.start()
        begun, work = time.monotonic(), Drill(server, root, made, asking, seed)
        try:
            work.run(kills, server_every)
        finally:
            stop.touch()
            for process in asking:
                process.join(20)
        counts = [json.loads(report.read_text()) for report in reports]
    failed = [
        failure for one in counts for failure in one["failures"] if not _excused(failure, work.down)
    ]
    for failure in failed[:5]:
        print(f"failed: {failure}", file=sys.stderr)
    return {
        "publishes": work.publishes,
        "kills": work.kills,
        "rollbacks": work.rollbacks,
        "server_kills": work.server_kills,
        **{name: sum(one[name] for one in counts) for name in ("reads", "torn", "mixed")},
        "failed": len(failed),
        "failed_while_down": sum(len(one["failures"]) for one in counts) - len(failed),
        "leftover": work.leftover,
        "seconds": round(time.monotonic() - begun, 1),
    }


def _excused(failure: list, down: list[tuple[float, float]]) -> bool:
    began, ended, _ = failure
    return any(began <= up and ended >= fell for fell, up in down)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=220)
    parser.add_argument(
        "--server-every",
        type=int,
        default=20,
        help="kills of publications after which the server is killed",
    )
    parser.add_argument("--readers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        first = drill_first.drill(Path(folder) / "first", arguments.readers)
        for failure in first["first_failed"][:5]:
            print(f"failed beside a first publication: {failure}", file=sys.stderr)
        results = (
            first
            | {"first_failed": len(first["first_failed"])}
            | drill(
                Path(folder),
                arguments.kills,
                arguments.server_every,
                arguments.readers,
                arguments.seed,
            )
        )
    print(json.dumps(results))
    return (
        1
        if any(results[name] for name in ("first_failed", "torn", "mixed", "failed", "leftover"))
        else 0
    )


if __name__ == "__main__":
    sys.exit(main())
