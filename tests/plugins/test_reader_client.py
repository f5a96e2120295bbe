"""The reader's process: started when it is needed, asked side by side, started again when it has
died; what hangs or lies is a panel.
"""

from __future__ import annotations

import asyncio
import os
import stat
import sys
import time

import pytest

HONEST = """
import json, sys, os
for line in sys.stdin:
    asked = json.loads(line)
    failure = {"refuse": ("BadRequest", "no such user"),
               "away": ("Unreachable", "Redis at host does not answer")}.get(asked["ask"])
    if failure:
        error = dict(zip(("kind", "text"), failure))
        print(json.dumps({"id": asked["id"], "error": error}), flush=True)
        continue
    if asked["ask"] == "die": os._exit(1)
    if asked["ask"] == "hang": continue
    if asked["ask"] == "long": print("x" * 2**25, flush=True); continue
    if asked["ask"] == "no answer": print("[]", flush=True); continue
    answer = {"pid": os.getpid(), "title": asked.get("title"),
              "password": "s3cr3t" in os.environ["RECALL_REDIS_URL"],
              "airflow": [name for name in os.environ if name.startswith("AIRFLOW")]}
    print(json.dumps({"id": asked["id"], "answer": answer}), flush=True)
"""


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """A process that answers as the reader does, or fails as it may; used for faults only."""

    def plant(code: str) -> None:
        (tmp_path / "reader.py").write_text(code)
        program = tmp_path / "serve" / "bin" / "python"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\nexec {sys.executable} -S {tmp_path / 'reader.py'}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("RECALL_ENVIRONMENTS", str(tmp_path))
        monkeypatch.setenv("AIRFLOW_CONN_RECALL_REDIS", "redis://:s3cr3t@127.0.0.1:1/0")

    plant(HONEST)
    from airflow.models.connection import Connection

    Connection.get_connection_from_secrets(
        "recall_redis"
    )  # the first look-up of a process loads Airflow; no test is about that
    return plant


def asking(scene):
    """Run a scene with an asker of its own."""
    sys.path.insert(0, os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"])
    from recall_console.reader_client import ReaderClient

    async def run():
        asker = ReaderClient()
        try:
            return await scene(asker)
        finally:
            asker._end()
            if asker._process:
                await asker._process.wait()

    return asyncio.run(run())


def test_one_process_answers_many_side_by_side_and_sees_nothing_of_airflow(planted):
    async def scene(asker):
        return await asyncio.gather(
            *(asker.ask("find", 5, title=str(number)) for number in range(10))
        )

    answer = asking(scene)
    assert [one["title"] for one in answer] == [str(number) for number in range(10)] and len(
        {one["pid"] for one in answer}
    ) == 1
    assert answer[0]["password"] and answer[0]["airflow"] == []


def test_a_process_that_dies_is_started_again_for_the_next_question(planted):
    async def scene(asker):
        from recall_console.settings import Unavailable

        first = await asker.ask("find", 5)
        with pytest.raises(Unavailable, match="ends as soon as it is asked"):
            await asker.ask("die", 5)
        return first, await asker.ask("find", 5)

    first, second = asking(scene)
    assert first["pid"] != second["pid"]


@pytest.mark.parametrize("fault", ["long", "no answer"])
def test_an_answer_that_cannot_be_read_ends_that_process_and_not_the_console(planted, fault):
    async def scene(asker):
        from recall_console.settings import Unavailable

        with pytest.raises(Unavailable):
            await asker.ask(fault, 20)
        return await asker.ask("find", 20, title="x")

    assert asking(scene)["title"] == "x"


def test_what_hangs_is_given_up_in_time_and_does_not_hold_up_others(planted):
    async def scene(asker):
        from recall_console.settings import Unavailable

        await asker.ask("find", 5)
        began = time.monotonic()
        hanging = asyncio.create_task(asker.ask("hang", 0.5))
        assert (await asker.ask("find", 5, title="x"))["title"] == "x"
        with pytest.raises(Unavailable, match="does not answer within"):
            await hanging
        assert asker._waiting == {}
        return time.monotonic() - began

    assert asking(scene) < 5


def test_more_than_it_can_take_are_told_so_at_once(planted):
    async def scene(asker):
        from recall_console import reader_client as module
        from recall_console.settings import Unavailable

        await asker.ask("find", 5)
        hanging = [asyncio.create_task(asker.ask("hang", 0.5)) for _ in range(module.MAX_QUESTIONS)]
        await asyncio.sleep(0.1)
        with pytest.raises(Unavailable, match="too many"):
            await asker.ask("find", 5)
        await asyncio.gather(*hanging, return_exceptions=True)
        return await asker.ask("find", 5)

    assert asking(scene)


def test_a_refusal_is_no_outage_and_an_outage_no_refusal(planted):
    async def scene(asker):
        from recall_console.reader_client import Refused
        from recall_console.settings import Unavailable

        with pytest.raises(Refused, match="no such user"):
            await asker.ask("refuse", 5)
        with pytest.raises(Unavailable, match="Redis at host does not answer"):
            await asker.ask("away", 5)

    asking(scene)


def test_an_environment_that_is_not_built_is_told(planted, monkeypatch):
    monkeypatch.setenv("RECALL_ENVIRONMENTS", "/not/built")

    async def scene(asker):
        from recall_console.settings import Unavailable

        with pytest.raises(Unavailable, match="make environments"):
            await asker.ask("find", 5)

    asking(scene)
