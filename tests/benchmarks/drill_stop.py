"""The stack is stopped, cleaned and its supervisor killed at random moments of a retrain: `make
drill-stop` (ROUNDS=20). One JSON line last:

    rounds               each begins a retrain and ends it by one of: supervisor killed, `make
                         stop`, `make clean`, in turn
    left_running         processes of the stack that live after `stop` or `clean` has returned; must
                         be 0
    lost_acknowledged    keys whose write Valkey had acknowledged and that are gone when the stack
                         is up again; must be 0
    second_stacks        supervisors beyond the first, where three are started at once beside what a
                         killed one left; must be 0
    traces               Python traces that any of the commands showed; must be 0
    next_run_ok          rounds after which the retrain of the same day ended well

The shop is the tiny planted one, of which two families are trained: one by gensim or in closed
form, one by torch. Whoever writes keys does so all the time that Valkey answers,
under names that no model has.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import redis

from infra.environments.names import ROOT, environments, state
from infra.local import processes, supervisor
from infra.local.processes import Process
from infra.local.state import Local
from tests.benchmarks.shop import plant

WAYS = ("killed", "stopped", "cleaned")
KEY = "drill:acknowledged"  # a hash of numbers, of which the last that was acknowledged is known


class Writer(threading.Thread):
    """Writes one number after the other, and knows the last that Valkey acknowledged."""

    def __init__(self, local: Local) -> None:
        super().__init__(daemon=True)
        self.local, self.last, self.ended = local, 0, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.005):
            try:
                client = redis.Redis.from_url(
                    self.local.redis_url, socket_timeout=1, socket_connect_timeout=1
                )
                while not self.ended.is_set():
                    client.hset(KEY, str(self.last + 1), "1")
                    self.last += 1
            except (redis.RedisError, OSError, ValueError):
                time.sleep(0.2)


class Drill:
    """Retrains of one day that are broken off.

    Args:
        home: a folder of this drill's own.
    """

    def __init__(self, home: Path, seed: int) -> None:
        self.random = random.Random(seed)
        plant("tiny", 0, home / "source")
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("RECALL_", "AIRFLOW", "MLFLOW_"))
        }
        self.environment = kept | {
            "RECALL_STATE": str(home / "state"),
            "RECALL_ENVIRONMENTS": str(environments()),
            "PYTHONPATH": str(ROOT),
            "SOURCE": str(home / "source" / "shop.toml"),
            "DAY": "2025-12-24",
            "RECALL_FAMILIES": "item2vec gru4rec",
        }
        os.environ |= {"RECALL_STATE": str(home / "state")}
        self.local = Local().prepare()
        self.counts = {
            "rounds": 0,
            "left_running": 0,
            "lost_acknowledged": 0,
            "second_stacks": 0,
            "traces": 0,
            "next_run_ok": 0,
        }

    def command(self, name: str, **how) -> subprocess.Popen:
        log = (self.local.home.parent / "drill.log").open("ab")
        return subprocess.Popen(
            [sys.executable, "-m", "infra.local", name],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **how,
        )

    def round(self, way: str, seconds: float) -> None:
        """One: a retrain is begun, and broken off within `seconds`."""
        writer, retrain = Writer(self.local), self.command("run")
        writer.start()
        time.sleep(self.random.uniform(2, seconds))
        family = supervisor.family(self.local)
        if way == "killed":
            self._kill()
        else:
            self.command("stop" if way == "stopped" else "clean").wait()
            self._count_left(family)
        retrain.send_signal(signal.SIGINT)
        retrain.wait()
        if way != "cleaned":
            self._count_lost(writer)
        writer.ended.set()
        writer.join()
        self.counts["next_run_ok"] += self.command("run").wait() == 0
        self.command("clean" if self.random.random() < 0.5 else "stop").wait()
        self._count_left(set())
        self.counts["rounds"] += 1

    def _kill(self) -> None:
        if running := supervisor.read(self.local):
            os.kill(running["pid"], signal.SIGKILL)
        three = [self.command("up") for _ in range(3)]
        for one in three:
            one.wait()
        alive = [
            one
            for one in processes.all_of_them()
            if "infra.local.supervisor" in processes.command(one)
            and processes.has(one, "RECALL_STATE", self.local.home.parent)
        ]
        self.counts["second_stacks"] += max(0, len(alive) - 1)

    def _count_left(self, family: set[Process]) -> None:
        left = processes.below(family | processes.of_stack(self.local.home))
        for one in left:
            print(
                f"left running: {one.pid} {processes.command(one)[:150]}",
                file=sys.stderr,
                flush=True,
            )
        self.counts["left_running"] += len(left)

    def _count_lost(self, writer: Writer) -> None:
        self.command("up").wait()
        writer.ended.set()
        writer.join()
        client = redis.Redis.from_url(self.local.redis_url)
        self.counts["lost_acknowledged"] += sum(
            not client.hexists(KEY, str(number)) for number in range(1, writer.last + 1)
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.benchmarks.drill_stop",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    home = state() / "drill-stop"
    shutil.rmtree(home, ignore_errors=True)
    drill, begun = Drill(home, given.seed), time.monotonic()
    try:
        if drill.command("run").wait():
            raise SystemExit(
                f"drill-stop: a retrain that nobody disturbs does not end well; see "
                f"{home / 'state' / 'drill.log'}"
            )
        seconds = time.monotonic() - begun
        drill.command("clean").wait()
        for number in range(given.rounds):
            drill.round(WAYS[number % len(WAYS)], seconds)
            print(
                f"{time.monotonic() - begun:.0f} s, round {number + 1} of {given.rounds}, "
                f"{WAYS[number % len(WAYS)]}: {drill.counts}",
                file=sys.stderr,
                flush=True,
            )
    finally:
        drill.command("stop").wait()
    drill.counts["traces"] = (
        (home / "state" / "drill.log")
        .read_text(errors="replace")
        .count("Traceback (most recent call last)")
    )
    print(json.dumps({**drill.counts, "seconds": round(time.monotonic() - begun)}))
    wanted = {
        "rounds": given.rounds,
        "left_running": 0,
        "lost_acknowledged": 0,
        "second_stacks": 0,
        "traces": 0,
        "next_run_ok": given.rounds,
    }
    return 0 if drill.counts == wanted else 1


if __name__ == "__main__":
    sys.exit(main())
