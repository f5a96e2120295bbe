"""Queries the reader, which runs as a process in its own environment. The process starts with the
first question, and again after it has ended.

Airflow's environment has neither the Redis client nor FAISS. The process answers many questions at
a time, one JSON object a line; see `tasks/retrieve/json_lines.py`. It ends when its pipe closes, so
it never outlives the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import os
import time
from typing import Any

from recall_console.settings import ROOT, TIMEOUT_SECONDS, Unavailable, interpreter, redis_url

MAX_QUESTIONS, MAX_LINE_BYTES, ADDRESS_SECONDS = (
    16,
    2**24,
    30.0,
)  # questions on their way at most; bytes of an answer; seconds that the address is not read again
PASSED_VARIABLES = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "SSL_CERT_FILE",
    "RECALL_STORE",
)
STARTING = "the reader is starting"
log = logging.getLogger(__name__)


class Refused(Exception):
    """The reader understood the question and cannot answer it; the text says why."""


class ReaderClient:
    """One reader process and the questions sent to it."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._listener: asyncio.Task | None = None  # held, or asyncio may drop it half-way
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = asyncio.Lock()
        self._waiting: dict[int, asyncio.Future] = {}
        self._numbers = itertools.count(1)
        self._url, self._read_at = "", 0.0
        self._answered = False

    async def ask(self, ask: str, timeout: float = TIMEOUT_SECONDS, **question: object) -> Any:
        """The answer to one question, as decoded JSON.

        Raises:
            Unavailable: Redis, the store or the process does not answer in time, or too many
                questions wait already.
            Refused: the question cannot be answered.
        """
        if len(self._waiting) >= MAX_QUESTIONS:
            raise Unavailable(
                "too many questions are waiting for the reader; ask again in a moment"
            )
        try:
            return await asyncio.wait_for(self._answer({"ask": ask, **question}), timeout)
        except TimeoutError:
            raise Unavailable(
                f"Redis does not answer within {timeout:g} s" if self._answered else STARTING
            ) from None

    async def start(self) -> asyncio.subprocess.Process:
        """The running process, started where none runs; sends no question."""
        url = await self._address()
        async with self._starting:
            here = self._loop is asyncio.get_running_loop()
            if self._process and here and self._process.returncode is None and url == self._url:
                return self._process
            self._end()
            self._url, self._loop, self._answered = url, asyncio.get_running_loop(), False
            self._process = process = await _spawn(url)
            self._listener = asyncio.create_task(self._listen(process))
            return process

    async def _answer(self, question: dict) -> Any:
        for last in (False, True):
            process = await self.start()
            number, future = next(self._numbers), asyncio.get_running_loop().create_future()
            self._waiting[number] = future
            try:
                stdin = process.stdin
                assert stdin, "the process is started with a pipe"
                stdin.write(json.dumps({"id": number, **question}).encode() + b"\n")
                await stdin.drain()
                reply = await future
            except ConnectionError:
                if last:
                    raise Unavailable(
                        "the reader's process ends as soon as it is asked; the API server's "
                        "log says why"
                    ) from None
                await asyncio.sleep(0.05)
                continue
            finally:
                self._waiting.pop(number, None)
            self._answered = True
            if error := reply.get("error"):
                raise (
                    Unavailable if error["kind"] in ("Unreachable", "Corrupt", "Fault") else Refused
                )(error["text"])
            return reply["answer"]
        raise AssertionError("unreachable")

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Hand out the answers until the process ends; then every open question fails."""
        stdout = process.stdout
        assert stdout, "the process is started with a pipe"
        try:
            while line := await stdout.readline():
                reply = json.loads(line)
                if (future := self._waiting.get(reply["id"])) and not future.done():
                    future.set_result(reply)
        except (
            ValueError,
            KeyError,
            TypeError,
        ):  # a line that is too long, or no answer: what follows cannot be understood either
            log.exception(
                "the reader's process is ended, and another one started when somebody asks"
            )
            process.kill()
        await process.wait()
        if process is self._process:
            for future in list(self._waiting.values()):
                if not future.done():
                    future.set_exception(ConnectionResetError())

    async def _address(self) -> str:
        if not self._url or time.monotonic() - self._read_at > ADDRESS_SECONDS:
            url = await asyncio.to_thread(redis_url)
            self._read_at = time.monotonic()
            return url
        return self._url

    def _end(self) -> None:
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()


async def _spawn(url: str) -> asyncio.subprocess.Process:
    """Start a reader on the Redis at this URL."""
    environment = {name: os.environ[name] for name in PASSED_VARIABLES if name in os.environ}
    environment |= {"RECALL_REDIS_URL": url, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    try:
        return await asyncio.create_subprocess_exec(
            str(interpreter()),
            "-m",
            "tasks.retrieve",
            "lines",
            cwd=ROOT,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=MAX_LINE_BYTES,
        )
    except OSError as error:
        raise Unavailable(
            f"the reader cannot be started: {interpreter()} ({error.strerror}); "
            "`make environments` builds it"
        ) from None


reader = ReaderClient()
