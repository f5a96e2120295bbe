"""The first publication of a family, cut at every command of its switch, while others read: what
`make drill-publish` begins with.

Whoever publishes is killed before its n-th command is sent, or right after, for every n; readers
ask without naming a family all the time.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from pathlib import Path

import redis

from tasks.core.serving.redis_keys import FAMILIES, FamilyKeys
from tasks.retrieve import Reader
from tests import generations, worlds
from tests.valkeys import valkey_server

LIVE, FIRST = (
    "item2vec",
    "two_tower",
)  # the family that is read all the time, and the one that is not live yet
MOST = 100  # commands of a switch


def drill(folder: Path, readers: int) -> dict:
    """On a server of its own: `first_cuts` publications that were killed, `first_reads` and
    `first_failed` of readers meanwhile.
    """
    root, world, fork = (
        (folder / "store").as_uri(),
        worlds.grouped(),
        multiprocessing.get_context("fork"),
    )
    folder.mkdir()
    stop, reports = folder / "stop", [folder / f"reader{one}.json" for one in range(readers)]
    with valkey_server(folder / "valkey", "correct-horse") as server:
        os.environ["RECALL_REDIS_URL"] = server.url
        generations.publish(
            root, generations.generation(root, world, LIVE, id="c1", version="1", seed=1)
        )
        one = generations.generation(root, world, FIRST, id="c2", version="2", seed=2)
        asking = [
            fork.Process(target=_read, args=(server.url, root, stop, report)) for report in reports
        ]
        for process in asking:
            process.start()
        try:
            cuts = _cut_everywhere(fork, redis.Redis.from_url(server.url), root, one)
        finally:
            stop.touch()
            for process in asking:
                process.join(20)
    counts = [json.loads(report.read_text()) for report in reports]
    return {
        "first_cuts": cuts,
        "first_reads": sum(one["reads"] for one in counts),
        "first_failed": [failure for one in counts for failure in one["failed"]],
    }


def _cut_everywhere(fork, client: redis.Redis, root: str, one: dict) -> int:
    """Returns how many publications were killed; the last that was begun ends well."""
    cuts = 0
    for number in range(MOST):
        for sent in (False, True):
            for key in client.scan_iter(f"recall:*{FIRST}*"):
                client.delete(key)
            client.srem(FAMILIES, FIRST)
            generations.load(root, one)
            process = fork.Process(target=_switch, args=(root, one, number, sent))
            process.start()
            process.join()
            if process.exitcode == 0:
                return cuts
            if process.exitcode != -signal.SIGKILL:
                raise SystemExit(
                    f"drill: a switch that was to be killed at command {number} ended with "
                    f"{process.exitcode}"
                )
            if client.sismember(FAMILIES, FIRST) and not client.exists(FamilyKeys(FIRST).live):
                raise SystemExit(
                    f"drill: killed at command {number}, {FIRST} is announced and nothing of "
                    f"it is live"
                )
            cuts += 1
    raise SystemExit(f"drill: a switch takes more than {MOST} commands")


def _switch(root: str, one: dict, number: int, sent: bool) -> None:
    """Put it live, killed before the command of that number is sent, or after."""
    whole, counted = redis.connection.Connection.send_packed_command, iter(range(MOST))

    def cut(connection, command, check_health=True):
        last = next(counted) == number
        if not last or sent:
            whole(connection, command, check_health)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)

    redis.connection.Connection.send_packed_command = cut
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    generations.switch(root, one, by="the drill")
    os._exit(0)


def _read(url: str, root: str, stop: Path, report: Path) -> None:
    """Ask for nothing by its family until the file `stop` is there; what is live all the time must
    be in every answer.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    reader, reads, failed = Reader(url, root), 0, []
    while not stop.exists():
        for name, ask in (
            ("recommend", lambda: reader.recommend("1").generations),
            ("similar", lambda: reader.similar("5").generations),
            ("generations", reader.generations),
        ):
            try:
                found = dict(ask())
                if (name != "similar" and LIVE not in found) or not set(found) <= {LIVE, FIRST}:
                    failed.append(f"{name}: {found}")
            except Exception as error:
                failed.append(f"{name}: {type(error).__name__}: {error}")
            reads += 1
    report.write_text(json.dumps({"reads": reads, "failed": failed[:20]}))
