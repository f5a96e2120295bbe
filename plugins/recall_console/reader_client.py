"""The reader, in a process of its own environment, asked over pipes: started when first needed, and
again when it has ended.

Airflow's environment holds neither Redis nor FAISS. The process answers many questions at a time,
one JSON object a line; see `tasks/retrieve/json_lines.py`. It ends with its pipe, so it never
outlives the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import os
import time

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
    """One reader's process and the questions on their way to it."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._listener: asyncio.Task | None = None  # held, or asyncio may drop it half-way
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = asyncio.Lock()
        self._waiting: dict[int, asyncio.Future] = {}
        self._numbers = itertools.count(1)
        self._url, self._read_at = "", 0.0
        self._answered = False

    async def ask(self, ask: str, patience: float = TIMEOUT_SECONDS, **question: object) -> object:
        """The answer to one question.

        Raises:
            Away: Redis, the store or the process does not answer in time, or too many wait already.
            Refused: the question cannot be answered.
        """
        if len(self._waiting) >= MAX_QUESTIONS:
            raise Unavailable(
                "too many questions are waiting for the reader; ask again in a moment"
            )
        try:
            return await asyncio.wait_for(self._answer({"ask": ask, **question}), patience)
        except TimeoutError:
            raise Unavailable(
                f"Redis does not answer within {patience:g} s" if self._answered else STARTING
            ) from None

    async def start(self) -> None:
        """Have the process running; nothing is asked yet."""
        url = await self._address()
        async with self._starting:
            here = self._loop is asyncio.get_running_loop()
            if self._process and here and self._process.returncode is None and url == self._url:
                return
            self._end()
            self._url, self._loop, self._answered = url, asyncio.get_running_loop(), False
            environment = {
                name: os.environ[name] for name in PASSED_VARIABLES if name in os.environ
            }
            environment |= {
                "RECALL_REDIS_URL": url,
                "PYTHONPATH": str(ROOT),
                "OMP_NUM_THREADS": "1",
            }
            try:
                self._process = await asyncio.create_subprocess_exec(
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
                    f"the reader cannot be started: {interpreter()} ({error.strerror}); `make "
                    f"environments` builds it"
                ) from None
            self._listener = asyncio.create_task(self._listen(self._process))

    async def _answer(self, question: dict) -> object:
        for last in (False, True):
            await self.start()
            number, future = next(self._numbers), asyncio.get_running_loop().create_future()
            self._waiting[number] = future
            try:
                self._process.stdin.write(json.dumps({"id": number, **question}).encode() + b"\n")
                await self._process.stdin.drain()
                told = await future
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
            if error := told.get("error"):
                raise (
                    Unavailable if error["kind"] in ("Unreachable", "Corrupt", "Fault") else Refused
                )(error["text"])
            return told["answer"]
        raise AssertionError("unreachable")

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Hand out the answers until the process ends; then whoever waits is told."""
        try:
            while line := await process.stdout.readline():
                told = json.loads(line)
                if (future := self._waiting.get(told["id"])) and not future.done():
                    future.set_result(told)
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


reader = ReaderClient()
